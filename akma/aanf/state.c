#include "state.h"

#include "base/buffer.h"
#include "base/log.h"
#include "journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPARE 1024 /* records more than needed before the file is written anew */

enum kind { KIND_CONTEXT = 1, KIND_GONE, KIND_GRANT, KIND_SQN, KIND_SUBSCRIBER, KIND_UNSUBSCRIBED };

struct state {
    struct state_config config;
    struct secret_seal_key key;
    struct journal *journal; /* NULL: the last one broke */
    size_t records;          /* in the journal */
    char path[];
};

/* ---- one record: its kind, then its members in order, text with two octets of length before it ------------------- */

static void put_octets(struct buffer *out, const void *octets, size_t length)
{
    (void)buffer_append(out, octets, length); /* the longest record fits, see JOURNAL_RECORD_MAX */
}

static void put_integer(struct buffer *out, uint64_t value, size_t octets)
{
    while (octets-- > 0) {
        uint8_t octet = (uint8_t)(value >> (8 * octets));
        put_octets(out, &octet, 1);
    }
}

static void put_text(struct buffer *out, const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    put_integer(out, length, 2);
    put_octets(out, text != NULL ? text : "", length);
}

struct cursor {
    const uint8_t *next;
    size_t left;
    bool good;
};

static void get_octets(struct cursor *cursor, void *out, size_t length)
{
    cursor->good = cursor->good && cursor->left >= length;
    if (!cursor->good) {
        memset(out, 0, length);
        return;
    }
    memcpy(out, cursor->next, length);
    cursor->next += length;
    cursor->left -= length;
}

static uint64_t get_integer(struct cursor *cursor, size_t octets)
{
    uint8_t place[8];
    uint64_t value = 0;
    get_octets(cursor, place, octets);
    for (size_t i = 0; i < octets; i++)
        value = value << 8 | place[i];
    return value;
}

static void get_text(struct cursor *cursor, char *out, size_t size)
{
    size_t length = (size_t)get_integer(cursor, 2);
    cursor->good = cursor->good && length < size;
    out[0] = '\0';
    if (!cursor->good)
        return;
    get_octets(cursor, out, length);
    out[length] = '\0';
}

