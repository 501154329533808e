#include "ue_messages.h"

#include "delivery.h"

#include <stdlib.h>
#include <string.h>

/* A sender that waits for its answer. */
struct waiting {
    struct delivery *delivery;
    struct request_later *later;
    enum msgin5g_type type;
    struct msgin5g_service_id originator;
    char message_id[MSGIN5G_UUID_LEN + 1];
};

/*
 * The request was fine and the message failed: 2.04 and MSGRESP (EC-4). Where the code of the answer says that the
 * request is refused, it says all, but for reports nobody may give (TS 23.554 8.3.4 step 4).
 */
static bool told_with_msgresp(enum msgin5g_type type, const struct delivery_outcome *outcome)
{
    if (outcome->err == MSGIN5G_OK)
        return outcome->stored && type == MSGIN5G_TYPE_MSG;
    return msgin5g_err_coap_code(outcome->err) == MSGIN5G_COAP_CODE(2, 4) || outcome->err == MSGIN5G_ERR_NOT_AUTHORIZED;
}

static void on_outcome(void *ctx, const struct delivery_outcome *outcome)
{
    struct waiting *waiting = ctx;
    struct msgin5g_address originator = { MSGIN5G_ADDR_UE, { waiting->originator.text, waiting->originator.length } };
    if (told_with_msgresp(waiting->type, outcome))
        delivery_tell(waiting->delivery, NULL, &originator, msgin5g_str(waiting->message_id), outcome);
    request_answer(waiting->later, outcome->err, 0);
    free(waiting);
}

static void forget(void *ctx, const struct delivery_outcome *outcome)
{
    (void)ctx;
    (void)outcome;
}

/* The sender hears nothing now, or an error: it may send again, and is told by the duplicates. */
static enum msgin5g_err wait(
    struct delivery *delivery, struct delivery_pending *pending, const struct request *request, struct reply *reply)
{
    struct waiting *waiting = malloc(sizeof *waiting);
    struct request_later *later = waiting != NULL ? request_defer(request, reply) : NULL;
    if (later == NULL) {
        free(waiting);
        delivery_await(pending, forget, NULL);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    *waiting = (struct waiting){
        .delivery = delivery, .later = later, .type = request->message->type, .originator = request->originator
    };
    memcpy(waiting->message_id, request->message->msg_id.octets, MSGIN5G_UUID_LEN);
    delivery_await(pending, on_outcome, waiting);
    return MSGIN5G_OK;
}

enum msgin5g_err ue_messages_on_message(
    const struct services *services, const struct request *request, struct reply *reply)
{
    struct delivery *delivery = services->delivery;
    const struct msgin5g_message *message = request->message;
    struct submission submission = { message, &request->originator, request->body, request->confirmable, 0 };
    struct delivery_outcome outcome;
    if ((message->store_forward || message->type == MSGIN5G_TYPE_IMDN) && !request_may_defer(request))
        return MSGIN5G_ERR_OVERLOADED;
    struct delivery_pending *pending = delivery_submit(delivery, &submission, &outcome);
    if (pending != NULL)
        return wait(delivery, pending, request, reply);
    if (message->segmented)
        outcome.set_id = message->segment.set_id;
    if (told_with_msgresp(message->type, &outcome))
        delivery_tell(delivery, &request->peer->way, &message->ori, message->msg_id, &outcome);
    return outcome.err;
}
