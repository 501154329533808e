#include "groups_local.h"

#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    UT_hash_handle hh;
    struct group *group;
};

struct groups_local {
    struct groups interface;
    struct entry *entries;
};

/* A group in one piece of memory: itself, the two lists, their texts. */
struct local_group {
    struct group group;
    struct msgin5g_str lists[];
};

static void release(struct group *group)
{
    free(group);
}

/* Canonical texts go to @p *text, their places to @p list, in order and each once. @return how many. */
static size_t fill_list(const struct config_strings *ids, struct msgin5g_str *list, char **text)
{
    size_t count = 0;
    for (size_t i = 0; i < ids->count; i++) {
        struct msgin5g_service_id id;
        if (msgin5g_service_id_parse(msgin5g_str(ids->values[i]), &id) != MSGIN5G_OK)
            continue; /* server_config_check() has said so */
        memcpy(*text, id.text, id.length);
        list[count++] = (struct msgin5g_str){ *text, id.length };
        *text += id.length;
    }
    if (count == 0)
        return 0;
    qsort(list, count, sizeof *list, group_compare_ids);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (group_compare_ids(&list[kept - 1], &list[i]) != 0)
            list[kept++] = list[i];
    }
    return kept;
}

static size_t text_length(const struct config_strings *ids)
{
    size_t length = 0;
    for (size_t i = 0; i < ids->count; i++)
        length += strlen(ids->values[i]);
    return length;
}

static struct group *group_create(const struct group_config *config)
{
    struct msgin5g_service_id id;
    size_t places = config->members.count + config->allowed.count;
    if (msgin5g_service_id_parse(msgin5g_str(config->id), &id) != MSGIN5G_OK)
        return NULL;
    struct local_group *made = malloc(sizeof *made + places * sizeof *made->lists + id.length +
                                      text_length(&config->members) + text_length(&config->allowed));
    if (made == NULL)
        return NULL;
    char *text = memcpy((char *)&made->lists[places], id.text, id.length);
    made->group = (struct group){ .references = 1,
        .id = { text, id.length },
        .senders = (enum group_senders)config->senders,
        .members = made->lists,
        .allowed = made->lists + config->members.count,
        .release = release };
    text += id.length;
    made->group.member_count = fill_list(&config->members, made->lists, &text);
    made->group.allowed_count = fill_list(&config->allowed, made->lists + config->members.count, &text);
    return &made->group;
}

static void free_entries(struct entry *entries)
{
    struct entry *entry = entries, *next;
    HASH_CLEAR(hh, entries); /* the list that runs through them stays */
    for (; entry != NULL; entry = next) {
        next = entry->hh.next;
        group_release(entry->group);
        free(entry);
    }
}

static enum msgin5g_err add(struct entry **entries, const struct group_config *config)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL || (entry->group = group_create(config)) == NULL) {
        free(entry);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    HASH_ADD_KEYPTR(hh, *entries, entry->group->id.octets, entry->group->id.length, entry);
    if (HASH_ADDED(entry))
        return MSGIN5G_OK;
    group_release(entry->group);
    free(entry);
    return MSGIN5G_ERR_NO_MEMORY;
}

static enum msgin5g_err read_all(const struct server_config *config, struct entry **out)
{
    const struct group_config *groups = config->groups.values;
    struct entry *entries = NULL;
    for (size_t i = 0; i < config->groups.count; i++) {
        enum msgin5g_err err = add(&entries, &groups[i]);
        if (err != MSGIN5G_OK) {
            free_entries(entries);
            return err;
        }
    }
    *out = entries;
    return MSGIN5G_OK;
}

static struct group *find(struct groups *groups, const struct msgin5g_service_id *id)
{
    const struct groups_local *local = (struct groups_local *)groups;
    struct entry *entry;
    HASH_FIND(hh, local->entries, id->text, id->length, entry);
    return entry != NULL ? group_hold(entry->group) : NULL;
}

enum msgin5g_err groups_local_create(const struct server_config *config, struct groups **out)
{
    static const struct groups_kind kind = { .find = find };
    struct groups_local *local = calloc(1, sizeof *local);
    if (local == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    local->interface.kind = &kind;
    enum msgin5g_err err = read_all(config, &local->entries);
    if (err != MSGIN5G_OK) {
        free(local);
        return err;
    }
    *out = &local->interface;
    return MSGIN5G_OK;
}

void groups_local_free(struct groups *groups)
{
    struct groups_local *local = (struct groups_local *)groups;
    if (local == NULL)
        return;
    free_entries(local->entries);
    free(local);
}

enum msgin5g_err groups_local_reload(struct groups *groups, const struct server_config *config, size_t *count)
{
    struct groups_local *local = (struct groups_local *)groups;
    struct entry *before = local->entries, *now = NULL;
    enum msgin5g_err err = read_all(config, &now);
    if (err != MSGIN5G_OK)
        return err;
    local->entries = now;
    free_entries(before);
    if (count != NULL)
        *count = HASH_COUNT(local->entries);
    return MSGIN5G_OK;
}

/* ---- checks of the configuration ---- */

static void check_ids(const struct config_strings *ids, size_t group, const char *key, struct config_report *report)
{
    for (size_t i = 0; i < ids->count; i++) {
        struct msgin5g_service_id id;
        char path[80];
        (void)snprintf(path, sizeof path, "groups[%zu].%s[%zu]", group, key, i);
        if (msgin5g_service_id_parse(msgin5g_str(ids->values[i]), &id) != MSGIN5G_OK)
            config_report_add(report, path, "not a Service ID: write a URI such as im:pump-1@iot.example");
    }
}

static bool is_repeated(const struct group_config *groups, size_t index, const struct msgin5g_service_id *id)
{
    for (size_t i = 0; i < index; i++) {
        struct msgin5g_service_id other;
        if (msgin5g_service_id_parse(msgin5g_str(groups[i].id), &other) == MSGIN5G_OK &&
            strcmp(other.text, id->text) == 0)
            return true;
    }
    return false;
}

void groups_local_check(const struct server_config *config, struct config_report *report)
{
    const struct group_config *groups = config->groups.values;
    for (size_t i = 0; i < config->groups.count; i++) {
        struct msgin5g_service_id id;
        char path[48];
        (void)snprintf(path, sizeof path, "groups[%zu].id", i);
        if (msgin5g_service_id_parse(msgin5g_str(groups[i].id), &id) != MSGIN5G_OK)
            config_report_add(report, path, "not a Group Service ID: write a URI such as im:pumps@iot.example");
        else if (is_repeated(groups, i, &id))
            config_report_add(report, path, "there is another group with this id");
        check_ids(&groups[i].members, i, "members", report);
        check_ids(&groups[i].allowed, i, "allowed", report);
        (void)snprintf(path, sizeof path, "groups[%zu].allowed", i);
        if (groups[i].allowed.count > 0 && groups[i].senders != GROUP_SENDERS_LIST)
            config_report_add(report, path, "counts only with senders: list");
    }
}
