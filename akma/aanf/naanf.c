#include "naanf.h"

#include "aanf.h"
#include "base/log.h"
#include "bearer.h"
#include "policy.h"
#include "sbi.h"
#include "tokens.h"

#include <string.h>
#include <time.h>

#define KEY_INFO_LOCAL __attribute__((cleanup(naanf_key_info_wipe))) struct naanf_key_info
#define KEY_DATA_LOCAL __attribute__((cleanup(naanf_key_data_wipe))) struct naanf_key_data

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void refuse(struct aanf *aanf, enum aanf_operation operation, enum aanf_result result,
    struct http_request *request, int status, const char *cause)
{
    aanf_count(aanf, operation, result);
    sbi_refuse(request, &(struct sbi_refusal){ .status = status, .cause = cause });
}

/* The common set of features, told only to those who asked (TS 29.500 6.6.2). */
static void negotiate(const char *offered, char out[NAANF_SUPP_FEAT_MAX + 1])
{
    if (offered[0] == '\0')
        out[0] = '\0';
    else
        memcpy(out, naanf_feature(offered, NAANF_FEATURE_GPSI) ? "1" : "0", 2);
}

/* The body's decoder and this AAnF's own rules for AnchorKey_Register; answers when something is wrong. */
static bool register_decode(struct aanf *aanf, struct http_request *request, struct naanf_key_info *info)
{
    struct naanf_problem problem = { 0 };
    enum msgin5g_err err = naanf_key_info_decode(http_request_body(request), info, &problem);
    if (err == MSGIN5G_OK && info->supi[0] == '\0' && !naanf_feature(info->supp_feat, NAANF_FEATURE_GPSI)) {
        err = MSGIN5G_ERR_MALFORMED;
        problem = (struct naanf_problem){ "MANDATORY_IE_MISSING", "/supi", "gpsi alone needs AKMA_GPSI_Support" };
    }
    if (err == MSGIN5G_OK)
        return true;
    aanf_count(aanf, AANF_REGISTER, AANF_BAD_REQUEST);
    sbi_refuse_body(request, &problem);
    return false;
}

void naanf_register(void *ctx, struct http_request *request)
{
    struct aanf *aanf = ctx;
    KEY_INFO_LOCAL info = { 0 };
    unsigned left_out;
    struct bearer_grant bearer;
    if (!bearer_admit(aanf, AANF_REGISTER, request, &bearer))
        return;
    if (!policy_may_anchor(aanf->config, http_request_peer(request))) {
        if (aanf_may_log(aanf, AANF_REGISTER, &left_out))
            log_warning("anchor key from a peer that may not register remote=%s left_out=%u",
                http_request_remote(request), left_out);
        refuse(aanf, AANF_REGISTER, AANF_NOT_ALLOWED, request, 403, "CONSUMER_NOT_ALLOWED");
        return;
    }
    if (!sbi_accept(request) || !register_decode(aanf, request, &info))
        return;
    const struct subscriber *known = subscriber_store_find(aanf->subscribers, info.supi);
    const struct anchor_key key = {
        .supi = info.supi,
        .gpsi = info.supi[0] != '\0' && known != NULL ? known->gpsi : info.gpsi, /* Nudm_SDM_Get */
        .a_kid = info.a_kid,
        .k_akma = &info.k_akma,
    };
    switch (aanf_register_anchor_key(aanf, &key)) {
    case MSGIN5G_OK:
        break;
    case MSGIN5G_ERR_DUPLICATE:
        refuse(aanf, AANF_REGISTER, AANF_NOT_ALLOWED, request, 403, "A_KID_IN_USE");
        return;
    default:
        refuse(aanf, AANF_REGISTER, AANF_FAILED, request, 500, "INSUFFICIENT_RESOURCES");
        return;
    }
    struct buffer body;
    buffer_init(&body, NAANF_BODY_MAX);
    negotiate(info.supp_feat, info.supp_feat);
    enum msgin5g_err err = naanf_key_info_encode(&info, &body);
    aanf_count(aanf, AANF_REGISTER, err == MSGIN5G_OK ? AANF_SUCCESS : AANF_FAILED);
    sbi_respond_body(request, 200, err, &body);
    buffer_wipe_free(&body);
}

