/* SEGREC and SEGCONFIR (TS 24.538 6.5.3.4, 6.5.3.5): passed on for sets that were passed on, answered for the server's
 * own, and sent for those it puts together. */
#include "segments_internal.h"

#include <stdlib.h>

/* ---- to the sender ---- */

static void on_done(struct way_exchange *exchange, enum way_result result)
{
    (void)result; /* both sides have time limits */
    free(exchange);
}

static void send_to_sender(const struct set *set, const struct msgin5g_message *message)
{
    uint8_t body[MSGIN5G_SEG_NO_LIST_MAX + 256];
    struct way_copy copy = { .type = message->type, .body = body, .confirmable = true };
    struct route_target target = { .way = NULL };
    if (set->originator_type != MSGIN5G_ADDR_UE) /* others send their messages whole */
        return;
    router_target(set->segments->router, &set->originator, &target);
    if (target.way == NULL || msgin5g_message_encode(message, body, sizeof body, &copy.length) != MSGIN5G_OK)
        return;
    struct way_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return;
    exchange->done = on_done;
    if (way_send(target.way, &copy, exchange) != MSGIN5G_OK)
        free(exchange);
}

void recovery_ask(const struct set *set, const struct segment_numbers *missing)
{
    char list[MSGIN5G_SEG_NO_LIST_MAX];
    struct msgin5g_message segrec = msgin5g_message_init(MSGIN5G_TYPE_SEGREC);
    segrec.segment.set_id = (struct msgin5g_str){ set->id, MSGIN5G_UUID_LEN };
    segrec.seg_no_list = segment_ranges_format(missing, list);
    send_to_sender(set, &segrec);
}

void recovery_confirm(const struct set *set, bool result)
{
    struct msgin5g_message segconfir = msgin5g_message_init(MSGIN5G_TYPE_SEGCONFIR);
    segconfir.segment.set_id = (struct msgin5g_str){ set->id, MSGIN5G_UUID_LEN };
    segconfir.result = result;
    send_to_sender(set, &segconfir);
}

void recovery_tell(const struct set *set, enum msgin5g_err err)
{
    struct msgin5g_address originator = { set->originator_type, { set->originator.text, set->originator.length } };
    struct delivery_outcome outcome = { .err = err };
    if (set->whole == NULL) /* of the server's own sets the sender knows nothing (EC-15) */
        outcome.set_id = (struct msgin5g_str){ set->id, MSGIN5G_UUID_LEN };
    delivery_tell(
        set->segments->delivery, NULL, &originator, (struct msgin5g_str){ set->msg_id, MSGIN5G_UUID_LEN }, &outcome);
}

void recovery_confirmed_by(struct set *set, struct receiver *receiver, bool result)
{
    if (receiver->confirmed)
        return;
    receiver->confirmed = true;
    set->all_good = set->all_good && result;
    if (--set->unconfirmed > 0)
        return;
    set->closed = true;
    recovery_confirm(set, set->all_good);
}

/* ---- from a receiver ---- */

/* The recipient of @p set that speaks over this session; NULL: none does. */
static struct receiver *receiver_at(const struct set *set, const struct peer *peer)
{
    for (struct registration *r = peer->registrations; r != NULL; r = r->next) {
        struct receiver *receiver = set_receiver(set, r->place.id);
        if (receiver != NULL)
            return receiver;
    }
    return NULL;
}

static enum msgin5g_err find(
    const struct services *services, const struct request *request, struct set **set, struct receiver **receiver)
{
    *set = set_find(services->segments, request->message->segment.set_id);
    if (*set == NULL)
        return MSGIN5G_ERR_NOT_FOUND;
    *receiver = receiver_at(*set, request->peer);
    return *receiver != NULL ? MSGIN5G_OK : MSGIN5G_ERR_NOT_AUTHORIZED;
}

/* Exactly the listed ones (TS 24.538 6.5.1.1). */
static void send_again(struct set *set, const struct receiver *receiver, const struct segment_numbers *numbers)
{
    struct segments *segments = set->segments;
    struct msgin5g_str id = { set->id, MSGIN5G_UUID_LEN };
    struct submission submission = { .originator = &set->originator, .confirmable = true };
    struct route_target target;
    segments_target(segments, &set->whole->message, receiver->id, &target);
    for (unsigned number = 1; number <= set->cuts->count; number++) {
        if (!segment_numbers_has(numbers, number))
            continue;
        struct msgin5g_message segment = segment_of(&set->whole->message, set->cuts, id, number);
        (void)segments_emit(segments, &submission, &segment, &target, NULL);
    }
}

enum msgin5g_err segments_on_recovery(
    const struct services *services, const struct request *request, struct reply *reply)
{
    struct segment_numbers numbers;
    struct receiver *receiver;
    struct set *set;
    (void)reply;
    enum msgin5g_err err = find(services, request, &set, &receiver);
    if (err == MSGIN5G_OK)
        err = segment_ranges_parse(request->message->seg_no_list, &numbers);
    if (err != MSGIN5G_OK)
        return err;
    if (set->closed || receiver->waits) /* it gets, or got, a set of the server's own */
        return MSGIN5G_ERR_NOT_FOUND;
    set_touch(set);
    metric_add(set->segments->metrics->recoveries, 1);
    if (set->whole != NULL) {
        send_again(set, receiver, &numbers);
        return MSGIN5G_OK;
    }
    for (unsigned number = 1; number <= SEGMENTS_MAX; number++) {
        if (segment_numbers_has(&numbers, number))
            segment_numbers_add(&receiver->wanted, number);
    }
    recovery_ask(set, &numbers);
    return MSGIN5G_OK;
}

enum msgin5g_err segments_on_confirmation(
    const struct services *services, const struct request *request, struct reply *reply)
{
    struct receiver *receiver;
    struct set *set;
    (void)reply;
    enum msgin5g_err err = find(services, request, &set, &receiver);
    if (err != MSGIN5G_OK)
        return err;
    if (set->whole == NULL) {
        if (!receiver->waits)
            recovery_confirmed_by(set, receiver, request->message->result);
        return MSGIN5G_OK;
    }
    if (!request->message->result)
        recovery_tell(set, MSGIN5G_ERR_SEGMENT_MISSING);
    set_free(set);
    return MSGIN5G_OK;
}
