/* What the files of libmsgin5g share. A client is a state machine over at most one transport session. */
#ifndef CLIENT_INTERNAL_H
#define CLIENT_INTERNAL_H

#include "akma/a_kid.h"
#include "base/loop.h"
#include "base/secret.h"
#include "coap/transport.h"
#include "msgin5g/client.h"
#include "recent.h"
#include "server_uri.h"
#include "tls/stream.h"

#include <utlist.h>

struct msgin5g_context {
    struct loop *loop;
    struct transport *transport;
    struct secret_arena *keys; /* one K_AKMA a slot */
    struct msgin5g_client *clients;
    size_t client_count, max_clients;
};

/** One message on its way to the server; outlives the client when that is freed first. */
struct pending {
    struct msgin5g_client *client; /* NULL once the client is gone */
    char msg_id[MSGIN5G_UUID_LEN + 1];
    struct pending *prev, *next;
};

struct report; /* a delivery status report owed to a sender, see reports.c */

struct reports {
    struct report *list;
    size_t count;
};

struct msgin5g_client {
    struct msgin5g_context *context;
    struct msgin5g_client_events events;
    void *ctx;

    struct server_uri server;
    char server_name[AKMA_FQDN_MAX + 1];
    struct msgin5g_service_id id;
    int64_t reg_lifetime_s;
    enum msgin5g_version version;
    unsigned backoff_min_ms, backoff_max_ms;
    unsigned outstanding_max;

    char a_kid[AKMA_A_KID_MAX + 1];
    struct k_akma *k_akma; /* in context->keys; NULL before msgin5g_client_set_akma() */

    enum msgin5g_client_state state;
    struct transport_session *session;
    enum tls_psk_versions attempt; /* of the handshake under way */
    bool attempt_is_second;        /* the other version was tried just before */
    bool key_refreshed;      /* need_key was asked since the last success (section 4.5: refresh once, retry once) */
    unsigned failures;       /* in a row, for the back-off */
    struct loop_timer timer; /* back-off, re-registration or the answer to DEREG: by state */

    struct pending *pending;
    unsigned pending_count;
    struct reports reports;
    struct recent recent; /* messages already handed to the application */
    char protection[64];
    struct msgin5g_client *prev, *next; /* in the context */
};

/* connection.c: session, versions to try, back-off. */
void connection_start(struct msgin5g_client *client);
void connection_opened(struct msgin5g_client *client);
void connection_closed(struct msgin5g_client *client, struct transport_session *session, enum transport_end end);
/** Give up the session, if any, without a callback about it. */
void connection_drop(struct msgin5g_client *client);
/** Try again after the back-off; tells the owner @p err. */
void connection_retry_later(struct msgin5g_client *client, enum msgin5g_err err);
/** The key seems stale: ask for a fresh one, or back off when that was done already. */
void connection_key_failed(struct msgin5g_client *client, enum msgin5g_err err);

/* registration.c: REG, its refresh, DEREG. */
void registration_start(struct msgin5g_client *client);
enum msgin5g_err registration_end(struct msgin5g_client *client);

/* keys.c */
bool keys_psk(struct msgin5g_client *client, const char *hint, uint16_t suite, struct transport_psk *out);

/* messages.c */
void messages_receive(struct msgin5g_client *client, struct transport_request *request);
/** Cut the messages on their way loose from a client about to be freed. */
void messages_abandon(struct msgin5g_client *client);

/* reports.c */
/** Owe @p dest a report about @p msg_id; sent now or after the next registration. @p cause NULL: success. */
void reports_add(struct msgin5g_client *client, const struct msgin5g_message *message, const char *cause);
void reports_flush(struct msgin5g_client *client);
void reports_abandon(struct msgin5g_client *client);

/* client.c */
void client_set_state(struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err);
/** POST @p message to the server. @return as transport_send(), or an encoding error. */
enum msgin5g_err client_post(
    struct msgin5g_client *client, const struct msgin5g_message *message, transport_done_fn *done, void *ctx);

#endif
