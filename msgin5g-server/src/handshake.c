#include "handshake.h"

#include "base/log.h"
#include "own_names.h"
#include "psk_gate.h"
#include "psk_gate_stream.h"
#include "psk_pending.h"
#include "rate_limit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE_LIMITED_SOURCES 65536

/* Each with a limit of its own, so that a flood of one kind hides no other. */
struct refusal {
    enum tls_alert alert;
    struct metric *count;
    struct log_limit lines;
};

struct handshakes {
    struct loop *loop;
    struct handshake_transport transport;
    struct psk_source *source;
    struct server_metrics *metrics;
    struct psk_pending *pending;
    struct rate_limit *rate;
    struct own_names *names;
    bool hide_identities;
    struct refusal refusals[6];
};

struct handshake {
    struct handshakes *all;
    struct transport_session *session;
    struct psk_gate *gate;          /* NULL: a stream */
    struct psk_gate_stream *stream; /* NULL: datagrams */
    struct psk_wait *wait;          /* NULL: not waiting for a key */
    const char *fqdn;               /* of ours, that the UE named; NULL: none yet */
    char *asked;                    /* identity a key was fetched for */
    struct ua_id asked_ua;
    bool known;
    int64_t expiry_s;
    char identity[AKMA_SUPI_MAX + 1];
};

static void set_up_refusals(struct handshakes *handshakes)
{
    const struct server_metrics *metrics = handshakes->metrics;
    const struct refusal refusals[] = {
        { .alert = TLS_ALERT_UNKNOWN_PSK_IDENTITY, .count = metrics->refused_identity },
        { .alert = TLS_ALERT_ACCESS_DENIED, .count = metrics->refused_access },
        { .alert = TLS_ALERT_INTERNAL_ERROR, .count = metrics->refused_internal },
        { .alert = TLS_ALERT_MISSING_EXTENSION, .count = metrics->refused_no_name },
        { .alert = TLS_ALERT_UNRECOGNIZED_NAME, .count = metrics->refused_name },
        { .alert = TLS_ALERT_HANDSHAKE_FAILURE, .count = metrics->refused_no_psk },
    };
    static_assert(sizeof refusals == sizeof handshakes->refusals, "one row for each alert the gate writes");
    memcpy(handshakes->refusals, refusals, sizeof refusals);
}

