#include "tokens.h"

#include "aanf.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "bearer.h"
#include "form.h"
#include "policy.h"
#include "sbi.h"
#include "token_issuer.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define FORM_TYPE        "application/x-www-form-urlencoded"
#define ANSWER_MAX       (JWS_TOKEN_MAX + 2048)
#define GRANT_TYPE_MAX   32
#define NF_TYPE_MAX      32
#define KEPT_ONCE        (sizeof parameters / sizeof *parameters)
#define INVALID_REQUEST  "invalid_request"
#define INVALID_CLIENT   "invalid_client"
#define INVALID_SCOPE    "invalid_scope"
#define NOT_FOR_THIS_ONE "unauthorized_client"

/* AccessTokenReq, as far as it decides something; "" is absent. */
struct token_request {
    char grant_type[GRANT_TYPE_MAX + 1];
    char nf_instance_id[MSGIN5G_UUID_LEN + 1];
    char nf_type[NF_TYPE_MAX + 1];
    char scope[JWT_SCOPE_MAX + 1];
    char target_nf_type[NF_TYPE_MAX + 1];
    char target_nf_instance_id[MSGIN5G_UUID_LEN + 1];
};

/* Why there is no token: members of AccessTokenErr, constants. */
struct token_refusal {
    const char *error;
    const char *description;
};

#define PARAMETER(name, member)                                                                                        \
    {                                                                                                                  \
        name, offsetof(struct token_request, member), sizeof(((struct token_request *)NULL)->member)                   \
    }

static const struct {
    const char *name;
    size_t offset, size;
} parameters[] = {
    PARAMETER("grant_type", grant_type),
    PARAMETER("nfInstanceId", nf_instance_id),
    PARAMETER("nfType", nf_type),
    PARAMETER("scope", scope),
    PARAMETER("targetNfType", target_nf_type),
    PARAMETER("targetNfInstanceId", target_nf_instance_id),
};

static const struct http_header no_store[] = { { "cache-control", "no-store" }, { "pragma", "no-cache" } };

static void respond(struct http_request *request, int status, const uint8_t *body, size_t length)
{
    http_respond(request, &(struct http_answer){ .status = status,
                              .content_type = SBI_JSON,
                              .body = body,
                              .length = length,
                              .headers = no_store,
                              .header_count = sizeof no_store / sizeof *no_store });
}

static void refuse(struct aanf *aanf, struct http_request *request, const struct token_refusal *refusal)
{
    uint8_t body[512];
    size_t length = 0;
    unsigned left_out;
    struct json_writer writer;
    bool form = strcmp(refusal->error, INVALID_REQUEST) == 0;
    aanf_count(aanf, AANF_TOKEN, form ? AANF_BAD_REQUEST : AANF_NOT_ALLOWED);
    if (aanf_may_log(aanf, AANF_TOKEN, &left_out))
        log_warning("token refused remote=%s error=%s reason=\"%s\" left_out=%u", http_request_remote(request),
            refusal->error, refusal->description, left_out);
    json_writer_init(&writer, body, sizeof body);
    json_object_begin(&writer, NULL);
    json_text(&writer, "error", refusal->error);
    json_text(&writer, "error_description", refusal->description);
    json_object_end(&writer);
    (void)json_writer_finish(&writer, &length); /* constants: they fit */
    respond(request, 400, body, length);
}

/* A parameter twice is an error, one nobody here knows is ignored, an empty one is absent (RFC 6749 3.2). */
static bool keep(const struct form_pair *pair, struct token_request *out)
{
    for (size_t i = 0; i < KEPT_ONCE; i++) {
        if (strcmp(parameters[i].name, pair->name) != 0)
            continue;
        char *field = (char *)out + parameters[i].offset;
        size_t length = strlen(pair->value);
        if (field[0] != '\0' || length >= parameters[i].size)
            return false;
        memcpy(field, pair->value, length + 1);
    }
    return true;
}

static bool request_decode(struct msgin5g_str body, struct token_request *out)
{
    struct form_pair pair;
    memset(out, 0, sizeof *out);
    for (size_t count = 0;; count++) {
        enum msgin5g_err err = form_next(&body, &pair);
        if (err == MSGIN5G_ERR_NOT_FOUND)
            return true;
        if (err != MSGIN5G_OK || count == FORM_PAIRS_MAX || !keep(&pair, out))
            return false;
    }
}

/* What anybody may ask for; the policy table decides on top of it, at every request (TS 33.535 6.2.1 step 2). */
static bool scope_allowed(const struct aanf_config *config, const struct tls_peer_names *peer, const char *scope)
{
    char name[JWT_SCOPE_MAX + 1];
    while (*scope != '\0') {
        size_t length = strcspn(scope, " ");
        memcpy(name, scope, length);
        name[length] = '\0';
        scope += length + (scope[length] == ' ' ? 1 : 0);
        bool good = strcmp(name, SCOPE_NAANF) == 0 ||
                    (strcmp(name, SCOPE_ANCHOR_KEY) == 0 && policy_may_anchor(config, peer)) ||
                    (strcmp(name, SCOPE_KEY_GET) == 0 && policy_is_af(config, peer, false)) ||
                    (strcmp(name, SCOPE_SUPI_ACCESS) == 0 && policy_is_af(config, peer, true));
        if (!good)
            return false;
    }
    return true;
}

