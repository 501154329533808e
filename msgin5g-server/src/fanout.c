#include "fanout.h"

#include <stdlib.h>
#include <utlist.h>

struct fanout {
    struct fanouts *fanouts;
    struct fanout *prev, *next;
    void *ctx;
    struct targets targets;
    struct loop_timer timer;
    struct submission submission;
    struct msgin5g_message message; /* of the submission, as is the next */
    struct msgin5g_service_id originator;
};

static void end(struct fanout *fanout)
{
    struct fanouts *fanouts = fanout->fanouts;
    DL_DELETE(fanouts->list, fanout);
    loop_timer_cancel(fanouts->loop, &fanout->timer);
    targets_close(&fanout->targets);
    fanouts->ended(fanout->ctx, &fanout->submission);
    msgin5g_message_free(&fanout->message);
    free(fanout);
}

static void on_timer(void *ctx)
{
    struct fanout *fanout = ctx;
    struct fanouts *fanouts = fanout->fanouts;
    struct route_target target;
    for (size_t count = 0; count < FANOUT_SLICE; count++) {
        if (!targets_next(&fanout->targets, &target)) {
            end(fanout);
            return;
        }
        fanouts->deliver(fanout->ctx, &fanout->submission, &target);
    }
    if (loop_timer_set(fanouts->loop, &fanout->timer, 0) != MSGIN5G_OK)
        end(fanout);
}

/* A message of its own: written and read again. The submission's is gone when the loop goes on. */
static enum msgin5g_err copy_message(const struct msgin5g_message *message, struct msgin5g_message *out)
{
    uint8_t octets[MSGIN5G_MESSAGE_MAX];
    size_t length;
    enum msgin5g_err err = msgin5g_message_encode(message, octets, sizeof octets, &length);
    return err == MSGIN5G_OK ? msgin5g_message_decode(octets, length, out, NULL, NULL) : err;
}

enum msgin5g_err fanout_continue(
    struct fanouts *fanouts, const struct targets *targets, const struct submission *submission, void *ctx)
{
    struct fanout *fanout = calloc(1, sizeof *fanout);
    if (fanout == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = copy_message(submission->message, &fanout->message);
    loop_timer_init(&fanout->timer, on_timer, fanout);
    if (err == MSGIN5G_OK && (err = loop_timer_set(fanouts->loop, &fanout->timer, 0)) != MSGIN5G_OK)
        msgin5g_message_free(&fanout->message);
    if (err != MSGIN5G_OK) {
        free(fanout);
        return err;
    }
    fanout->fanouts = fanouts;
    fanout->ctx = ctx;
    fanout->originator = *submission->originator;
    fanout->submission = *submission;
    fanout->submission.message = &fanout->message;
    fanout->submission.originator = &fanout->originator;
    fanout->submission.body = (struct msgin5g_str){ NULL, 0 };
    fanout->targets = *targets;
    fanout->targets.message = &fanout->message;
    fanout->targets.originator = &fanout->originator;
    DL_APPEND(fanouts->list, fanout);
    return MSGIN5G_OK;
}

void fanouts_end(struct fanouts *fanouts)
{
    struct fanout *fanout, *next;
    DL_FOREACH_SAFE (fanouts->list, fanout, next)
        end(fanout);
}