/* SUPI or GPSI as the policy says, the token and the features allow (TS 29.535 4.2.2.3.2, choice C17). @return false:
 * there is nothing to give. */
static bool give_identity(const struct af_grant *grant, const struct bearer_grant *bearer,
    const struct naanf_key_request *asked, const struct context_identity *known, struct naanf_key_data *data)
{
    bool gpsi_agreed = naanf_feature(asked->supp_feat, NAANF_FEATURE_GPSI);
    if (asked->anonymous)
        return true;
    if (grant->identity == IDENTITY_SUPI && bearer->supi_access && known->supi[0] != '\0')
        memcpy(data->supi, known->supi, strlen(known->supi) + 1);
    else if (grant->identity != IDENTITY_ANONYMOUS && gpsi_agreed)
        memcpy(data->gpsi, known->gpsi, strlen(known->gpsi) + 1);
    return data->supi[0] != '\0' || data->gpsi[0] != '\0';
}

/* ApplicationKey_Get and _AnonUser_Get (TS 33.535 6.2.1, 6.2.2). @return the status, with *cause (NULL: only the
 * scope for the SUPI is missing), or 200 with @p data. */
static int find_key(struct aanf *aanf, const struct tls_peer_names *peer, const struct bearer_grant *bearer,
    const struct naanf_key_request *asked, struct naanf_key_data *data, const char **cause)
{
    char fqdn[AKMA_FQDN_MAX + 1];
    struct ua_id ua_id;
    struct af_grant grant;
    struct context_identity known;
    *cause = "AF_NOT_ALLOWED";
    if (af_id_parse(msgin5g_str(asked->af_id), fqdn, &ua_id) != MSGIN5G_OK ||
        !policy_af(aanf->config, peer, fqdn, &ua_id, &grant))
        return 403;
    if (context_store_identity(aanf->contexts, asked->a_kid, &known) != MSGIN5G_OK) {
        *cause = "K_AKMA_NOT_PRESENT";
        return 403;
    }
    *cause = "OPTIONAL_IE_INCORRECT";
    if (asked->notif_uri[0] != '\0' && !policy_may_notify(&grant, asked->notif_uri))
        return 400;
    *cause = "AF_NOT_ALLOWED";
    if (!give_identity(&grant, bearer, asked, &known, data)) {
        if (grant.identity == IDENTITY_SUPI && !bearer->supi_access)
            *cause = NULL;
        return 403;
    }
    *cause = "SYSTEM_FAILURE";
    negotiate(asked->supp_feat, data->supp_feat);
    enum msgin5g_err err = context_store_k_af(aanf->contexts, asked->a_kid, fqdn, &ua_id, grant.k_af_lifetime_s,
        loop_utc_s(aanf->loop), &data->k_af, &data->expiry_s);
    if (err == MSGIN5G_OK && asked->notif_uri[0] != '\0')
        err = context_store_set_notif_uri(aanf->contexts, asked->a_kid, fqdn, &ua_id, asked->notif_uri);
    return err == MSGIN5G_OK ? 200 : 500;
}

static enum aanf_result result_of(int status, const char *cause)
{
    if (status == 500)
        return AANF_FAILED;
    if (status == 400)
        return AANF_BAD_REQUEST;
    return strcmp(cause, "K_AKMA_NOT_PRESENT") == 0 ? AANF_NO_CONTEXT : AANF_NOT_ALLOWED;
}

/* The access log of TS 33.117 4.2.3.6.1: who asked what, without key and without SUPI or GPSI. */
static void log_request(const struct aanf *aanf, const struct http_request *request,
    const struct naanf_key_request *asked, int status, const char *cause)
{
    char shown[LOG_A_KID_LEN];
    if (aanf->config->log_requests)
        log_info("key request remote=%s af_id=%s a_kid=%s anonymous=%d status=%d cause=%s",
            http_request_remote(request), asked->af_id, log_a_kid(asked->a_kid, shown), asked->anonymous, status,
            cause);
}