enum msgin5g_err handshakes_create(struct loop *loop, const struct server_config *config,
    const struct handshake_transport *transport, struct psk_source *source, struct server_metrics *metrics,
    struct handshakes **out)
{
    struct handshakes *handshakes = calloc(1, sizeof *handshakes);
    if (handshakes == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    handshakes->loop = loop;
    handshakes->transport = *transport;
    handshakes->source = source;
    handshakes->metrics = metrics;
    handshakes->hide_identities = config->hide_identities;
    set_up_refusals(handshakes);
    enum msgin5g_err err = own_names_create(&config->fqdns, &handshakes->names);
    if (err == MSGIN5G_OK)
        err = psk_pending_create(
            (size_t)config->pending_peers, (size_t)config->pending_octets, metrics, &handshakes->pending);
    if (err == MSGIN5G_OK)
        err = rate_limit_create(
            config->key_requests_per_source, config->key_requests_burst, RATE_LIMITED_SOURCES, &handshakes->rate);
    if (err != MSGIN5G_OK) {
        handshakes_free(handshakes);
        return err;
    }
    *out = handshakes;
    return MSGIN5G_OK;
}

void handshakes_free(struct handshakes *handshakes)
{
    if (handshakes == NULL)
        return;
    own_names_free(handshakes->names);
    psk_pending_free(handshakes->pending);
    rate_limit_free(handshakes->rate);
    free(handshakes);
}

struct handshake *handshake_begin(struct handshakes *handshakes, struct transport_session *session)
{
    struct handshake *handshake = calloc(1, sizeof *handshake);
    if (handshake == NULL)
        return NULL;
    handshake->all = handshakes;
    handshake->session = session;
    if (handshakes->transport.scheme(session) == TRANSPORT_COAPS_TCP)
        handshake->stream = psk_gate_stream_create();
    else
        handshake->gate = psk_gate_create();
    if (handshake->gate == NULL && handshake->stream == NULL) {
        free(handshake);
        return NULL;
    }
    return handshake;
}

void handshake_end(struct handshake *handshake)
{
    if (handshake == NULL)
        return;
    if (handshake->wait != NULL)
        psk_wait_abandon(handshake->wait);
    psk_gate_free(handshake->gate);
    psk_gate_stream_free(handshake->stream);
    free(handshake->asked);
    free(handshake);
}

struct handshake_outcome handshake_outcome(const struct handshake *handshake)
{
    return (struct handshake_outcome){ handshake->known, handshake->expiry_s, handshake->identity };
}

/* ---- refusals: no keys are active yet, so the alert is ours to write (section 4.5) ---- */

static struct refusal *refusal_of(struct handshakes *handshakes, enum tls_alert alert)
{
    struct refusal *refusal = handshakes->refusals;
    while (refusal->alert != alert)
        refusal++;
    return refusal;
}

/* The A-KID of @p identity as far as a log may show it; "none" when there is no A-KID in it. */
static const char *shorten(struct msgin5g_str identity, char out[LOG_A_KID_LEN])
{
    char text[AKMA_A_KID_MAX + 1];
    struct msgin5g_str a_kid;
    if (identity.octets == NULL || a_kid_from_psk_identity(identity, &a_kid) != MSGIN5G_OK)
        return "none";
    snprintf(text, sizeof text, "%.*s", (int)a_kid.length, a_kid.octets);
    return log_a_kid(text, out);
}

/* The handshake may be gone afterwards. */
static enum transport_gate_verdict refuse(
    struct handshake *handshake, enum tls_alert alert, struct msgin5g_str identity, const char *why)
{
    struct handshakes *all = handshake->all;
    struct refusal *refusal = refusal_of(all, alert);
    char shortened[LOG_A_KID_LEN];
    unsigned left_out;
    metric_add(refusal->count, 1);
    if (log_limit_take(&refusal->lines, loop_now_ms(all->loop), &left_out))
        log_info("handshake refused remote=%s alert=%d a_kid=%s reason=\"%s\" left_out=%u",
            all->transport.remote(handshake->session), (int)alert, shorten(identity, shortened), why, left_out);
    all->transport.refuse(handshake->session, alert);
    return TRANSPORT_GATE_REFUSE;
}

static bool is_unknown(enum msgin5g_err err)
{
    return err == MSGIN5G_ERR_UNKNOWN_A_KID || err == MSGIN5G_ERR_MALFORMED_A_KID;
}

static enum tls_alert alert_of(enum msgin5g_err err)
{
    if (is_unknown(err))
        return TLS_ALERT_UNKNOWN_PSK_IDENTITY;
    return err == MSGIN5G_ERR_AF_NOT_ALLOWED ? TLS_ALERT_ACCESS_DENIED : TLS_ALERT_INTERNAL_ERROR;
}

/* auth.hide_identities: an unknown identity looks like a wrong key, for handshake_psk() gives it a random one. */
static bool hides(const struct handshake *handshake, enum msgin5g_err err)
{
    return handshake->all->hide_identities && is_unknown(err);
}

/* ---- fetching a key ---- */

static struct psk_ref asked_ref(const struct handshake *handshake)
{
    return (struct psk_ref){ msgin5g_str(handshake->asked), handshake->fqdn, handshake->asked_ua };
}

/* A key that came but cannot be found now had expired already: asking again would go on for ever (N6, N7). */
static enum msgin5g_err check_arrival(struct handshake *handshake, enum msgin5g_err err)
{
    struct psk_key key;
    struct psk_ref ref = asked_ref(handshake);
    if (err != MSGIN5G_OK)
        return err;
    err = psk_source_lookup(handshake->all->source, &ref, &key);
    secret_wipe(&key, sizeof key);
    return err == MSGIN5G_ERR_NOT_CACHED ? MSGIN5G_ERR_UNKNOWN_A_KID : err;
}

/*
 * In order; the session may open, or end, with any of them: the wait then has no owner any more. The octets of a stream
 * go together, for the transport reads on from the socket when it has had them.
 */
static void replay_held(
    struct psk_wait *wait, bool is_stream, struct handshakes *all, struct transport_session *session)
{
    uint8_t *octets;
    size_t length;
    while (psk_wait_owner(wait) != NULL &&
           (octets = is_stream ? psk_wait_take_all(wait, &length) : psk_wait_take(wait, &length)) != NULL) {
        all->transport.replay(session, octets, length);
        free(octets);
    }
}

static void key_arrived(void *ctx, enum msgin5g_err err)
{
    struct psk_wait *wait = ctx;
    struct handshake *handshake = psk_wait_owner(wait);
    if (handshake != NULL) {
        err = check_arrival(handshake, err);
        if (err == MSGIN5G_OK || hides(handshake, err))
            replay_held(wait, handshake->stream != NULL, handshake->all, handshake->session);
        else
            (void)refuse(handshake, alert_of(err), msgin5g_str(handshake->asked), msgin5g_err_text(err));
    }
    handshake = psk_wait_owner(wait);
    if (handshake != NULL)
        handshake->wait = NULL;
    psk_wait_end(wait);
}

/*
 * HOLD without keeping the datagram: the UE sends it again when its timer runs out, and may have more luck then. A
 * stream with a hole in it is of no use: the UE has to come again.
 */
static enum transport_gate_verdict drop(
    struct handshake *handshake, struct metric *counter, struct msgin5g_str identity)
{
    metric_add(counter, 1);
    return handshake->stream == NULL ? TRANSPORT_GATE_HOLD
                                     : refuse(handshake, TLS_ALERT_INTERNAL_ERROR, identity, "no room to wait");
}

static enum transport_gate_verdict hold(struct handshake *handshake, const uint8_t *octets, size_t length)
{
    if (psk_wait_hold(handshake->wait, octets, length) || handshake->stream == NULL)
        return TRANSPORT_GATE_HOLD;
    return refuse(handshake, TLS_ALERT_INTERNAL_ERROR, msgin5g_str(handshake->asked), "too much to hold");
}

static bool remember_asked(struct handshake *handshake, const struct psk_ref *ref)
{
    free(handshake->asked);
    handshake->asked = strndup(ref->identity.octets, ref->identity.length);
    handshake->asked_ua = ref->ua_id;
    return handshake->asked != NULL;
}

static enum transport_gate_verdict fetch(
    struct handshake *handshake, const struct psk_ref *ref, const uint8_t *octets, size_t length)
{
    struct handshakes *all = handshake->all;
    if (!rate_limit_take(all->rate, all->transport.remote(handshake->session), loop_now_ms(all->loop)))
        return drop(handshake, all->metrics->gate_rate_limited, ref->identity);
    struct psk_wait *wait = remember_asked(handshake, ref) ? psk_wait_begin(all->pending, handshake) : NULL;
    if (wait == NULL)
        return drop(handshake, all->metrics->gate_dropped, ref->identity);
    enum msgin5g_err err = psk_source_fetch(all->source, ref, key_arrived, wait);
    if (err != MSGIN5G_OK) {
        psk_wait_end(wait);
        return refuse(handshake, alert_of(err), ref->identity, msgin5g_err_text(err));
    }
    handshake->wait = wait;
    return hold(handshake, octets, length);
}

static enum transport_gate_verdict resolve(
    struct handshake *handshake, struct msgin5g_str identity, struct ua_id ua_id, const uint8_t *octets, size_t length)
{
    struct psk_ref ref = { identity, handshake->fqdn, ua_id };
    struct psk_key key;
    enum msgin5g_err err = psk_source_lookup(handshake->all->source, &ref, &key);
    if (err == MSGIN5G_OK)
        secret_wipe(&key, sizeof key);
    if (err == MSGIN5G_OK || hides(handshake, err))
        return TRANSPORT_GATE_PASS;
    if (err == MSGIN5G_ERR_NOT_CACHED)
        return fetch(handshake, &ref, octets, length);
    return refuse(handshake, alert_of(err), identity, msgin5g_err_text(err));
}

/* ---- what the UE says ---- */

static struct ua_id ua_id_1_3(const struct handshake *handshake)
{
    return handshake->stream != NULL ? ua_id_tls_1_3 : ua_id_dtls_1_3;
}

/*
 * Whoever invents a cookie gets no further than wolfSSL lets it: nothing is asked for it (N13). In DTLS 1.2 the proof
 * is that wolfSSL has chosen a suite, see on_key_exchange(); over TCP it is the connection.
 */
static bool cookie_invented(const struct handshake *handshake, const struct psk_gate_finding *hello)
{
    const struct handshakes *all = handshake->all;
    if (handshake->stream != NULL || !hello->is_1_3 ||
        all->transport.cookie_valid(handshake->session, (const uint8_t *)hello->cookie.octets, hello->cookie.length))
        return false;
    metric_add(all->metrics->gate_bad_cookie, 1);
    return true;
}

static enum transport_gate_verdict on_hello(
    struct handshake *handshake, const struct psk_gate_finding *hello, const uint8_t *octets, size_t length)
{
    struct handshakes *all = handshake->all;
    if (cookie_invented(handshake, hello))
        return TRANSPORT_GATE_PASS;
    /* wolfSSL has answered a ClientHello of this peer, judged before: a stranger's cannot end the handshake any more.
     */
    if (handshake->stream == NULL && !hello->is_1_3 && all->transport.suite(handshake->session) != 0)
        return TRANSPORT_GATE_PASS;
    if (hello->server_name.octets == NULL)
        return refuse(handshake, TLS_ALERT_MISSING_EXTENSION, hello->identity, "no server_name");
    handshake->fqdn = own_names_find(all->names, hello->server_name);
    if (handshake->fqdn == NULL)
        return refuse(handshake, TLS_ALERT_UNRECOGNIZED_NAME, hello->identity, "server_name is not ours");
    if (!hello->is_1_3)
        return TRANSPORT_GATE_PASS;
    /* wolfSSL refuses these too, but over TCP without a word (N16). */
    if (!hello->psk_offered || !hello->psk_dhe_ke)
        return refuse(handshake, TLS_ALERT_HANDSHAKE_FAILURE, hello->identity, "no PSK with (EC)DHE");
    return resolve(handshake, hello->identity, ua_id_1_3(handshake), octets, length);
}

static enum transport_gate_verdict on_key_exchange(
    struct handshake *handshake, const struct psk_gate_finding *exchange, const uint8_t *octets, size_t length)
{
    uint16_t suite = handshake->all->transport.suite(handshake->session);
    if (suite == 0 || handshake->fqdn == NULL || handshake->all->transport.is_1_3(handshake->session))
        return TRANSPORT_GATE_PASS;
    return resolve(handshake, exchange->identity, ua_id_tls_1_2(suite), octets, length);
}

static enum transport_gate_verdict on_event(struct handshake *handshake, enum psk_gate_event event,
    const struct psk_gate_finding *finding, const uint8_t *octets, size_t length)
{
    switch (event) {
    case PSK_GATE_HELLO:
        return on_hello(handshake, finding, octets, length);
    case PSK_GATE_KEY_EXCHANGE:
        return on_key_exchange(handshake, finding, octets, length);
    case PSK_GATE_MALFORMED:
        metric_add(handshake->all->metrics->gate_malformed, 1);
        break;
    case PSK_GATE_NOTHING:
        break;
    }
    return TRANSPORT_GATE_PASS;
}

/* Each datagram stands for itself: while the UE waits they are kept unread. */
static enum transport_gate_verdict judge_datagram(struct handshake *handshake, const uint8_t *octets, size_t length)
{
    struct psk_gate_finding finding;
    if (handshake->wait != NULL)
        return hold(handshake, octets, length);
    enum psk_gate_event event = psk_gate_read(handshake->gate, octets, length, &finding);
    return on_event(handshake, event, &finding, octets, length);
}

/* All of a stream is read. What is no TLS, or goes on while the server owes an answer, is not talked to. */
static enum transport_gate_verdict judge_stream(struct handshake *handshake, const uint8_t *octets, size_t length)
{
    struct handshakes *all = handshake->all;
    struct psk_gate_finding finding;
    enum psk_gate_event event = psk_gate_stream_read(handshake->stream, octets, length, &finding);
    if (event == PSK_GATE_MALFORMED || (handshake->wait != NULL && event != PSK_GATE_NOTHING)) {
        metric_add(all->metrics->gate_malformed, 1);
        all->transport.refuse(handshake->session, TLS_ALERT_DECODE_ERROR);
        return TRANSPORT_GATE_REFUSE;
    }
    if (handshake->wait != NULL)
        return hold(handshake, octets, length);
    return on_event(handshake, event, &finding, octets, length);
}

enum transport_gate_verdict handshake_gate(struct handshake *handshake, const uint8_t *octets, size_t length)
{
    return handshake->stream != NULL ? judge_stream(handshake, octets, length)
                                     : judge_datagram(handshake, octets, length);
}

static bool give_random_key(struct transport_psk *out)
{
    out->key_length = AKMA_KEY_LEN;
    secret_random(out->key, out->key_length);
    return true;
}

/* Only reads the cache: what the gate fetched is there, or there is nothing. */
bool handshake_psk(struct handshake *handshake, const char *identity, struct transport_psk *out)
{
    struct handshakes *all = handshake->all;
    struct psk_key key;
    handshake->known = false;
    /* No cookie has come back yet: before it sends one, wolfSSL asks whether there is a DTLS 1.3 suite for this
     * identity. It checks no binder then and drops the key, so any will do; the AAnF is not asked for a stranger. */
    if (handshake->fqdn == NULL)
        return handshake->stream == NULL && give_random_key(out);
    struct psk_ref ref = { msgin5g_str(identity), handshake->fqdn,
        all->transport.is_1_3(handshake->session) ? ua_id_1_3(handshake)
                                                  : ua_id_tls_1_2(all->transport.suite(handshake->session)) };
    enum msgin5g_err err = psk_source_lookup(all->source, &ref, &key);
    handshake->known = err == MSGIN5G_OK;
    if (hides(handshake, err))
        return give_random_key(out);
    if (err != MSGIN5G_OK)
        return false;
    memcpy(out->key, key.octets, key.length);
    out->key_length = key.length;
    handshake->expiry_s = key.expiry_s;
    memcpy(handshake->identity, key.identity, sizeof handshake->identity);
    secret_wipe(&key, sizeof key);
    return true;
}
