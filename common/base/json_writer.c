#include "base/json_writer.h"

#include "base/utf8.h"

#include <string.h>

void json_writer_init(struct json_writer *writer, uint8_t *out, size_t capacity)
{
    *writer = (struct json_writer){ .out = out, .capacity = capacity, .err = MSGIN5G_OK };
}

static void put(struct json_writer *writer, const void *octets, size_t length)
{
    if (writer->err != MSGIN5G_OK)
        return;
    if (writer->capacity - writer->length < length) {
        writer->err = MSGIN5G_ERR_LIMIT;
        return;
    }
    if (length > 0)
        memcpy(writer->out + writer->length, octets, length);
    writer->length += length;
}

static void put_char(struct json_writer *writer, char c)
{
    put(writer, &c, 1);
}

/* The comma before an entry and the name of a member. */
static void put_name(struct json_writer *writer, const char *name)
{
    if (writer->comma)
        put_char(writer, ',');
    writer->comma = true;
    if (name == NULL)
        return;
    put_char(writer, '"');
    put(writer, name, strlen(name));
    put(writer, "\":", 2);
}

static void begin(struct json_writer *writer, const char *name, char bracket)
{
    put_name(writer, name);
    put_char(writer, bracket);
    writer->comma = false;
}

static void end(struct json_writer *writer, char bracket)
{
    put_char(writer, bracket);
    writer->comma = true;
}

void json_object_begin(struct json_writer *writer, const char *name)
{
    begin(writer, name, '{');
}

void json_object_end(struct json_writer *writer)
{
    end(writer, '}');
}

void json_array_begin(struct json_writer *writer, const char *name)
{
    begin(writer, name, '[');
}

void json_array_end(struct json_writer *writer)
{
    end(writer, ']');
}

/* The shortest escape of @p octet, which is a control character, '"' or '\\' (RFC 8259 7). */
static void put_escape(struct json_writer *writer, uint8_t octet)
{
    static const char hex[] = "0123456789abcdef";
    static const char with_letter[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = octet == 0 ? NULL : strchr(with_letter, octet);
    if (found != NULL)
        put(writer, (const char[]){ '\\', letters[found - with_letter] }, 2);
    else
        put(writer, (const char[]){ '\\', 'u', '0', '0', hex[octet >> 4], hex[octet & 15] }, 6);
}

static bool plain(uint8_t octet)
{
    return octet >= 0x20 && octet < 0x80 && octet != '"' && octet != '\\';
}

/* Octets from @p at that stand in a JSON string as they are; stops before what needs an escape or is not UTF-8. */
static size_t plain_run(const uint8_t *at, size_t length)
{
    size_t run = 0;
    while (run < length) {
        size_t step = plain(at[run]) ? 1 : 0;
        if (at[run] >= 0x80)
            step = utf8_sequence(at + run, length - run);
        if (step == 0)
            break;
        run += step;
    }
    return run;
}

void json_string(struct json_writer *writer, const char *name, struct msgin5g_str text)
{
    const uint8_t *at = (const uint8_t *)text.octets;
    size_t left = text.length;
    put_name(writer, name);
    put_char(writer, '"');
    while (left > 0 && writer->err == MSGIN5G_OK) {
        size_t run = plain_run(at, left);
        put(writer, at, run);
        at += run;
        left -= run;
        if (left == 0)
            break;
        if (*at >= 0x80) {
            writer->err = MSGIN5G_ERR_INVALID;
            break;
        }
        put_escape(writer, *at++);
        left--;
    }
    put_char(writer, '"');
}

void json_text(struct json_writer *writer, const char *name, const char *text)
{
    json_string(writer, name, msgin5g_str(text));
}

void json_raw(struct json_writer *writer, const char *name, struct msgin5g_str text)
{
    put_name(writer, name);
    put(writer, text.octets, text.length);
}

void json_bool(struct json_writer *writer, const char *name, bool value)
{
    put_name(writer, name);
    put(writer, value ? "true" : "false", value ? 4 : 5);
}

void json_integer(struct json_writer *writer, const char *name, int64_t value)
{
    char digits[20];
    size_t first = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--first] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    put_name(writer, name);
    if (value < 0)
        put_char(writer, '-');
    put(writer, digits + first, sizeof digits - first);
}

enum msgin5g_err json_writer_finish(const struct json_writer *writer, size_t *length)
{
    if (writer->err == MSGIN5G_OK)
        *length = writer->length;
    return writer->err;
}
