#include "arguments.h"

#include "base/buffer.h"
#include "base/exit_code.h"
#include "base/secret.h"

#include <errno.h>
#include <string.h>

#define FILE_MAX 4096

static struct msgin5g_str without_blanks(const char *octets, size_t length)
{
    while (length > 0 && strchr(" \t\r\n", octets[length - 1]) != NULL)
        length--;
    while (length > 0 && strchr(" \t\r\n", octets[0]) != NULL) {
        octets++;
        length--;
    }
    return (struct msgin5g_str){ octets, length };
}

static void hex_or_fail(struct argp_state *state, const char *option, struct msgin5g_str text, void *out, size_t octets)
{
    if (secret_from_hex(text, out, octets) == MSGIN5G_OK)
        return;
    if (text.length == 2 * octets)
        argp_error(state, "%s: expected %zu hexadecimal digits, but there is another character", option, 2 * octets);
    else
        argp_error(state, "%s: expected %zu hexadecimal digits, got %zu characters", option, 2 * octets, text.length);
}

static void hex_from_file(struct argp_state *state, const char *option, const char *path, void *out, size_t octets)
{
    struct buffer text;
    enum msgin5g_err err;

    buffer_init(&text, FILE_MAX);
    errno = 0;
    err = buffer_read_file(&text, path);
    if (err == MSGIN5G_OK)
        hex_or_fail(state, option, without_blanks((const char *)text.data, text.length), out, octets);
    else if (err == MSGIN5G_ERR_IO)
        argp_failure(state, EXIT_CODE_OTHER, errno, "%s: cannot read %s", option, path);
    else
        argp_failure(
            state, EXIT_CODE_OTHER, 0, "%s: %s holds more than %zu hexadecimal digits", option, path, 2 * octets);
    buffer_wipe_free(&text);
}

void argument_hex(struct argp_state *state, const char *option, const char *argument, void *out, size_t octets)
{
    if (argument[0] == '@')
        hex_from_file(state, option, argument + 1, out, octets);
    else if (strcmp(argument, "-") == 0)
        hex_from_file(state, option, "-", out, octets);
    else
        hex_or_fail(state, option, msgin5g_str(argument), out, octets);
}

void arguments_require(struct argp_state *state, const struct required_option *required, uint32_t seen)
{
    char missing[256] = "";

    for (; required->name != NULL; required++)
        if ((seen & required->bit) == 0) {
            size_t length = strlen(missing);

            (void)snprintf(missing + length, sizeof missing - length, "%s%s", length > 0 ? ", " : "", required->name);
        }
    if (missing[0] != '\0')
        argp_error(state, "required and not given: %s", missing);
}
