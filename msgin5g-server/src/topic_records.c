#include "topic_records.h"

#include <stdio.h>
#include <string.h>

#define SEPARATOR '\n' /* in neither a topic nor a UE Service ID */

static void warn(struct topic_records *records, enum msgin5g_err err)
{
    unsigned left_out;
    if (log_limit_take(&records->lines, loop_now_ms(records->loop), &left_out))
        log_warning(
            "subscription not written to the store problem=\"%s\" left_out=%u", msgin5g_err_text(err), left_out);
}

void topic_records_keep(void *ctx, const char *topic, const char *subscriber, int64_t expires_s)
{
    static const uint8_t version = 1;
    struct topic_records *records = ctx;
    char octets[MSGIN5G_TOPIC_MAX + 1 + MSGIN5G_SERVICE_ID_MAX + 1];
    int length = snprintf(octets, sizeof octets, "%s%c%s", topic, SEPARATOR, subscriber);
    struct msgin5g_str key = { octets, (size_t)length };
    struct store_write *write = store_write_create(records->door);
    if (write == NULL) {
        warn(records, MSGIN5G_ERR_NO_MEMORY);
        return;
    }
    if (expires_s > 0)
        store_write_record(write, STORE_SUBSCRIPTION, key, &version, sizeof version, expires_s);
    else
        store_write_forget(write, STORE_SUBSCRIPTION, key);
    enum msgin5g_err err = store_write_commit(write, NULL, NULL);
    if (err != MSGIN5G_OK)
        warn(records, err);
}

static void restore(const struct topic_records *records, const struct store_record *row)
{
    const char *separator = memchr(row->key.octets, SEPARATOR, row->key.length);
    struct msgin5g_service_id subscriber;
    if (separator == NULL)
        return;
    struct msgin5g_str topic = { row->key.octets, (size_t)(separator - row->key.octets) };
    struct msgin5g_str id = { separator + 1, row->key.length - topic.length - 1 };
    if (msgin5g_topic_valid(topic) && msgin5g_service_id_parse(id, &subscriber) == MSGIN5G_OK)
        (void)topics_restore(records->topics, topic, &subscriber, row->expires_s);
}

static void on_records(void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last)
{
    struct topic_records *records = ctx;
    for (size_t i = 0; i < count; i++)
        restore(records, &rows[i]);
    if (err != MSGIN5G_OK)
        log_error("subscriptions cannot be read from the store problem=\"%s\"", msgin5g_err_text(err));
    else if (last)
        log_info("subscriptions read count=%zu", topics_count(records->topics).subscriptions);
}

enum msgin5g_err topic_records_load(struct topic_records *records)
{
    return store_records_read(records->door, STORE_SUBSCRIPTION, on_records, records);
}
