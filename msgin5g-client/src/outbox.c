#include "outbox.h"

#include "base/utf8.h"
#include "client_internal.h"
#include "outbox_file.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_MESSAGE 1u
#define RECORD_ENDED   2u /* msgId */
#define RECORD_SEEN    3u /* hash of originator and msgId */
#define FIXED_LEN      (20 + MSGIN5G_UUID_LEN)
#define SLACK_OCTETS   ((size_t)256 * 1024) /* the file may be so much larger than twice what has to stand in it */
#define RETRY_MS       1000
#define PAUSE_MOST_S   60
#define FLAG_REPORT    1u
#define FLAG_STORE     2u
#define FLAG_APP_ID    4u

struct entry {
    struct msgin5g_message message; /* its texts stand behind it */
    size_t octets;
    struct entry *prev, *next;
    char texts[];
};

struct outbox {
    struct msgin5g_client *client;
    struct outbox_file *file;
    struct entry *entries;
    size_t count, octets, damaged;
    size_t messages_max, octets_max;
    struct entry *in_flight; /* one at a time, so that order is kept; NULL: none */
    struct loop_timer timer; /* to the next try */
    bool paused;             /* it runs for a time the server asked for */
    bool short_of_memory;    /* while the file was read: it must not be written anew */
};

/* ---- a message as a record: fixed part, then recipient, application id, payload ---- */

static void put_number(uint8_t *at, uint64_t value, size_t octets)
{
    for (size_t i = octets; i > 0; i--, value >>= 8)
        at[i - 1] = (uint8_t)value;
}

static uint64_t get_number(const char *at, size_t octets)
{
    uint64_t value = 0;

    for (size_t i = 0; i < octets; i++)
        value = value << 8 | (unsigned char)at[i];
    return value;
}

static void make_fixed(const struct msgin5g_message *message, uint8_t fixed[FIXED_LEN])
{
    memset(fixed, 0, FIXED_LEN);
    fixed[0] = (uint8_t)message->dest.type;
    fixed[1] = (uint8_t)message->priority;
    fixed[2] = (uint8_t)((message->report_requested ? FLAG_REPORT : 0u) | (message->store_forward ? FLAG_STORE : 0u) |
                         (message->app_id.octets != NULL ? FLAG_APP_ID : 0u));
    put_number(fixed + 4, (uint64_t)message->expire_time_s, 8);
    put_number(fixed + 12, message->dest.addr.length, 4);
    put_number(fixed + 16, message->app_id.length, 4);
    memcpy(fixed + 20, message->msg_id.octets, MSGIN5G_UUID_LEN);
}

bool outbox_record_parse(struct msgin5g_str record, struct msgin5g_message *out)
{
    const char *at = record.octets;
    size_t to_length, app_id_length;

    if (record.length < FIXED_LEN)
        return false;
    to_length = get_number(at + 12, 4);
    app_id_length = get_number(at + 16, 4);
    if (to_length > MSGIN5G_SERVICE_ID_MAX + MSGIN5G_TOPIC_MAX || app_id_length > OUTBOX_RECORD_MAX ||
        to_length + app_id_length > record.length - FIXED_LEN)
        return false;
    *out = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    out->dest.type = (enum msgin5g_addr_type)at[0];
    out->priority = (enum msgin5g_priority)at[1];
    out->report_requested = (at[2] & FLAG_REPORT) != 0;
    out->store_forward = (at[2] & FLAG_STORE) != 0;
    out->expire_time_s = (int64_t)get_number(at + 4, 8);
    out->msg_id = (struct msgin5g_str){ at + 20, MSGIN5G_UUID_LEN };
    out->dest.addr = (struct msgin5g_str){ at + FIXED_LEN, to_length };
    if ((at[2] & FLAG_APP_ID) != 0)
        out->app_id = (struct msgin5g_str){ at + FIXED_LEN + to_length, app_id_length };
    out->payload = (struct msgin5g_str){ at + FIXED_LEN + to_length + app_id_length,
        record.length - FIXED_LEN - to_length - app_id_length };
    return msgin5g_uuid_valid(out->msg_id) && out->expire_time_s >= 0 && out->payload.length <= MSGIN5G_WHOLE_MAX &&
           utf8_valid(out->payload.octets, out->payload.length);
}

/* ---- what is kept in memory ---- */

static struct entry *find(const struct outbox *outbox, struct msgin5g_str msg_id)
{
    struct entry *entry;

    DL_FOREACH (outbox->entries, entry)
        if (msgin5g_str_equal(entry->message.msg_id, msg_id))
            return entry;
    return NULL;
}

static struct msgin5g_str keep(char **at, struct msgin5g_str text)
{
    struct msgin5g_str kept = { *at, text.length };

    if (text.octets == NULL)
        return text;
    memcpy(*at, text.octets, text.length);
    *at += text.length;
    return kept;
}

