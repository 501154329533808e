#include "bootstrap.h"

#include "akma/kdf.h"
#include "akma/oscore.h"
#include "client_internal.h"
#include "coap/transport_oscore.h"

#include <stdlib.h>
#include <string.h>

#define BOOTSTRAP_PATH "akma" /* TS 33.535 D.3.2 */
#define SHORT_SID      1      /* octets of AF-SID; longer ones when nearly all of these are taken */
#define SID_TRIES      16

/* One POST /akma under way. */
struct bootstrap {
    struct msgin5g_client *client; /* NULL: nobody waits for it any more */
    struct oscore_sid af_sid;
    size_t length;
    uint8_t octets[OSCORE_REQUEST_MAX]; /* as sent: the first half of the Master Salt */
};

static struct msgin5g_str str_of(const void *octets, size_t length)
{
    return (struct msgin5g_str){ octets, length };
}

/* ---- the request ---- */

/* AF-SID names the server in what it sends to this transport: no two clients here have the same. */
static void choose_af_sid(const struct transport *transport, struct oscore_sid *out)
{
    int tries = 0;

    do {
        out->length = tries++ < SID_TRIES ? SHORT_SID : OSCORE_SID_MAX;
        secret_random(out->octets, out->length);
    } while (transport_oscore_id_taken(transport, str_of(out->octets, out->length)));
}

static enum msgin5g_err compose(const struct msgin5g_client *client, struct bootstrap *bootstrap)
{
    struct oscore_request request = { .n1 = { .length = OSCORE_NONCE_LEN } };

    memcpy(request.a_kid, client->a_kid, sizeof request.a_kid);
    secret_random(request.n1.octets, request.n1.length);
    choose_af_sid(client->context->transport, &request.af_sid);
    bootstrap->af_sid = request.af_sid;
    return oscore_request_encode(&request, bootstrap->octets, &bootstrap->length);
}

/* ---- the answer ---- */

static enum msgin5g_err derive(
    const struct msgin5g_client *client, const struct bootstrap *bootstrap, struct msgin5g_str answer)
{
    uint8_t salt[OSCORE_MASTER_SALT_MAX];
    size_t salt_length;
    struct oscore_response response;
    K_AF_LOCAL k_af;
    OMS_LOCAL oms;
    enum msgin5g_err err;

    if (oscore_response_decode((const uint8_t *)answer.octets, answer.length, &response) != MSGIN5G_OK ||
        oscore_master_salt(str_of(bootstrap->octets, bootstrap->length), answer, salt, &salt_length) != MSGIN5G_OK)
        return MSGIN5G_ERR_PEER;
    if ((err = kdf_k_af(client->k_akma, client->server_name, &ua_id_oscore, &k_af)) != MSGIN5G_OK ||
        (err = kdf_oscore_master_secret(&k_af, &oms)) != MSGIN5G_OK)
        return err;
    const struct transport_oscore oscore = {
        .master_secret = str_of(oms.octets, sizeof oms.octets),
        .master_salt = str_of(salt, salt_length),
        .sender_id = str_of(response.ue_sid.octets, response.ue_sid.length),
        .recipient_id = str_of(bootstrap->af_sid.octets, bootstrap->af_sid.length),
    };
    err = transport_oscore_protect(client->connection->session, &oscore);
    return err == MSGIN5G_ERR_INVALID ? MSGIN5G_ERR_PEER : err; /* UE-SID equals AF-SID */
}

static enum msgin5g_err refusal(uint8_t code)
{
    switch (code) {
    case MSGIN5G_COAP_CODE(4, 1): /* K_AKMA_NOT_PRESENT */
        return MSGIN5G_ERR_AUTHENTICATION;
    case MSGIN5G_COAP_CODE(4, 3): /* AF_NOT_ALLOWED */
        return MSGIN5G_ERR_AF_NOT_ALLOWED;
    case MSGIN5G_COAP_CODE(4, 29):
        return MSGIN5G_ERR_RATE_LIMITED;
    case MSGIN5G_COAP_CODE(5, 3): /* AANF_UNAVAILABLE */
        return MSGIN5G_ERR_AANF;
    default:
        return MSGIN5G_ERR_PEER;
    }
}

