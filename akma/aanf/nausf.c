#include "nausf.h"

#include "aanf.h"
#include "aka.h"
#include "akma/nausf.h"
#include "base/log.h"
#include "policy.h"
#include "sbi.h"
#include "suci.h"

#include <stdio.h>
#include <string.h>

static const struct sbi_refusal consumer_not_allowed = { 403, "CONSUMER_NOT_ALLOWED", NULL, NULL };
static const struct sbi_refusal serving_network_refused = { 403, "SERVING_NETWORK_NOT_AUTHORIZED", NULL, NULL };
static const struct sbi_refusal rejected = { 403, "AUTHENTICATION_REJECTED", NULL, "AUTS is not valid" };
static const struct sbi_refusal user_not_found = { 404, "USER_NOT_FOUND", NULL, NULL };
static const struct sbi_refusal context_not_found = { 404, "CONTEXT_NOT_FOUND", NULL, NULL };
static const struct sbi_refusal scheme_unsupported = { 501, "UNSUPPORTED_PROTECTION_SCHEME", NULL, NULL };
static const struct sbi_refusal suci_malformed = { 400, "MANDATORY_IE_INCORRECT", "/supiOrSuci", "not a SUCI" };
static const struct sbi_refusal failed = { 500, "SYSTEM_FAILURE", NULL, NULL };
static const struct sbi_refusal congested = { 503, "NF_CONGESTION", NULL, NULL };

static void refuse(struct aanf *aanf, enum aanf_operation operation, enum aanf_result result,
    struct http_request *request, const struct sbi_refusal *refusal)
{
    aanf_count(aanf, operation, result);
    sbi_refuse(request, refusal);
}

/* Policy, query and content type; answers when something is wrong. */
static bool admit(struct aanf *aanf, enum aanf_operation operation, struct http_request *request)
{
    if (policy_may_authenticate(aanf->config, http_request_peer(request)))
        return sbi_accept(request);
    refuse(aanf, operation, AANF_NOT_ALLOWED, request, &consumer_not_allowed);
    return false;
}

static void refuse_body(
    struct aanf *aanf, enum aanf_operation operation, struct http_request *request, const struct naanf_problem *problem)
{
    aanf_count(aanf, operation, AANF_BAD_REQUEST);
    sbi_refuse_body(request, problem);
}

/* The subscriber an authentication is for. @return NULL after answering. */
static struct subscriber *find_subscriber(
    struct aanf *aanf, struct http_request *request, const struct nausf_info *info)
{
    char supi[AKMA_SUPI_MAX + 1];
    if (!policy_serving_network(aanf->config, info->sn_name)) {
        refuse(aanf, AANF_AUTHENTICATE, AANF_NOT_ALLOWED, request, &serving_network_refused);
        return NULL;
    }
    enum msgin5g_err err = suci_to_supi(info->supi_or_suci, supi);
    if (err != MSGIN5G_OK) {
        refuse(aanf, AANF_AUTHENTICATE, AANF_BAD_REQUEST, request,
            err == MSGIN5G_ERR_MALFORMED ? &suci_malformed : &scheme_unsupported);
        return NULL;
    }
    struct subscriber *subscriber = subscriber_store_find(aanf->subscribers, supi);
    if (subscriber == NULL)
        refuse(aanf, AANF_AUTHENTICATE, AANF_NO_CONTEXT, request, &user_not_found);
    return subscriber;
}

/* TS 33.102 6.3.5: SQN follows the USIM when AUTS proves to come from it. */
static enum msgin5g_err resynchronise(struct subscriber *subscriber, const struct nausf_info *info)
{
    uint64_t sqn_ms;
    enum msgin5g_err err = aka_auts_open(subscriber->keys, info->rand, info->auts, &sqn_ms);
    return err == MSGIN5G_OK ? subscriber_resynchronise(subscriber, info->rand, sqn_ms) : err;
}

