/* Bodies of Nausf_UEAuthentication as JSON (TS 29.509 6.1.6). */
#include "akma/nausf.h"

#include "base/json_writer.h"
#include "nausf_tree.h"

#include <assert.h>
#include <string.h>

#define HEX_MAX 64 /* digits of the longest value, K_SEAF */

static bool has(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name) != NULL;
}

enum msgin5g_err nausf_info_decode(struct msgin5g_str body, struct nausf_info *out, struct naanf_problem *problem)
{
    cJSON *root = NULL;
    const cJSON *again = NULL;
    *out = (struct nausf_info){ 0 };
    enum msgin5g_err err = nausf_tree_parse(body, &root, problem);
    if (err == MSGIN5G_OK)
        err = nausf_tree_text(root, "/supiOrSuci", out->supi_or_suci, AKMA_SUPI_MAX, problem);
    if (err == MSGIN5G_OK)
        err = nausf_tree_text(root, "/servingNetworkName", out->sn_name, AKMA_SN_NAME_MAX, problem);
    if (err == MSGIN5G_OK && !kdf_sn_name_valid(out->sn_name))
        err = nausf_refuse(problem, "MANDATORY_IE_INCORRECT", "/servingNetworkName", "not a serving network name");
    out->resynchronisation = err == MSGIN5G_OK && has(root, "resynchronizationInfo");
    if (out->resynchronisation)
        err = nausf_tree_object(root, "/resynchronizationInfo", &again, problem);
    if (err == MSGIN5G_OK && out->resynchronisation)
        err = nausf_tree_hex(again, "/resynchronizationInfo/rand", out->rand, sizeof out->rand, problem);
    if (err == MSGIN5G_OK && out->resynchronisation)
        err = nausf_tree_hex(again, "/resynchronizationInfo/auts", out->auts, sizeof out->auts, problem);
    nausf_tree_free(root);
    if (err != MSGIN5G_OK)
        secret_wipe(out, sizeof *out);
    return err;
}

/* A link is one object, or a sequence of them of which the first counts (TS 29.571 LinksValueSchema). */
static enum msgin5g_err read_link(const cJSON *root, char out[NAUSF_HREF_MAX + 1], struct naanf_problem *problem)
{
    const cJSON *links = NULL;
    enum msgin5g_err err = nausf_tree_object(root, "/_links", &links, problem);
    if (err != MSGIN5G_OK)
        return err;
    const cJSON *link = cJSON_GetObjectItemCaseSensitive(links, "5g-aka");
    if (cJSON_IsArray(link))
        link = link->child;
    if (!cJSON_IsObject(link))
        return nausf_refuse(problem, "MANDATORY_IE_MISSING", "/_links/5g-aka", "missing");
    return nausf_tree_text(link, "/_links/5g-aka/href", out, NAUSF_HREF_MAX, problem);
}

enum msgin5g_err nausf_context_decode(struct msgin5g_str body, struct nausf_context *out, struct naanf_problem *problem)
{
    cJSON *root = NULL;
    const cJSON *data = NULL;
    char method[32];
    *out = (struct nausf_context){ 0 };
    enum msgin5g_err err = nausf_tree_parse(body, &root, problem);
    if (err == MSGIN5G_OK)
        err = nausf_tree_text(root, "/authType", method, sizeof method - 1, problem);
    if (err == MSGIN5G_OK && strcmp(method, "5G_AKA") != 0)
        err = nausf_refuse(problem, "MANDATORY_IE_INCORRECT", "/authType", "only 5G_AKA is supported");
    if (err == MSGIN5G_OK)
        err = nausf_tree_object(root, "/5gAuthData", &data, problem);
    if (err == MSGIN5G_OK)
        err = nausf_tree_hex(data, "/5gAuthData/rand", out->rand, sizeof out->rand, problem);
    if (err == MSGIN5G_OK)
        err = nausf_tree_hex(data, "/5gAuthData/autn", out->autn, sizeof out->autn, problem);
    if (err == MSGIN5G_OK)
        err = nausf_tree_hex(data, "/5gAuthData/hxresStar", out->hxres_star, sizeof out->hxres_star, problem);
    if (err == MSGIN5G_OK)
        err = read_link(root, out->href, problem);
    nausf_tree_free(root);
    if (err != MSGIN5G_OK)
        secret_wipe(out, sizeof *out);
    return err;
}

enum msgin5g_err nausf_confirmation_decode(
    struct msgin5g_str body, struct nausf_confirmation *out, struct naanf_problem *problem)
{
    cJSON *root = NULL;
    *out = (struct nausf_confirmation){ 0 };
    enum msgin5g_err err = nausf_tree_parse(body, &root, problem);
    out->has_res_star = err == MSGIN5G_OK && !cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(root, "resStar"));
    if (out->has_res_star)
        err = nausf_tree_hex(root, "/resStar", out->res_star.octets, sizeof out->res_star.octets, problem);
    nausf_tree_free(root);
    if (err != MSGIN5G_OK)
        secret_wipe(out, sizeof *out);
    return err;
}

