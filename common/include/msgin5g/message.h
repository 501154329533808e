/* MSGin5G messages as values (TS 24.538 clause 7); the coding is in message_json.h of the same library. */
#ifndef MSGIN5G_MESSAGE_H
#define MSGIN5G_MESSAGE_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Message types on MSGin5G-1 and -6 (TS 24.538 7.1, 6.3.4, 6.3.5); the text is the value of msgType. What is stored
 * holds their numbers: new ones come last. */
#define MSGIN5G_TYPES(X)                                                                                               \
    X(REG)                                                                                                             \
    X(DEREG)                                                                                                           \
    X(MSG)                                                                                                             \
    X(MSGRESP)                                                                                                         \
    X(IMDN)                                                                                                            \
    X(SEGREC)                                                                                                          \
    X(SEGCONFIR)                                                                                                       \
    X(BREG)                                                                                                            \
    X(GWREG)                                                                                                           \
    X(REGRESP)                                                                                                         \
    X(DEREGRESP)

enum msgin5g_type {
#define MSGIN5G_TYPE_ENUM(name) MSGIN5G_TYPE_##name,
    MSGIN5G_TYPES(MSGIN5G_TYPE_ENUM)
#undef MSGIN5G_TYPE_ENUM
        MSGIN5G_TYPE_COUNT
};

/* Address types (TS 24.538 7.3.4.1). */
#define MSGIN5G_ADDR_TYPES(X)                                                                                          \
    X(UE)                                                                                                              \
    X(AS)                                                                                                              \
    X(GROUP)                                                                                                           \
    X(BC)                                                                                                              \
    X(TOPIC)

enum msgin5g_addr_type {
#define MSGIN5G_ADDR_ENUM(name) MSGIN5G_ADDR_##name,
    MSGIN5G_ADDR_TYPES(MSGIN5G_ADDR_ENUM)
#undef MSGIN5G_ADDR_ENUM
        MSGIN5G_ADDR_COUNT
};

enum msgin5g_priority { MSGIN5G_PRIORITY_HIGH, MSGIN5G_PRIORITY_NORMAL, MSGIN5G_PRIORITY_LOW };

/** Delivery status of IMDN and MSGRESP (TS 24.538 7.3.4.2, 7.3.4.3). */
enum msgin5g_delivery_status {
    MSGIN5G_DELIVERY_NONE,    /* member absent */
    MSGIN5G_DELIVERY_SUCCESS, /* "success", IMDN only */
    MSGIN5G_DELIVERY_FAILURE, /* "failure" */
    MSGIN5G_DELIVERY_STORED   /* "stored for deferred delivery", MSGRESP only */
};

struct msgin5g_address {
    enum msgin5g_addr_type type;
    struct msgin5g_str addr; /* as received: not yet canonical */
};

/** Place of a segment in its set (segParams, TS 24.538 7.3.4.1); checked by type here, by meaning in reassembly. */
struct msgin5g_segment {
    struct msgin5g_str set_id; /* segId, a UUID (EC-15) */
    uint32_t total;            /* totalSegCount; 0: absent, which only the first segment may not be (EC-14) */
    uint32_t number;           /* segNumb, from 1 */
    bool last;                 /* lastSegFlag */
};

/** One message or report inside of an aggregated one (TS 23.554 8.4, EC-6). */
struct msgin5g_item {
    struct msgin5g_str msg_id;         /* msgId; of the acknowledged message in IMDN */
    struct msgin5g_str payload;        /* MSG */
    struct msgin5g_str app_id;         /* MSG; the first one when there are several */
    const struct msgin5g_str *app_ids; /* as in struct msgin5g_message */
    size_t app_id_count;
    bool report_requested;                        /* MSG */
    enum msgin5g_priority priority;               /* MSG */
    enum msgin5g_delivery_status delivery_status; /* IMDN */
    struct msgin5g_str cause;                     /* IMDN; never with MSGIN5G_DELIVERY_SUCCESS */
};

/** Client Communication Availability of REG (comAvail, TS 23.554 Table 8.2.1-3), times in seconds. */
struct msgin5g_availability {
    bool known;       /* there is a schedule; the next three are set only then */
    int64_t start_s;  /* schTime: since 1970-01-01 UTC */
    int64_t length_s; /* durTime */
    int64_t period_s; /* periInterval; 0: not periodic */
    bool opted_out;   /* storeForward: nothing is to be stored for this UE (EC-13) */
};

