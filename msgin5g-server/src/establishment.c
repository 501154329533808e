#include "establishment.h"

#include "base/log.h"
#include "own_names.h"
#include "rate_limit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define RATE_LIMITED_SOURCES 65536
#define RATE_LIMIT_MAX_AGE   2
#define UNAVAILABLE_MAX_AGE  30 /* section 4.8 of the AKMA digest */
#define UE_SID_LEN           4
#define UE_SID_TRIES         16

struct establishments {
    struct loop *loop;
    struct establishment_ops ops;
    struct akma_af *af;
    struct server_metrics *metrics;
    struct own_names *names;
    /* Not that of handshakes: nothing vouches for these addresses, so nobody else may have to pay for them. */
    struct rate_limit *rate;
    struct rate_limit *rate_of_shown; /* addresses that have repeated an Echo */
    struct reachability reachability;
    uint8_t echo[REACHABILITY_TOKEN_LEN]; /* of the request in hand */
    bool hide_identities;
    int64_t hidden_life_s;
    size_t max_waiting, waiting;
    struct log_limit refusal_lines;
    uint8_t response[OSCORE_RESPONSE_MAX]; /* of the request in hand */
};

/* One request whose K_AF the AAnF is asked for. */
struct waiting {
    struct establishments *all;
    struct transport_deferred *deferred; /* NULL: was answered for want of memory */
    struct oscore_request request;
    const char *fqdn;
    char remote[64]; /* for the log */
    size_t length;
    uint8_t payload[];
};

