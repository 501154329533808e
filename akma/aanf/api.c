#include "api.h"

#include "akma/nausf.h"
#include "naanf.h"
#include "nausf.h"
#include "sbi.h"
#include "tokens.h"

#include <string.h>

const struct http_route api_routes[] = {
    { "POST", NAANF_API "/register-anchorkey", SCOPE_ANCHOR_KEY, naanf_register },
    { "POST", NAANF_API "/retrieve-applicationkey", SCOPE_KEY_GET, naanf_retrieve },
    { "POST", NAANF_API "/remove-context", SCOPE_ANCHOR_KEY, naanf_remove },
    { "POST", NAUSF_API "/ue-authentications", "nausf-auth:ue-authentications", nausf_authenticate },
    { "PUT", NAUSF_API "/ue-authentications/{authCtxId}/5g-aka-confirmation", "nausf-auth:ue-authentications",
        nausf_confirm },
    { "POST", NAUSF_API "/ue-authentications/deregister", "nausf-auth:ue-authentications", nausf_deregister },
    { "POST", TOKENS_PATH, NULL, tokens_issue },
    { NULL, NULL, NULL, NULL },
};

static bool is_under(struct msgin5g_str path, const char *api)
{
    size_t length = strlen(api);
    return path.length > length && memcmp(path.octets, api, length) == 0 && path.octets[length] == '/';
}

static bool method_is(const struct http_request *request, const char *method)
{
    return msgin5g_str_equal(http_request_method(request), msgin5g_str(method));
}

/* A method none of an API's resources has is 501, one that only this resource lacks 405 (TS 29.500 5.2.7.2 NOTE). */
static void refuse_method(struct http_request *request, bool nausf)
{
    bool post = method_is(request, "POST");
    if (!nausf || (!post && !method_is(request, "PUT"))) {
        sbi_refuse(request, &(struct sbi_refusal){ .status = 501 });
        return;
    }
    const struct http_header headers[] = { { "allow", post ? "PUT" : "POST" } };
    http_respond(request, &(struct http_answer){ .status = 405, .headers = headers, .header_count = 1 });
}

void api_fallback(void *ctx, struct http_request *request)
{
    (void)ctx;
    struct msgin5g_str path = http_request_path(request);
    bool nausf = is_under(path, NAUSF_API);
    if (!nausf && !is_under(path, NAANF_API) && http_request_match(request) != HTTP_MATCH_OTHER_METHOD)
        sbi_refuse(request, &(struct sbi_refusal){ .status = 400, .cause = "INVALID_API" });
    else if (http_request_match(request) == HTTP_MATCH_OTHER_METHOD)
        refuse_method(request, nausf);
    else
        sbi_refuse(request, &(struct sbi_refusal){ .status = 404 });
}