/* TS 33.501 13.4.1.1.1; errors of RFC 6749 5.2. @return NULL when a token is due. */
static const struct token_refusal *judge(
    const struct aanf *aanf, const struct tls_peer_names *peer, const struct token_request *asked)
{
    static const struct token_refusal grant = { "unsupported_grant_type", "only client_credentials" },
                                      missing = { INVALID_REQUEST, "grant_type, nfInstanceId and scope are needed" },
                                      scope = { INVALID_REQUEST, "scope: names with one space between" },
                                      client = { INVALID_CLIENT, "nfInstanceId or nfType is not that of the client" },
                                      target = { NOT_FOR_THIS_ONE, "no such target here" },
                                      scopes = { INVALID_SCOPE, "not every scope is there or allowed" };
    if (asked->grant_type[0] == '\0' || asked->nf_instance_id[0] == '\0' || asked->scope[0] == '\0')
        return &missing;
    if (strcmp(asked->grant_type, "client_credentials") != 0)
        return &grant;
    if (!jwt_scope_valid(asked->scope))
        return &scope;
    if (!policy_is_instance(aanf->config, peer, asked->nf_instance_id, asked->nf_type))
        return &client;
    if ((asked->target_nf_type[0] != '\0' && strcmp(asked->target_nf_type, TOKEN_AUDIENCE) != 0) ||
        (asked->target_nf_instance_id[0] != '\0' &&
            strcasecmp(asked->target_nf_instance_id, token_issuer_aanf_id(aanf->issuer)) != 0))
        return &target;
    return scope_allowed(aanf->config, peer, asked->scope) ? NULL : &scopes;
}

static enum msgin5g_err answer_encode(
    const struct aanf *aanf, const struct token_request *asked, uint8_t body[ANSWER_MAX], size_t *length)
{
    struct buffer token;
    struct json_writer writer;
    buffer_init(&token, JWS_TOKEN_MAX);
    enum msgin5g_err err = token_issuer_issue(aanf->issuer, asked->nf_instance_id, asked->scope,
        asked->target_nf_instance_id[0] != '\0', loop_utc_s(aanf->loop), &token);
    if (err == MSGIN5G_OK) {
        json_writer_init(&writer, body, ANSWER_MAX);
        json_object_begin(&writer, NULL);
        json_string(&writer, "access_token", (struct msgin5g_str){ (const char *)token.data, token.length });
        json_text(&writer, "token_type", "Bearer");
        json_integer(&writer, "expires_in", token_issuer_lifetime_s(aanf->issuer));
        json_text(&writer, "scope", asked->scope);
        json_object_end(&writer);
        err = json_writer_finish(&writer, length);
    }
    buffer_wipe_free(&token);
    return err;
}

static bool is_form(struct msgin5g_str type)
{
    size_t length = strlen(FORM_TYPE);
    if (type.length < length || strncasecmp(type.octets, FORM_TYPE, length) != 0)
        return false;
    return type.length == length || type.octets[length] == ';' || type.octets[length] == ' ';
}

void tokens_issue(void *ctx, struct http_request *request)
{
    static const struct token_refusal form = { INVALID_REQUEST, "not a form, or a parameter twice or too long" };
    struct aanf *aanf = ctx;
    struct token_request asked;
    uint8_t body[ANSWER_MAX];
    size_t length = 0;
    if (aanf->issuer == NULL) {
        sbi_refuse(request, &(struct sbi_refusal){ .status = 404 });
        return;
    }
    if (!is_form(http_request_header(request, "content-type"))) {
        sbi_refuse(request, &(struct sbi_refusal){ 415, NULL, "header Content-Type", "must be " FORM_TYPE });
        return;
    }
    const struct token_refusal *refusal = &form;
    if (http_request_query(request).length == 0 && request_decode(http_request_body(request), &asked))
        refusal = judge(aanf, http_request_peer(request), &asked);
    if (refusal != NULL) {
        refuse(aanf, request, refusal);
        return;
    }
    enum msgin5g_err err = answer_encode(aanf, &asked, body, &length);
    aanf_count(aanf, AANF_TOKEN, err == MSGIN5G_OK ? AANF_SUCCESS : AANF_FAILED);
    if (err != MSGIN5G_OK) {
        sbi_refuse(request, &(struct sbi_refusal){ 500, "SYSTEM_FAILURE", NULL, NULL });
        return;
    }
    log_debug(
        "token issued remote=%s sub=%s scope=\"%s\"", http_request_remote(request), asked.nf_instance_id, asked.scope);
    respond(request, 200, body, length);
    secret_wipe(body, sizeof body);
}
