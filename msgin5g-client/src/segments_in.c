/* Segments coming in: collected until the message is whole, asked for when they stay away
 * (TS 24.538 6.4.1.1.6, 6.5.1.2, TS 23.554 8.5.3, EC-34). */
#include "client_internal.h"
#include "msg/segment.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS        3
#define SETS_PER_SENDER 64
#define BUDGET_OCTETS   (8 * (size_t)MSGIN5G_WHOLE_MAX)

struct open_set {
    struct msgin5g_client *client;
    struct segment_set *set;
    unsigned attempts; /* SEGREC sent */
    struct loop_timer timer;
    struct open_set *prev, *next;
};

void segments_in_init(struct msgin5g_client *client)
{
    client->open_budget.limit = BUDGET_OCTETS;
}

/* From here on nobody finds it; its message may still be looked at until open_free(). */
static void open_remove(struct open_set *open)
{
    struct msgin5g_client *client = open->client;
    const struct msgin5g_message *message = segment_set_message(open->set);

    DL_DELETE(client->open_sets, open);
    loop_timer_cancel(client->context->loop, &open->timer);
    recent_add(&client->finished_sets, message->ori.addr, msgin5g_str(segment_set_id(open->set)));
}

static void open_free(struct open_set *open)
{
    segment_set_free(open->set);
    free(open);
}

static void post_about(struct msgin5g_client *client, enum msgin5g_type type, struct msgin5g_str set_id, bool result,
    const struct segment_numbers *missing)
{
    struct msgin5g_message message = msgin5g_message_init(type);
    char list[MSGIN5G_SEG_NO_LIST_MAX];

    message.segment.set_id = set_id;
    message.result = result;
    if (missing != NULL)
        message.seg_no_list = segment_ranges_format(missing, list);
    (void)client_post(client, &message, NULL, NULL); /* who sends the segments has time limits of its own */
}

static void confirm(struct msgin5g_client *client, struct msgin5g_str set_id, bool result)
{
    post_about(client, MSGIN5G_TYPE_SEGCONFIR, set_id, result, NULL);
}

/* The sender is told by SEGCONFIR and, when it asked for one, by a report; the application by its own row. */
static void give_up(struct open_set *open, enum msgin5g_err err)
{
    struct msgin5g_client *client = open->client;
    const struct msgin5g_message *message = segment_set_message(open->set);

    open_remove(open);
    confirm(client, msgin5g_str(segment_set_id(open->set)), false);
    if (message->report_requested)
        reports_add(client, message, msgin5g_err_cause(err));
    if (client->events.incomplete != NULL)
        client->events.incomplete(client->ctx, client, message->msg_id, message->ori.addr, err);
    open_free(open);
}

static void wait_for_more(struct open_set *open)
{
    (void)loop_timer_set(open->client->context->loop, &open->timer, open->client->segment_wait_ms);
}

/* Without a session nothing can come, and nobody can be asked: the time starts again behind the next registration. */
static void on_silence(void *ctx)
{
    struct open_set *open = ctx;
    struct msgin5g_client *client = open->client;
    struct segment_numbers missing;

    if (client->state != MSGIN5G_CLIENT_REGISTERED)
        return;
    if (open->attempts == ATTEMPTS) {
        give_up(open, MSGIN5G_ERR_SEGMENT_MISSING);
    } else {
        open->attempts++;
        segment_set_missing(open->set, &missing);
        post_about(client, MSGIN5G_TYPE_SEGREC, msgin5g_str(segment_set_id(open->set)), false, &missing);
        wait_for_more(open);
    }
}

static struct open_set *find(const struct msgin5g_client *client, const struct msgin5g_message *segment)
{
    struct open_set *open;

    DL_FOREACH (client->open_sets, open)
        if (msgin5g_str_equal(msgin5g_str(segment_set_id(open->set)), segment->segment.set_id) &&
            msgin5g_str_equal(segment_set_message(open->set)->ori.addr, segment->ori.addr))
            return open;
    return NULL;
}

static size_t count_of(const struct msgin5g_client *client, struct msgin5g_str sender)
{
    struct open_set *open;
    size_t count = 0;

    DL_FOREACH (client->open_sets, open)
        count += msgin5g_str_equal(segment_set_message(open->set)->ori.addr, sender);
    return count;
}

static struct open_set *open_new(struct msgin5g_client *client, const struct msgin5g_message *segment)
{
    struct open_set *open;

    if (count_of(client, segment->ori.addr) >= SETS_PER_SENDER || (open = calloc(1, sizeof *open)) == NULL)
        return NULL;
    if (segment_set_create(segment, &client->open_budget, &open->set) != MSGIN5G_OK) {
        free(open);
        return NULL;
    }
    open->client = client;
    loop_timer_init(&open->timer, on_silence, open);
    DL_APPEND(client->open_sets, open);
    return open;
}

static void complete(struct open_set *open)
{
    struct msgin5g_client *client = open->client;
    struct msgin5g_message whole;
    bool joined = segment_set_join(open->set, &whole) == MSGIN5G_OK;

    open_remove(open);
    confirm(client, msgin5g_str(segment_set_id(open->set)), joined);
    if (joined)
        messages_hand_over(client, &whole);
    open_free(open);
}

void segments_receive(struct msgin5g_client *client, const struct msgin5g_message *segment)
{
    struct open_set *open = find(client, segment);

    if (open == NULL) {
        if (recent_known(&client->finished_sets, segment->ori.addr, segment->segment.set_id))
            return; /* sent again for nothing */
        if ((open = open_new(client, segment)) == NULL) {
            confirm(client, segment->segment.set_id, false);
            return;
        }
    }
    switch (segment_set_add(open->set, segment)) {
    case SEGMENT_TAKEN:
        wait_for_more(open);
        break;
    case SEGMENT_COMPLETE:
        complete(open);
        break;
    case SEGMENT_BAD:
        give_up(open, MSGIN5G_ERR_BAD_SEGMENT);
        break;
    case SEGMENT_REPEATED:
    case SEGMENT_NO_ROOM: /* it is asked for later */
        if (open->timer.heap_index == 0)
            wait_for_more(open);
        break;
    }
}

void segments_in_resume(struct msgin5g_client *client)
{
    struct open_set *open;

    DL_FOREACH (client->open_sets, open)
        wait_for_more(open);
}

void segments_in_abandon(struct msgin5g_client *client)
{
    struct open_set *open, *next;

    DL_FOREACH_SAFE (client->open_sets, open, next) {
        open_remove(open);
        open_free(open);
    }
}
