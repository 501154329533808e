#include "target_uri.h"

#include <string.h>
#include <strings.h>

static size_t scheme_length(const char *text)
{
    static const char *const schemes[] = { "https://", "http://" };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
            return strlen(schemes[i]);
    }
    return 0;
}

static void lower(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text + ('a' - 'A'));
    }
}

/* Segments that are empty or dots, encoded ones too, may name something else at the other end than here. */
static bool path_is_plain(const char *path)
{
    while (*path == '/') {
        size_t length = strcspn(++path, "/");
        if (length == 0)
            return *path == '\0'; /* a slash at the end */
        if (path[0] == '.' && (length == 1 || (length == 2 && path[1] == '.')))
            return false;
        path += length;
    }
    return true;
}

static bool characters_allowed(struct msgin5g_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.octets[i] <= 0x20 || text.octets[i] >= 0x7F || strchr("?#@\\%\"<>^`{|}", text.octets[i]) != NULL)
            return false;
    }
    return true;
}

enum msgin5g_err target_uri_parse(struct msgin5g_str text, struct target_uri *out)
{
    char copy[TARGET_ORIGIN_MAX + TARGET_PATH_MAX + 1];
    if (text.length == 0 || text.length >= sizeof copy || !characters_allowed(text))
        return MSGIN5G_ERR_MALFORMED;
    memcpy(copy, text.octets, text.length);
    copy[text.length] = '\0';
    size_t scheme = scheme_length(copy);
    size_t authority = strcspn(copy + scheme, "/");
    const char *path = copy + scheme + authority;
    size_t path_length = strlen(path);
    if (scheme == 0 || authority == 0 || scheme + authority > TARGET_ORIGIN_MAX || path_length > TARGET_PATH_MAX ||
        !path_is_plain(path))
        return MSGIN5G_ERR_MALFORMED;
    if (path_length > 0 && path[path_length - 1] == '/')
        path_length--;
    memcpy(out->origin, copy, scheme + authority);
    out->origin[scheme + authority] = '\0';
    lower(out->origin);
    memcpy(out->path, path, path_length);
    out->path[path_length] = '\0';
    return MSGIN5G_OK;
}

bool target_uri_within(const struct target_uri *uri, const struct target_uri *base)
{
    size_t length = strlen(base->path);
    return strcmp(uri->origin, base->origin) == 0 && strncmp(uri->path, base->path, length) == 0 &&
           (uri->path[length] == '\0' || uri->path[length] == '/');
}
