/*
 * Bodies of the HTTP services of MSGin5G as values (TS 29.538 8.1.5, 8.2.5, 9.1.5, 9.3.5). A message is the same value
 * as on MSGin5G-1; only its coding differs, so the server routes both alike.
 */
#ifndef MSG_API_H
#define MSG_API_H

#include "msgin5g/message.h"

#define API_BODY_MAX     65536 /* octets of any body (decision D6) */
#define API_URI_MAX      1024  /* octets of targetUri, notiUrl */
#define API_GROUPS_MAX   64    /* entries of exGroupList */
#define API_TEXT_MAX     255   /* octets of a name in an AS profile */
#define API_LATENCY_NONE (-1)

/** Which body a message is. */
enum api_message_kind {
    API_MESSAGE_AS,       /* ASMessageDelivery: an AS sends (8.2.5.2.2) */
    API_MESSAGE_UE,       /* UEMessageDelivery: a gateway sends for a UE (8.2.5.2.3) */
    API_MESSAGE_GATEWAY,  /* L3gMessageDelivery and N3gMessageDelivery (9.1.5.2.2); to an AS the same (EC-43) */
    API_MESSAGE_BROADCAST /* BgMessageDelivery (9.3.5.2.2) */
};

/** A body that was refused: which member, and why. Constants. */
struct api_problem {
    const char *member; /* JSON Pointer, "/destAddr"; "" for the whole body */
    const char *reason;
};

struct api_message {
    struct msgin5g_message message;      /* type MSG; release the whole with api_message_free() */
    int64_t latency_ms;                  /* wanted latency (AS only, EC-39); API_LATENCY_NONE: absent */
    struct msgin5g_str notification_url; /* notiUrl of Rel-19 (AS only, EC-42); absent: none */
    void *storage;                       /* the decoder's; NULL in one built by hand */
};

/**
 * Decode a message. Members of TS 29.538 V18.4.0 and what Rel-19 adds; unknown ones are ignored (EC-24), unknown values
 * of enumerations refused (EC-40). msgId and segId have to be UUIDs, as on MSGin5G-1 where they are handed on.
 *
 * @param out     set only on MSGIN5G_OK; release with api_message_free().
 * @param problem set on ERR_MALFORMED and ERR_PAYLOAD_TOO_LARGE.
 * @return MSGIN5G_OK; ERR_MALFORMED; ERR_PAYLOAD_TOO_LARGE (more than MSGIN5G_PAYLOAD_MAX, but from an AS, whose
 *         messages the server segments); ERR_NO_MEMORY.
 */
enum msgin5g_err api_message_decode(
    enum api_message_kind kind, struct msgin5g_str body, struct api_message *out, struct api_problem *problem);
void api_message_free(struct api_message *message);
/** Encode what @p kind carries of @p message. @return MSGIN5G_OK, ERR_PAYLOAD_TOO_LARGE (capacity) or ERR_INVALID. */
enum msgin5g_err api_message_encode(
    enum api_message_kind kind, const struct api_message *message, uint8_t *out, size_t capacity, size_t *length);

/** DeliveryStatusReport (8.2.5.2.6) as an IMDN; release with msgin5g_message_free()'s like, api_report_free(). */
struct api_report {
    struct msgin5g_message message; /* type IMDN */
    void *storage;
};
/** As api_message_decode(). */
enum msgin5g_err api_report_decode(struct msgin5g_str body, struct api_report *out, struct api_problem *problem);
void api_report_free(struct api_report *report);
/** As api_message_encode(), for an IMDN. */
enum msgin5g_err api_report_encode(const struct msgin5g_message *report, uint8_t *out, size_t capacity, size_t *length);

/** MessageDeliveryAck (8.2.5.2.4). */
struct api_ack {
    struct msgin5g_address ori;          /* of the message */
    struct msgin5g_str msg_id;           /* of the message */
    enum msgin5g_delivery_status status; /* NONE: delivered or on its way; FAILURE, STORED */
    struct msgin5g_str cause;            /* only with FAILURE */
    void *storage;
};
enum msgin5g_err api_ack_encode(const struct api_ack *ack, uint8_t *out, size_t capacity, size_t *length);
/** As api_message_decode(). */
enum msgin5g_err api_ack_decode(struct msgin5g_str body, struct api_ack *out, struct api_problem *problem);
void api_ack_free(struct api_ack *ack);

/** ASRegistration (8.1.5.2.2). */
struct api_as_registration {
    struct msgin5g_str as_service_id;          /* canonical form is the reader's work */
    struct msgin5g_str app_id;                 /* absent: none */
    struct msgin5g_str target_uri;             /* absent: none; an http or https URI else */
    struct msgin5g_str app_name;               /* of asProf */
    int64_t expiry_s;                          /* reqExprTime of Rel-19, seconds since 1970-01-01 UTC; 0: absent */
    struct msgin5g_str groups[API_GROUPS_MAX]; /* exGroupList of Rel-19 */
    size_t group_count;
    void *storage;
};
/** As api_message_decode(). */
enum msgin5g_err api_as_registration_decode(
    struct msgin5g_str body, struct api_as_registration *out, struct api_problem *problem);
void api_as_registration_free(struct api_as_registration *registration);
/** ASRegistrationAck (8.1.5.2.3); its result is ProblemDetails also on success (EC-41). @p expiry_s 0: none. */
enum msgin5g_err api_as_registration_ack_encode(struct msgin5g_str as_service_id, int status, const char *title,
    int64_t expiry_s, uint8_t *out, size_t capacity, size_t *length);

/** Registration of a UE by its message gateway (TS 23.554 8.2.3; no stage 3 exists: EC-19). */
struct api_ue_registration {
    struct msgin5g_str ue_service_id;
    struct msgin5g_str mgw_service_id;
    int64_t lifetime_s; /* regExpTime; MSGIN5G_REG_EXP_TIME_NONE: absent */
};
#define API_UE_REGISTRATIONS_MAX 256 /* entries of one bulk request */
struct api_ue_registrations {
    struct api_ue_registration list[API_UE_REGISTRATIONS_MAX];
    size_t count;
    void *storage;
};
/** One registration, or with @p bulk an object whose indRegs is an array of them and indRegCount their number. As
 * api_message_decode(). */
enum msgin5g_err api_ue_registrations_decode(
    struct msgin5g_str body, bool bulk, struct api_ue_registrations *out, struct api_problem *problem);
void api_ue_registrations_free(struct api_ue_registrations *registrations);

/** What became of one of them. */
struct api_ue_registration_result {
    struct msgin5g_str ue_service_id;
    struct msgin5g_str cause; /* absent: registered */
    int64_t lifetime_s;
};
/** As api_message_encode(): the result of one registration, or of several in indRegs. */
enum msgin5g_err api_ue_registration_results_encode(const struct api_ue_registration_result *results, size_t count,
    bool bulk, uint8_t *out, size_t capacity, size_t *length);

#endif
