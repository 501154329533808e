#include "base/config.h"

#include <string.h>

#define PATH_MAX_OCTETS 128

struct comparison {
    config_difference_fn *fn;
    void *ctx;
};

static bool strings_differ(const struct config_strings *one, const struct config_strings *other)
{
    if (one->count != other->count)
        return true;
    for (size_t i = 0; i < one->count; i++) {
        if (strcmp(one->values[i], other->values[i]) != 0)
            return true;
    }
    return false;
}

static void note_difference(void *ctx, const char *path)
{
    bool *differ = ctx;
    (void)path;
    *differ = true;
}

static bool items_differ(const struct config_key *key, const struct config_items *one, const struct config_items *other)
{
    bool differ = one->count != other->count;
    for (size_t i = 0; !differ && i < one->count; i++)
        config_compare(key->keys, (const char *)one->values + i * key->item_size,
            (const char *)other->values + i * key->item_size, note_difference, &differ);
    return differ;
}

static bool values_differ(const struct config_key *key, const void *one, const void *other)
{
    switch (key->type) {
    case CONFIG_BOOL:
        return *(const bool *)one != *(const bool *)other;
    case CONFIG_INT:
    case CONFIG_DURATION:
        return *(const int64_t *)one != *(const int64_t *)other;
    case CONFIG_ENUM:
        return *(const int *)one != *(const int *)other;
    case CONFIG_STRING:
    case CONFIG_FILE:
        return strcmp(*(char *const *)one, *(char *const *)other) != 0;
    case CONFIG_STRINGS:
        return strings_differ(one, other);
    case CONFIG_ITEMS:
        return items_differ(key, one, other);
    case CONFIG_SECTION:
        break; /* its keys are looked at one by one */
    }
    return false;
}

static void compare(const struct comparison *comparison, const struct config_key *schema, const char *above,
    const char *one, const char *other)
{
    for (const struct config_key *key = schema; key->name != NULL; key++) {
        char path[PATH_MAX_OCTETS];
        snprintf(path, sizeof path, "%s%s%s", above, *above != '\0' ? "." : "", key->name);
        if (key->type == CONFIG_SECTION)
            compare(comparison, key->keys, path, one, other);
        else if (values_differ(key, one + key->offset, other + key->offset))
            comparison->fn(comparison->ctx, path);
    }
}

void config_compare(
    const struct config_key *schema, const void *one, const void *other, config_difference_fn *fn, void *ctx)
{
    compare(&(struct comparison){ fn, ctx }, schema, "", one, other);
}
