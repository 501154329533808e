/* What the files of the API share. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include "api.h"
#include "base/log.h"
#include "http/server.h"

#define API_ANSWER_SIZE     1024
#define API_MALFORMED_CAUSE "INVALID_MSG_FORMAT"

struct api {
    struct loop *loop;
    const struct server_config *config;
    struct neighbours *neighbours;
    const struct router *router;
    struct delivery *delivery;
    struct tls_context *tls;
    struct http_server *server;
    struct log_limit refusal_lines;
};

/** Answer with JSON. */
void api_respond(struct http_request *request, int status, const uint8_t *body, size_t length);
/** False when the body is not application/json; the request is answered then. */
bool api_check_format(struct http_request *request);
/** Answer to a body that could not be decoded. */
void api_refuse_body(struct http_request *request, enum msgin5g_err err, const struct api_problem *problem);
/** Answer to a caller who speaks as @p claimed and is not; one line in the log. */
void api_refuse_stranger(struct api *api, struct http_request *request, struct msgin5g_str claimed);

/* Handlers; ctx is the struct api. */
http_handler_fn as_registration_on_register, as_registration_on_deregister; /* MSGS_ASRegistration */
http_handler_fn message_api_on_as_message, message_api_on_ue_message;       /* MSGS_MSGDelivery */
http_handler_fn message_api_on_report;                                      /* MSGS_MSGDelivery */
http_handler_fn ue_registration_on_register, ue_registration_on_deregister; /* EC-19 */
http_handler_fn ue_registration_on_bulk;                                    /* EC-19 */

#define API_AS_REGISTRATIONS "/msgs-asregistration/v1/registrations"
#define API_UE_REGISTRATIONS "/msgs-ueregistration/v1/registrations"

#endif