static bool add(struct outbox *outbox, const struct msgin5g_message *message)
{
    size_t octets = FIXED_LEN + message->dest.addr.length + message->app_id.length + message->payload.length;
    struct entry *entry = calloc(1, sizeof *entry + octets);
    char *at;

    if (entry == NULL)
        return false;
    at = entry->texts;
    entry->message = *message;
    entry->message.msg_id = keep(&at, message->msg_id);
    entry->message.dest.addr = keep(&at, message->dest.addr);
    entry->message.app_id = keep(&at, message->app_id);
    entry->message.payload = keep(&at, message->payload);
    entry->octets = octets;
    DL_APPEND(outbox->entries, entry);
    outbox->count++;
    outbox->octets += octets;
    return true;
}

static void drop(struct outbox *outbox, struct entry *entry)
{
    DL_DELETE(outbox->entries, entry);
    outbox->count--;
    outbox->octets -= entry->octets;
    secret_wipe(entry->texts, entry->octets);
    free(entry);
}

/* ---- the file ---- */

static enum msgin5g_err append_message(struct outbox_file *file, const struct msgin5g_message *message, bool sync)
{
    uint8_t fixed[FIXED_LEN];
    const struct msgin5g_str parts[] = { { (const char *)fixed, FIXED_LEN }, message->dest.addr, message->app_id,
        message->payload };

    make_fixed(message, fixed);
    return outbox_file_append(file, RECORD_MESSAGE, parts, sizeof parts / sizeof parts[0], sync);
}

static enum msgin5g_err append_seen(struct outbox_file *file, uint64_t hash)
{
    uint8_t octets[8];
    const struct msgin5g_str part = { (const char *)octets, sizeof octets };

    put_number(octets, hash, sizeof octets);
    return outbox_file_append(file, RECORD_SEEN, &part, 1, false);
}

static enum msgin5g_err emit(void *ctx, struct outbox_file *file)
{
    const struct outbox *outbox = ctx;
    const struct recent *recent = &outbox->client->recent;
    enum msgin5g_err err = MSGIN5G_OK;
    struct entry *entry;

    for (unsigned i = 0; err == MSGIN5G_OK && i < RECENT_MESSAGES; i++) {
        uint64_t hash = recent->hashes[(recent->next + i) % RECENT_MESSAGES];

        if (hash != 0)
            err = append_seen(file, hash);
    }
    DL_FOREACH (outbox->entries, entry)
        if (err == MSGIN5G_OK)
            err = append_message(file, &entry->message, false);
    return err;
}

/* Before something is appended: mend what a failure left, and keep the file short. */
static enum msgin5g_err tidy(struct outbox *outbox)
{
    bool short_enough = outbox_file_size(outbox->file) < SLACK_OCTETS + 2 * outbox->octets;

    if (short_enough && !outbox_file_broken(outbox->file))
        return MSGIN5G_OK;
    return outbox_file_rewrite(outbox->file, emit, outbox);
}

static bool take(void *ctx, uint32_t type, struct msgin5g_str octets)
{
    struct outbox *outbox = ctx;
    struct msgin5g_message message;
    struct entry *entry;

    if (type == RECORD_SEEN && octets.length == 8) {
        recent_put(&outbox->client->recent, get_number(octets.octets, 8));
    } else if (type == RECORD_ENDED && octets.length == MSGIN5G_UUID_LEN) {
        if ((entry = find(outbox, octets)) != NULL)
            drop(outbox, entry);
    } else if (type != RECORD_MESSAGE || !outbox_record_parse(octets, &message)) {
        return false;
    } else {
        outbox->short_of_memory |= find(outbox, message.msg_id) == NULL && !add(outbox, &message);
    }
    return true;
}

static void on_timer(void *ctx);

enum msgin5g_err outbox_open(
    struct msgin5g_client *client, const char *path, size_t messages_max, size_t octets_max, struct outbox **out)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    enum msgin5g_err err;

    if (outbox == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    outbox->client = client;
    outbox->messages_max = messages_max;
    outbox->octets_max = octets_max;
    loop_timer_init(&outbox->timer, on_timer, outbox);
    err = outbox_file_open(path, take, outbox, &outbox->damaged, &outbox->file);
    if (outbox->short_of_memory)
        err = MSGIN5G_ERR_NO_MEMORY;
    if (err != MSGIN5G_OK || (err = outbox_file_rewrite(outbox->file, emit, outbox)) != MSGIN5G_OK) {
        outbox_free(outbox);
        return err;
    }
    *out = outbox;
    return MSGIN5G_OK;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    while (outbox->entries != NULL)
        drop(outbox, outbox->entries);
    loop_timer_cancel(outbox->client->context->loop, &outbox->timer);
    outbox_file_close(outbox->file);
    free(outbox);
}

/* ---- sending ---- */

static void next_in(struct outbox *outbox, int64_t delay_ms)
{
    (void)loop_timer_set(outbox->client->context->loop, &outbox->timer, delay_ms);
}

static void forget(struct outbox *outbox, struct entry *entry)
{
    const struct msgin5g_str msg_id = entry->message.msg_id;

    /* When this fails the message is sent once more after a restart, and the server knows it again. */
    if (tidy(outbox) == MSGIN5G_OK)
        (void)outbox_file_append(outbox->file, RECORD_ENDED, &msg_id, 1, false);
    drop(outbox, entry);
}

