#include "identity.h"

#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMSI_DIGITS_MIN 5
#define IMSI_DIGITS_MAX 15

struct owner {
    struct owner *next; /* of the same UE Service ID */
    UT_hash_handle hh;  /* by identity: only its first one is in the table */
    const struct assignment *assignment;
    bool is_gateway; /* in the one of the table */
    char identity[];
};

struct assignment {
    UT_hash_handle hh;
    struct owner *owners;
    char service_id[];
};

struct identity_map {
    struct assignment *by_service_id;
    struct owner *by_identity;
    const struct assignments *assignments; /* of run time; NULL: none */
    size_t prefix_length;                  /* of the template, before {digits} */
    char *template_text;                   /* canonical; NULL: none */
    const char *suffix;
};

/* A template is valid when it is a URI once digits stand in it; {digits} itself is no URI text. */
static bool template_fill(const char *text, const char *digits, struct msgin5g_service_id *out)
{
    char filled[MSGIN5G_SERVICE_ID_MAX + 1 + IMSI_DIGITS_MAX];
    const char *place = strstr(text, IDENTITY_TEMPLATE_DIGITS);
    if (place == NULL || strlen(text) > MSGIN5G_SERVICE_ID_MAX)
        return false;
    const char *rest = place + sizeof IDENTITY_TEMPLATE_DIGITS - 1;
    snprintf(filled, sizeof filled, "%.*s%s%s", (int)(place - text), text, digits, rest);
    return msgin5g_service_id_parse(msgin5g_str(filled), out) == MSGIN5G_OK;
}

bool identity_template_valid(const char *text)
{
    struct msgin5g_service_id id;
    return *text == '\0' || template_fill(text, "001010000000001", &id);
}

static struct assignment *assignment_for(struct identity_map *map, const struct msgin5g_service_id *id)
{
    struct assignment *assignment;
    HASH_FIND(hh, map->by_service_id, id->text, id->length, assignment);
    if (assignment != NULL || (assignment = calloc(1, sizeof *assignment + id->length + 1)) == NULL)
        return assignment;
    memcpy(assignment->service_id, id->text, id->length + 1);
    HASH_ADD(hh, map->by_service_id, service_id[0], id->length, assignment);
    if (HASH_ADDED(assignment))
        return assignment;
    free(assignment);
    return NULL;
}

