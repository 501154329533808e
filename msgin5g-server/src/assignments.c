#include "assignments.h"

#include "base/secret.h"
#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_OCTETS 10 /* 20 hexadecimal digits: no two UEs ever get the same */
#define IDENTITY_MAX  253

struct assignment {
    UT_hash_handle by_identity;
    UT_hash_handle by_id; /* only once it is on the disk */
    struct assignments *all;
    assignments_done_fn *done; /* who waits for that */
    void *ctx;
    struct msgin5g_service_id id;
    char identity[IDENTITY_MAX + 1];
};

struct assignments {
    struct loop *loop;
    struct store_door *door;
    const char *template_text;
    struct assignment *identities, *ids;
};

static bool fill(const char *template_text, const char *random, struct msgin5g_service_id *out)
{
    char text[2 * MSGIN5G_SERVICE_ID_MAX];
    const char *place = strstr(template_text, ASSIGNMENTS_TEMPLATE_RANDOM);
    if (place == NULL || strlen(template_text) > MSGIN5G_SERVICE_ID_MAX)
        return false;
    const char *rest = place + sizeof ASSIGNMENTS_TEMPLATE_RANDOM - 1;
    if (strstr(rest, ASSIGNMENTS_TEMPLATE_RANDOM) != NULL)
        return false;
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(place - template_text), template_text, random, rest);
    return msgin5g_service_id_parse(msgin5g_str(text), out) == MSGIN5G_OK;
}

bool assignments_template_valid(const char *text)
{
    struct msgin5g_service_id id;
    return *text == '\0' || fill(text, "00112233445566778899", &id);
}

static bool make_id(const struct assignments *assignments, struct msgin5g_service_id *out)
{
    uint8_t random[RANDOM_OCTETS];
    char digits[2 * RANDOM_OCTETS + 1];
    secret_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(digits + 2 * i, 3, "%02x", random[i]);
    return fill(assignments->template_text, digits, out);
}

enum msgin5g_err assignments_create(
    struct loop *loop, struct store_door *door, const char *template_text, struct assignments **out)
{
    struct assignments *assignments = calloc(1, sizeof *assignments);
    if (assignments == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    assignments->loop = loop;
    assignments->door = door;
    assignments->template_text = template_text;
    *out = assignments;
    return MSGIN5G_OK;
}

void assignments_free(struct assignments *assignments)
{
    if (assignments == NULL)
        return;
    struct assignment *assignment = assignments->identities;
    HASH_CLEAR(by_id, assignments->ids); /* of the tables alone */
    HASH_CLEAR(by_identity, assignments->identities);
    while (assignment != NULL) {
        struct assignment *next = assignment->by_identity.next;
        free(assignment);
        assignment = next;
    }
    free(assignments);
}

static struct assignment *find(const struct assignments *assignments, const char *identity)
{
    struct assignment *assignment;
    HASH_FIND(by_identity, assignments->identities, identity, strlen(identity), assignment);
    return assignment;
}

static bool is_written(const struct assignment *assignment)
{
    return assignment->by_id.tbl != NULL;
}

static struct assignment *add(
    struct assignments *assignments, const char *identity, const struct msgin5g_service_id *id)
{
    struct assignment *assignment = calloc(1, sizeof *assignment);
    if (assignment == NULL)
        return NULL;
    (void)snprintf(assignment->identity, sizeof assignment->identity, "%s", identity);
    assignment->all = assignments;
    assignment->id = *id;
    HASH_ADD(by_identity, assignments->identities, identity[0], strlen(assignment->identity), assignment);
    if (assignment->by_identity.tbl != NULL)
        return assignment;
    free(assignment);
    return NULL;
}

static void drop(struct assignment *assignment)
{
    HASH_DELETE(by_identity, assignment->all->identities, assignment);
    free(assignment);
}

/* From here on it counts. */
static enum msgin5g_err set_written(struct assignment *assignment)
{
    HASH_ADD(by_id, assignment->all->ids, id.text[0], assignment->id.length, assignment);
    return is_written(assignment) ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

bool assignments_owns(const struct assignments *assignments, const char *identity, const struct msgin5g_service_id *id)
{
    const struct assignment *assignment = find(assignments, identity);
    return assignment != NULL && is_written(assignment) && strcmp(assignment->id.text, id->text) == 0;
}

bool assignments_known(const struct assignments *assignments, const struct msgin5g_service_id *id)
{
    struct assignment *assignment;
    HASH_FIND(by_id, assignments->ids, id->text, id->length, assignment);
    return assignment != NULL;
}

static void on_written(void *ctx, enum msgin5g_err err)
{
    struct assignment *assignment = ctx;
    if (err == MSGIN5G_OK)
        err = set_written(assignment);
    assignment->done(assignment->ctx, err, err == MSGIN5G_OK ? &assignment->id : NULL);
    if (err != MSGIN5G_OK)
        drop(assignment);
}

static enum msgin5g_err write_new(struct assignment *assignment)
{
    struct store_write *write = store_write_create(assignment->all->door);
    if (write == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    store_write_record(write, STORE_UE_CONFIGURATION, msgin5g_str(assignment->identity), assignment->id.text,
        assignment->id.length, 0);
    return store_write_commit(write, on_written, assignment);
}

enum msgin5g_err assignments_take(struct assignments *assignments, const char *identity, struct msgin5g_service_id *out,
    assignments_done_fn *done, void *ctx)
{
    struct msgin5g_service_id id;
    struct assignment *assignment = find(assignments, identity);
    if (assignment != NULL && !is_written(assignment))
        return MSGIN5G_ERR_OVERLOADED; /* it asked twice: the first answer comes in a moment */
    if (assignment != NULL) {
        *out = assignment->id;
        return MSGIN5G_OK;
    }
    if (*assignments->template_text == '\0' || strlen(identity) > IDENTITY_MAX)
        return MSGIN5G_ERR_NOT_FOUND;
    if (!make_id(assignments, &id) || (assignment = add(assignments, identity, &id)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    assignment->done = done;
    assignment->ctx = ctx;
    enum msgin5g_err err = write_new(assignment);
    if (err == MSGIN5G_OK)
        return MSGIN5G_ERR_NOT_CACHED;
    drop(assignment);
    return err;
}

static void restore(struct assignments *assignments, const struct store_record *row)
{
    char identity[IDENTITY_MAX + 1];
    struct msgin5g_service_id id;
    if (row->key.length > IDENTITY_MAX ||
        msgin5g_service_id_parse((struct msgin5g_str){ (const char *)row->value, row->length }, &id) != MSGIN5G_OK)
        return;
    memcpy(identity, row->key.octets, row->key.length);
    identity[row->key.length] = '\0';
    struct assignment *assignment = find(assignments, identity) == NULL ? add(assignments, identity, &id) : NULL;
    if (assignment != NULL && set_written(assignment) != MSGIN5G_OK)
        drop(assignment);
}

static void on_records(void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last)
{
    struct assignments *assignments = ctx;
    for (size_t i = 0; i < count; i++)
        restore(assignments, &rows[i]);
    if (err != MSGIN5G_OK)
        log_error("assigned UE Service IDs cannot be read from the store problem=\"%s\"", msgin5g_err_text(err));
    else if (last)
        log_info("assigned UE Service IDs read count=%u", HASH_CNT(by_identity, assignments->identities));
}

enum msgin5g_err assignments_load(struct assignments *assignments)
{
    return store_records_read(assignments->door, STORE_UE_CONFIGURATION, on_records, assignments);
}
