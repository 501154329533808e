/* A URI that messages are pushed to (targetUri of TS 29.538 8.1.5, EC-43), and which ones are allowed (SSRF, 10.3). */
#ifndef TARGET_URI_H
#define TARGET_URI_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdbool.h>

#define TARGET_ORIGIN_MAX 270
#define TARGET_PATH_MAX   1024

/** "https://as.example:8443" and "/msgin5g" (or "", never with a slash at the end); both NUL-terminated. */
struct target_uri {
    char origin[TARGET_ORIGIN_MAX + 1];
    char path[TARGET_PATH_MAX + 1];
};

/** @return MSGIN5G_OK; ERR_MALFORMED: neither http nor https, user information, query, fragment, empty or dotted
 * segments, anything but visible ASCII, too long. */
enum msgin5g_err target_uri_parse(struct msgin5g_str text, struct target_uri *out);
/** True when @p uri has the origin of @p base and its path begins with the segments of @p base. */
bool target_uri_within(const struct target_uri *uri, const struct target_uri *base);

#endif
