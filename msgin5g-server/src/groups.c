#include "groups.h"

#include <stdlib.h>
#include <string.h>

void group_release(struct group *group)
{
    if (group != NULL && --group->references == 0)
        group->release(group);
}

int group_compare_ids(const void *a, const void *b)
{
    const struct msgin5g_str *left = a, *right = b;
    size_t shorter = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->octets, right->octets, shorter);
    return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
}

static bool holds(const struct msgin5g_str *ids, size_t count, const struct msgin5g_service_id *id)
{
    struct msgin5g_str key = { id->text, id->length };
    return count > 0 && bsearch(&key, ids, count, sizeof *ids, group_compare_ids) != NULL;
}

bool group_has_member(const struct group *group, const struct msgin5g_service_id *id)
{
    return holds(group->members, group->member_count, id);
}

bool group_may_send(const struct group *group, enum msgin5g_addr_type type, const struct msgin5g_service_id *originator)
{
    switch (group->senders) {
    case GROUP_SENDERS_ANYONE:
        return true;
    case GROUP_SENDERS_LIST:
        return holds(group->allowed, group->allowed_count, originator);
    case GROUP_SENDERS_MEMBERS:
        break;
    }
    return type == MSGIN5G_ADDR_AS || group_has_member(group, originator);
}
