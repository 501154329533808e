#include "config_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RANGE_MAX  512
#define NUMBER_MAX 32 /* characters of a number or duration; more is neither */

static const struct {
    const char *suffix;
    int64_t ms;
} units[] = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };

#define UNIT_COUNT (sizeof units / sizeof units[0])

static bool parse_int(const char *text, int64_t *out, const char **rest)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    *rest = end;
    bool begins_well = (text[0] >= '0' && text[0] <= '9') || (text[0] == '-' && text[1] >= '0' && text[1] <= '9');
    return begins_well && errno == 0;
}

static bool parse_duration(const char *text, int64_t *out_ms)
{
    const char *suffix;
    int64_t count;
    if (!parse_int(text, &count, &suffix) || count < 0)
        return false;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(suffix, units[i].suffix) == 0)
            return !__builtin_mul_overflow(count, units[i].ms, out_ms);
    }
    return false;
}

static void format_duration(int64_t ms, char *out, size_t size)
{
    size_t i = 0;
    while (i + 1 < UNIT_COUNT && (ms == 0 || ms % units[i].ms != 0))
        i++;
    snprintf(out, size, "%" PRId64 "%s", ms / units[i].ms, units[i].suffix);
}

static void format_bound(const struct config_key *key, int64_t value, char *out, size_t size)
{
    if (key->type == CONFIG_DURATION)
        format_duration(value, out, size);
    else
        snprintf(out, size, "%" PRId64, value);
}

static const char *counted_in(enum config_type type)
{
    switch (type) {
    case CONFIG_STRING:
    case CONFIG_FILE:
        return " octets";
    case CONFIG_STRINGS:
    case CONFIG_ITEMS:
        return " entries";
    default:
        return "";
    }
}

static void format_choices(const char *const *choices, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "one of:");
    for (; *choices != NULL && used < size; choices++)
        used += (size_t)snprintf(out + used, size - used, " %s%s", *choices, choices[1] != NULL ? "," : "");
}

void config_range_format(const struct config_key *key, char *out, size_t size)
{
    char min[NUMBER_MAX], max[NUMBER_MAX];
    out[0] = '\0';
    if (key->type == CONFIG_ENUM) {
        format_choices(key->choices, out, size);
    } else if (key->type != CONFIG_SECTION && key->type != CONFIG_BOOL && (key->min != 0 || key->max != 0)) {
        format_bound(key, key->min, min, sizeof min);
        format_bound(key, key->max, max, sizeof max);
        if (key->max < key->min)
            snprintf(out, size, "at least %s%s", min, counted_in(key->type));
        else
            snprintf(out, size, "from %s to %s%s", min, max, counted_in(key->type));
    }
}

static bool in_range(const struct config_key *key, int64_t value)
{
    if (key->min == 0 && key->max == 0)
        return true;
    return value >= key->min && (key->max < key->min || value <= key->max);
}

static void wrong(struct config_reader *reader, const struct config_key *key, const char *what, const char *text,
    const struct config_place *place)
{
    char range[RANGE_MAX];
    config_range_format(key, range, sizeof range);
    config_problem(reader->report, place, "must be %s%s%s, not \"%.100s\"", what,
        what[0] != '\0' && range[0] != '\0' ? ", " : "", range, text);
}

bool config_count_check(
    struct config_reader *reader, const struct config_key *key, size_t count, const struct config_place *place)
{
    char range[RANGE_MAX];
    if (in_range(key, (int64_t)count))
        return true;
    config_range_format(key, range, sizeof range);
    config_problem(reader->report, place, "must have %s, not %zu", range, count);
    return false;
}

static void read_bool(struct config_reader *reader, const struct config_key *key, const char *text,
    const struct config_place *place, bool *out)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        *out = text[0] == 't';
    else
        wrong(reader, key, "true or false", text, place);
}

static void read_int(struct config_reader *reader, const struct config_key *key, const char *text,
    const struct config_place *place, int64_t *out)
{
    int64_t value;
    const char *rest;
    if (parse_int(text, &value, &rest) && *rest == '\0' && in_range(key, value))
        *out = value;
    else
        wrong(reader, key, "a whole number", text, place);
}

static void read_duration(struct config_reader *reader, const struct config_key *key, const char *text,
    const struct config_place *place, int64_t *out)
{
    int64_t value;
    if (parse_duration(text, &value) && in_range(key, value))
        *out = value;
    else
        wrong(reader, key, "a duration such as 250ms, 30s, 5m, 2h or 7d", text, place);
}

static void read_enum(struct config_reader *reader, const struct config_key *key, const char *text,
    const struct config_place *place, int *out)
{
    for (int i = 0; key->choices[i] != NULL; i++) {
        if (strcmp(text, key->choices[i]) == 0) {
            *out = i;
            return;
        }
    }
    wrong(reader, key, "", text, place);
}

static void read_string(struct config_reader *reader, const struct config_key *key, const char *text, size_t length,
    const struct config_place *place, char **out)
{
    if (!config_count_check(reader, key, length, place))
        return;
    if ((*out = strdup(text)) == NULL)
        reader->out_of_memory = true;
}

static void read_file(struct config_reader *reader, const struct config_key *key, const char *text, size_t length,
    const struct config_place *place, char **out)
{
    const char *folder = text[0] == '/' || text[0] == '\0' ? "" : reader->folder;
    if (!config_count_check(reader, key, length, place))
        return;
    if (asprintf(out, "%s%s", folder, text) < 0) {
        *out = NULL;
        reader->out_of_memory = true;
    }
}

void config_value_read(struct config_reader *reader, const struct config_key *key, const char *text, size_t length,
    const struct config_place *place, void *out)
{
    if (strlen(text) != length) {
        config_problem(reader->report, place, "must not hold a NUL character");
        return;
    }
    switch (key->type) {
    case CONFIG_BOOL:
        read_bool(reader, key, text, place, out);
        break;
    case CONFIG_INT:
        read_int(reader, key, text, place, out);
        break;
    case CONFIG_DURATION:
        read_duration(reader, key, text, place, out);
        break;
    case CONFIG_STRING:
        read_string(reader, key, text, length, place, out);
        break;
    case CONFIG_FILE:
        read_file(reader, key, text, length, place, out);
        break;
    case CONFIG_ENUM:
        read_enum(reader, key, text, place, out);
        break;
    default:
        config_problem(reader->report, place, "must not be a single value");
        break;
    }
}
