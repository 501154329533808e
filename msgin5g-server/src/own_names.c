#include "own_names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct own_names {
    size_t count;
    char *fqdns[];
};

static char *lower_case(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; at != NULL && *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return copy;
}

enum msgin5g_err own_names_create(const struct config_strings *fqdns, struct own_names **out)
{
    struct own_names *names = calloc(1, sizeof *names + fqdns->count * sizeof *names->fqdns);
    if (names == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    for (; names->count < fqdns->count; names->count++) {
        names->fqdns[names->count] = lower_case(fqdns->values[names->count]);
        if (names->fqdns[names->count] == NULL) {
            own_names_free(names);
            return MSGIN5G_ERR_NO_MEMORY;
        }
    }
    *out = names;
    return MSGIN5G_OK;
}

void own_names_free(struct own_names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < names->count; i++)
        free(names->fqdns[i]);
    free(names);
}

const char *own_names_find(const struct own_names *names, struct msgin5g_str name)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *fqdn = names->fqdns[i];
        if (strlen(fqdn) == name.length && strncasecmp(fqdn, name.octets, name.length) == 0)
            return fqdn;
    }
    return NULL;
}

const char *own_names_only(const struct own_names *names)
{
    return names->count == 1 ? names->fqdns[0] : NULL;
}
