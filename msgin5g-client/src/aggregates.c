/* Small messages for one target that wait for each other and go out as one (TS 23.554 8.4, TS 24.538 6.4.1.1.3). */
#include "bootstrap.h"
#include "client_internal.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX   32
#define BUNDLES_MAX 16
#define SENT_MAX    32 /* aggregates whose items are remembered, for what the server may still say about them */

struct queued {
    char msg_id[MSGIN5G_UUID_LEN + 1];
    struct msgin5g_item item; /* its texts stand behind it */
    struct queued *prev, *next;
    char texts[];
};

struct bundle {
    struct msgin5g_client *client;
    struct msgin5g_message outer; /* target and store-and-forward; the recipient's name stands behind it */
    struct queued *items;
    size_t count, octets;
    bool closed; /* it was full, or had to go, and did not; its timer tries once more */
    struct loop_timer timer;
    struct bundle *prev, *next;
    char to[];
};

/* One that went out. */
struct aggregate {
    struct msgin5g_client *client; /* NULL once the client is gone */
    bool in_flight;
    char msg_id[MSGIN5G_UUID_LEN + 1];
    size_t count;
    struct aggregate *prev, *next;
    char ids[][MSGIN5G_UUID_LEN + 1];
};

/* ---- what went out ---- */

static void aggregate_release(struct aggregate *aggregate)
{
    struct msgin5g_client *client = aggregate->client;

    if (client != NULL) {
        DL_DELETE(client->aggregates, aggregate);
        client->aggregate_count--;
    }
    if (aggregate->in_flight)
        aggregate->client = NULL; /* on_answer() releases it */
    else
        free(aggregate);
}

static void make_room(struct msgin5g_client *client)
{
    struct aggregate *oldest, *next;

    DL_FOREACH_SAFE (client->aggregates, oldest, next) {
        if (client->aggregate_count < SENT_MAX)
            return;
        if (!oldest->in_flight)
            aggregate_release(oldest);
    }
}

/* The owner may free the client in any of the calls: then it is deaf. */
static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct aggregate *aggregate = ctx;
    struct msgin5g_client *client = aggregate->client;
    uint8_t code = result != NULL ? result->code : 0;

    if (client == NULL) {
        free(aggregate);
        return;
    }
    if (bootstrap_needed(client, err, result)) {
        err = MSGIN5G_ERR_CLOSED;
        if (client->state == MSGIN5G_CLIENT_REGISTERED)
            bootstrap_again(client, result);
    } else if (err == MSGIN5G_OK && code != MSGIN5G_COAP_CODE(2, 4)) {
        err = MSGIN5G_ERR_PEER;
    }
    client->pending_count -= (unsigned)aggregate->count;
    for (size_t i = 0; i < aggregate->count; i++)
        if (client->events.sent != NULL)
            client->events.sent(client->ctx, client, aggregate->ids[i], err, code);
    aggregate->in_flight = false;
    if (aggregate->client == NULL)
        free(aggregate);
}

bool aggregates_on_response(struct msgin5g_client *client, const struct msgin5g_message *response)
{
    char ids[ITEMS_MAX][MSGIN5G_UUID_LEN + 1];
    const struct aggregate *aggregate;
    size_t count;

    DL_FOREACH (client->aggregates, aggregate)
        if (msgin5g_str_equal(msgin5g_str(aggregate->msg_id), response->msg_id))
            break;
    if (aggregate == NULL)
        return false;
    count = aggregate->count;
    memcpy(ids, aggregate->ids, count * sizeof ids[0]); /* the owner may free the client, and with it this */
    for (size_t i = 0; i < count; i++)
        if (client->events.response != NULL)
            client->events.response(
                client->ctx, client, msgin5g_str(ids[i]), response->delivery_status, response->cause);
    return true;
}

/* ---- what is collected ---- */

static void bundle_release(struct bundle *bundle)
{
    struct msgin5g_client *client = bundle->client;
    struct queued *queued, *next;

    DL_FOREACH_SAFE (bundle->items, queued, next)
        free(queued);
    loop_timer_cancel(client->context->loop, &bundle->timer);
    DL_DELETE(client->bundles, bundle);
    client->bundle_count--;
    free(bundle);
}

