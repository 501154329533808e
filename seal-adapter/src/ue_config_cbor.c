#include "seal/ue_config.h"

#include "base/buffer.h"

#include <cbor.h>
#include <inttypes.h>

#define NAMESPACE         "urn:3gpp:ns:seal:MSGin5GUEConfig:1.0" /* TS 24.538 7.2.3, without its stray blanks */
#define PROBLEM_TITLE_KEY 0                                      /* -1 as a negative integer (RFC 9290 2) */

/* ---- configData: XML children of on-network ---------------------------------------------------------------------- */

static enum msgin5g_err append_escaped(struct buffer *xml, struct msgin5g_str text)
{
    enum msgin5g_err err = MSGIN5G_OK;
    for (size_t i = 0; i < text.length && err == MSGIN5G_OK; i++) {
        switch (text.octets[i]) {
        case '&':
            err = buffer_append_text(xml, "&amp;");
            break;
        case '<':
            err = buffer_append_text(xml, "&lt;");
            break;
        case '>':
            err = buffer_append_text(xml, "&gt;");
            break;
        default:
            err = buffer_append(xml, &text.octets[i], 1);
        }
    }
    return err;
}

static enum msgin5g_err append_element(struct buffer *xml, const char *name, struct msgin5g_str text)
{
    enum msgin5g_err err = buffer_appendf(xml, "<%s xmlns=\"" NAMESPACE "\">", name);
    if (err == MSGIN5G_OK)
        err = append_escaped(xml, text);
    return err == MSGIN5G_OK ? buffer_appendf(xml, "</%s>", name) : err;
}

static enum msgin5g_err write_xml(const struct seal_ue_config *config, struct buffer *xml)
{
    enum msgin5g_err err = append_element(xml, "MSGin5G-Server-address", config->server_address);
    if (err == MSGIN5G_OK)
        err = append_element(xml, "MSGin5G-UE-Service-id", config->ue_service_id);
    if (err == MSGIN5G_OK && config->segment_size > 0)
        err = buffer_appendf(
            xml, "<Segment-size xmlns=\"" NAMESPACE "\">%" PRIu32 "</Segment-size>", config->segment_size);
    return err;
}

/* ---- CBOR -------------------------------------------------------------------------------------------------------- */

/* Each takes over @p value, which may be NULL, and is false when memory is short. */
static bool add(cbor_item_t *map, const char *key, cbor_item_t *value)
{
    cbor_item_t *name = cbor_build_string(key);
    bool added = name != NULL && value != NULL && cbor_map_add(map, (struct cbor_pair){ .key = name, .value = value });
    if (name != NULL)
        cbor_decref(&name);
    if (value != NULL)
        cbor_decref(&value);
    return added;
}

static bool push(cbor_item_t *array, cbor_item_t *value)
{
    bool pushed = value != NULL && cbor_array_push(array, value);
    if (value != NULL)
        cbor_decref(&value);
    return pushed;
}

static cbor_item_t *text(struct msgin5g_str value)
{
    return cbor_build_stringn(value.octets, value.length);
}

/* @return @p item, or NULL when what was put into it failed; it is released then. */
static cbor_item_t *if_whole(cbor_item_t *item, bool whole)
{
    if (item != NULL && !whole)
        cbor_decref(&item);
    return whole ? item : NULL;
}

static cbor_item_t *array_of(cbor_item_t *only)
{
    cbor_item_t *array = cbor_new_definite_array(1);
    if (array == NULL) {
        if (only != NULL)
            cbor_decref(&only);
        return NULL;
    }
    return if_whole(array, push(array, only));
}

static cbor_item_t *build_ue_ids(const struct seal_ue_config *config)
{
    cbor_item_t *map = cbor_new_definite_map(1);
    return if_whole(map, map != NULL && add(map, "uris", array_of(text(config->ue_id))));
}

static cbor_item_t *build_config(struct msgin5g_str xml)
{
    cbor_item_t *map = cbor_new_definite_map(2);
    bool whole =
        map != NULL && add(map, "configType", cbor_build_string("ON_NETWORK")) && add(map, "configData", text(xml));
    return if_whole(map, whole);
}

static cbor_item_t *build_document(const struct seal_ue_config *config, struct msgin5g_str xml)
{
    cbor_item_t *map = cbor_new_definite_map(4);
    bool whole = map != NULL && add(map, "valServiceDomain", text(config->service_domain)) &&
                 add(map, "valServiceId", text(config->val_service_id)) && add(map, "valUeIds", build_ue_ids(config)) &&
                 add(map, "ueConfigs", array_of(build_config(xml)));
    return if_whole(map, whole);
}

static enum msgin5g_err serialise(cbor_item_t *item, uint8_t *out, size_t capacity, size_t *length)
{
    if (item == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *length = cbor_serialize(item, out, capacity);
    cbor_decref(&item);
    return *length > 0 ? MSGIN5G_OK : MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
}

enum msgin5g_err seal_ue_config_encode_cbor(
    const struct seal_ue_config *config, uint8_t *out, size_t capacity, size_t *length)
{
    struct buffer xml;
    buffer_init(&xml, SEAL_UE_CONFIG_MAX);
    enum msgin5g_err err = write_xml(config, &xml);
    if (err == MSGIN5G_OK)
        err = serialise(array_of(build_document(config, (struct msgin5g_str){ (const char *)xml.data, xml.length })),
            out, capacity, length);
    buffer_free(&xml);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_PAYLOAD_TOO_LARGE : err;
}

enum msgin5g_err seal_problem_encode(const char *title, uint8_t *out, size_t capacity, size_t *length)
{
    cbor_item_t *map = cbor_new_definite_map(1);
    cbor_item_t *key = cbor_build_negint8(PROBLEM_TITLE_KEY), *value = cbor_build_string(title);
    bool whole = map != NULL && key != NULL && value != NULL &&
                 cbor_map_add(map, (struct cbor_pair){ .key = key, .value = value });
    if (key != NULL)
        cbor_decref(&key);
    if (value != NULL)
        cbor_decref(&value);
    return serialise(if_whole(map, whole), out, capacity, length);
}
