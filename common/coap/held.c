/*
 * A peer puts together one body at a time (patch 0012: 5.03 for a second one), so the bodies that go out in blocks go
 * out one after another. What fits into one datagram waits for none of them.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A call with texts of its own. */
struct held {
    struct transport_call call;
    struct held *prev, *next; /* of the session, in order of sending */
    struct exchange *exchange;
    char octets[]; /* body, then path with its NUL */
};

bool held_is_large(const struct transport_session *session, const struct transport_call *call)
{
    return call->length > SMALL_BODY && session->scheme != TRANSPORT_COAPS_TCP;
}

enum msgin5g_err held_add(struct exchange *exchange, const struct transport_call *call)
{
    size_t path = strlen(call->path) + 1;
    struct held *held = malloc(sizeof *held + call->length + path);
    if (held == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    held->call = *call;
    held->exchange = exchange;
    held->call.body = memcpy(held->octets, call->body, call->length);
    held->call.path = memcpy(held->octets + call->length, call->path, path);
    exchange->held = held;
    exchange_unwatch(exchange); /* its time starts when it goes out */
    DL_APPEND(exchange->session->held, held);
    return MSGIN5G_OK;
}

static void drop(struct transport_session *session, struct held *held)
{
    DL_DELETE(session->held, held);
    held->exchange->held = NULL;
    free(held);
}

void held_on_end(struct transport_session *session, struct exchange *exchange)
{
    if (exchange->held != NULL)
        drop(session, exchange->held);
    if (session->large != exchange)
        return;
    session->large = NULL;
    while (session->large == NULL && session->held != NULL && session->state == SESSION_OPEN) {
        struct held *held = session->held;
        struct exchange *next = held->exchange;
        session->large = next;
        exchange_watch(next);
        enum msgin5g_err err = exchange_send(next, &held->call, -1);
        if (next->held == held) /* else the session ended in the meantime, and this exchange with it */
            drop(session, held);
        if (err != MSGIN5G_OK && session->large == next)
            exchange_finish(next, err, NULL);
    }
}