static struct aggregate *aggregate_new(const struct bundle *bundle)
{
    struct aggregate *aggregate = calloc(1, sizeof *aggregate + bundle->count * sizeof aggregate->ids[0]);
    struct queued *queued;
    unsigned char random[16];

    if (aggregate == NULL)
        return NULL;
    secret_random(random, sizeof random);
    msgin5g_uuid_format(random, aggregate->msg_id);
    DL_FOREACH (bundle->items, queued)
        memcpy(aggregate->ids[aggregate->count++], queued->msg_id, sizeof queued->msg_id);
    return aggregate;
}

static enum msgin5g_err post_together(struct bundle *bundle)
{
    struct msgin5g_client *client = bundle->client;
    struct msgin5g_item items[ITEMS_MAX];
    struct msgin5g_message message = bundle->outer;
    struct aggregate *aggregate = aggregate_new(bundle);
    struct queued *queued;
    enum msgin5g_err err;

    if (aggregate == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    DL_FOREACH (bundle->items, queued)
        items[message.item_count++] = queued->item;
    message.items = items;
    message.msg_id = msgin5g_str(aggregate->msg_id);
    if ((err = client_post(client, &message, on_answer, aggregate)) != MSGIN5G_OK) {
        free(aggregate);
        return err;
    }
    make_room(client);
    aggregate->client = client;
    aggregate->in_flight = true;
    DL_APPEND(client->aggregates, aggregate);
    client->aggregate_count++;
    return MSGIN5G_OK;
}

/* One by one: there is only one, or they do not fit into one body after all. @return MSGIN5G_OK when none is left. */
static enum msgin5g_err post_singly(struct bundle *bundle)
{
    struct msgin5g_client *client = bundle->client;

    while (bundle->items != NULL) {
        struct queued *queued = bundle->items;
        struct msgin5g_message message = bundle->outer;
        enum msgin5g_err err;

        message.msg_id = msgin5g_str(queued->msg_id);
        message.payload = queued->item.payload;
        message.app_id = queued->item.app_id;
        message.report_requested = queued->item.report_requested;
        message.priority = queued->item.priority;
        if ((err = messages_send_whole(client, &message)) != MSGIN5G_OK)
            return err;
        client->pending_count--; /* it was counted when it came, and again now */
        DL_DELETE(bundle->items, queued);
        bundle->count--;
        free(queued);
    }
    return MSGIN5G_OK;
}

static enum msgin5g_err post(struct bundle *bundle)
{
    enum msgin5g_err err = bundle->count > 1 ? post_together(bundle) : post_singly(bundle);

