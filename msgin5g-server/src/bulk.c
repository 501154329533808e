#include "bulk.h"

#include "audit.h"
#include "registration.h"

#include <stdlib.h>

/* A response is hardly longer than its request: other members instead of the identical ones, and perhaps a cause. */
#define RESPONSE_MAX(request_octets, entries) ((request_octets) + 128 * (entries))

static enum msgin5g_err register_one(struct registrations *all, struct peer *peer, const struct msgin5g_service_id *id,
    const struct msgin5g_message *reg, struct registered *out)
{
    uint8_t body[MSGIN5G_MESSAGE_MAX]; /* what is kept for a restart, as if it had come alone */
    size_t length = 0;
    enum msgin5g_err err = msgin5g_message_encode(reg, body, sizeof body, &length);
    if (err != MSGIN5G_OK)
        return err;
    return registrations_register(all, peer, id, reg, (struct msgin5g_str){ (const char *)body, length }, out);
}

/* TS 24.538 6.3.4.4.1, 6.3.4.4.2. @return true when a UE is registered that was not before. */
static bool judge(const struct services *services, struct peer *peer, const struct msgin5g_bulk_entry *entry,
    struct msgin5g_reg_response *response)
{
    struct registrations *all = services->registrations;
    struct registered registered = { .lifetime_s = MSGIN5G_REG_EXP_TIME_NONE };
    struct msgin5g_service_id id = { .length = 0 };
    enum msgin5g_err err = entry->err;
    if (err == MSGIN5G_OK)
        err = msgin5g_service_id_parse(entry->message.ori.addr, &id);
    if (err == MSGIN5G_OK && entry->message.type == MSGIN5G_TYPE_REG)
        err = register_one(all, peer, &id, &entry->message, &registered);
    else if (err == MSGIN5G_OK)
        err = registrations_deregister(all, peer, &id);
    *response = (struct msgin5g_reg_response){
        .ue_service_id = entry->message.ori.addr, /* as the gateway wrote it */
        .result = err == MSGIN5G_OK,
        .reg_exp_time_s = registered.lifetime_s,
    };
    if (err == MSGIN5G_OK)
        return registered.is_new;
    response->cause = msgin5g_str(msgin5g_err_cause(err));
    audit_refused(services->audit, &(struct audit_refusal){ .what = msgin5g_type_text(entry->message.type),
                                       .err = err,
                                       .identity = peer->identity,
                                       .originator = id.length > 0 ? id.text : NULL });
    return false;
}

static enum msgin5g_err write_body(
    const struct request *request, const struct msgin5g_bulk_response *response, struct reply *reply)
{
    size_t capacity = RESPONSE_MAX(request->body.length, response->count);
    reply->large = malloc(capacity);
    if (reply->large == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    return msgin5g_bulk_response_encode(response, reply->large, capacity, &reply->length);
}

static enum msgin5g_err handle(
    const struct services *services, const struct request *request, enum msgin5g_type type, struct reply *reply)
{
    const struct msgin5g_message *message = request->message;
    if (!registrations_is_gateway(services->registrations, request->peer))
        return MSGIN5G_ERR_NOT_AUTHORIZED;
    struct msgin5g_reg_response *responses = calloc(message->entry_count, sizeof *responses);
    if (responses == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    bool any_new = false;
    for (size_t i = 0; i < message->entry_count; i++)
        any_new |= judge(services, request->peer, &message->entries[i], &responses[i]);
    const struct msgin5g_bulk_response response = { type, responses, message->entry_count, NULL };
    enum msgin5g_err err = write_body(request, &response, reply);
    free(responses);
    if (err == MSGIN5G_OK)
        reply->code = any_new ? MSGIN5G_COAP_CODE(2, 1) : MSGIN5G_COAP_CODE(2, 4);
    return err;
}

enum msgin5g_err bulk_on_breg(const struct services *services, const struct request *request, struct reply *reply)
{
    return handle(services, request, MSGIN5G_TYPE_REG, reply);
}

enum msgin5g_err bulk_on_dereg(const struct services *services, const struct request *request, struct reply *reply)
{
    return handle(services, request, MSGIN5G_TYPE_DEREG, reply);
}