/* The last thing a function does: the owner may free the client. */
static void tell_ended(struct outbox *outbox, struct entry *entry, enum msgin5g_err err)
{
    struct msgin5g_client *client = outbox->client;
    char msg_id[MSGIN5G_UUID_LEN + 1] = "";

    memcpy(msg_id, entry->message.msg_id.octets, MSGIN5G_UUID_LEN);
    forget(outbox, entry);
    next_in(outbox, 0);
    if (client->events.sent != NULL)
        client->events.sent(client->ctx, client, msg_id, err, 0);
}

static void on_timer(void *ctx)
{
    struct outbox *outbox = ctx;
    struct msgin5g_client *client = outbox->client;
    struct entry *entry = outbox->entries;
    enum msgin5g_err err;

    outbox->paused = false;
    if (client->state != MSGIN5G_CLIENT_REGISTERED || outbox->in_flight != NULL || entry == NULL)
        return;
    if (entry->message.expire_time_s > 0 && entry->message.expire_time_s <= loop_utc_s(client->context->loop)) {
        tell_ended(outbox, entry, MSGIN5G_ERR_EXPIRED);
        return;
    }
    outbox->in_flight = entry;
    err = entry->message.payload.length > client->segment_size ? segments_send(client, &entry->message)
                                                               : messages_send_whole(client, &entry->message);
    if (err == MSGIN5G_OK)
        return;
    outbox->in_flight = NULL;
    if (err == MSGIN5G_ERR_CLOSED || err == MSGIN5G_ERR_NO_MEMORY || err == MSGIN5G_ERR_LIMIT)
        next_in(outbox, RETRY_MS);
    else
        tell_ended(outbox, entry, err); /* a file of other limits: it will never go out */
}

/* Something can be sent that could not be put into the file when it was asked for: nothing of that kind may go in. */
static enum msgin5g_err check(const struct msgin5g_client *client, const struct msgin5g_message *message)
{
    uint8_t body[MSGIN5G_MESSAGE_MAX];
    struct segment_cuts cuts;
    struct msgin5g_message first = *message;
    size_t length;

    if (message->payload.length > client->segment_size) {
        enum msgin5g_err err = segment_cut(message->payload, client->segment_size, &cuts);

        if (err != MSGIN5G_OK)
            return err;
        first.payload.length = cuts.offset[1];
    }
    return client_encode(client, &first, body, &length);
}

enum msgin5g_err outbox_put(struct outbox *outbox, const struct msgin5g_message *message)
{
    enum msgin5g_err err;

    if (find(outbox, message->msg_id) != NULL)
        return MSGIN5G_OK; /* handed over before */
    if (outbox->count >= outbox->messages_max || outbox->octets + message->payload.length > outbox->octets_max)
        return MSGIN5G_ERR_LIMIT;
    if ((err = check(outbox->client, message)) != MSGIN5G_OK || (err = tidy(outbox)) != MSGIN5G_OK)
        return err;
    if (!add(outbox, message))
        return MSGIN5G_ERR_NO_MEMORY;
    if ((err = append_message(outbox->file, message, true)) != MSGIN5G_OK) {
        drop(outbox, outbox->entries->prev); /* the last one */
        return err;
    }
    if (!outbox->paused)
        next_in(outbox, 0);
    return MSGIN5G_OK;
}

void outbox_resume(struct outbox *outbox)
{
    if (!outbox->paused)
        next_in(outbox, 0);
}

/* The server did not look at it, or has no room now. */
static bool passes(enum msgin5g_err err, uint8_t code)
{
    return err != MSGIN5G_ERR_PEER || code == MSGIN5G_COAP_CODE(4, 29) || code == MSGIN5G_COAP_CODE(5, 3) ||
           code == MSGIN5G_COAP_CODE(4, 1);
}

static int64_t pause_ms(int64_t max_age_s)
{
    return max_age_s <= 0 ? RETRY_MS : 1000 * (max_age_s < PAUSE_MOST_S ? max_age_s : PAUSE_MOST_S);
}

bool outbox_ended(struct outbox *outbox, const char *msg_id, enum msgin5g_err err, uint8_t code, int64_t max_age_s)
{
    struct entry *entry = outbox->in_flight;

    if (entry == NULL || !msgin5g_str_equal(entry->message.msg_id, msgin5g_str(msg_id)))
        return true;
    outbox->in_flight = NULL;
    if (err != MSGIN5G_OK && passes(err, code)) {
        outbox->paused = err == MSGIN5G_ERR_PEER;
        next_in(outbox, pause_ms(max_age_s));
        return false;
    }
    forget(outbox, entry);
    next_in(outbox, 0);
    return true;
}

void outbox_seen(struct outbox *outbox, uint64_t hash)
{
    if (tidy(outbox) == MSGIN5G_OK)
        (void)append_seen(outbox->file, hash);
}

void outbox_facts(const struct outbox *outbox, struct msgin5g_outbox_facts *out)
{
    *out = (struct msgin5g_outbox_facts){
        .messages = outbox->count, .octets = outbox->octets, .damaged = outbox->damaged
    };
}
