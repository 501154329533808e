#include "targets.h"

#include <string.h>

static enum msgin5g_err open_group(struct targets *targets)
{
    struct msgin5g_service_id id;
    enum msgin5g_err err = msgin5g_service_id_parse(targets->message->dest.addr, &id);
    if (err != MSGIN5G_OK)
        return err;
    struct group *group = groups_find(targets->audiences.groups, &id);
    if (group == NULL)
        return MSGIN5G_ERR_UNKNOWN_GROUP;
    if (!group_may_send(group, targets->message->ori.type, targets->originator)) {
        group_release(group);
        return MSGIN5G_ERR_NOT_AUTHORIZED;
    }
    targets->group = group;
    return MSGIN5G_OK;
}

static enum msgin5g_err open_topic(struct targets *targets)
{
    struct msgin5g_str topic = targets->message->dest.addr;
    if (!msgin5g_topic_valid(topic))
        return MSGIN5G_ERR_MALFORMED;
    (void)topic_walk_begin(&targets->topic, targets->audiences.topics, topic);
    return MSGIN5G_OK;
}

enum msgin5g_err targets_open(struct targets *targets, const struct audiences *audiences,
    const struct msgin5g_message *message, const struct msgin5g_service_id *originator)
{
    *targets = (struct targets){ .audiences = *audiences, .message = message, .originator = originator };
    switch (message->dest.type) {
    case MSGIN5G_ADDR_UE:
    case MSGIN5G_ADDR_AS:
        return msgin5g_service_id_parse(message->dest.addr, &targets->single);
    case MSGIN5G_ADDR_GROUP:
        return open_group(targets);
    case MSGIN5G_ADDR_TOPIC:
        return open_topic(targets);
    case MSGIN5G_ADDR_BC:
        return MSGIN5G_OK;
    default:
        return MSGIN5G_ERR_NO_ROUTE;
    }
}

static bool is_originator(const struct targets *targets, struct msgin5g_str id)
{
    const struct msgin5g_service_id *originator = targets->originator;
    return id.length == originator->length && memcmp(id.octets, originator->text, id.length) == 0;
}

static void find_way(const struct targets *targets, struct route_target *out)
{
    out->group = out->topic = (struct msgin5g_str){ NULL, 0 };
    out->observation = NULL;
    router_target(targets->audiences.router, &out->recipient, out);
}

static void fill(const struct targets *targets, struct msgin5g_str id, struct route_target *out)
{
    out->recipient.length = id.length;
    memcpy(out->recipient.text, id.octets, id.length);
    out->recipient.text[id.length] = '\0';
    find_way(targets, out);
}

static bool next_single(struct targets *targets, struct route_target *out)
{
    if (targets->next++ > 0)
        return false;
    out->recipient = targets->single;
    find_way(targets, out);
    if (out->remote)
        out->type = targets->message->dest.type;
    if (out->type == targets->message->dest.type)
        return true;
    /* What is a UE's is no application server's, and the other way round. */
    out->way = NULL;
    out->err = MSGIN5G_ERR_UNKNOWN_RECIPIENT;
    return true;
}

static bool next_area(struct targets *targets, struct route_target *out)
{
    const struct msgin5g_message *message = targets->message;
    if (targets->next++ > 0)
        return false;
    out->group = out->topic = (struct msgin5g_str){ NULL, 0 };
    out->observation = NULL;
    router_area(targets->audiences.router, message->dest.addr, message->ori.type, targets->originator, out);
    return true;
}

static bool next_member(struct targets *targets, struct route_target *out)
{
    const struct group *group = targets->group;
    while (targets->next < group->member_count) {
        struct msgin5g_str id = group->members[targets->next++];
        if (is_originator(targets, id))
            continue;
        fill(targets, id, out);
        out->group = group->id;
        return true;
    }
    return false;
}

/*
 * A subscriber hears over its observation as long as that is bound to the session it is registered with. Who has
 * refused a notification is not reached until it observes again (EC-37); who has not got round to observing again is,
 * with POST (section 11, row 5 of the digest).
 */
static void choose_observation(struct subscription *subscription, struct route_target *out)
{
    struct transport_observation *observation = subscription_observation(subscription);
    if (subscription_muted(subscription)) {
        out->way = NULL;
        out->err = MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    } else if (out->way != NULL && out->registration != NULL &&
               observation->session == out->registration->peer->session) {
        out->observation = observation;
    }
}

static bool next_subscriber(struct targets *targets, struct route_target *out)
{
    struct subscription *subscription;
    while ((subscription = topic_walk_next(&targets->topic)) != NULL) {
        struct msgin5g_str id = subscription_subscriber(subscription);
        if (is_originator(targets, id))
            continue;
        fill(targets, id, out);
        out->topic = targets->message->dest.addr;
        choose_observation(subscription, out);
        return true;
    }
    return false;
}

bool targets_next(struct targets *targets, struct route_target *out)
{
    switch (targets->message->dest.type) {
    case MSGIN5G_ADDR_GROUP:
        return next_member(targets, out);
    case MSGIN5G_ADDR_TOPIC:
        return next_subscriber(targets, out);
    case MSGIN5G_ADDR_BC:
        return next_area(targets, out);
    default:
        return next_single(targets, out);
    }
}

void targets_close(struct targets *targets)
{
    topic_walk_end(&targets->topic);
    group_release(targets->group);
    targets->group = NULL;
}
