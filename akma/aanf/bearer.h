/* Tokens in requests (TS 29.500 6.7.3, RFC 6750): may this client use this route, and see a SUPI? */
#ifndef AANF_BEARER_H
#define AANF_BEARER_H

#include "aanf.h"
#include "http/route.h"

/** What the token, or the local policy in its place, gives beyond the route itself. */
struct bearer_grant {
    bool supi_access; /* naanf-akma:applicationkeyget:supi-access */
};

/**
 * Judge the request's token by the scope of its route.
 *
 * Without tokens configured everything passes with full access, as it does without a token when none is required: the
 * policy table decides alone then (TS 29.500 6.7.3 NOTE).
 * @return false: the request is answered (401, 403, 500), counted as @p operation, and gone.
 */
bool bearer_admit(
    struct aanf *aanf, enum aanf_operation operation, struct http_request *request, struct bearer_grant *out);
/** Answer 403 insufficient_scope. */
void bearer_refuse_scope(
    struct aanf *aanf, enum aanf_operation operation, struct http_request *request, const char *scope);

#endif
