#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 4096 /* with the line feed; also what a pipe takes in one piece (PIPE_BUF) */
#define LINE_TAIL       3    /* what closes a line that was cut: "} and the line feed */
#define KEY_MAX         100
#define A_TID_SHOWN     8
#define RID_MAX         4
#define DIGITS_FIRST    5 /* MCC and MNC */
#define DIGITS_LAST     2
#define LIMIT_MS        1000

struct line {
    char text[LINE_MAX_OCTETS];
    size_t length;
    bool full;
};

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static const char *const journal_prefixes[] = { "<3>", "<4>", "<6>", "<7>" }; /* sd-daemon(3) */

/* The one process-wide object of this library (log.h says why); all but the level is only written by log_setup(). */
static struct {
    _Atomic int level;
    enum log_format format;
    const char *program;
    bool journal;
} log_state = { .level = LOG_LEVEL_INFO, .program = "" };

/* systemd names the device and inode of the journal's socket; standard error may since have been redirected. */
static bool stderr_is_journal(void)
{
    struct stat status;
    const char *stream = getenv("JOURNAL_STREAM");
    char here[64];
    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    snprintf(here, sizeof here, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, here) == 0;
}

void log_setup(enum log_level level, enum log_format format, const char *program)
{
    log_state.format = format;
    log_state.program = program;
    log_state.journal = stderr_is_journal();
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_state.level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

/* All of @p text or nothing, so that neither an escape nor a character is cut in two. */
static void put(struct line *line, const char *text, size_t length)
{
    if (line->full || length > sizeof line->text - LINE_TAIL - line->length) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Octets of the UTF-8 character at @p text that a terminal shows; 0 for controls, C1 controls and what is not UTF-8. */
static size_t printable(const unsigned char *text)
{
    static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (text[0] < 0x80)
        return text[0] >= 0x20 && text[0] != 0x7f;
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    unsigned int code = text[0] & (0x7fU >> length);
    if (text[0] < 0xc2 || text[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    bool valid = code >= least[length] && code >= 0xa0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return valid ? length : 0;
}

/* What JSON does not allow in a string is written with a backslash; what no line should hold, as \xNN in both formats.
 */
static void put_escaped(struct line *line, const char *text, size_t length, bool json)
{
    for (size_t i = 0; i < length;) {
        size_t shown = printable((const unsigned char *)text + i);
        char escape[8];
        if (shown == 0)
            put(line, escape,
                (size_t)snprintf(escape, sizeof escape, json ? "\\\\x%02x" : "\\x%02x", (unsigned char)text[i]));
        else if (json && (text[i] == '"' || text[i] == '\\'))
            put(line, (const char[]){ '\\', text[i] }, 2);
        else
            put(line, text + i, shown);
        i += shown > 0 ? shown : 1;
    }
}

static size_t key_length(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return length <= KEY_MAX && text[length] == '=' ? length : 0;
}

/* The next " key=" at or after @p text, or its end. */
static const char *next_field(const char *text)
{
    for (const char *space = strchr(text, ' '); space != NULL; space = strchr(space + 1, ' ')) {
        if (key_length(space + 1) > 0)
            return space;
    }
    return text + strlen(text);
}

static void put_json(struct line *line, const char *message)
{
    const char *end = next_field(message);
    put_text(line, "\",\"event\":\"");
    put_escaped(line, message, (size_t)(end - message), true);
    while (*end != '\0') {
        const char *key = end + 1;
        const char *value = key + key_length(key) + 1;
        char opening[128];
        end = next_field(value);
        put(line, opening, (size_t)snprintf(opening, sizeof opening, "\",\"%.*s\":\"", (int)(value - key - 1), key));
        put_escaped(line, value, (size_t)(end - value), true);
    }
    memcpy(line->text + line->length, "\"}", 2);
    line->length += 2;
}

static void put_time(struct line *line)
{
    char text[32], fraction[8];
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    put(line, text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts));
    put(line, fraction, (size_t)snprintf(fraction, sizeof fraction, ".%03ldZ", now.tv_nsec / 1000000 % 1000));
}

static void write_line(struct line *line)
{
    line->text[line->length++] = '\n';
    while (write(STDERR_FILENO, line->text, line->length) < 0 && errno == EINTR)
        ;
}

void log_write(enum log_level level, const char *format, ...)
{
    struct line line;
    char message[LINE_MAX_OCTETS];
    va_list arguments;
    if (!log_enabled(level))
        return;
    int saved = errno;
    line.length = 0;
    line.full = false;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);

    if (log_state.format == LOG_FORMAT_JSON) {
        put_text(&line, "{\"time\":\"");
        put_time(&line);
        put_text(&line, "\",\"level\":\"");
        put_text(&line, level_names[level]);
        put_text(&line, "\",\"program\":\"");
        put_escaped(&line, log_state.program, strlen(log_state.program), true);
        put_json(&line, message);
    } else {
        if (log_state.journal) {
            put_text(&line, journal_prefixes[level]);
        } else {
            put_time(&line);
            put_text(&line, " ");
        }
        put_text(&line, level_names[level]);
        put_text(&line, " ");
        put_escaped(&line, message, strlen(message), false);
    }
    write_line(&line);
    errno = saved;
}

const char *log_a_kid(const char *a_kid, char out[LOG_A_KID_LEN])
{
    size_t rid = strcspn(a_kid, ".@");
    size_t shown = a_kid[rid] == '.' && rid <= RID_MAX ? rid + 1 + A_TID_SHOWN : A_TID_SHOWN;
    snprintf(out, LOG_A_KID_LEN, "%.*s...", (int)shown, a_kid);
    return out;
}

/* Octets of @p text that stand for one person and are left out, beginning at *first; 0: none. */
static size_t personal(const char *text, size_t *first)
{
    const char *at = strchr(text, '@');
    if (at != NULL && (strncmp(text, "nai-", 4) == 0 || strncmp(text, "extid-", 6) == 0)) {
        *first = strcspn(text, "-") + 2;
        return text + *first < at ? (size_t)(at - text) - *first : 0;
    }
    for (size_t i = 0, digits; text[i] != '\0'; i += digits > 0 ? digits : 1) {
        digits = strspn(text + i, "0123456789");
        if (digits > DIGITS_FIRST + DIGITS_LAST) {
            *first = i + DIGITS_FIRST;
            return digits - DIGITS_FIRST - DIGITS_LAST;
        }
    }
    return 0;
}

const char *log_identity(const char *identity, char out[LOG_IDENTITY_LEN])
{
    size_t first = 0;
    size_t left_out = personal(identity, &first);
    if (left_out == 0)
        snprintf(out, LOG_IDENTITY_LEN, "%s", identity);
    else
        snprintf(out, LOG_IDENTITY_LEN, "%.*s...%s", (int)first, identity, identity + first + left_out);
    return out;
}

bool log_limit_take(struct log_limit *limit, int64_t now_ms, unsigned *left_out)
{
    if (now_ms < limit->next_ms && !log_enabled(LOG_LEVEL_DEBUG)) {
        limit->left_out++;
        return false;
    }
    *left_out = limit->left_out;
    *limit = (struct log_limit){ .next_ms = now_ms + LIMIT_MS };
    return true;
}