enum msgin5g_err nausf_result_decode(struct msgin5g_str body, struct nausf_result *out, struct naanf_problem *problem)
{
    cJSON *root = NULL;
    char result[32];
    *out = (struct nausf_result){ 0 };
    enum msgin5g_err err = nausf_tree_parse(body, &root, problem);
    if (err == MSGIN5G_OK)
        err = nausf_tree_text(root, "/authResult", result, sizeof result - 1, problem);
    out->success = err == MSGIN5G_OK && strcmp(result, "AUTHENTICATION_SUCCESS") == 0;
    if (err == MSGIN5G_OK && has(root, "supi"))
        err = nausf_tree_text(root, "/supi", out->supi, AKMA_SUPI_MAX, problem);
    out->has_k_seaf = err == MSGIN5G_OK && has(root, "kseaf");
    if (out->has_k_seaf)
        err = nausf_tree_hex(root, "/kseaf", out->k_seaf.octets, sizeof out->k_seaf.octets, problem);
    nausf_tree_free(root);
    if (err != MSGIN5G_OK)
        secret_wipe(out, sizeof *out);
    return err;
}

enum msgin5g_err nausf_deregistration_decode(
    struct msgin5g_str body, struct nausf_deregistration *out, struct naanf_problem *problem)
{
    cJSON *root = NULL;
    *out = (struct nausf_deregistration){ 0 };
    enum msgin5g_err err = nausf_tree_parse(body, &root, problem);
    if (err == MSGIN5G_OK)
        err = nausf_tree_text(root, "/supi", out->supi, AKMA_SUPI_MAX, problem);
    nausf_tree_free(root);
    if (err != MSGIN5G_OK)
        secret_wipe(out, sizeof *out);
    return err;
}

static enum msgin5g_err begin(struct json_writer *writer, struct buffer *out)
{
    uint8_t *place;
    enum msgin5g_err err = buffer_reserve(out, NAUSF_BODY_MAX, &place);
    if (err != MSGIN5G_OK)
        return err;
    json_writer_init(writer, place, NAUSF_BODY_MAX);
    json_object_begin(writer, NULL);
    return MSGIN5G_OK;
}

static enum msgin5g_err end(struct json_writer *writer, struct buffer *out)
{
    size_t length = 0;
    json_object_end(writer);
    enum msgin5g_err err = json_writer_finish(writer, &length);
    if (err == MSGIN5G_OK)
        out->length += length;
    return err;
}

static void write_hex(struct json_writer *writer, const char *name, const uint8_t *octets, size_t length)
{
    char hex[HEX_MAX + 1];
    secret_to_hex(octets, length, hex);
    json_text(writer, name, hex);
    secret_wipe(hex, sizeof hex);
}

enum msgin5g_err nausf_info_encode(const struct nausf_info *info, struct buffer *out)
{
    struct json_writer writer;
    enum msgin5g_err err = begin(&writer, out);
    if (err != MSGIN5G_OK)
        return err;
    json_text(&writer, "supiOrSuci", info->supi_or_suci);
    json_text(&writer, "servingNetworkName", info->sn_name);
    if (info->resynchronisation) {
        json_object_begin(&writer, "resynchronizationInfo");
        write_hex(&writer, "rand", info->rand, sizeof info->rand);
        write_hex(&writer, "auts", info->auts, sizeof info->auts);
        json_object_end(&writer);
    }
    return end(&writer, out);
}

enum msgin5g_err nausf_context_encode(const struct nausf_context *context, const char *sn_name, struct buffer *out)
{
    struct json_writer writer;
    enum msgin5g_err err = begin(&writer, out);
    if (err != MSGIN5G_OK)
        return err;
    json_text(&writer, "authType", "5G_AKA");
    json_object_begin(&writer, "5gAuthData");
    write_hex(&writer, "rand", context->rand, sizeof context->rand);
    write_hex(&writer, "autn", context->autn, sizeof context->autn);
    write_hex(&writer, "hxresStar", context->hxres_star, sizeof context->hxres_star);
    json_object_end(&writer);
    json_object_begin(&writer, "_links");
    json_object_begin(&writer, "5g-aka");
    json_text(&writer, "href", context->href);
    json_object_end(&writer);
    json_object_end(&writer);
    json_text(&writer, "servingNetworkName", sn_name);
    return end(&writer, out);
}

enum msgin5g_err nausf_confirmation_encode(const struct nausf_confirmation *confirmation, struct buffer *out)
{
    struct json_writer writer;
    assert(confirmation->has_res_star); /* a UE that has none sends none */
    enum msgin5g_err err = begin(&writer, out);
    if (err != MSGIN5G_OK)
        return err;
    write_hex(&writer, "resStar", confirmation->res_star.octets, sizeof confirmation->res_star.octets);
    return end(&writer, out);
}

enum msgin5g_err nausf_result_encode(const struct nausf_result *result, struct buffer *out)
{
    struct json_writer writer;
    enum msgin5g_err err = begin(&writer, out);
    if (err != MSGIN5G_OK)
        return err;
    json_text(&writer, "authResult", result->success ? "AUTHENTICATION_SUCCESS" : "AUTHENTICATION_FAILURE");
    if (result->supi[0] != '\0')
        json_text(&writer, "supi", result->supi);
    if (result->has_k_seaf)
        write_hex(&writer, "kseaf", result->k_seaf.octets, sizeof result->k_seaf.octets);
    return end(&writer, out);
}
