#include "ue_configuration.h"

#include "seal/ue_config.h"

#include "msgin5g/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT        "su-uc/v1/"
#define BEFORE      ROOT "val-services/"
#define AFTER       "/ue-configurations"
#define ADDRESS_MAX 300

struct ue_configuration {
    const struct server_config *config;
    const struct identity_map *map;
    struct assignments *assignments;
    char address[ADDRESS_MAX];
};

/* An answer that is owed until a new UE Service ID is on the disk. */
struct owed {
    const struct ue_configuration *configuration;
    struct transport_deferred *deferred;
    int format;
    char ue_id[MSGIN5G_SERVICE_ID_MAX + 1];
};

enum msgin5g_err ue_configuration_create(const struct server_config *config, const struct identity_map *map,
    struct assignments *assignments, struct ue_configuration **out)
{
    struct ue_configuration *configuration = calloc(1, sizeof *configuration);
    if (configuration == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    configuration->config = config;
    configuration->map = map;
    configuration->assignments = assignments;
    *out = configuration;
    return MSGIN5G_OK;
}

void ue_configuration_free(struct ue_configuration *configuration)
{
    free(configuration);
}

void ue_configuration_set_map(struct ue_configuration *configuration, const struct identity_map *map)
{
    configuration->map = map;
}

void ue_configuration_set_address(struct ue_configuration *configuration, const char *server_address)
{
    (void)snprintf(configuration->address, sizeof configuration->address, "%s", server_address);
}

bool ue_configuration_serves(const char *path)
{
    return path != NULL && strncmp(path, ROOT, sizeof ROOT - 1) == 0;
}

/* ---- answers ---- */

struct reply_body {
    struct transport_answer answer;
    uint8_t octets[SEAL_UE_CONFIG_MAX];
};

/* RFC 9290: what TS 24.546 C.1.3 gives for errors. */
static void fill_problem(struct reply_body *reply, uint8_t code, const char *title)
{
    reply->answer = (struct transport_answer){ .code = code, .format = TRANSPORT_FORMAT_NONE, .max_age_s = -1 };
    if (code == MSGIN5G_COAP_CODE(5, 3))
        reply->answer.max_age_s = 1;
    if (seal_problem_encode(title, reply->octets, sizeof reply->octets, &reply->answer.length) != MSGIN5G_OK)
        return;
    reply->answer.format = SEAL_FORMAT_PROBLEM;
    reply->answer.body = reply->octets;
}

static void fill_error(struct reply_body *reply, enum msgin5g_err err)
{
    if (err == MSGIN5G_ERR_NOT_FOUND)
        fill_problem(reply, MSGIN5G_COAP_CODE(4, 4), "no configuration for this UE");
    else
        fill_problem(reply, msgin5g_err_coap_code(err), msgin5g_err_text(err));
}

static void fill_configuration(const struct ue_configuration *configuration, const struct msgin5g_service_id *id,
    const char *ue_id, int format, struct reply_body *reply)
{
    const struct server_config *config = configuration->config;
    const struct seal_ue_config document = { .service_domain = msgin5g_service_id_domain(id),
        .val_service_id = msgin5g_str(MSGIN5G_SERVICE_IDENTIFIER),
        .ue_id = msgin5g_str(ue_id),
        .server_address = msgin5g_str(configuration->address),
        .ue_service_id = { id->text, id->length },
        .segment_size = (uint32_t)config->ue_configuration_segment_size };
    enum msgin5g_err err =
        format == SEAL_FORMAT_JSON
            ? seal_ue_config_encode_json(&document, reply->octets, sizeof reply->octets, &reply->answer.length)
            : seal_ue_config_encode_cbor(&document, reply->octets, sizeof reply->octets, &reply->answer.length);
    if (err != MSGIN5G_OK) {
        fill_error(reply, MSGIN5G_ERR_INTERNAL);
        return;
    }
    reply->answer.code = MSGIN5G_COAP_CODE(2, 5);
    reply->answer.format = format;
    reply->answer.body = reply->octets;
    reply->answer.max_age_s = -1;
}

/* ---- what is asked for ---- */

static bool names_service(const char *path)
{
    static const char whole[] = BEFORE MSGIN5G_SERVICE_IDENTIFIER AFTER;
    return strcmp(path, whole) == 0;
}

/* A UE asks about itself alone: with what the AAnF calls it, or with the tel URI of its number. */
static bool is_own_ue_id(const char *identity, struct msgin5g_str ue_id)
{
    static const char msisdn[] = "msisdn-", tel[] = "tel:+";
    if (msgin5g_str_equal(ue_id, msgin5g_str(identity)))
        return true;
    if (strncmp(identity, msisdn, sizeof msisdn - 1) != 0 || ue_id.length < sizeof tel - 1 ||
        memcmp(ue_id.octets, tel, sizeof tel - 1) != 0)
        return false;
    const struct msgin5g_str digits = { ue_id.octets + sizeof tel - 1, ue_id.length - (sizeof tel - 1) };
    return msgin5g_str_equal(digits, msgin5g_str(identity + sizeof msisdn - 1));
}

static int choose_format(int accept)
{
    switch (accept) {
    case TRANSPORT_FORMAT_NONE:
        return SEAL_FORMAT_UE_CONFIG;
    case SEAL_FORMAT_JSON:
    case SEAL_FORMAT_CBOR:
    case SEAL_FORMAT_UE_CONFIG:
        return accept;
    default:
        return TRANSPORT_FORMAT_NONE;
    }
}

/* @return false: @p reply says why not. */
static bool check(
    const struct peer *peer, const char *path, struct transport_request *request, int *format, struct reply_body *reply)
{
    struct msgin5g_str ue_id = transport_request_query(request, "ue-uri");
    *format = choose_format(transport_request_accept(request));
    if (!names_service(path))
        fill_problem(reply, MSGIN5G_COAP_CODE(4, 4), "no such service or resource");
    else if (transport_request_method(request) != TRANSPORT_GET)
        fill_problem(reply, MSGIN5G_COAP_CODE(4, 5), "only GET is allowed here");
    else if (*format == TRANSPORT_FORMAT_NONE)
        fill_problem(reply, MSGIN5G_COAP_CODE(4, 6), "available as 50, 60 and 65002");
    else if (peer->identity == NULL)
        fill_problem(reply, MSGIN5G_COAP_CODE(4, 3), "the AAnF gave no SUPI or GPSI for this UE");
    else if (ue_id.length > 0 && !is_own_ue_id(peer->identity, ue_id))
        fill_problem(reply, MSGIN5G_COAP_CODE(4, 3), "ue-uri is another UE's");
    else
        return true;
    return false;
}

/* ---- requests ---- */

static void on_assigned(void *ctx, enum msgin5g_err err, const struct msgin5g_service_id *id)
{
    struct owed *owed = ctx;
    struct reply_body reply;
    if (err == MSGIN5G_OK)
        fill_configuration(owed->configuration, id, owed->ue_id, owed->format, &reply);
    else
        fill_error(&reply, err);
    if (owed->deferred != NULL)
        transport_deferred_respond(owed->deferred, &reply.answer);
    free(owed);
}

static enum msgin5g_err find(const struct ue_configuration *configuration, const struct peer *peer, struct owed *owed,
    struct msgin5g_service_id *id)
{
    if (identity_first(configuration->map, peer->identity, id))
        return MSGIN5G_OK;
    return assignments_take(configuration->assignments, peer->identity, id, on_assigned, owed);
}

void ue_configuration_request(struct ue_configuration *configuration, const struct peer *peer, const char *path,
    struct transport_request *request)
{
    struct reply_body reply;
    struct msgin5g_service_id id;
    int format;
    if (!check(peer, path, request, &format, &reply)) {
        transport_respond(request, &reply.answer);
        return;
    }
    struct owed *owed = calloc(1, sizeof *owed);
    enum msgin5g_err err = MSGIN5G_ERR_NO_MEMORY;
    if (owed != NULL) {
        owed->configuration = configuration;
        owed->format = format;
        (void)snprintf(owed->ue_id, sizeof owed->ue_id, "%s", peer->identity);
        err = find(configuration, peer, owed, &id);
    }
    if (err == MSGIN5G_ERR_NOT_CACHED) {
        owed->deferred = transport_defer(request); /* NULL: 5.00 has gone out; on_assigned() releases it all the same */
        return;
    }
    if (err == MSGIN5G_OK)
        fill_configuration(configuration, &id, owed->ue_id, format, &reply);
    else
        fill_error(&reply, err);
    transport_respond(request, &reply.answer);
    free(owed);
}
