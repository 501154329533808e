/* The one table of errors: name, CoAP response code, HTTP status, failure cause and text, so that they cannot drift
 * apart. */
#ifndef MSGIN5G_ERROR_H
#define MSGIN5G_ERROR_H

/** Marks what the shared library of the client shows to applications. */
#define MSGIN5G_API __attribute__((visibility("default")))

/** A CoAP code as it stands on the wire: class in the upper three bits, detail in the lower five (RFC 7252 3). */
#define MSGIN5G_COAP_CODE(class, detail) (((class) << 5) | (detail))

/* Name, CoAP code (EC-4 in docs/deviations.md), HTTP status (EC-40), Failure Cause (TS 23.554 10.6, EC-17), text for
 * people. */
#define MSGIN5G_ERRORS(X)                                                                                              \
    X(OK, 2, 4, 200, "", "ok")                                                                                         \
    X(ERR_MALFORMED, 4, 0, 400, "MALFORMED", "the message does not follow TS 24.538 clause 7")                         \
    X(ERR_UNAUTHENTICATED, 4, 1, 401, "NOT_AUTHORIZED", "the peer is not authenticated")                               \
    X(ERR_UNAUTHORIZED_ORIGINATOR, 4, 3, 403, "UNAUTHORIZED_ORIGINATOR", "the originator is not this peer")            \
    X(ERR_NOT_AUTHORIZED, 4, 3, 403, "NOT_AUTHORIZED", "policy does not allow this")                                   \
    X(ERR_NOT_REGISTERED, 4, 3, 403, "NOT_REGISTERED", "the UE Service ID is not registered")                          \
    X(ERR_NOT_FOUND, 4, 4, 404, "NO_ROUTE", "there is nothing under this name")                                        \
    X(ERR_METHOD, 4, 5, 405, "MALFORMED", "this method is not allowed here")                                           \
    X(ERR_UNSUPPORTED_FORMAT, 4, 15, 415, "MALFORMED", "the content format is not application/json")                   \
    X(ERR_PAYLOAD_TOO_LARGE, 4, 13, 413, "PAYLOAD_TOO_LARGE", "the payload is larger than the limit")                  \
    X(ERR_DUPLICATE, 4, 0, 400, "DUPLICATE", "this message id was used for another message")                           \
    X(ERR_RATE_LIMITED, 4, 29, 429, "RATE_LIMITED", "too many requests")                                               \
    X(ERR_UNKNOWN_RECIPIENT, 2, 4, 200, "UNKNOWN_RECIPIENT", "the recipient is not known")                             \
    X(ERR_UNKNOWN_GROUP, 2, 4, 200, "UNKNOWN_GROUP", "the group is not known")                                         \
    X(ERR_NO_SUBSCRIBERS, 2, 4, 200, "NO_SUBSCRIBERS", "nobody has subscribed to the topic")                           \
    X(ERR_RECIPIENT_UNAVAILABLE, 2, 4, 200, "RECIPIENT_UNAVAILABLE", "the recipient cannot be reached now")            \
    X(ERR_NO_ROUTE, 2, 4, 200, "NO_ROUTE", "no way leads to this destination")                                         \
    X(ERR_OPTED_OUT, 2, 4, 200, "RECIPIENT_OPTED_OUT", "the recipient wants nothing to be stored for it")              \
    X(ERR_QUEUE_FULL, 2, 4, 200, "QUEUE_FULL", "the recipient's queue is full")                                        \
    X(ERR_SEGMENT_MISSING, 2, 4, 200, "SEGMENT_MISSING", "segments of the message stayed away")                        \
    X(ERR_BAD_SEGMENT, 2, 4, 200, "BAD_SEGMENT", "the segments of the message contradict each other")                  \
    X(ERR_EXPIRED, 2, 4, 200, "EXPIRED", "the message expired")                                                        \
    X(ERR_STORE, 5, 3, 503, "INTERNAL", "the store cannot be read or written now")                                     \
    X(ERR_OVERLOADED, 5, 3, 503, "RATE_LIMITED", "overloaded or shutting down")                                        \
    X(ERR_NO_MEMORY, 5, 0, 500, "INTERNAL", "out of memory")                                                           \
    X(ERR_INTERNAL, 5, 0, 500, "INTERNAL", "internal error")                                                           \
    X(ERR_INVALID, 5, 0, 500, "INTERNAL", "an argument is out of range")                                               \
    X(ERR_CONFIG, 5, 0, 500, "INTERNAL", "the configuration is not valid")                                             \
    X(ERR_IO, 5, 0, 500, "INTERNAL", "a system call failed")                                                           \
    X(ERR_LIMIT, 5, 3, 503, "RATE_LIMITED", "a configured limit is reached")                                           \
    X(ERR_TIMEOUT, 5, 4, 504, "INTERNAL", "no answer in time")                                                         \
    X(ERR_CLOSED, 5, 3, 503, "INTERNAL", "the connection is closed")                                                   \
    X(ERR_CONNECT, 5, 3, 503, "INTERNAL", "cannot connect")                                                            \
    X(ERR_AUTHENTICATION, 4, 1, 401, "NOT_AUTHORIZED", "authentication failed")                                        \
    X(ERR_PEER, 5, 2, 502, "INTERNAL", "the peer answered with an error")                                              \
    X(ERR_MALFORMED_A_KID, 4, 1, 401, "NOT_AUTHORIZED", "the A-KID is malformed")                                      \
    X(ERR_UNKNOWN_A_KID, 4, 1, 401, "NOT_AUTHORIZED", "the AAnF has no K_AKMA for this A-KID")                         \
    X(ERR_NOT_CACHED, 4, 1, 401, "NOT_AUTHORIZED", "no key in the cache")                                              \
    X(ERR_AF_NOT_ALLOWED, 4, 3, 403, "NOT_AUTHORIZED", "the AAnF does not serve this application function")            \
    X(ERR_AANF, 5, 3, 503, "INTERNAL", "the AAnF failed or cannot be reached")                                         \
    X(ERR_MAC_FAILURE, 4, 1, 401, "NOT_AUTHORIZED", "AUTN: wrong MAC, the network is not genuine")                     \
    X(ERR_SYNC_FAILURE, 4, 1, 401, "NOT_AUTHORIZED", "AUTN: sequence number out of range")                             \
    X(ERR_SEPARATION_BIT, 4, 1, 401, "NOT_AUTHORIZED", "AUTN: the AMF separation bit is not set")

enum msgin5g_err {
#define MSGIN5G_ERROR_ENUM(name, class, detail, http, cause, text) MSGIN5G_##name,
    MSGIN5G_ERRORS(MSGIN5G_ERROR_ENUM)
#undef MSGIN5G_ERROR_ENUM
        MSGIN5G_ERR_COUNT
};

/** Text of @p err for people, without a full stop; a constant. Values outside the enum give "unknown error". */
MSGIN5G_API const char *msgin5g_err_text(enum msgin5g_err err);
/** Failure Cause of @p err on the wire (EC-17), "" for MSGIN5G_OK; a constant. */
MSGIN5G_API const char *msgin5g_err_cause(enum msgin5g_err err);
/** CoAP response code of @p err as one octet, see MSGIN5G_COAP_CODE(). */
unsigned char msgin5g_err_coap_code(enum msgin5g_err err);
/** HTTP status of @p err. */
int msgin5g_err_http_status(enum msgin5g_err err);

#endif
