#include "http/bearer.h"

#include "base/buffer.h"
#include "base/secret.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_MIN 16
#define SCHEME    "bearer "

static bool is_private(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

const char *http_bearer_read(const char *path, struct http_bearer *out)
{
    const char *problem = "must hold one line of 16 to 128 printable characters";
    struct buffer file;
    buffer_init(&file, HTTP_BEARER_MAX + 2);
    size_t length = buffer_read_file(&file, path) == MSGIN5G_OK ? file.length : 0;
    while (length > 0 && (file.data[length - 1] == '\n' || file.data[length - 1] == '\r'))
        length--;
    bool good = length >= TOKEN_MIN && length <= HTTP_BEARER_MAX;
    for (size_t i = 0; good && i < length; i++)
        good = file.data[i] > ' ' && file.data[i] < 0x7f;
    if (good && !is_private(path))
        problem = "is readable by others; run: chmod go= on it";
    else if (good) {
        memcpy(out->text, file.data, length);
        out->text[length] = '\0';
        problem = NULL;
    }
    buffer_wipe_free(&file);
    return problem;
}

void http_bearer_make(struct http_bearer *out)
{
    uint8_t octets[HTTP_BEARER_MADE / 2];
    secret_random(octets, sizeof octets);
    secret_to_hex(octets, sizeof octets, out->text);
    secret_wipe(octets, sizeof octets);
}

enum msgin5g_err http_bearer_write(const char *path, const struct http_bearer *bearer)
{
    char line[HTTP_BEARER_MAX + 1];
    size_t length = strlen(bearer->text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return MSGIN5G_ERR_IO;
    memcpy(line, bearer->text, length);
    line[length] = '\n';
    bool written = write(fd, line, length + 1) == (ssize_t)(length + 1) && fsync(fd) == 0;
    written = close(fd) == 0 && written;
    secret_wipe(line, sizeof line);
    if (!written)
        (void)unlink(path);
    return written ? MSGIN5G_OK : MSGIN5G_ERR_IO;
}

bool http_bearer_shown(const struct http_bearer *bearer, const struct http_request *request)
{
    const size_t prefix = strlen(SCHEME);
    const size_t length = strlen(bearer->text);
    struct msgin5g_str given = http_request_header(request, "authorization");
    return length > 0 && given.length == prefix + length && strncasecmp(given.octets, SCHEME, prefix) == 0 &&
           secret_equal(given.octets + prefix, bearer->text, length);
}

bool http_bearer_is_local(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}
