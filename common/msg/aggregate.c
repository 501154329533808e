#include "msg/aggregate.h"

size_t aggregate_octets(const struct msgin5g_message *aggregate)
{
    size_t octets = 0;
    for (size_t i = 0; i < aggregate->item_count; i++)
        octets += aggregate->items[i].payload.length;
    return octets;
}

size_t aggregate_fit(const struct msgin5g_message *aggregate, size_t start, size_t limit)
{
    size_t octets = aggregate->items[start].payload.length;
    size_t end = start + 1;
    while (end < aggregate->item_count && octets <= limit && aggregate->items[end].payload.length <= limit - octets)
        octets += aggregate->items[end++].payload.length;
    return end - start;
}

struct msgin5g_message aggregate_item(const struct msgin5g_message *aggregate, size_t index)
{
    const struct msgin5g_item *item = &aggregate->items[index];
    struct msgin5g_message message = *aggregate;
    message.storage = NULL;
    message.items = NULL;
    message.item_count = 0;
    message.msg_id = item->msg_id;
    message.payload = item->payload;
    message.app_id = item->app_id;
    message.app_ids = item->app_ids;
    message.app_id_count = item->app_id_count;
    message.report_requested = item->report_requested;
    message.priority = item->priority;
    message.delivery_status = item->delivery_status;
    message.cause = item->cause;
    return message;
}

struct msgin5g_message aggregate_part(
    const struct msgin5g_message *aggregate, size_t start, size_t count, struct msgin5g_str msg_id)
{
    struct msgin5g_message part = *aggregate;
    if (count == 1)
        return aggregate_item(aggregate, start);
    part.storage = NULL;
    part.items = aggregate->items + start;
    part.item_count = count;
    part.msg_id = msg_id;
    return part;
}
