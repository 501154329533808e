#include "output.h"

#include "base/json_writer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define FIELD_OCTETS  128 /* of a name, a number and what stands around them */
#define ESCAPE_OCTETS 6   /* of one character that cannot stand in a JSON string */

static size_t line_capacity(const struct output_field *fields)
{
    size_t octets = FIELD_OCTETS;

    for (; fields->kind != OUTPUT_END; fields++)
        octets += FIELD_OCTETS + ESCAPE_OCTETS * fields->text.length;
    return octets;
}

static void print_json(const char *event, const struct output_field *fields)
{
    size_t capacity = line_capacity(fields);
    uint8_t *line = malloc(capacity);
    struct json_writer writer;
    size_t length;

    if (line == NULL)
        abort();
    json_writer_init(&writer, line, capacity);
    json_object_begin(&writer, NULL);
    json_text(&writer, "event", event);
    for (; fields->kind != OUTPUT_END; fields++) {
        if (fields->kind == OUTPUT_INTEGER)
            json_integer(&writer, fields->name, fields->integer);
        else if (fields->kind == OUTPUT_BOOL)
            json_bool(&writer, fields->name, fields->integer != 0);
        else if (fields->text.octets != NULL)
            json_string(&writer, fields->name, fields->text);
    }
    json_object_end(&writer);
    if (json_writer_finish(&writer, &length) == MSGIN5G_OK)
        printf("%.*s\n", (int)length, (const char *)line);
    free(line);
}

/* Octets of a control character at @p i: C0, DEL, or one of C1 in UTF-8; 0: it is none. */
static size_t control_at(struct msgin5g_str text, size_t i)
{
    unsigned char c = (unsigned char)text.octets[i];

    if (c < 0x20 || c == 0x7f)
        return 1;
    return c == 0xc2 && i + 1 < text.length && (unsigned char)text.octets[i + 1] < 0xa0 ? 2 : 0;
}

/* Control characters from a peer never reach the terminal. */
static void print_text_value(struct msgin5g_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        size_t control = control_at(text, i);

        if (control == 0)
            putchar(text.octets[i]);
        for (; control > 0; control--)
            printf("\\x%02x", (unsigned char)text.octets[control == 2 ? i++ : i]);
    }
}

static void print_text(const char *event, const struct output_field *fields)
{
    fputs(event, stdout);
    for (; fields->kind != OUTPUT_END; fields++) {
        if (fields->kind == OUTPUT_TEXT && fields->text.octets == NULL)
            continue;
        printf(" %s=", fields->name);
        if (fields->kind == OUTPUT_INTEGER)
            printf("%lld", (long long)fields->integer);
        else if (fields->kind == OUTPUT_BOOL)
            fputs(fields->integer != 0 ? "yes" : "no", stdout);
        else
            print_text_value(fields->text);
    }
    putchar('\n');
}

void output_event(bool json, const char *event, const struct output_field *fields)
{
    (json ? print_json : print_text)(event, fields);
    if (fflush(stdout) != 0)
        (void)raise(SIGTERM);
}

void output_error(bool json, const char *where, const char *error, const char *hint)
{
    if (json) {
        OUTPUT(true, "error", FIELD_TEXT("error", error), FIELD_TEXT("where", where),
            FIELD_STR("hint", hint != NULL ? msgin5g_str(hint) : (struct msgin5g_str){ 0 }));
        return;
    }
    fprintf(stderr, "msgin5g-client: %s: %s%s%s\n", where, error, hint != NULL ? ": " : "", hint != NULL ? hint : "");
}