/* A fresh vector, remembered until its answer comes. @p out gets the URI of the new authentication too. */
static enum msgin5g_err challenge(
    struct aanf *aanf, struct subscriber *subscriber, const char *sn_name, struct nausf_context *out)
{
    AKA_VECTOR_LOCAL vector = { 0 };
    uint8_t rand[16];
    uint8_t sqn[6];
    char id[AUTH_ID_LEN + 1];
    secret_random(rand, sizeof rand);
    enum msgin5g_err err = subscriber_next_sqn(subscriber, rand, sqn);
    if (err == MSGIN5G_ERR_LIMIT)
        return MSGIN5G_ERR_INTERNAL;
    state_keep_sqn(aanf->state, subscriber);
    err = aka_vector_make(subscriber->keys, rand, sqn, subscriber->amf, sn_name, &vector);
    if (err != MSGIN5G_OK)
        return err;
    struct auth_secret secret = { .xres_star = vector.xres_star, .k_ausf = vector.k_ausf };
    struct authentication authentication = { .secret = &secret, .supi = subscriber->supi, .sn_name = sn_name };
    err = auth_store_add(aanf->authentications, &authentication, id);
    secret_wipe(&secret, sizeof secret);
    memcpy(out->rand, vector.rand, sizeof out->rand);
    memcpy(out->autn, vector.autn, sizeof out->autn);
    memcpy(out->hxres_star, vector.hxres_star, sizeof out->hxres_star);
    (void)snprintf(out->href, sizeof out->href, "%s" NAUSF_API "/ue-authentications/%s/5g-aka-confirmation",
        aanf->api_root, err == MSGIN5G_OK ? id : "");
    return err;
}

static void respond_challenge(
    struct aanf *aanf, struct http_request *request, const struct nausf_context *context, const char *sn_name)
{
    struct buffer body;
    char location[NAUSF_HREF_MAX + 1];
    buffer_init(&body, NAUSF_BODY_MAX);
    enum msgin5g_err err = nausf_context_encode(context, sn_name, &body);
    aanf_count(aanf, AANF_AUTHENTICATE, err == MSGIN5G_OK ? AANF_SUCCESS : AANF_FAILED);
    if (err != MSGIN5G_OK) {
        sbi_refuse(request, &failed);
        buffer_free(&body);
        return;
    }
    (void)snprintf(
        location, sizeof location, "%.*s", (int)(strrchr(context->href, '/') - context->href), context->href);
    const struct http_header headers[] = { { "location", location } };
    struct http_answer answer = {
        .status = 201,
        .content_type = NAUSF_HAL_TYPE,
        .body = body.data,
        .length = body.length,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
    };
    http_respond(request, &answer);
    buffer_free(&body);
}

void nausf_authenticate(void *ctx, struct http_request *request)
{
    struct aanf *aanf = ctx;
    struct nausf_info info;
    struct nausf_context context = { 0 };
    struct naanf_problem problem = { 0 };
    unsigned left_out;
    if (!admit(aanf, AANF_AUTHENTICATE, request))
        return;
    if (nausf_info_decode(http_request_body(request), &info, &problem) != MSGIN5G_OK) {
        refuse_body(aanf, AANF_AUTHENTICATE, request, &problem);
        return;
    }
    struct subscriber *subscriber = find_subscriber(aanf, request, &info);
    if (subscriber == NULL)
        return;
    if (info.resynchronisation && resynchronise(subscriber, &info) != MSGIN5G_OK) {
        if (aanf_may_log(aanf, AANF_AUTHENTICATE, &left_out))
            log_warning("resynchronisation refused remote=%s left_out=%u", http_request_remote(request), left_out);
        refuse(aanf, AANF_AUTHENTICATE, AANF_UNVERIFIED, request, &rejected);
        return;
    }
    enum msgin5g_err err = challenge(aanf, subscriber, info.sn_name, &context);
    if (err == MSGIN5G_OK)
        respond_challenge(aanf, request, &context, info.sn_name);
    else
        refuse(aanf, AANF_AUTHENTICATE, AANF_FAILED, request, err == MSGIN5G_ERR_LIMIT ? &congested : &failed);
}

/* K_AKMA and A-KID exist only after RES* was right, and only for subscribers of AKMA (TS 33.535 6.1 steps 2 to 4). */
static void register_akma(struct aanf *aanf, const struct subscriber *subscriber, const struct k_ausf *k_ausf)
{
    K_AKMA_LOCAL k_akma = { 0 };
    char a_kid[AKMA_A_KID_MAX + 1];
    enum msgin5g_err err = kdf_k_akma(k_ausf, subscriber->supi, &k_akma);
    if (err == MSGIN5G_OK)
        err = a_kid_derive(k_ausf, subscriber->supi, subscriber->rid, subscriber->home_realm, a_kid);
    if (err != MSGIN5G_OK) {
        log_error("cannot derive the anchor key reason=%s", msgin5g_err_text(err));
        return;
    }
    const struct anchor_key key = {
        .supi = subscriber->supi,
        .gpsi = subscriber->gpsi,
        .a_kid = a_kid,
        .k_akma = &k_akma,
    };
    (void)aanf_register_anchor_key(aanf, &key); /* logs; the authentication itself succeeded */
}

