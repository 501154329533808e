/* The server's end of MSGin5G-1 as tests need it: knows one K_AKMA, remembers what comes, answers as told. */
#ifndef TEST_CLIENT_FAKE_SERVER_H
#define TEST_CLIENT_FAKE_SERVER_H

#include "akma/kdf.h"
#include "coap/transport.h"
#include "msgin5g/message.h"

#include <stdbool.h>

#define FAKE_FQDN    "localhost"
#define FAKE_A_KID   "0.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8@5gc.mnc001.mcc001.3gppnetwork.org"
#define FAKE_LOG_MAX 512

/** One request that came. */
struct fake_entry {
    enum msgin5g_type type;
    char path[64];
    char ori[64], dest[64], msg_id[MSGIN5G_UUID_LEN + 1], payload[64], cause[64];
    enum msgin5g_delivery_status status;
    int64_t reg_exp_time_s;
    uint32_t max_segment_size;
    struct msgin5g_availability availability;
    struct msgin5g_segment segment; /* its text is in set_id */
    char set_id[MSGIN5G_UUID_LEN + 1], seg_no_list[64];
    bool report_requested, result;
    size_t payload_length, item_count;
};

struct fake_server {
    struct loop *loop;
    struct transport *transport;
    uint16_t port;
    struct transport_session *session;   /* opened last; NULL: closed */
    unsigned opened, closed, handshakes; /* with OSCORE: times of POST /akma */
    char identity[300];                  /* PSK identity seen last */
    char server_name[64];
    struct fake_entry log[FAKE_LOG_MAX];
    unsigned logged;
    unsigned answered;   /* requests of the server that the client answered */
    uint8_t last_answer; /* its code */

    struct transport_observation observation; /* of the last GET with Observe 0 */
    unsigned gets, ends;                      /* with Observe 0, with Observe 1 */
    char topic_path[80], sub_body[256];       /* of the last GET */

    /* Orders. */
    struct msgin5g_sub_response sub_response; /* to Observe 0 */
    uint8_t sub_code;                         /* 0: 2.05 */
    struct k_akma k_akma;
    int64_t lifetime_s;
    uint8_t code[MSGIN5G_TYPE_COUNT]; /* answer to a type; 0: as it should be */
    bool reg_result;
    int refuse_alert;              /* refuse handshakes with it; 0: do not */
    unsigned refuse_count;         /* so many of them */
    bool oscore;                   /* listen for OSCORE, not for DTLS; before it starts */
    uint8_t akma_code;             /* answer to POST /akma; 0: as it should be */
    int64_t akma_max_age_s;        /* of such an answer; 0: none */
    bool akma_silent;              /* none at all */
    bool akma_echo;                /* 4.01 with an Echo option to one that has none (RFC 9175) */
    unsigned forget_count;         /* so many sessions are forgotten when a MSG comes, which is refused: K_AF_EXPIRED */
    bool hold[MSGIN5G_TYPE_COUNT]; /* never answer a type */
    struct transport_deferred *held[16];
    unsigned held_count;
};

void fake_server_start(struct fake_server *server);
void fake_server_stop(struct fake_server *server);
/** Send @p message to the client; ori and msg_id have to be set. */
void fake_server_send(struct fake_server *server, const struct msgin5g_message *message);
/** Notify the client of @p message. */
void fake_server_notify(struct fake_server *server, const struct msgin5g_message *message);
/** Requests of @p type so far. */
unsigned fake_server_count(const struct fake_server *server, enum msgin5g_type type);
/** The last request of @p type; fails the test when there is none. */
const struct fake_entry *fake_server_last(const struct fake_server *server, enum msgin5g_type type);

#endif
