#include "a_kid_sessions.h"

#include "hash.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Lives as long as it has members. Only A-KIDs the AAnF vouches for come here, so nobody picks them to collide. */
struct a_kid_entry {
    UT_hash_handle hh;
    struct a_kid_member *members;
    char a_kid[AKMA_A_KID_MAX + 1]; /* in its one form */
};

struct a_kid_sessions {
    struct a_kid_entry *by_a_kid;
};

enum msgin5g_err a_kid_sessions_create(struct a_kid_sessions **out)
{
    *out = calloc(1, sizeof **out);
    return *out != NULL ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

void a_kid_sessions_free(struct a_kid_sessions *sessions)
{
    free(sessions);
}

static enum msgin5g_err one_form(struct msgin5g_str text, char out[AKMA_A_KID_MAX + 1])
{
    struct a_kid a_kid;
    enum msgin5g_err err = a_kid_parse(text, &a_kid);
    return err == MSGIN5G_OK ? a_kid_format(&a_kid, out) : err;
}

static struct a_kid_entry *find(const struct a_kid_sessions *sessions, const char *a_kid)
{
    struct a_kid_entry *entry;
    HASH_FIND_STR(sessions->by_a_kid, a_kid, entry);
    return entry;
}

static struct a_kid_entry *find_or_add(struct a_kid_sessions *sessions, const char *a_kid)
{
    struct a_kid_entry *entry = find(sessions, a_kid);
    if (entry != NULL || (entry = calloc(1, sizeof *entry)) == NULL)
        return entry;
    memcpy(entry->a_kid, a_kid, strlen(a_kid) + 1);
    HASH_ADD_STR(sessions->by_a_kid, a_kid, entry);
    if (HASH_ADDED(entry))
        return entry;
    free(entry);
    return NULL;
}

enum msgin5g_err a_kid_sessions_join(
    struct a_kid_sessions *sessions, struct a_kid_member *member, struct msgin5g_str a_kid)
{
    char text[AKMA_A_KID_MAX + 1];
    a_kid_sessions_leave(sessions, member);
    enum msgin5g_err err = one_form(a_kid, text);
    if (err != MSGIN5G_OK)
        return err;
    struct a_kid_entry *entry = find_or_add(sessions, text);
    if (entry == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    DL_APPEND(entry->members, member);
    member->entry = entry;
    return MSGIN5G_OK;
}

void a_kid_sessions_leave(struct a_kid_sessions *sessions, struct a_kid_member *member)
{
    struct a_kid_entry *entry = member->entry;
    if (entry == NULL)
        return;
    DL_DELETE(entry->members, member);
    member->entry = NULL;
    if (entry->members != NULL)
        return;
    HASH_DELETE(hh, sessions->by_a_kid, entry);
    free(entry);
}

void a_kid_sessions_each_other(
    struct a_kid_member *member, void (*run)(void *ctx, struct a_kid_member *other), void *ctx)
{
    struct a_kid_member *other, *next;
    if (member->entry == NULL)
        return;
    DL_FOREACH_SAFE (member->entry->members, other, next) {
        if (other != member)
            run(ctx, other);
    }
}

size_t a_kid_sessions_each(struct a_kid_sessions *sessions, struct msgin5g_str a_kid,
    void (*run)(void *ctx, struct a_kid_member *member), void *ctx)
{
    char text[AKMA_A_KID_MAX + 1];
    size_t count = 0;
    const struct a_kid_entry *entry = one_form(a_kid, text) == MSGIN5G_OK ? find(sessions, text) : NULL;
    struct a_kid_member *member = entry != NULL ? entry->members : NULL;
    while (member != NULL) {
        struct a_kid_member *next = member->next; /* the entry may be gone with its last member */
        count++;
        run(ctx, member);
        member = next;
    }
    return count;
}
