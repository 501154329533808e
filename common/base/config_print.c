#include "config_internal.h"

#include <string.h>

#define COLUMNS   100
#define STEP      2
#define RANGE_MAX 512

/* Where a line begins: outer spaces, "# " when it is an example, inner spaces. */
struct margin {
    FILE *out;
    int outer;
    bool commented;
    int inner;
};

static struct margin deeper(struct margin margin)
{
    if (margin.commented)
        margin.inner += STEP;
    else
        margin.outer += STEP;
    return margin;
}

static struct margin as_example(struct margin margin)
{
    margin.commented = true;
    return margin;
}

static void begin_line(struct margin margin)
{
    fprintf(margin.out, "%*s%s%*s", margin.outer, "", margin.commented ? "# " : "", margin.inner, "");
}

/* Words of @p text as comment lines of at most COLUMNS characters. */
static void print_comment(struct margin margin, const char *text)
{
    int used = 0; /* nothing yet; a line that was begun is never empty */
    while (*(text += strspn(text, " ")) != '\0') {
        int length = (int)strcspn(text, " ");
        if (used == 0 || used + 1 + length > COLUMNS) {
            if (used > 0)
                fputc('\n', margin.out);
            begin_line(margin);
            fputc('#', margin.out);
            used = margin.outer + margin.inner + (margin.commented ? 2 : 0) + 1;
        }
        fprintf(margin.out, " %.*s", length, text);
        used += 1 + length;
        text += length;
    }
    fputc('\n', margin.out);
}

static bool is_required(const struct config_key *key)
{
    bool sequence = key->type == CONFIG_STRINGS || key->type == CONFIG_ITEMS;
    return key->type != CONFIG_SECTION && key->default_text == NULL && (!sequence || key->min > 0);
}

static void print_help(struct margin margin, const struct config_key *key)
{
    char range[RANGE_MAX], text[2 * RANGE_MAX + 64];
    const char *required = is_required(key) ? "required" : "";
    config_range_format(key, range, sizeof range);
    bool both = range[0] != '\0' && required[0] != '\0', any = range[0] != '\0' || required[0] != '\0';
    snprintf(text, sizeof text, "%.*s%s%s%s%s%s", RANGE_MAX, key->help, any ? " (" : "", range, both ? "; " : "",
        required, any ? ")" : "");
    print_comment(margin, text);
}

/* Text that YAML reads as itself without quotes; a narrow choice, so that nobody has to look up the exceptions. */
static bool is_plain(const char *text)
{
    static const char anywhere[] = "-:@;+=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_";
    const char *first = anywhere + strlen("-:@;+=");
    size_t length = strlen(text);
    return length > 0 && strchr(first, text[0]) != NULL && strspn(text, anywhere) == length &&
           text[length - 1] != ':' && strcmp(text, "null") != 0;
}

static void print_text(FILE *out, const char *text)
{
    if (is_plain(text)) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            fprintf(out, "\\x%02x", (unsigned char)*text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

static void print_keys(struct margin margin, const struct config_key *schema);

static void print_key(struct margin margin, const struct config_key *key)
{
    print_help(margin, key);
    if (key->type != CONFIG_SECTION && key->default_text == NULL)
        margin = as_example(margin);
    begin_line(margin);
    fprintf(margin.out, "%s:", key->name);
    if (key->default_text != NULL) {
        fputc(' ', margin.out);
        if (key->type == CONFIG_STRING || key->type == CONFIG_FILE)
            print_text(margin.out, key->default_text);
        else
            fputs(key->default_text, margin.out);
    }
    fputc('\n', margin.out);
    if (key->type == CONFIG_SECTION) {
        print_keys(deeper(margin), key->keys);
    } else if (key->type == CONFIG_ITEMS) {
        margin = deeper(as_example(margin));
        begin_line(margin);
        fputs("-\n", margin.out);
        print_keys(deeper(margin), key->keys);
    }
}

static void print_keys(struct margin margin, const struct config_key *schema)
{
    for (const struct config_key *key = schema; key->name != NULL; key++)
        print_key(margin, key);
}

void config_print(const struct config_key *schema, FILE *out)
{
    for (const struct config_key *key = schema; key->name != NULL; key++) {
        if (key != schema)
            fputc('\n', out);
        print_key((struct margin){ .out = out }, key);
    }
}