#define MSGIN5G_REG_EXP_TIME_NONE (-1)
#define MSGIN5G_APP_ID_MAX        255    /* octets of one Application ID */
#define MSGIN5G_APP_IDS_MAX       16     /* Application IDs of one message (EC-25) */
#define MSGIN5G_SEGMENT_SIZE_MIN  64     /* octets: smallest cliProfile.maxSegSize (EC-10); the largest is a payload */
#define MSGIN5G_SEG_NO_LIST_MAX   2048   /* octets of segNoList: more than 255 segments can need */
#define MSGIN5G_BULK_MAX          262144 /* octets of one bulk (de-)registration (EC-22) */
#define MSGIN5G_BULK_ENTRIES_MAX  1000

struct msgin5g_bulk_entry; /* one of many registrations or de-registrations, see below */

/**
 * One decoded message of any type. Strings are borrowed: from the decoder's storage (see msgin5g_message_decode()) or
 * from whoever built the message for encoding. Members that a type does not carry are absent, false or default.
 */
struct msgin5g_message {
    enum msgin5g_type type;
    struct msgin5g_address ori;        /* oriAddr: every type but SEGREC and SEGCONFIR */
    struct msgin5g_address dest;       /* destAddr: MSG and IMDN */
    struct msgin5g_str group_id;       /* grpSrvId of MSG: the group this copy was sent to (EC-7) */
    struct msgin5g_str topic;          /* msgTopic of MSG: likewise the topic */
    struct msgin5g_str msg_id;         /* msgId: MSG, MSGRESP, IMDN */
    struct msgin5g_str app_id;         /* appId of MSG; the first one when there are several */
    const struct msgin5g_str *app_ids; /* all of them when there are several (EC-25), else NULL */
    size_t app_id_count;               /* entries of app_ids: 0, or 2 to MSGIN5G_APP_IDS_MAX */
    bool report_requested;             /* isDelivStatReq */
    enum msgin5g_priority priority;
    bool store_forward;    /* sfFlag */
    int64_t expire_time_s; /* sfParam.expireTime, seconds since 1970-01-01 UTC, from 1; 0: absent. Only with sfFlag. */
    int64_t delivery_time_s; /* sfParam.appSpecSf.deliveryTime, likewise: not to be delivered before (EC-16) */
    bool delivery_copy;      /* encode: from server to recipient, without priority, sfFlag, sfParam (6.4.1.2.6 c) */
    bool segmented;          /* isSegmented; the whole of segment is set only then */
    struct msgin5g_segment segment;               /* its set_id also in SEGREC, SEGCONFIR and MSGRESP (EC-6b) */
    struct msgin5g_str payload;                   /* payload, unescaped UTF-8; may hold NUL */
    enum msgin5g_delivery_status delivery_status; /* DelSta */
    struct msgin5g_str cause;                     /* Cause, never with MSGIN5G_DELIVERY_SUCCESS; cause of REGRESP and
                                                     DEREGRESP, never with result true */
    const struct msgin5g_item *items;             /* indMsgs of an aggregated MSG or IMDN (EC-6); else NULL */
    size_t item_count;                            /* indMsgCount; 0: not aggregated */
    struct msgin5g_str seg_no_list;               /* SEGREC: which segments, see segment_ranges_parse() */
    bool result;                                  /* SEGCONFIR, REGRESP, DEREGRESP */
    int64_t reg_exp_time_s; /* regExpTime of REG (EC-9) and of REGRESP with result true, expiredTime of GWREG;
                               MSGIN5G_REG_EXP_TIME_NONE: absent */
    int64_t req_exp_time_s; /* reqExpTime of REG and DEREG: how long a gateway may hold it; likewise */
    bool urgent;            /* urgentTag of REG and DEREG: a gateway must not hold it */
    struct msgin5g_address ue_address;        /* oriUEAddr of GWREG: the MSGin5G UE ID; without addr: absent */
    const struct msgin5g_bulk_entry *entries; /* indRegs of BREG, indDeregs of a bulk DEREG (EC-5); else NULL */
    size_t entry_count;
    uint32_t max_segment_size;                /* cliProfile.maxSegSize of REG in octets (EC-10); 0: absent */
    struct msgin5g_availability availability; /* cliProfile.comAvail of REG */
    struct msgin5g_str triggering;            /* cliProfile.triInfo of REG, as JSON */
    void *storage;                            /* the decoder's; NULL in a message built by hand */
};

/** Entries are judged one by one: a wrong one does not spoil the others (TS 24.538 6.3.4.4). */
struct msgin5g_bulk_entry {
    enum msgin5g_err err;           /* other than MSGIN5G_OK: only message.ori can be relied on */
    struct msgin5g_message message; /* REG in BREG, DEREG in DEREG */
};

/** A message with every member absent or default and the given @p type. */
struct msgin5g_message msgin5g_message_init(enum msgin5g_type type);
/** Release what msgin5g_message_decode() gave; a message built by hand or zeroed is left alone. */
void msgin5g_message_free(struct msgin5g_message *message);