static enum msgin5g_err judge(
    struct msgin5g_client *client, const struct bootstrap *bootstrap, const struct transport_result *result)
{
    if (result->code != MSGIN5G_COAP_CODE(2, 1)) {
        client->retry_after_s = result->max_age_s;
        return refusal(result->code);
    }
    if (result->format != TRANSPORT_FORMAT_CBOR)
        return MSGIN5G_ERR_PEER;
    return derive(client, bootstrap, result->body);
}

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct bootstrap *bootstrap = ctx;
    struct msgin5g_client *client = bootstrap->client;

    if (client != NULL && err == MSGIN5G_OK)
        err = judge(client, bootstrap, result);
    free(bootstrap);
    if (client == NULL)
        return;
    client->bootstrap = NULL;
    loop_timer_cancel(client->context->loop, &client->timer);
    if (err == MSGIN5G_OK)
        connection_protected(client, "OSCORE AES-CCM-16-64-128");
    else if (err == MSGIN5G_ERR_AUTHENTICATION)
        connection_key_failed(client, err);
    else if (err != MSGIN5G_ERR_CLOSED) /* else connection_closed() follows and tells */
        connection_retry_later(client, err);
}

static void on_silence(void *ctx)
{
    connection_retry_later(ctx, MSGIN5G_ERR_TIMEOUT);
}

static enum msgin5g_err ask(struct msgin5g_client *client, struct bootstrap *bootstrap)
{
    enum msgin5g_err err = compose(client, bootstrap);
    const struct transport_call call = {
        .method = TRANSPORT_POST,
        .path = BOOTSTRAP_PATH,
        .host = client->server_name,
        .format = TRANSPORT_FORMAT_CBOR,
        .body = bootstrap->octets,
        .length = bootstrap->length,
        .confirmable = true,
        .unprotected = true,
    };

    return err == MSGIN5G_OK ? transport_send(client->connection->session, &call, on_answer, bootstrap) : err;
}

void bootstrap_start(struct msgin5g_client *client)
{
    struct bootstrap *bootstrap = calloc(1, sizeof *bootstrap);
    enum msgin5g_err err = bootstrap != NULL ? ask(client, bootstrap) : MSGIN5G_ERR_NO_MEMORY;

    bootstrap_drop(client);
    if (err != MSGIN5G_OK) {
        free(bootstrap);
        connection_retry_later(client, err);
        return;
    }
    bootstrap->client = client;
    client->bootstrap = bootstrap;
    loop_timer_cancel(client->context->loop, &client->timer);
    loop_timer_init(&client->timer, on_silence, client);
    (void)loop_timer_set(client->context->loop, &client->timer, client->context->handshake_timeout_ms);
    if (client->state != MSGIN5G_CLIENT_CONNECTING)
        client_set_state(client, MSGIN5G_CLIENT_CONNECTING, MSGIN5G_OK);
}

void bootstrap_drop(struct msgin5g_client *client)
{
    if (client->bootstrap != NULL)
        client->bootstrap->client = NULL;
    client->bootstrap = NULL;
}

/* ---- answers under a context ---- */

/* A client error without protection speaks of the context (RFC 8613 8.2), a protected 4.01 of its K_AF. */
bool bootstrap_needed(const struct msgin5g_client *client, enum msgin5g_err err, const struct transport_result *result)
{
    if (client->server.scheme != TRANSPORT_OSCORE || err != MSGIN5G_OK)
        return false;
    return result->is_protected ? result->code == MSGIN5G_COAP_CODE(4, 1) : result->code >> 5 == 4;
}

/*
 * What is not verified right after a bootstrap was protected with another K_AF than the server's: the A-KID is taken
 * for stale, as after a handshake that failed (4.5 of the profile in docs/deviations.md).
 */
void bootstrap_again(struct msgin5g_client *client, const struct transport_result *result)
{
    bool undecryptable = !result->is_protected && result->code == MSGIN5G_COAP_CODE(4, 0);

    if (undecryptable && client->state == MSGIN5G_CLIENT_REGISTERING) {
        connection_key_failed(client, MSGIN5G_ERR_AUTHENTICATION);
    } else if (client->rebootstrapped) {
        connection_retry_later(client, MSGIN5G_ERR_UNAUTHENTICATED);
    } else {
        client->rebootstrapped = true;
        bootstrap_start(client);
    }
}