    if (bundle->count > 1 && err == MSGIN5G_ERR_PAYLOAD_TOO_LARGE)
        err = post_singly(bundle);
    return err;
}

/* Nothing is told here: the owner may be inside of a call of its own. */
static void flush(struct bundle *bundle)
{
    if (bundle->closed)
        return;
    if (post(bundle) == MSGIN5G_OK) {
        bundle_release(bundle);
        return;
    }
    bundle->closed = true;
    (void)loop_timer_set(bundle->client->context->loop, &bundle->timer, 0);
}

/* The wait is over, or this is the second try: those that cannot go out are told about. */
static void on_timer(void *ctx)
{
    struct bundle *bundle = ctx;
    struct msgin5g_client *client = bundle->client;
    enum msgin5g_err err = post(bundle);
    struct queued *queued, *next, *items = bundle->items;

    if (err != MSGIN5G_OK) {
        bundle->items = NULL;
        client->pending_count -= (unsigned)bundle->count;
    } else {
        items = NULL;
    }
    bundle_release(bundle);
    DL_FOREACH_SAFE (items, queued, next) {
        if (client->events.sent != NULL)
            client->events.sent(client->ctx, client, queued->msg_id, err, 0);
        free(queued);
    }
}

void aggregates_flush(struct msgin5g_client *client)
{
    struct bundle *bundle, *next;

    DL_FOREACH_SAFE (client->bundles, bundle, next)
        flush(bundle);
}

bool aggregates_wanted(const struct msgin5g_client *client, const struct msgin5g_message *message)
{
    return client->aggregate_wait_ms > 0 && message->priority != MSGIN5G_PRIORITY_HIGH &&
           message->payload.length <= client->segment_size / 2 &&
           (message->payload.length == 0 || memchr(message->payload.octets, '\0', message->payload.length) == NULL);
}

static struct bundle *find(const struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct bundle *bundle;

    DL_FOREACH (client->bundles, bundle)
        if (!bundle->closed && bundle->outer.dest.type == message->dest.type &&
            msgin5g_str_equal(bundle->outer.dest.addr, message->dest.addr) &&
            bundle->outer.store_forward == message->store_forward &&
            bundle->outer.expire_time_s == message->expire_time_s)
            return bundle;
    return NULL;
}

static struct bundle *bundle_new(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct bundle *bundle = calloc(1, sizeof *bundle + message->dest.addr.length);

    if (bundle == NULL)
        return NULL;
    memcpy(bundle->to, message->dest.addr.octets, message->dest.addr.length);
    bundle->client = client;
    bundle->outer = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    bundle->outer.dest.type = message->dest.type;
    bundle->outer.dest.addr = (struct msgin5g_str){ bundle->to, message->dest.addr.length };
    bundle->outer.store_forward = message->store_forward;
    bundle->outer.expire_time_s = message->expire_time_s;
    loop_timer_init(&bundle->timer, on_timer, bundle);
    if (loop_timer_set(client->context->loop, &bundle->timer, client->aggregate_wait_ms) != MSGIN5G_OK) {
        free(bundle);
        return NULL;
    }
    DL_APPEND(client->bundles, bundle);
    client->bundle_count++;
    return bundle;
}

static struct queued *queued_new(const struct msgin5g_message *message)
{
    struct queued *queued = calloc(1, sizeof *queued + message->payload.length + message->app_id.length);
    char *at;

    if (queued == NULL)
        return NULL;
    at = queued->texts;
    memcpy(queued->msg_id, message->msg_id.octets, MSGIN5G_UUID_LEN);
    queued->item = (struct msgin5g_item){ .msg_id = msgin5g_str(queued->msg_id),
        .report_requested = message->report_requested,
        .priority = message->priority,
        .payload = { at, message->payload.length } };
    if (message->payload.length > 0)
        memcpy(at, message->payload.octets, message->payload.length);
    if (message->app_id.octets != NULL)
        queued->item.app_id =
            (struct msgin5g_str){ memcpy(at + message->payload.length, message->app_id.octets, message->app_id.length),
                message->app_id.length };
    return queued;
}

enum msgin5g_err aggregates_add(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct bundle *bundle = find(client, message);
    struct queued *queued;

    if (bundle != NULL && bundle->octets + message->payload.length > client->segment_size) {
        flush(bundle);
        bundle = NULL;
    }
    if (bundle == NULL && client->bundle_count >= BUNDLES_MAX)
        return MSGIN5G_ERR_LIMIT;
    if ((queued = queued_new(message)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (bundle == NULL && (bundle = bundle_new(client, message)) == NULL) {
        free(queued);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    DL_APPEND(bundle->items, queued);
    bundle->octets += message->payload.length;
    client->pending_count++;
    if (++bundle->count == ITEMS_MAX || client->pending_count == client->outstanding_max)
        flush(bundle);
    return MSGIN5G_OK;
}

void aggregates_abandon(struct msgin5g_client *client)
{
    struct aggregate *aggregate, *next;
    struct bundle *bundle, *next_bundle;

    DL_FOREACH_SAFE (client->bundles, bundle, next_bundle)
        bundle_release(bundle);
    DL_FOREACH_SAFE (client->aggregates, aggregate, next)
        aggregate_release(aggregate);
}