/**
 * Decode one JSON body (TS 24.538 7.3; tolerances of EC-24: unknown members and members of other types are ignored).
 *
 * Checks: at most MSGIN5G_MESSAGE_MAX octets, UTF-8, nesting at most 16, one JSON object and nothing after it, no
 * duplicate members, msgIden, mandatory members and types of the message type, exactly one destination, no AS to AS,
 * UUID message ids, payload at most MSGIN5G_PAYLOAD_MAX (that of all items together, too), no NUL or control characters
 * in identifiers, indMsgCount as many as there are items (EC-6), segNoList well formed. Of the Client Profile of REG
 * only maxSegSize is kept.
 *
 * @param body    borrowed for the call; not NUL-terminated.
 * @param out     set only on MSGIN5G_OK; release with msgin5g_message_free().
 * @param partial may be NULL; else always set: after an error to what was readable of msgType (MSGIN5G_TYPE_COUNT:
 * not), ori and msg_id, to answer with MSGRESP. Release it the same way.
 * @param detail  may be NULL; else receives a constant text naming the member that is wrong ("" on MSGIN5G_OK).
 * @return MSGIN5G_OK; ERR_MALFORMED, ERR_PAYLOAD_TOO_LARGE, ERR_NO_MEMORY.
 */
enum msgin5g_err msgin5g_message_decode(const uint8_t *body, size_t length, struct msgin5g_message *out,
    struct msgin5g_message *partial, const char **detail);

/** As msgin5g_message_decode(), for who takes bulk requests: a BREG or bulk DEREG may have MSGIN5G_BULK_MAX octets. Of
 * at most MSGIN5G_BULK_ENTRIES_MAX entries each names its UE; whatever else is wrong with one is said there. */
enum msgin5g_err msgin5g_bulk_decode(const uint8_t *body, size_t length, struct msgin5g_message *out,
    struct msgin5g_message *partial, const char **detail);
/**
 * Encode a BREG (@p type REG) or bulk DEREG (@p type DEREG) of gateway @p ori. Entries are passed on as they are.
 *
 * @param bodies requests that msgin5g_message_decode() took; at least one.
 * @return MSGIN5G_OK; ERR_PAYLOAD_TOO_LARGE when @p capacity does not suffice; ERR_INVALID.
 */
enum msgin5g_err msgin5g_bulk_encode(enum msgin5g_type type, struct msgin5g_str ori, const struct msgin5g_str *bodies,
    size_t count, uint8_t *out, size_t capacity, size_t *length);

/**
 * Encode @p message as JSON into @p out of @p capacity octets; no NUL is written. MSG always carries sfFlag unless it
 * is a delivery_copy. BREG and bulk DEREG are for msgin5g_bulk_encode().
 *
 * @param length set to the octets written on MSGIN5G_OK.
 * @return MSGIN5G_OK; ERR_PAYLOAD_TOO_LARGE when @p capacity does not suffice or the payload exceeds
 *         MSGIN5G_PAYLOAD_MAX; ERR_INVALID for a message that lacks a mandatory member or holds text that is not UTF-8.
 */
enum msgin5g_err msgin5g_message_encode(
    const struct msgin5g_message *message, uint8_t *out, size_t capacity, size_t *length);

/*
 * The same for a message whose payload has up to MSGIN5G_WHOLE_MAX octets, as it is between the parts of a program:
 * before it is cut into segments, or after they were put together. Such a body is never on MSGin5G-1.
 */
#define MSGIN5G_WHOLE_BODY_MAX (6 * (size_t)MSGIN5G_WHOLE_MAX + MSGIN5G_MESSAGE_MAX)
enum msgin5g_err msgin5g_message_decode_whole(const uint8_t *body, size_t length, struct msgin5g_message *out);
enum msgin5g_err msgin5g_message_encode_whole(
    const struct msgin5g_message *message, uint8_t *out, size_t capacity, size_t *length);

/** Response body to REG and DEREG (TS 24.538 7.3.3.1, 7.3.3.2) and, with other names, to GWREG (7.3.3.3). */
struct msgin5g_reg_response {
    struct msgin5g_str ue_service_id; /* oriAddr.addr */
    bool result;
    int64_t reg_exp_time_s;   /* only with result true; MSGIN5G_REG_EXP_TIME_NONE: absent (DEREG) */
    struct msgin5g_str cause; /* only with result false */
    bool deferred;            /* instead of a result: a gateway holds the request (6.3.4.3.1) */
    int64_t expected_time_s;  /* only with deferred: when there will be one, from now; from 0 */
    void *storage;
};