enum msgin5g_err establishments_create(struct loop *loop, const struct server_config *config,
    const struct establishment_ops *ops, struct akma_af *af, struct server_metrics *metrics,
    struct establishments **out)
{
    struct establishments *all = calloc(1, sizeof *all);
    if (all == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    all->loop = loop;
    all->ops = *ops;
    all->af = af;
    all->metrics = metrics;
    all->hide_identities = config->hide_identities;
    all->hidden_life_s = config->oscore_half_open_ms / 1000;
    reachability_init(&all->reachability);
    all->max_waiting = (size_t)config->pending_peers;
    enum msgin5g_err err = own_names_create(&config->fqdns, &all->names);
    if (err == MSGIN5G_OK)
        err = rate_limit_create(
            config->key_requests_per_source, config->key_requests_burst, RATE_LIMITED_SOURCES, &all->rate);
    if (err == MSGIN5G_OK)
        err = rate_limit_create(
            config->key_requests_per_source, config->key_requests_burst, RATE_LIMITED_SOURCES, &all->rate_of_shown);
    if (err != MSGIN5G_OK) {
        establishments_free(all);
        return err;
    }
    *out = all;
    return MSGIN5G_OK;
}

void establishments_free(struct establishments *all)
{
    if (all == NULL)
        return;
    own_names_free(all->names);
    rate_limit_free(all->rate);
    rate_limit_free(all->rate_of_shown);
    free(all);
}

/* ---- answers (section 4.8 of the AKMA digest) ---- */

struct refusal {
    uint8_t code;
    const char *diagnostic;
    struct metric *count;
    int64_t max_age_s;
};

static struct refusal refusal_of(const struct server_metrics *metrics, enum msgin5g_err err)
{
    static const char bad[] = "BAD_REQUEST";
    switch (err) {
    case MSGIN5G_ERR_METHOD:
        return (struct refusal){ MSGIN5G_COAP_CODE(4, 5), bad, metrics->akma_bad_request, -1 };
    case MSGIN5G_ERR_UNSUPPORTED_FORMAT:
        return (struct refusal){ MSGIN5G_COAP_CODE(4, 15), bad, metrics->akma_bad_request, -1 };
    case MSGIN5G_ERR_MALFORMED:
    case MSGIN5G_ERR_MALFORMED_A_KID:
        return (struct refusal){ MSGIN5G_COAP_CODE(4, 0), bad, metrics->akma_bad_request, -1 };
    case MSGIN5G_ERR_UNKNOWN_A_KID:
        return (struct refusal){ MSGIN5G_COAP_CODE(4, 1), "K_AKMA_NOT_PRESENT", metrics->akma_unknown, -1 };
    case MSGIN5G_ERR_AF_NOT_ALLOWED:
        return (struct refusal){ MSGIN5G_COAP_CODE(4, 3), "AF_NOT_ALLOWED", metrics->akma_not_allowed, -1 };
    case MSGIN5G_ERR_UNAUTHENTICATED:
        return (struct refusal){ MSGIN5G_COAP_CODE(4, 1), "ECHO_REQUIRED", metrics->akma_echo, -1 };
    case MSGIN5G_ERR_RATE_LIMITED:
        return (
            struct refusal){ MSGIN5G_COAP_CODE(4, 29), "RATE_LIMITED", metrics->akma_rate_limited, RATE_LIMIT_MAX_AGE };
    case MSGIN5G_ERR_OVERLOADED:
    case MSGIN5G_ERR_NO_MEMORY:
        return (struct refusal){ MSGIN5G_COAP_CODE(5, 3), "OVERLOADED", metrics->akma_overloaded, UNAVAILABLE_MAX_AGE };
    default:
        return (struct refusal){ MSGIN5G_COAP_CODE(5, 3), "AANF_UNAVAILABLE", metrics->akma_unavailable,
            UNAVAILABLE_MAX_AGE };
    }
}

static void refuse(struct establishments *all, enum msgin5g_err err, const char *a_kid, const char *remote,
    struct transport_answer *answer)
{
    struct refusal refusal = refusal_of(all->metrics, err);
    char shown[LOG_A_KID_LEN];
    unsigned left_out;
    metric_add(refusal.count, 1);
    if (log_limit_take(&all->refusal_lines, loop_now_ms(all->loop), &left_out))
        log_info("no OSCORE context remote=%s code=%u.%02u cause=%s a_kid=%s left_out=%u", remote,
            (unsigned)refusal.code >> 5, (unsigned)refusal.code & 31, refusal.diagnostic,
            *a_kid != '\0' ? log_a_kid(a_kid, shown) : "none", left_out);
    *answer = (struct transport_answer){ .code = refusal.code,
        .format = TRANSPORT_FORMAT_NONE,
        .body = refusal.diagnostic,
        .length = strlen(refusal.diagnostic),
        .max_age_s = refusal.max_age_s };
}

/* ---- the context ---- */

/* The UE's Sender ID names it among all our UEs, and is never the one the UE gave us (D.3.3). */
static enum msgin5g_err choose_ue_sid(
    const struct establishments *all, const struct oscore_sid *af_sid, struct oscore_sid *out)
{
    out->length = UE_SID_LEN;
    for (int i = 0; i < UE_SID_TRIES; i++) {
        secret_random(out->octets, out->length);
        bool same = af_sid->length == out->length && memcmp(af_sid->octets, out->octets, out->length) == 0;
        if (!same && !all->ops.id_taken(all->ops.ctx, out))
            return MSGIN5G_OK;
    }
    return MSGIN5G_ERR_OVERLOADED;
}

/* N2, UE-SID and what follows from them; the response stays in all->response. */
static enum msgin5g_err agree(struct establishments *all, const struct oscore_request *request,
    struct msgin5g_str payload, struct establishment_grant *grant, size_t *response_length)
{
    struct oscore_response response = { .n2.length = OSCORE_NONCE_LEN };
    secret_random(response.n2.octets, response.n2.length);
    enum msgin5g_err err = choose_ue_sid(all, &request->af_sid, &response.ue_sid);
    if (err == MSGIN5G_OK)
        err = oscore_response_encode(&response, all->response, response_length);
    if (err == MSGIN5G_OK)
        err = oscore_master_salt(payload, (struct msgin5g_str){ (const char *)all->response, *response_length },
            grant->salt, &grant->salt_length);
    grant->af_sid = request->af_sid;
    grant->ue_sid = response.ue_sid;
    if (request->has_id_context)
        grant->id_context = (struct msgin5g_str){ (const char *)request->id_context, request->id_context_length };
    return err;
}

/* A UE that is not known gets the secret of nobody, and so looks like one with a wrong key (auth.hide_identities). */
static enum msgin5g_err take_key(struct establishments *all, enum msgin5g_err found, const struct akma_af_key *key,
    struct establishment_grant *grant)
{
    if (found == MSGIN5G_OK) {
        grant->expiry_s = key->expiry_s;
        grant->identity = key->identity;
        return kdf_oscore_master_secret(&key->k_af, &grant->secret);
    }
    K_AF_LOCAL nobodys; /* derived from all the same: time does not tell */
    secret_random(nobodys.octets, sizeof nobodys.octets);
    grant->expiry_s = loop_utc_s(all->loop) + all->hidden_life_s;
    grant->identity = "";
    return kdf_oscore_master_secret(&nobodys, &grant->secret);
}

static enum msgin5g_err establish(struct establishments *all, const struct oscore_request *request,
    struct msgin5g_str payload, enum msgin5g_err found, const struct akma_af_key *key, struct transport_answer *answer)
{
    struct establishment_grant grant = { .a_kid = request->a_kid };
    size_t length = 0;
    enum msgin5g_err err = take_key(all, found, key, &grant);
    if (err == MSGIN5G_OK)
        err = agree(all, request, payload, &grant, &length);
    if (err == MSGIN5G_OK)
        err = all->ops.accept(all->ops.ctx, &grant);
    secret_wipe(&grant, sizeof grant);
    if (err != MSGIN5G_OK)
        return err;
    metric_add(all->metrics->akma_created, 1);
    *answer = (struct transport_answer){ .code = MSGIN5G_COAP_CODE(2, 1),
        .format = TRANSPORT_FORMAT_CBOR,
        .body = all->response,
        .length = length,
        .max_age_s = -1 };
    return MSGIN5G_OK;
}

/* ---- the key ---- */

static bool hides(const struct establishments *all, enum msgin5g_err err)
{
    return all->hide_identities && err == MSGIN5G_ERR_UNKNOWN_A_KID;
}

/* @return ERR_NOT_CACHED when the AAnF has to be asked. */
static enum msgin5g_err from_cache(struct establishments *all, const struct oscore_request *request, const char *fqdn,
    struct msgin5g_str payload, struct transport_answer *answer)
{
    struct akma_af_ref ref = { msgin5g_str(request->a_kid), fqdn, ua_id_oscore };
    struct akma_af_key key = { 0 };
    enum msgin5g_err err = akma_af_lookup(all->af, &ref, &key);
    if (err == MSGIN5G_OK || hides(all, err))
        err = establish(all, request, payload, err, &key, answer);
    akma_af_key_wipe(&key);
    return err;
}

static void show_waiting(struct establishments *all, int change)
{
    all->waiting += (size_t)change;
    metric_set(all->metrics->akma_waiting, (int64_t)all->waiting);
}

/* A key that came but cannot be found now had expired already: asking again would go on for ever (N6, N7). */
static void answer_late(struct waiting *waiting, enum msgin5g_err err)
{
    struct establishments *all = waiting->all;
    const struct oscore_request *request = &waiting->request;
    struct msgin5g_str payload = { (const char *)waiting->payload, waiting->length };
    struct transport_answer answer;
    if (err == MSGIN5G_OK || hides(all, err))
        err = from_cache(all, request, waiting->fqdn, payload, &answer);
    if (err == MSGIN5G_ERR_NOT_CACHED)
        err = MSGIN5G_ERR_UNKNOWN_A_KID;
    if (err != MSGIN5G_OK)
        refuse(all, err, request->a_kid, waiting->remote, &answer);
    all->ops.respond(waiting->deferred, &answer);
}

static void key_arrived(void *ctx, enum msgin5g_err err)
{
    struct waiting *waiting = ctx;
    if (waiting->deferred != NULL)
        answer_late(waiting, err);
    show_waiting(waiting->all, -1);
    free(waiting);
}

static struct waiting *waiting_new(struct establishments *all, const struct establishment_request *from,
    const struct oscore_request *request, const char *fqdn)
{
    struct waiting *waiting = all->waiting < all->max_waiting ? calloc(1, sizeof *waiting + from->body.length) : NULL;
    if (waiting == NULL)
        return NULL;
    waiting->all = all;
    waiting->request = *request;
    waiting->fqdn = fqdn;
    snprintf(waiting->remote, sizeof waiting->remote, "%s", from->remote);
    waiting->length = from->body.length;
    memcpy(waiting->payload, from->body.octets, from->body.length);
    return waiting;
}

/*
 * An address may be forged: whoever does that can use up its share of requests to the AAnF, but then the UE that really
 * is there repeats an Echo and has a share of its own.
 */
static enum msgin5g_err check_rate(struct establishments *all, const struct establishment_request *from)
{
    int64_t now_ms = loop_now_ms(all->loop);
    if (reachability_shown(&all->reachability, from->remote, now_ms, from->echo))
        return rate_limit_take(all->rate_of_shown, from->remote, now_ms) ? MSGIN5G_OK : MSGIN5G_ERR_RATE_LIMITED;
    if (rate_limit_take(all->rate, from->remote, now_ms))
        return MSGIN5G_OK;
    reachability_token(&all->reachability, from->remote, now_ms, all->echo);
    all->ops.demand_echo(from->handle, (struct msgin5g_str){ (const char *)all->echo, sizeof all->echo });
    return MSGIN5G_ERR_UNAUTHENTICATED;
}

/* @return MSGIN5G_OK: the answer follows. */
static enum msgin5g_err fetch(struct establishments *all, const struct establishment_request *from,
    const struct oscore_request *request, const char *fqdn)
{
    struct akma_af_ref ref = { msgin5g_str(request->a_kid), fqdn, ua_id_oscore };
    enum msgin5g_err err = check_rate(all, from);
    if (err != MSGIN5G_OK)
        return err;
    struct waiting *waiting = waiting_new(all, from, request, fqdn);
    if (waiting == NULL)
        return MSGIN5G_ERR_OVERLOADED;
    err = akma_af_fetch(all->af, &ref, key_arrived, waiting);
    if (err != MSGIN5G_OK) {
        free(waiting);
        return err;
    }
    show_waiting(all, 1);
    waiting->deferred = all->ops.defer(from->handle);
    return waiting->deferred != NULL ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

/* ---- the request ---- */

static bool is_address(const char *host)
{
    struct in6_addr any;
    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1 || *host == '[';
}

/* The FQDN in AF_ID: the one the UE names as Uri-Host; one that reaches us by address means our only one. */
static const char *fqdn_of(const struct establishments *all, const char *host)
{
    if (host == NULL || is_address(host))
        return own_names_only(all->names);
    return own_names_find(all->names, msgin5g_str(host));
}

static enum msgin5g_err read_request(const struct establishments *all, const struct establishment_request *from,
    struct oscore_request *out, const char **fqdn)
{
    if (from->method != TRANSPORT_POST)
        return MSGIN5G_ERR_METHOD;
    if (from->format != TRANSPORT_FORMAT_CBOR)
        return MSGIN5G_ERR_UNSUPPORTED_FORMAT;
    *fqdn = fqdn_of(all, from->host);
    if (*fqdn == NULL || from->body.length > OSCORE_REQUEST_MAX)
        return MSGIN5G_ERR_MALFORMED;
    return oscore_request_decode((const uint8_t *)from->body.octets, from->body.length, out);
}

bool establishments_handle(
    struct establishments *all, const struct establishment_request *from, struct transport_answer *answer)
{
    struct oscore_request request = { .a_kid = "" };
    const char *fqdn;
    enum msgin5g_err err = read_request(all, from, &request, &fqdn);
    if (err == MSGIN5G_OK)
        err = from_cache(all, &request, fqdn, from->body, answer);
    if (err == MSGIN5G_ERR_NOT_CACHED) {
        err = fetch(all, from, &request, fqdn);
        if (err == MSGIN5G_OK)
            return false;
    }
    if (err != MSGIN5G_OK)
        refuse(all, err, request.a_kid, from->remote, answer);
    return true;
}