static enum msgin5g_err judge(struct aanf *aanf, const struct authentication *pending,
    const struct nausf_confirmation *confirmation, struct nausf_result *out)
{
    const struct subscriber *subscriber = subscriber_store_find(aanf->subscribers, pending->supi);
    out->success = subscriber != NULL && confirmation->has_res_star &&
                   secret_equal(&confirmation->res_star, &pending->secret->xres_star, sizeof confirmation->res_star);
    if (!out->success)
        return MSGIN5G_OK;
    enum msgin5g_err err = kdf_k_seaf(&pending->secret->k_ausf, pending->sn_name, &out->k_seaf);
    if (err != MSGIN5G_OK)
        return err;
    out->has_k_seaf = true;
    memcpy(out->supi, pending->supi, strlen(pending->supi) + 1);
    if (subscriber->akma_allowed)
        register_akma(aanf, subscriber, &pending->secret->k_ausf);
    return MSGIN5G_OK;
}

void nausf_confirm(void *ctx, struct http_request *request)
{
    struct aanf *aanf = ctx;
    struct nausf_confirmation confirmation = { 0 };
    struct nausf_result result = { 0 };
    struct naanf_problem problem = { 0 };
    struct authentication pending;
    struct msgin5g_str id = http_request_param(request, "authCtxId");
    struct buffer body;
    unsigned left_out;
    if (!admit(aanf, AANF_CONFIRM, request))
        return;
    if (nausf_confirmation_decode(http_request_body(request), &confirmation, &problem) != MSGIN5G_OK) {
        refuse_body(aanf, AANF_CONFIRM, request, &problem);
        return;
    }
    if (auth_store_find(aanf->authentications, id, &pending) != MSGIN5G_OK) {
        refuse(aanf, AANF_CONFIRM, AANF_NO_CONTEXT, request, &context_not_found);
        return;
    }
    buffer_init(&body, NAUSF_BODY_MAX);
    enum msgin5g_err err = judge(aanf, &pending, &confirmation, &result);
    auth_store_remove(aanf->authentications, id); /* one answer to one challenge */
    if (err == MSGIN5G_OK)
        err = nausf_result_encode(&result, &body);
    aanf_count(aanf, AANF_CONFIRM, err != MSGIN5G_OK ? AANF_FAILED : result.success ? AANF_SUCCESS : AANF_UNVERIFIED);
    if (!result.success && aanf_may_log(aanf, AANF_CONFIRM, &left_out))
        log_warning("authentication failed remote=%s left_out=%u", http_request_remote(request), left_out);
    sbi_respond_body(request, 200, err, &body);
    buffer_wipe_free(&body);
    k_seaf_wipe(&result.k_seaf);
    res_star_wipe(&confirmation.res_star);
}

/* The AUSF forgets the subscriber's keys; by its local policy the AKMA context goes with them (TS 33.535 6.6). */
void nausf_deregister(void *ctx, struct http_request *request)
{
    struct aanf *aanf = ctx;
    struct nausf_deregistration asked;
    struct naanf_problem problem = { 0 };
    if (!admit(aanf, AANF_DEREGISTER, request))
        return;
    if (nausf_deregistration_decode(http_request_body(request), &asked, &problem) != MSGIN5G_OK) {
        refuse_body(aanf, AANF_DEREGISTER, request, &problem);
        return;
    }
    if (subscriber_store_find(aanf->subscribers, asked.supi) == NULL) {
        refuse(aanf, AANF_DEREGISTER, AANF_NO_CONTEXT, request, &user_not_found);
        return;
    }
    auth_store_remove_supi(aanf->authentications, asked.supi);
    (void)aanf_remove_context(aanf, asked.supi); /* there may be none */
    aanf_count(aanf, AANF_DEREGISTER, AANF_SUCCESS);
    sbi_respond_empty(request);
}
