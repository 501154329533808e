/* Aggregated messages (TS 23.554 8.4, TS 24.538 6.4.1.1.3, 6.4.1.2.7): how large they are, what fits, what is inside.
 */
#ifndef MSG_AGGREGATE_H
#define MSG_AGGREGATE_H

#include "msgin5g/message.h"

/** Payload octets of all items together, which is what a segment size is compared with (EC-35). */
size_t aggregate_octets(const struct msgin5g_message *aggregate);
/**
 * How many items from @p start on (less than item_count) fit @p limit octets when the last one is removed until they do
 * (TS 24.538 6.4.1.2.7). At least 1: a single item that does not fit is segmented as any other message.
 */
size_t aggregate_fit(const struct msgin5g_message *aggregate, size_t start, size_t limit);
/** Item @p index as a message of its own: the outer members but msgId, and its own (TS 23.554 8.4.2). Borrowed. */
struct msgin5g_message aggregate_item(const struct msgin5g_message *aggregate, size_t index);
/**
 * Items [@p start, @p start + @p count) of @p aggregate: one is a message of its own, several are an aggregate under
 * @p msg_id. Borrowed.
 */
struct msgin5g_message aggregate_part(
    const struct msgin5g_message *aggregate, size_t start, size_t count, struct msgin5g_str msg_id);

#endif