static enum msgin5g_err assign(struct identity_map *map, const char *identity, const struct msgin5g_service_id *id)
{
    struct assignment *assignment = assignment_for(map, id);
    if (assignment == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    struct owner *first, *owner = calloc(1, sizeof *owner + strlen(identity) + 1);
    if (owner == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    strcpy(owner->identity, identity); /* NOLINT: the size is that of identity */
    owner->next = assignment->owners;
    owner->assignment = assignment;
    assignment->owners = owner;
    HASH_FIND_STR(map->by_identity, identity, first);
    if (first != NULL)
        return MSGIN5G_OK;
    HASH_ADD_STR(map->by_identity, identity, owner);
    return HASH_ADDED(owner) ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

static enum msgin5g_err assign_list(struct identity_map *map, const char *identity, const struct config_strings *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        struct msgin5g_service_id id;
        enum msgin5g_err err = msgin5g_service_id_parse(msgin5g_str(ids->values[i]), &id);
        if (err == MSGIN5G_OK)
            err = assign(map, identity, &id);
        if (err != MSGIN5G_OK)
            return err;
    }
    return MSGIN5G_OK;
}

static enum msgin5g_err assign_all(struct identity_map *map, const struct binding_config *binding)
{
    struct owner *first = NULL;
    enum msgin5g_err err = assign_list(map, binding->identity, &binding->service_ids);
    if (err == MSGIN5G_OK)
        err = assign_list(map, binding->identity, &binding->gateway_ues);
    HASH_FIND_STR(map->by_identity, binding->identity, first);
    if (first != NULL && binding->gateway_ues.count > 0)
        first->is_gateway = true;
    return err;
}

/* Keep the template in canonical form: fill it, then cut the digits out again. */
static enum msgin5g_err set_template(struct identity_map *map, const char *text)
{
    static const char digits[] = "001010000000001";
    struct msgin5g_service_id id;
    if (!template_fill(text, digits, &id))
        return MSGIN5G_OK;
    map->prefix_length = (size_t)(strstr(text, IDENTITY_TEMPLATE_DIGITS) - text);
    map->template_text = strdup(id.text);
    if (map->template_text == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    map->suffix = map->template_text + map->prefix_length + sizeof digits - 1;
    return MSGIN5G_OK;
}

enum msgin5g_err identity_map_create(const struct server_config *config, struct identity_map **out)
{
    struct identity_map *map = calloc(1, sizeof *map);
    if (map == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = set_template(map, config->binding_template);
    const struct binding_config *bindings = config->bindings.values;
    for (size_t i = 0; err == MSGIN5G_OK && i < config->bindings.count; i++)
        err = assign_all(map, &bindings[i]);
    if (err != MSGIN5G_OK) {
        identity_map_free(map);
        return err;
    }
    *out = map;
    return MSGIN5G_OK;
}

static void assignment_free(struct assignment *assignment)
{
    while (assignment->owners != NULL) {
        struct owner *owner = assignment->owners;
        assignment->owners = owner->next;
        free(owner);
    }
    free(assignment);
}

void identity_map_free(struct identity_map *map)
{
    if (map == NULL)
        return;
    struct assignment *assignment, *next;
    HASH_CLEAR(hh, map->by_identity); /* of the table alone */
    HASH_ITER (hh, map->by_service_id, assignment, next) {
        HASH_DELETE(hh, map->by_service_id, assignment);
        assignment_free(assignment);
    }
    free(map->template_text);
    free(map);
}

/* The digits that stand where the template has {digits}; absent when @p id does not follow the template. */
static struct msgin5g_str template_digits(const struct identity_map *map, const struct msgin5g_service_id *id)
{
    if (map->template_text == NULL)
        return (struct msgin5g_str){ 0 };
    size_t suffix_length = strlen(map->suffix);
    if (id->length < map->prefix_length + suffix_length + IMSI_DIGITS_MIN ||
        memcmp(id->text, map->template_text, map->prefix_length) != 0 ||
        memcmp(id->text + id->length - suffix_length, map->suffix, suffix_length) != 0)
        return (struct msgin5g_str){ 0 };
    struct msgin5g_str digits = { id->text + map->prefix_length, id->length - map->prefix_length - suffix_length };
    if (digits.length > IMSI_DIGITS_MAX || strspn(digits.octets, "0123456789") < digits.length)
        return (struct msgin5g_str){ 0 };
    return digits;
}

static const struct assignment *find(const struct identity_map *map, const struct msgin5g_service_id *id)
{
    struct assignment *assignment;
    HASH_FIND(hh, map->by_service_id, id->text, id->length, assignment);
    return assignment;
}

void identity_map_use(struct identity_map *map, const struct assignments *assignments)
{
    map->assignments = assignments;
}

bool identity_first(const struct identity_map *map, const char *identity, struct msgin5g_service_id *out)
{
    static const char imsi[] = "imsi-";
    const struct owner *owner;
    HASH_FIND_STR(map->by_identity, identity, owner);
    if (owner != NULL)
        return msgin5g_service_id_parse(msgin5g_str(owner->assignment->service_id), out) == MSGIN5G_OK;
    if (map->template_text == NULL || strncmp(identity, imsi, sizeof imsi - 1) != 0)
        return false;
    char text[MSGIN5G_SERVICE_ID_MAX + 1];
    int length = snprintf(text, sizeof text, "%.*s%s%s", (int)map->prefix_length, map->template_text,
        identity + sizeof imsi - 1, map->suffix);
    return length > 0 && (size_t)length < sizeof text && msgin5g_service_id_parse(msgin5g_str(text), out) == MSGIN5G_OK;
}

static bool owns_by_configuration(
    const struct identity_map *map, const char *identity, const struct msgin5g_service_id *id)
{
    static const char imsi[] = "imsi-";
    const struct assignment *assignment = find(map, id);
    for (const struct owner *owner = assignment != NULL ? assignment->owners : NULL; owner != NULL;
         owner = owner->next) {
        if (strcmp(owner->identity, identity) == 0)
            return true;
    }
    if (strncmp(identity, imsi, sizeof imsi - 1) != 0)
        return false;
    struct msgin5g_str digits = template_digits(map, id);
    return digits.length > 0 && msgin5g_str_equal(digits, msgin5g_str(identity + sizeof imsi - 1));
}

bool identity_owns(const struct identity_map *map, const char *identity, const struct msgin5g_service_id *id)
{
    return owns_by_configuration(map, identity, id) ||
           (map->assignments != NULL && assignments_owns(map->assignments, identity, id));
}

bool identity_is_gateway(const struct identity_map *map, const char *identity)
{
    const struct owner *first;
    HASH_FIND_STR(map->by_identity, identity, first);
    return first != NULL && first->is_gateway;
}

bool identity_known(const struct identity_map *map, const struct msgin5g_service_id *id)
{
    return find(map, id) != NULL || template_digits(map, id).length > 0 ||
           (map->assignments != NULL && assignments_known(map->assignments, id));
}
