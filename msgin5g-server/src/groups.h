/*
 * Groups: who is a member, and who may send to it (TS 23.554 6.2, 8.7.4). Answered from the configuration by
 * groups_local.c; SEAL group management answers the same questions.
 */
#ifndef GROUPS_H
#define GROUPS_H

#include "msgin5g/message.h"

/** Who may send to a group (EC-36). A registered AS always may but with GROUP_SENDERS_LIST. */
enum group_senders { GROUP_SENDERS_MEMBERS, GROUP_SENDERS_ANYONE, GROUP_SENDERS_LIST };

/** One state of a group: never changes; what comes after a change is another object. */
struct group {
    size_t references;
    struct msgin5g_str id; /* Group Service ID, canonical */
    enum group_senders senders;
    const struct msgin5g_str *members; /* UE Service IDs, canonical, sorted by octets, none twice */
    size_t member_count;
    const struct msgin5g_str *allowed; /* likewise; the list of GROUP_SENDERS_LIST */
    size_t allowed_count;
    void (*release)(struct group *group); /* nobody refers to it any more */
};

/** Do not let @p group go before group_release(). */
static inline struct group *group_hold(struct group *group)
{
    group->references++;
    return group;
}
/** NULL is allowed. */
void group_release(struct group *group);
/** Order of the lists of a group: for qsort(). */
int group_compare_ids(const void *a, const void *b);
bool group_has_member(const struct group *group, const struct msgin5g_service_id *id);
/** May @p originator, a UE or AS that is authenticated and registered, send to @p group? */
bool group_may_send(
    const struct group *group, enum msgin5g_addr_type type, const struct msgin5g_service_id *originator);

/** Whoever answers; the first member of what an implementation keeps. */
struct groups {
    const struct groups_kind *kind;
};
struct groups_kind {
    struct group *(*find)(struct groups *groups, const struct msgin5g_service_id *id);
};

/** The group as it is now. @return NULL when there is none with this id; else group_release() it. */
static inline struct group *groups_find(struct groups *groups, const struct msgin5g_service_id *id)
{
    return groups->kind->find(groups, id);
}

#endif