/* Octets as text of @p size with its NUL. */
static void get_hex(struct cursor *cursor, char *out, size_t size)
{
    uint8_t octets[16];
    get_octets(cursor, octets, size / 2);
    secret_to_hex(octets, size / 2, out);
    secret_wipe(octets, sizeof octets);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* A subscriber of the configuration that has left it, or lost AKMA, while nothing ran. */
static bool unsubscribed(struct state *state, const char *supi, bool was_subscriber)
{
    const struct subscriber *now = subscriber_store_find(*state->config.subscribers, supi);
    return now != NULL ? !now->akma_allowed : was_subscriber;
}

static enum msgin5g_err read_context(struct state *state, struct cursor *cursor)
{
    char supi[AKMA_SUPI_MAX + 1], gpsi[AKMA_SUPI_MAX + 1], a_kid[AKMA_A_KID_MAX + 1];
    struct k_akma k_akma;
    bool was_subscriber = get_integer(cursor, 1) != 0;
    get_text(cursor, supi, sizeof supi);
    get_text(cursor, gpsi, sizeof gpsi);
    get_text(cursor, a_kid, sizeof a_kid);
    get_octets(cursor, k_akma.octets, sizeof k_akma.octets);
    const struct anchor_key key = { supi, gpsi, a_kid, &k_akma };
    enum msgin5g_err err = MSGIN5G_OK;
    if (cursor->good && !unsubscribed(state, supi, was_subscriber))
        err = context_store_register(state->config.contexts, &key);
    secret_wipe(&k_akma, sizeof k_akma);
    return err;
}

static enum msgin5g_err read_gone(struct state *state, struct cursor *cursor)
{
    char subscriber[AKMA_SUPI_MAX + 1];
    get_text(cursor, subscriber, sizeof subscriber);
    if (cursor->good)
        (void)context_store_end(state->config.contexts, subscriber);
    return MSGIN5G_OK;
}

static enum msgin5g_err read_grant(struct state *state, struct cursor *cursor)
{
    char a_kid[AKMA_A_KID_MAX + 1], fqdn[AKMA_FQDN_MAX + 1], uri[JOURNAL_RECORD_MAX];
    struct context_grant grant = { .fqdn = fqdn, .notif_uri = uri };
    get_text(cursor, a_kid, sizeof a_kid);
    get_text(cursor, fqdn, sizeof fqdn);
    get_octets(cursor, grant.ua_id.octets, sizeof grant.ua_id.octets);
    grant.expiry_s = (int64_t)get_integer(cursor, 8);
    get_text(cursor, uri, sizeof uri);
    enum msgin5g_err err =
        cursor->good ? context_store_restore_grant(state->config.contexts, a_kid, &grant) : MSGIN5G_OK;
    return err == MSGIN5G_ERR_UNKNOWN_A_KID ? MSGIN5G_OK : err; /* its context was left out */
}

static enum msgin5g_err read_sqn(struct state *state, struct cursor *cursor)
{
    char supi[AKMA_SUPI_MAX + 1];
    get_text(cursor, supi, sizeof supi);
    uint64_t sqn = get_integer(cursor, 6);
    struct subscriber *subscriber = cursor->good ? subscriber_store_find(*state->config.subscribers, supi) : NULL;
    if (subscriber != NULL && sqn > subscriber->sqn)
        subscriber->sqn = sqn;
    return MSGIN5G_OK;
}

/* The configuration is the master of what it holds, so a subscriber that has got there since is left out. */
static bool configured(struct state *state, const char *supi)
{
    const struct subscriber *now = subscriber_store_find(*state->config.subscribers, supi);
    return now != NULL && !now->provisioned;
}

static enum msgin5g_err read_subscriber(struct state *state, struct cursor *cursor)
{
    char supi[AKMA_SUPI_MAX + 1], gpsi[AKMA_SUPI_MAX + 1], realm[AKMA_A_KID_MAX + 1], rid[AKMA_RID_MAX + 1];
    char amf[2 * 2 + 1], sqn[2 * 6 + 1], k[2 * 16 + 1], opc[2 * 16 + 1], none[] = "";
    struct subscriber_config config = { .supi = supi,
        .k = k,
        .op = none,
        .opc = opc,
        .amf = amf,
        .sqn = sqn,
        .rid = rid,
        .gpsi = gpsi,
        .home_realm = realm };
    config.akma_allowed = get_integer(cursor, 1) != 0;
    get_text(cursor, supi, sizeof supi);
    get_text(cursor, gpsi, sizeof gpsi);
    get_text(cursor, realm, sizeof realm);
    get_text(cursor, rid, sizeof rid);
    get_hex(cursor, amf, sizeof amf);
    get_hex(cursor, sqn, sizeof sqn);
    get_hex(cursor, k, sizeof k);
    get_hex(cursor, opc, sizeof opc);
    enum msgin5g_err err = MSGIN5G_OK;
    if (cursor->good && !configured(state, supi))
        err = subscriber_store_put(*state->config.subscribers, &config);
    secret_wipe(k, sizeof k);
    secret_wipe(opc, sizeof opc);
    return err;
}

static enum msgin5g_err read_unsubscribed(struct state *state, struct cursor *cursor)
{
    char supi[AKMA_SUPI_MAX + 1];
    get_text(cursor, supi, sizeof supi);
    if (cursor->good && !configured(state, supi))
        (void)subscriber_store_remove(*state->config.subscribers, supi);
    return MSGIN5G_OK;
}

static enum msgin5g_err read_record(void *ctx, const uint8_t *octets, size_t length)
{
    static enum msgin5g_err (*const readers[])(struct state *, struct cursor *) = {
        [KIND_CONTEXT] = read_context,
        [KIND_GONE] = read_gone,
        [KIND_GRANT] = read_grant,
        [KIND_SQN] = read_sqn,
        [KIND_SUBSCRIBER] = read_subscriber,
        [KIND_UNSUBSCRIBED] = read_unsubscribed,
    };
    struct cursor cursor = { octets, length, true };
    size_t kind = (size_t)get_integer(&cursor, 1);
    if (kind >= sizeof readers / sizeof *readers || readers[kind] == NULL)
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = readers[kind](ctx, &cursor);
    return cursor.good && cursor.left == 0 ? err : MSGIN5G_ERR_MALFORMED;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static enum msgin5g_err append(struct state *state, struct journal *journal, struct buffer *record)
{
    enum msgin5g_err err = journal_append(journal, record->data, record->length);
    state->records++;
    buffer_wipe_free(record);
    return err;
}

static enum msgin5g_err write_change(struct state *state, struct journal *journal, const struct context_change *change)
{
    struct buffer record;
    buffer_init(&record, JOURNAL_RECORD_MAX);
    if (change->kind == CONTEXT_KEPT) {
        put_integer(&record, KIND_CONTEXT, 1);
        put_integer(&record, subscriber_store_find(*state->config.subscribers, change->key.supi) != NULL, 1);
        put_text(&record, change->key.supi);
        put_text(&record, change->key.gpsi);
        put_text(&record, change->key.a_kid);
        put_octets(&record, change->key.k_akma->octets, sizeof change->key.k_akma->octets);
    } else if (change->kind == CONTEXT_GONE) {
        put_integer(&record, KIND_GONE, 1);
        put_text(&record, change->key.supi);
    } else {
        put_integer(&record, KIND_GRANT, 1);
        put_text(&record, change->key.a_kid);
        put_text(&record, change->grant.fqdn);
        put_octets(&record, change->grant.ua_id.octets, sizeof change->grant.ua_id.octets);
        put_integer(&record, (uint64_t)change->grant.expiry_s, 8);
        put_text(&record, change->grant.notif_uri);
    }
    return append(state, journal, &record);
}

static enum msgin5g_err write_sqn(struct state *state, struct journal *journal, const struct subscriber *subscriber)
{
    struct buffer record;
    buffer_init(&record, JOURNAL_RECORD_MAX);
    put_integer(&record, KIND_SQN, 1);
    put_text(&record, subscriber->supi);
    put_integer(&record, subscriber->sqn, 6);
    return append(state, journal, &record);
}

static enum msgin5g_err write_subscriber(
    struct state *state, struct journal *journal, const struct subscriber *subscriber)
{
    struct buffer record;
    buffer_init(&record, JOURNAL_RECORD_MAX);
    put_integer(&record, KIND_SUBSCRIBER, 1);
    put_integer(&record, subscriber->akma_allowed, 1);
    put_text(&record, subscriber->supi);
    put_text(&record, subscriber->gpsi);
    put_text(&record, subscriber->home_realm);
    put_text(&record, subscriber->rid);
    put_octets(&record, subscriber->amf, sizeof subscriber->amf);
    put_integer(&record, subscriber->sqn, 6);
    put_octets(&record, subscriber->keys->k.octets, sizeof subscriber->keys->k.octets);
    put_octets(&record, subscriber->keys->opc.octets, sizeof subscriber->keys->opc.octets);
    return append(state, journal, &record);
}

static enum msgin5g_err write_unsubscribed(struct state *state, struct journal *journal, const char *supi)
{
    struct buffer record;
    buffer_init(&record, JOURNAL_RECORD_MAX);
    put_integer(&record, KIND_UNSUBSCRIBED, 1);
    put_text(&record, supi);
    return append(state, journal, &record);
}

struct rewrite {
    struct state *state;
    struct journal *journal;
    enum msgin5g_err err;
};

static void rewrite_context(void *ctx, const struct context_change *change)
{
    struct rewrite *rewrite = ctx;
    if (rewrite->err == MSGIN5G_OK)
        rewrite->err = write_change(rewrite->state, rewrite->journal, change);
}

static void rewrite_subscriber(void *ctx, const struct subscriber *subscriber)
{
    struct rewrite *rewrite = ctx;
    if (rewrite->err == MSGIN5G_OK)
        rewrite->err =
            (subscriber->provisioned ? write_subscriber : write_sqn)(rewrite->state, rewrite->journal, subscriber);
}

/* The whole state into a new file, which then takes the old one's place. */
static enum msgin5g_err rewrite(struct state *state)
{
    struct rewrite rewrite = { .state = state };
    state->records = 0;
    rewrite.err = journal_begin(state->path, &state->key, &rewrite.journal);
    if (rewrite.err == MSGIN5G_OK) {
        subscriber_store_each(*state->config.subscribers, rewrite_subscriber, &rewrite);
        context_store_each(state->config.contexts, rewrite_context, &rewrite);
    }
    if (rewrite.err == MSGIN5G_OK)
        rewrite.err = journal_commit(rewrite.journal);
    if (rewrite.err != MSGIN5G_OK) {
        log_error("the state file cannot be written path=%s reason=%s", state->path, strerror(errno));
        journal_free(rewrite.journal);
        rewrite.journal = NULL;
    }
    journal_free(state->journal);
    state->journal = rewrite.journal;
    return rewrite.err;
}

static size_t needed(const struct state *state)
{
    return context_store_count(state->config.contexts) + subscriber_store_count(*state->config.subscribers);
}

/* After each change; a journal that broke, or grew far beyond what it says, is written anew. */
static void settle(struct state *state, enum msgin5g_err err)
{
    if (err != MSGIN5G_OK || state->journal == NULL || state->records > 4 * needed(state) + SPARE)
        (void)rewrite(state);
}

static void on_change(void *ctx, const struct context_change *change)
{
    struct state *state = ctx;
    settle(state, state->journal != NULL ? write_change(state, state->journal, change) : MSGIN5G_ERR_IO);
}

void state_keep_sqn(struct state *state, const struct subscriber *subscriber)
{
    if (state != NULL)
        settle(state, state->journal != NULL ? write_sqn(state, state->journal, subscriber) : MSGIN5G_ERR_IO);
}

void state_keep_subscriber(struct state *state, const struct subscriber *subscriber)
{
    if (state != NULL)
        settle(state, state->journal != NULL ? write_subscriber(state, state->journal, subscriber) : MSGIN5G_ERR_IO);
}

void state_drop_subscriber(struct state *state, const char *supi)
{
    if (state != NULL)
        settle(state, state->journal != NULL ? write_unsubscribed(state, state->journal, supi) : MSGIN5G_ERR_IO);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

bool state_key_usable(const char *path, const char **problem)
{
    struct secret_seal_key key;
    bool usable = secret_seal_key_read(path, &key, problem) == MSGIN5G_OK;
    secret_wipe(&key, sizeof key);
    return usable;
}

enum msgin5g_err state_create(const struct state_config *config, struct state **out)
{
    const char *problem = NULL;
    struct state *state = calloc(1, sizeof *state + strlen(config->path) + 1);
    if (state == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    state->config = *config;
    memcpy(state->path, config->path, strlen(config->path) + 1);
    enum msgin5g_err err = MSGIN5G_ERR_CONFIG;
    if (secret_seal_key_read(config->key_path, &state->key, &problem) != MSGIN5G_OK)
        log_error("state_key_file cannot be used path=%s problem=\"%s\"", config->key_path, problem);
    else if ((err = journal_load(state->path, &state->key, read_record, state)) != MSGIN5G_OK)
        log_error("the state file cannot be used path=%s reason=%s", state->path,
            err == MSGIN5G_ERR_AUTHENTICATION ? "another key sealed it, or it was changed"
            : err == MSGIN5G_ERR_MALFORMED    ? "no state file of this program"
            : err == MSGIN5G_ERR_LIMIT        ? "limits.contexts or limits.provisioned is too small for it"
                                              : msgin5g_err_text(err));
    if (err == MSGIN5G_OK)
        err = rewrite(state);
    if (err != MSGIN5G_OK) {
        state_free(state);
        return err;
    }
    context_store_observe(config->contexts, on_change, state);
    log_info("state file in use path=%s contexts=%zu", state->path, context_store_count(config->contexts));
    *out = state;
    return MSGIN5G_OK;
}

void state_free(struct state *state)
{
    if (state == NULL)
        return;
    context_store_observe(state->config.contexts, NULL, NULL);
    journal_free(state->journal);
    secret_wipe(&state->key, sizeof state->key);
    free(state);
}
