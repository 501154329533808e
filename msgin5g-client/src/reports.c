/* Delivery status reports owed to originators (TS 24.538 6.4.1.1.4): kept until the server has answered them. */
#include "bootstrap.h"
#include "client_internal.h"

#include <stdlib.h>
#include <string.h>

#define REPORTS_MAX 256 /* owed at once; beyond that the oldest is dropped, the sender's own time limit tells it */
#define CAUSE_MAX   63

#define TOGETHER 16 /* reports in one message */

/* Those in one message. */
struct batch {
    size_t count;
    struct report *reports[TOGETHER];
};

struct report {
    struct msgin5g_client *client; /* NULL: no longer owed */
    char msg_id[MSGIN5G_UUID_LEN + 1];
    enum msgin5g_addr_type dest_type;
    struct msgin5g_service_id dest;
    char cause[CAUSE_MAX + 1]; /* "" for success */
    bool in_flight;
    struct report *prev, *next;
};

static void drop(struct msgin5g_client *client, struct report *report)
{
    DL_DELETE(client->reports.list, report);
    client->reports.count--;
    if (report->in_flight)
        report->client = NULL; /* on_answer() releases it */
    else
        free(report);
}

/* A refused report is not asked for again; one that is @p kept goes out after the next registration. */
static void landed(struct report *report, bool kept)
{
    report->in_flight = false;
    if (report->client == NULL)
        free(report);
    else if (!kept)
        drop(report->client, report);
}

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct batch *batch = ctx;
    struct msgin5g_client *client = NULL;
    bool kept = err == MSGIN5G_ERR_TIMEOUT || err == MSGIN5G_ERR_CLOSED;
    bool lost = false; /* the context: it goes out again with another one */

    for (size_t i = 0; i < batch->count && client == NULL; i++)
        client = batch->reports[i]->client;
    if (client != NULL && !kept)
        lost = bootstrap_needed(client, err, result) && client->state != MSGIN5G_CLIENT_DEREGISTERING;
    for (size_t i = 0; i < batch->count; i++)
        landed(batch->reports[i], kept || lost);
    free(batch);
    if (client == NULL || kept || client->state != MSGIN5G_CLIENT_REGISTERED)
        return;
    if (lost)
        bootstrap_again(client, result);
    else
        reports_flush(client);
}

static bool same_target(const struct report *a, const struct report *b)
{
    return a->dest_type == b->dest_type && a->dest.length == b->dest.length &&
           memcmp(a->dest.text, b->dest.text, a->dest.length) == 0;
}

/* @p first and, when they may go together, others that wait to go to the same target. */
static void gather(struct report *first, struct batch *batch)
{
    struct report *report;

    batch->reports[batch->count++] = first;
    if (first->client->aggregate_wait_ms == 0)
        return;
    for (report = first->next; report != NULL && batch->count < TOGETHER; report = report->next)
        if (!report->in_flight && same_target(first, report))
            batch->reports[batch->count++] = report;
}

static struct msgin5g_item item_of(const struct report *report)
{
    bool success = report->cause[0] == '\0';

    return (struct msgin5g_item){ .msg_id = msgin5g_str(report->msg_id),
        .delivery_status = success ? MSGIN5G_DELIVERY_SUCCESS : MSGIN5G_DELIVERY_FAILURE,
        .cause = success ? (struct msgin5g_str){ NULL, 0 } : msgin5g_str(report->cause) };
}

static enum msgin5g_err post_batch(struct batch *batch)
{
    const struct report *first = batch->reports[0];
    struct msgin5g_message imdn = msgin5g_message_init(MSGIN5G_TYPE_IMDN);
    struct msgin5g_item items[TOGETHER];
    char msg_id[MSGIN5G_UUID_LEN + 1];
    unsigned char random[16];

    for (size_t i = 0; i < batch->count; i++)
        items[i] = item_of(batch->reports[i]);
    imdn.dest.type = first->dest_type;
    imdn.dest.addr = (struct msgin5g_str){ first->dest.text, first->dest.length };
    if (batch->count == 1) {
        imdn.msg_id = items[0].msg_id;
        imdn.delivery_status = items[0].delivery_status;
        imdn.cause = items[0].cause;
    } else {
        secret_random(random, sizeof random);
        msgin5g_uuid_format(random, msg_id);
        imdn.msg_id = msgin5g_str(msg_id);
        imdn.items = items;
        imdn.item_count = batch->count;
    }
    return client_post(first->client, &imdn, on_answer, batch);
}

static bool transmit(struct report *report)
{
    struct batch *batch = calloc(1, sizeof *batch);

    if (batch == NULL)
        return false;
    gather(report, batch);
    if (post_batch(batch) != MSGIN5G_OK) {
        free(batch);
        return false;
    }
    for (size_t i = 0; i < batch->count; i++)
        batch->reports[i]->in_flight = true;
    return true;
}

static void on_timer(void *ctx)
{
    struct msgin5g_client *client = ctx;

    if (client->state == MSGIN5G_CLIENT_REGISTERED || client->state == MSGIN5G_CLIENT_DEREGISTERING)
        reports_flush(client);
}

void reports_init(struct msgin5g_client *client)
{
    loop_timer_init(&client->reports.timer, on_timer, client);
}

void reports_add(struct msgin5g_client *client, const struct msgin5g_message *message, const char *cause)
{
    struct report *report;

    if (client->reports.count >= REPORTS_MAX)
        drop(client, client->reports.list);
    if ((report = calloc(1, sizeof *report)) == NULL)
        return;
    if (msgin5g_service_id_parse(message->ori.addr, &report->dest) != MSGIN5G_OK) {
        free(report);
        return;
    }
    report->client = client;
    report->dest_type = message->ori.type;
    memcpy(report->msg_id, message->msg_id.octets, MSGIN5G_UUID_LEN);
    if (cause != NULL)
        strncpy(report->cause, cause[0] != '\0' ? cause : "APP_REJECTED", CAUSE_MAX);
    DL_APPEND(client->reports.list, report);
    client->reports.count++;
    if (client->aggregate_wait_ms > 0 && client->state == MSGIN5G_CLIENT_REGISTERED) {
        if (client->reports.timer.heap_index == 0)
            (void)loop_timer_set(client->context->loop, &client->reports.timer, client->aggregate_wait_ms);
    } else if (client->state == MSGIN5G_CLIENT_REGISTERED || client->state == MSGIN5G_CLIENT_DEREGISTERING) {
        (void)transmit(report);
    }
}

void reports_flush(struct msgin5g_client *client)
{
    struct report *report;

    DL_FOREACH (client->reports.list, report)
        if (!report->in_flight && !transmit(report))
            return; /* no room now; the answer to one under way calls again */
}

void reports_abandon(struct msgin5g_client *client)
{
    struct report *report, *next;

    loop_timer_cancel(client->context->loop, &client->reports.timer);
    DL_FOREACH_SAFE (client->reports.list, report, next)
        drop(client, report);
}
