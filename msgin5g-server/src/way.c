#include "way.h"

enum msgin5g_err way_send(struct way *way, const struct way_copy *copy, struct way_exchange *exchange)
{
    if (exchange != NULL)
        exchange->way = way;
    enum msgin5g_err err = way->kind->send(way, copy, exchange);
    if (err == MSGIN5G_OK && exchange != NULL)
        way->in_flight++;
    return err;
}

void way_done(struct way_exchange *exchange, enum way_result result)
{
    exchange->way->in_flight--;
    exchange->done(exchange, result);
}
