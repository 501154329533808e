/* What tshark needs to read along, for labs (decision D8): a line of the NSS key log, where '#' begins a comment. */
#include "internal.h"

#include "base/secret.h"
#include "coap/transport_oscore.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOG_OCTETS_MAX 1024

static size_t hex_size(struct msgin5g_str octets)
{
    return 2 * octets.length + 1;
}

static void write_line(const char *path, const char *line, size_t length)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    ssize_t written = write(fd, line, length);
    (void)written; /* nobody depends on a lab's key log */
    close(fd);
}

void oscore_log(const char *path, const struct transport_oscore *oscore)
{
    const struct {
        const char *name;
        struct msgin5g_str octets;
    } parts[] = { { "# OSCORE sender_id=", oscore->sender_id }, { " recipient_id=", oscore->recipient_id },
        { " master_secret=", oscore->master_secret }, { " master_salt=", oscore->master_salt },
        { " id_context=", oscore->id_context } };
    char line[4 * LOG_OCTETS_MAX], *at = line;
    if (path == NULL || oscore->master_secret.length + oscore->master_salt.length > LOG_OCTETS_MAX)
        return;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        at += snprintf(at, (size_t)(line + sizeof line - at), "%s", parts[i].name);
        if (hex_size(parts[i].octets) > (size_t)(line + sizeof line - at))
            break;
        secret_to_hex(parts[i].octets.octets, parts[i].octets.length, at);
        at += hex_size(parts[i].octets) - 1;
    }
    *at++ = '\n';
    write_line(path, line, (size_t)(at - line));
    secret_wipe(line, sizeof line);
}