static void retrieve_serve(void *ctx, struct http_request *request)
{
    struct aanf *aanf = ctx;
    struct naanf_key_request asked;
    KEY_DATA_LOCAL data = { 0 };
    struct naanf_problem problem = { 0 };
    struct bearer_grant bearer;
    const char *cause;
    int64_t started_us = monotonic_us();
    if (sbi_too_late(request, loop_utc_s(aanf->loop))) { /* fault injection held it */
        aanf_count(aanf, AANF_RETRIEVE, AANF_FAILED);
        return;
    }
    if (!bearer_admit(aanf, AANF_RETRIEVE, request, &bearer))
        return;
    if (naanf_key_request_decode(http_request_body(request), &asked, &problem) != MSGIN5G_OK) {
        aanf_count(aanf, AANF_RETRIEVE, AANF_BAD_REQUEST);
        sbi_refuse_body(request, &problem);
        return;
    }
    int status = find_key(aanf, http_request_peer(request), &bearer, &asked, &data, &cause);
    if (status == 403 && cause == NULL) {
        bearer_refuse_scope(aanf, AANF_RETRIEVE, request, SCOPE_SUPI_ACCESS);
        return;
    }
    if (status != 200) {
        log_debug("key request refused remote=%s af_id=%s cause=%s", http_request_remote(request), asked.af_id, cause);
        log_request(aanf, request, &asked, status, cause);
        aanf_count(aanf, AANF_RETRIEVE, result_of(status, cause));
        sbi_refuse(request, &(struct sbi_refusal){ .status = status,
                                .cause = cause,
                                .param = status == 400 ? "/notifUri" : NULL,
                                .reason = status == 400 ? "not a place this AF may name" : NULL });
        return;
    }
    struct buffer body;
    buffer_init(&body, NAANF_BODY_MAX);
    enum msgin5g_err err = naanf_key_data_encode(&data, &body);
    if (err == MSGIN5G_OK)
        faults_spoil(aanf->faults, &body);
    log_request(aanf, request, &asked, 200, "-");
    aanf_count(aanf, AANF_RETRIEVE, err == MSGIN5G_OK ? AANF_SUCCESS : AANF_FAILED);
    sbi_respond_body(request, 200, err, &body);
    buffer_wipe_free(&body);
    metric_observe_us(aanf->retrieve_seconds, monotonic_us() - started_us);
}

void naanf_retrieve(void *ctx, struct http_request *request)
{
    struct aanf *aanf = ctx;
    if (sbi_accept(request) && !faults_take(aanf->faults, request, retrieve_serve, aanf))
        retrieve_serve(aanf, request);
}

void naanf_remove(void *ctx, struct http_request *request)
{
    struct aanf *aanf = ctx;
    struct naanf_ctx_remove asked;
    struct naanf_problem problem = { 0 };
    struct bearer_grant bearer;
    if (!bearer_admit(aanf, AANF_REMOVE, request, &bearer))
        return;
    if (!policy_may_anchor(aanf->config, http_request_peer(request))) {
        refuse(aanf, AANF_REMOVE, AANF_NOT_ALLOWED, request, 403, "CONSUMER_NOT_ALLOWED");
        return;
    }
    if (!sbi_accept(request))
        return;
    if (naanf_ctx_remove_decode(http_request_body(request), &asked, &problem) != MSGIN5G_OK) {
        aanf_count(aanf, AANF_REMOVE, AANF_BAD_REQUEST);
        sbi_refuse_body(request, &problem);
        return;
    }
    if (aanf_remove_context(aanf, asked.supi) != MSGIN5G_OK) {
        refuse(aanf, AANF_REMOVE, AANF_NO_CONTEXT, request, 404, "AKMA_CONTEXT_NOT_FOUND");
        return;
    }
    aanf_count(aanf, AANF_REMOVE, AANF_SUCCESS);
    sbi_respond_empty(request);
}
