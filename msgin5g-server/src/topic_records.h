/* Subscriptions that outlive the process: one record of the store each, by topic and subscriber. */
#ifndef TOPIC_RECORDS_H
#define TOPIC_RECORDS_H

#include "base/log.h"
#include "store.h"
#include "topics.h"

struct topic_records {
    struct store_door *door; /* borrowed, as is the next */
    struct topics *topics;
    struct loop *loop;
    struct log_limit lines;
};

/** For topics_config.keep; @p ctx is a struct topic_records. Nobody waits for the disk: a subscription made in the last
 * 50 ms before kill -9 is lost, as is the session it was made over. */
void topic_records_keep(void *ctx, const char *topic, const char *subscriber, int64_t expires_s);
/** Read what was there before the restart, over the next rounds of the loop. @return as store_records_read(). */
enum msgin5g_err topic_records_load(struct topic_records *records);

#endif
