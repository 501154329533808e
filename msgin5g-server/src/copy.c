#include "copy.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION 1

/* What stands before originator, message id and body in a record. */
struct head {
    uint8_t version;
    uint8_t type;
    uint8_t originator_type;
    uint8_t originator_length; /* at most MSGIN5G_SERVICE_ID_MAX */
    uint8_t message_id_length; /* 0 or MSGIN5G_UUID_LEN */
};

_Static_assert(sizeof(struct head) == 5, "it is written as it lies in memory");

static uint8_t *put(uint8_t *at, struct msgin5g_str text)
{
    if (text.length > 0)
        memcpy(at, text.octets, text.length);
    return at + text.length;
}

/* Let the texts of @p copy, whose record is filled, point to where they lie. */
static void point(struct copy *copy, const struct head *head)
{
    const char *originator = (const char *)copy->octets + sizeof *head;
    copy->originator = (struct msgin5g_str){ originator, head->originator_length };
    copy->message_id = (struct msgin5g_str){ originator + head->originator_length, head->message_id_length };
    copy->body = (const uint8_t *)copy->message_id.octets + head->message_id_length;
    copy->length = copy->record_length - (size_t)(copy->body - copy->octets);
}

struct copy *copy_create(const struct parcel *parcel)
{
    struct head head = { RECORD_VERSION, (uint8_t)parcel->type, (uint8_t)parcel->originator_type,
        (uint8_t)parcel->originator.length, (uint8_t)parcel->message_id.length };
    size_t length = sizeof head + parcel->originator.length + parcel->message_id.length + parcel->length;
    struct copy *copy = malloc(sizeof *copy + length + parcel->recipient.length);
    if (copy == NULL)
        return NULL;
    *copy = (struct copy){ .replaces = parcel->replaces,
        .expires_s = parcel->expires_s,
        .not_before_s = parcel->not_before_s,
        .type = parcel->type,
        .originator_type = parcel->originator_type,
        .priority = parcel->priority,
        .confirmable = parcel->confirmable,
        .keep = parcel->keep,
        .record_length = length };
    memcpy(copy->octets, &head, sizeof head);
    uint8_t *at = put(put(copy->octets + sizeof head, parcel->originator), parcel->message_id);
    memcpy(at, parcel->body, parcel->length);
    at += parcel->length;
    (void)put(at, parcel->recipient);
    copy->recipient = (struct msgin5g_str){ (const char *)at, parcel->recipient.length };
    point(copy, &head);
    return copy;
}

static bool head_valid(const struct head *head, size_t length)
{
    return head->version == RECORD_VERSION && head->type < MSGIN5G_TYPE_COUNT &&
           head->originator_type < MSGIN5G_ADDR_COUNT &&
           length > sizeof *head + head->originator_length + head->message_id_length;
}

struct copy *copy_from_record(const struct store_item *item)
{
    struct head head;
    if (item->length < sizeof head)
        return NULL;
    memcpy(&head, item->body, sizeof head);
    if (!head_valid(&head, item->length))
        return NULL;
    struct msgin5g_str recipient = item->copy.recipient;
    struct copy *copy = malloc(sizeof *copy + item->length + recipient.length);
    if (copy == NULL)
        return NULL;
    *copy = (struct copy){ .id = item->copy.id,
        .due_ms = INT64_MIN, /* before all that came later */
        .expires_s = item->copy.expires_s,
        .not_before_s = item->copy.due_s,
        .type = (enum msgin5g_type)head.type,
        .originator_type = (enum msgin5g_addr_type)head.originator_type,
        .priority = (enum msgin5g_priority)item->copy.rank,
        .confirmable = true,
        .keep = true,
        .stored = true,
        .record_length = item->length };
    memcpy(copy->octets, item->body, item->length);
    memcpy(copy->octets + item->length, recipient.octets, recipient.length);
    copy->recipient = (struct msgin5g_str){ (const char *)copy->octets + item->length, recipient.length };
    point(copy, &head);
    return copy;
}

bool copy_before(const struct copy *a, const struct copy *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority;
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    return a->id < b->id;
}
