#include "bearer.h"

#include "akma/naanf.h"
#include "base/log.h"
#include "policy.h"
#include "token_issuer.h"
#include "tokens.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CHALLENGE_MAX 512
#define SCHEME        "bearer "

/* @p error and @p scope may be NULL: nothing is said to who showed no token (RFC 6750 3.1). */
static void refuse(struct aanf *aanf, enum aanf_operation operation, struct http_request *request, int status,
    const char *error, const char *scope)
{
    char challenge[CHALLENGE_MAX];
    (void)snprintf(challenge, sizeof challenge, "Bearer realm=\"%s" NAANF_API "\"%s%s%s%s%s%s", aanf->api_root,
        error != NULL ? ", error=\"" : "", error != NULL ? error : "", error != NULL ? "\"" : "",
        scope != NULL ? ", scope=\"" : "", scope != NULL ? scope : "", scope != NULL ? "\"" : "");
    const struct http_header headers[] = { { "www-authenticate", challenge } };
    aanf_count(aanf, operation, AANF_NOT_ALLOWED);
    http_respond_problem_with(request, status, NULL, NULL, headers, 1);
}

void bearer_refuse_scope(
    struct aanf *aanf, enum aanf_operation operation, struct http_request *request, const char *scope)
{
    unsigned left_out;
    if (aanf_may_log(aanf, operation, &left_out))
        log_warning(
            "token without the scope remote=%s scope=%s left_out=%u", http_request_remote(request), scope, left_out);
    refuse(aanf, operation, request, 403, "insufficient_scope", scope);
}

/* The token of "Authorization: Bearer <token>"; of length 0 for another scheme. */
static struct msgin5g_str token_of(struct msgin5g_str header)
{
    size_t length = strlen(SCHEME);
    if (header.length < length || strncasecmp(header.octets, SCHEME, length) != 0)
        return (struct msgin5g_str){ "", 0 };
    return (struct msgin5g_str){ header.octets + length, header.length - length };
}

bool bearer_admit(
    struct aanf *aanf, enum aanf_operation operation, struct http_request *request, struct bearer_grant *out)
{
    struct jwt_claims claims;
    unsigned left_out;
    struct msgin5g_str header = http_request_header(request, "authorization");
    out->supi_access = true;
    if (aanf->issuer == NULL || (header.length == 0 && !aanf->config->oauth_required))
        return true;
    if (header.length == 0) {
        if (aanf_may_log(aanf, operation, &left_out))
            log_warning("no token remote=%s left_out=%u", http_request_remote(request), left_out);
        refuse(aanf, operation, request, 401, NULL, NULL);
        return false;
    }
    enum msgin5g_err err = token_issuer_verify(aanf->issuer, token_of(header), loop_utc_s(aanf->loop), &claims);
    if (err == MSGIN5G_ERR_NO_MEMORY) {
        aanf_count(aanf, operation, AANF_FAILED);
        http_respond_problem(request, 500, "SYSTEM_FAILURE", NULL);
        return false;
    }
    /* Direct communication: the token is the client's own (TS 33.501 13.4.1.1.2). */
    if (err != MSGIN5G_OK || !policy_is_instance(aanf->config, http_request_peer(request), claims.sub, "")) {
        if (aanf_may_log(aanf, operation, &left_out))
            log_warning("token not valid remote=%s reason=\"%s\" left_out=%u", http_request_remote(request),
                err == MSGIN5G_OK ? "it is another client's" : "signature, issuer, audience or expiry", left_out);
        refuse(aanf, operation, request, 401, "invalid_token", NULL);
        return false;
    }
    const char *scope = http_request_route(request)->scope;
    if (scope != NULL && !jwt_scope_has(claims.scope, scope)) {
        bearer_refuse_scope(aanf, operation, request, scope);
        return false;
    }
    out->supi_access = jwt_scope_has(claims.scope, SCOPE_SUPI_ACCESS);
    return true;
}
