/* Rules all our service-based APIs share: what a request may look like and how it is refused (TS 29.500 5.2.7.2). */
#ifndef AANF_SBI_H
#define AANF_SBI_H

#include "akma/naanf.h"
#include "http/route.h"

#define SBI_JSON "application/json"

/** Why a request is refused; causes and reasons are constants. */
struct sbi_refusal {
    int status;
    const char *cause;  /* NULL: none */
    const char *param;  /* invalidParams: JSON Pointer, "query x" or "header X"; NULL: none */
    const char *reason; /* of param, or the detail; NULL: none */
};

/** Answer with ProblemDetails (TS 29.571); @p request is gone afterwards. */
void sbi_refuse(struct http_request *request, const struct sbi_refusal *refusal);
/** Answer as a body's decoder says: 400, or 500 when memory was short. */
void sbi_refuse_body(struct http_request *request, const struct naanf_problem *problem);
/** True when the request has no query and a JSON body; else it is answered (400, 415) and gone. */
bool sbi_accept(struct http_request *request);
/** Answer with a JSON body, or 500 when @p err says that there is none. */
void sbi_respond_body(struct http_request *request, int status, enum msgin5g_err err, const struct buffer *body);
/** True when the client has stopped waiting (3gpp-Sbi-Max-Rsp-Time, TS 29.500 6.11.2); then the request is answered
 * (504) and gone. @param utc_s now */
bool sbi_too_late(struct http_request *request, int64_t utc_s);
/** Answer 204. */
void sbi_respond_empty(struct http_request *request);

#endif
