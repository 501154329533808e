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

/* Into @p text, or the end; "-" is standard input. */
static void read_or_fail(struct argp_state *state, const char *option, const char *path, struct buffer *text)
{
    buffer_init(text, FILE_MAX);
    errno = 0;
    enum msgin5g_err err = buffer_read_file(text, path);
    if (err == MSGIN5G_ERR_IO)
        argp_failure(state, EXIT_CODE_OTHER, errno, "%s: cannot read %s", option, path);
    else if (err != MSGIN5G_OK)
        argp_failure(state, EXIT_CODE_OTHER, 0, "%s: %s holds too much", option, path);
}

static void hex_from_file(struct argp_state *state, const char *option, const char *path, void *out, size_t octets)
{
    struct buffer text;

    read_or_fail(state, option, path, &text);
    hex_or_fail(state, option, without_blanks((const char *)text.data, text.length), out, octets);
    buffer_wipe_free(&text);
}

/* "@FILE" or "-": the path; what else stands on a command line is everybody's. */
static const char *secret_path(struct argp_state *state, const char *option, const char *argument)
{
    if (argument[0] != '@' && strcmp(argument, "-") != 0)
        argp_error(state, "%s: expected @FILE, or - for standard input: others can see a command line", option);
    return argument[0] == '@' ? argument + 1 : argument;
}

void argument_secret_hex(struct argp_state *state, const char *option, const char *argument, void *out, size_t octets)
{
    hex_from_file(state, option, secret_path(state, option, argument), out, octets);
}

void argument_secret_text(struct argp_state *state, const char *option, const char *argument, char *out, size_t size)
{
    struct buffer text;

    read_or_fail(state, option, secret_path(state, option, argument), &text);
    struct msgin5g_str line = without_blanks((const char *)text.data, text.length);
    if (line.length == 0 || line.length >= size || memchr(line.octets, '\n', line.length) != NULL)
        argp_error(state, "%s: expected one line of 1 to %zu characters", option, size - 1);
    memcpy(out, line.octets, line.length);
    out[line.length] = '\0';
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
