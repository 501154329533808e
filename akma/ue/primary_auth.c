#include "akma/primary_auth.h"

#include "akma/nausf.h"
#include "base/log.h"
#include "http/client.h"

#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS     2000
#define CALLS_MAX       1 /* one request at a time */
#define AUTHENTICATIONS NAUSF_API "/ue-authentications"

struct primary_auth {
    struct http_client *http;
    struct usim *usim;
    char sn_name[AKMA_SN_NAME_MAX + 1];
    int64_t deadline_ms;
    /* Of the run under way: */
    primary_auth_fn *done; /* NULL: none */
    void *ctx;
    bool resynchronised;
    struct k_ausf k_ausf; /* counts only after the network confirmed (TS 33.501 6.2.2.2) */
};

enum msgin5g_err primary_auth_create(
    struct loop *loop, const struct primary_auth_config *config, struct usim *usim, struct primary_auth **out)
{
    size_t name_length = strlen(config->sn_name);
    if (name_length > AKMA_SN_NAME_MAX || !kdf_sn_name_valid(config->sn_name))
        return MSGIN5G_ERR_INVALID;
    struct primary_auth *auth = calloc(1, sizeof *auth);
    if (auth == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    auth->usim = usim;
    auth->deadline_ms = config->deadline_ms > 0 ? config->deadline_ms : DEADLINE_MS;
    memcpy(auth->sn_name, config->sn_name, name_length + 1);
    struct http_client_config http = {
        .url = config->ausf_url,
        .tls = config->tls,
        .connect_ms = auth->deadline_ms,
        .queued = CALLS_MAX,
    };
    enum msgin5g_err err = http_client_create(loop, &http, &auth->http);
    if (err != MSGIN5G_OK) {
        free(auth);
        return err;
    }
    *out = auth;
    return MSGIN5G_OK;
}

void primary_auth_free(struct primary_auth *auth)
{
    if (auth == NULL)
        return;
    http_client_free(auth->http); /* a run under way ends with ERR_CLOSED */
    k_ausf_wipe(&auth->k_ausf);
    free(auth);
}

/* The run is over before the caller hears of it, so it may start the next one at once. */
static void finish(struct primary_auth *auth, enum msgin5g_err err, const struct akma_ue_context *context)
{
    primary_auth_fn *done = auth->done;
    auth->done = NULL;
    k_ausf_wipe(&auth->k_ausf);
    done(auth->ctx, err, context);
}

static enum msgin5g_err send(
    struct primary_auth *auth, const char *method, const char *path, const struct buffer *body, http_response_fn *done)
{
    static const struct http_header headers[] = {
        { "accept", NAUSF_HAL_TYPE ", application/json, application/problem+json" },
        { "user-agent", "SEAF-msgin5g" }, /* the UE reaches the AUSF through this emulated serving network */
    };
    struct http_call call = {
        .method = method,
        .path = path,
        .content_type = "application/json",
        .body = body->data,
        .length = body->length,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .deadline_ms = auth->deadline_ms,
    };
    return http_client_send(auth->http, &call, done, auth);
}

/* What a status other than the expected one means (TS 29.509 5.2.2.2.2). */
static enum msgin5g_err status_error(int status)
{
    switch (status) {
    case 401:
        return MSGIN5G_ERR_UNAUTHENTICATED;
    case 403:
        return MSGIN5G_ERR_NOT_AUTHORIZED;
    case 404:
        return MSGIN5G_ERR_NOT_FOUND;
    case 429:
    case 503:
        return MSGIN5G_ERR_OVERLOADED;
    default:
        return MSGIN5G_ERR_PEER;
    }
}

static struct msgin5g_str body_of(const struct http_response *response)
{
    return (struct msgin5g_str){ (const char *)response->body, response->length };
}

/* TS 33.535 6.1 step 3. */
static enum msgin5g_err derive(const struct primary_auth *auth, struct akma_ue_context *out)
{
    const char *supi = usim_supi(auth->usim);
    char realm[AKMA_A_KID_MAX + 1];
    enum msgin5g_err err = a_kid_home_realm(supi, usim_mnc_digits(auth->usim), realm);
    if (err == MSGIN5G_OK)
        err = a_kid_derive(&auth->k_ausf, supi, usim_rid(auth->usim), realm, out->a_kid);
    return err == MSGIN5G_OK ? kdf_k_akma(&auth->k_ausf, supi, &out->k_akma) : err;
}

static void confirmed(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct primary_auth *auth = ctx;
    __attribute__((cleanup(akma_ue_context_wipe))) struct akma_ue_context context = { 0 };
    struct nausf_result result = { 0 };
    struct naanf_problem problem = { 0 };
    if (err == MSGIN5G_OK && response->status != 200)
        err = status_error(response->status);
    if (err == MSGIN5G_OK && nausf_result_decode(body_of(response), &result, &problem) != MSGIN5G_OK)
        err = MSGIN5G_ERR_PEER;
    if (err == MSGIN5G_OK && !result.success)
        err = MSGIN5G_ERR_AUTHENTICATION;
    k_seaf_wipe(&result.k_seaf);
    if (err == MSGIN5G_OK)
        err = derive(auth, &context);
    finish(auth, err, err == MSGIN5G_OK ? &context : NULL);
}

/* Path of a link; its authority is not looked at: the AUSF is the one this object was created for. */
static const char *path_of(const char *href)
{
    const char *authority = strstr(href, "://");
    const char *path = strchr(authority != NULL ? authority + 3 : href, '/');
    return path;
}

static enum msgin5g_err confirm(struct primary_auth *auth, const char *href, const struct res_star *res_star)
{
    struct nausf_confirmation confirmation = { .has_res_star = true, .res_star = *res_star };
    struct buffer body;
    const char *path = path_of(href);
    if (path == NULL)
        return MSGIN5G_ERR_PEER;
    buffer_init(&body, NAUSF_BODY_MAX);
    enum msgin5g_err err = nausf_confirmation_encode(&confirmation, &body);
    if (err == MSGIN5G_OK)
        err = send(auth, "PUT", path, &body, confirmed);
    buffer_wipe_free(&body);
    res_star_wipe(&confirmation.res_star);
    return err;
}

static enum msgin5g_err authenticate(struct primary_auth *auth, const uint8_t *rand, const uint8_t *auts);

static enum msgin5g_err answer_challenge(struct primary_auth *auth, const struct nausf_context *context)
{
    __attribute__((cleanup(usim_answer_wipe))) struct usim_answer answer = { 0 };
    enum msgin5g_err err = usim_challenge(auth->usim, context->rand, context->autn, auth->sn_name, &answer);
    if (err == MSGIN5G_ERR_SYNC_FAILURE && !auth->resynchronised) {
        auth->resynchronised = true;
        log_debug("sequence number out of range, resynchronising");
        return authenticate(auth, context->rand, answer.auts);
    }
    if (err != MSGIN5G_OK)
        return err;
    auth->k_ausf = answer.k_ausf;
    return confirm(auth, context->href, &answer.res_star);
}

static void challenged(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct primary_auth *auth = ctx;
    struct nausf_context context;
    struct naanf_problem problem = { 0 };
    if (err == MSGIN5G_OK && response->status != 201)
        err = status_error(response->status);
    if (err == MSGIN5G_OK && nausf_context_decode(body_of(response), &context, &problem) != MSGIN5G_OK)
        err = MSGIN5G_ERR_PEER;
    if (err == MSGIN5G_OK)
        err = answer_challenge(auth, &context);
    if (err != MSGIN5G_OK)
        finish(auth, err, NULL);
}

/* @p auts with the @p rand it answers, or both NULL. */
static enum msgin5g_err authenticate(struct primary_auth *auth, const uint8_t *rand, const uint8_t *auts)
{
    struct nausf_info info = { .resynchronisation = auts != NULL };
    struct buffer body;
    const char *supi = usim_supi(auth->usim);
    memcpy(info.supi_or_suci, supi, strlen(supi) + 1);
    memcpy(info.sn_name, auth->sn_name, sizeof info.sn_name);
    if (auts != NULL) {
        memcpy(info.rand, rand, sizeof info.rand);
        memcpy(info.auts, auts, sizeof info.auts);
    }
    buffer_init(&body, NAUSF_BODY_MAX);
    enum msgin5g_err err = nausf_info_encode(&info, &body);
    if (err == MSGIN5G_OK)
        err = send(auth, "POST", AUTHENTICATIONS, &body, challenged);
    buffer_free(&body);
    return err;
}

enum msgin5g_err primary_auth_start(struct primary_auth *auth, primary_auth_fn *done, void *ctx)
{
    if (auth->done != NULL)
        return MSGIN5G_ERR_LIMIT;
    auth->resynchronised = false;
    enum msgin5g_err err = authenticate(auth, NULL, NULL);
    if (err != MSGIN5G_OK)
        return err;
    auth->done = done;
    auth->ctx = ctx;
    return MSGIN5G_OK;
}