/** As msgin5g_message_encode(), for a response to REG or DEREG. */
enum msgin5g_err msgin5g_reg_response_encode(
    const struct msgin5g_reg_response *response, uint8_t *out, size_t capacity, size_t *length);
/** Decode a response; release with msgin5g_reg_response_free(). @return MSGIN5G_OK, ERR_MALFORMED or ERR_NO_MEMORY. */
enum msgin5g_err msgin5g_reg_response_decode(const uint8_t *body, size_t length, struct msgin5g_reg_response *out);
void msgin5g_reg_response_free(struct msgin5g_reg_response *response);

/** The same for GWREG: acceptedTime, "failure reason"; never deferred. Release with msgin5g_reg_response_free(). */
enum msgin5g_err msgin5g_gwreg_response_encode(
    const struct msgin5g_reg_response *response, uint8_t *out, size_t capacity, size_t *length);
enum msgin5g_err msgin5g_gwreg_response_decode(const uint8_t *body, size_t length, struct msgin5g_reg_response *out);

/** Response body to BREG and bulk DEREG (EC-5). */
struct msgin5g_bulk_response {
    enum msgin5g_type type; /* REG: indRegs, DEREG: indDeregs */
    const struct msgin5g_reg_response *entries;
    size_t count;
    void *storage;
};

/** As msgin5g_message_encode(), for such a body. */
enum msgin5g_err msgin5g_bulk_response_encode(
    const struct msgin5g_bulk_response *response, uint8_t *out, size_t capacity, size_t *length);
/** Decode one of at most MSGIN5G_BULK_MAX octets; release with msgin5g_bulk_response_free(). @return MSGIN5G_OK,
 * ERR_MALFORMED or ERR_NO_MEMORY. */
enum msgin5g_err msgin5g_bulk_response_decode(const uint8_t *body, size_t length, struct msgin5g_bulk_response *out);
void msgin5g_bulk_response_free(struct msgin5g_bulk_response *response);

/** Body of a GET that subscribes or unsubscribes (TS 24.538 6.6.2, 7.3.5). */
struct msgin5g_subscribe {
    struct msgin5g_str ue_service_id; /* oriAddr.addr */
    int64_t expire_time_s;            /* expireTime, UTC, from 1; 0: absent */
    void *storage;
};

/** As msgin5g_message_encode(), for such a body. */
enum msgin5g_err msgin5g_subscribe_encode(
    const struct msgin5g_subscribe *request, uint8_t *out, size_t capacity, size_t *length);
/** Decode one; release with msgin5g_subscribe_free(). @return MSGIN5G_OK, ERR_MALFORMED or ERR_NO_MEMORY. */
enum msgin5g_err msgin5g_subscribe_decode(const uint8_t *body, size_t length, struct msgin5g_subscribe *out);
void msgin5g_subscribe_free(struct msgin5g_subscribe *request);

/** Subscription status, names by EC-8. */
#define MSGIN5G_SUB_STATUSES(X)                                                                                        \
    X(ADDED)                                                                                                           \
    X(UPDATED)                                                                                                         \
    X(DELETED)                                                                                                         \
    X(FAILED)

enum msgin5g_sub_status {
#define MSGIN5G_SUB_STATUS_ENUM(name) MSGIN5G_SUB_##name,
    MSGIN5G_SUB_STATUSES(MSGIN5G_SUB_STATUS_ENUM)
#undef MSGIN5G_SUB_STATUS_ENUM
        MSGIN5G_SUB_STATUS_COUNT
};

/** Body of the answer to it (TS 24.538 6.6.3, EC-8). */
struct msgin5g_sub_response {
    enum msgin5g_sub_status status;
    int64_t expire_time_s;    /* UTC; 0: absent. Only with ADDED and UPDATED. */
    struct msgin5g_str cause; /* only with FAILED */
    void *storage;
};

/** As msgin5g_message_encode(), for such a body. */
enum msgin5g_err msgin5g_sub_response_encode(
    const struct msgin5g_sub_response *response, uint8_t *out, size_t capacity, size_t *length);
/** Decode one; release with msgin5g_sub_response_free(). @return MSGIN5G_OK, ERR_MALFORMED or ERR_NO_MEMORY. */
enum msgin5g_err msgin5g_sub_response_decode(const uint8_t *body, size_t length, struct msgin5g_sub_response *out);
void msgin5g_sub_response_free(struct msgin5g_sub_response *response);

/** Text of a message type ("REG"), of an address type ("UE"); constants. */
const char *msgin5g_type_text(enum msgin5g_type type);
const char *msgin5g_addr_type_text(enum msgin5g_addr_type type);

#endif
