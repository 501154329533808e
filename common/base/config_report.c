#include "config_internal.h"

#include "base/secret.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_MAX       1048576 /* octets of text; problems beyond are only counted */
#define PROBLEM_MAX      1024
#define NAME_MAX_GUESSED 64

enum msgin5g_err config_report_init(struct config_report *report, const char *path)
{
    *report = (struct config_report){ .count = 0 };
    buffer_init(&report->text, REPORT_MAX);
    report->source = calloc(1, sizeof *report->source);
    if (report->source == NULL || (report->source->path = strdup(path)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    return MSGIN5G_OK;
}

const char *config_report_path(const struct config_report *report)
{
    return report->source != NULL && report->source->path != NULL ? report->source->path : "configuration";
}

/* A configuration may hold subscriber keys, so its text is wiped. */
static void document_wipe_free(yaml_document_t *document)
{
    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++) {
        if (node->type == YAML_SCALAR_NODE)
            secret_wipe(node->data.scalar.value, node->data.scalar.length);
    }
    yaml_document_delete(document);
}

void config_report_free(struct config_report *report)
{
    buffer_free(&report->text);
    if (report->source != NULL) {
        if (report->source->has_document)
            document_wipe_free(&report->source->document);
        free(report->source->path);
        free(report->source);
    }
    *report = (struct config_report){ .count = 0 };
}

static void append_place(struct buffer *line, const struct config_place *place)
{
    if (place == NULL || (place->up == NULL && place->name == NULL))
        return;
    append_place(line, place->up);
    if (place->name == NULL)
        (void)buffer_appendf(line, "[%zu]", place->index);
    else
        (void)buffer_appendf(line, "%s%s", line->length > 0 ? "." : "", place->name);
}

/* Memory may be short here: then the problem is counted, and the load fails all the same. */
__attribute__((format(printf, 4, 0))) static void add_problem(
    struct config_report *report, size_t line, const char *path, const char *format, va_list arguments)
{
    char text[PROBLEM_MAX];
    char number[32] = "";
    vsnprintf(text, sizeof text, format, arguments);
    if (line > 0)
        snprintf(number, sizeof number, ":%zu", line);
    (void)buffer_appendf(
        &report->text, "%s%s: %s%s%s\n", config_report_path(report), number, path, path[0] != '\0' ? ": " : "", text);
    report->count++;
}

void config_problem(struct config_report *report, const struct config_place *place, const char *format, ...)
{
    struct buffer path;
    va_list arguments;
    buffer_init(&path, PROBLEM_MAX);
    append_place(&path, place);
    (void)buffer_append(&path, "", 1);
    va_start(arguments, format);
    add_problem(report, place->line, path.data != NULL ? (const char *)path.data : "", format, arguments);
    va_end(arguments);
    buffer_free(&path);
}

/* The value of @p name (length octets) in the mapping @p node; *@p line is moved to the key when it is there. */
static yaml_node_t *find_key(
    yaml_document_t *document, yaml_node_t *node, const char *name, size_t length, size_t *line)
{
    if (node->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = yaml_document_get_node(document, pair->key);
        if (key->type == YAML_SCALAR_NODE && key->data.scalar.length == length &&
            memcmp(key->data.scalar.value, name, length) == 0) {
            *line = key->start_mark.line + 1;
            return yaml_document_get_node(document, pair->value);
        }
    }
    return NULL;
}

static yaml_node_t *find_entry(yaml_document_t *document, yaml_node_t *node, size_t index, size_t *line)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return NULL;
    size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    yaml_node_t *entry =
        index < count ? yaml_document_get_node(document, node->data.sequence.items.start[index]) : NULL;
    if (entry != NULL)
        *line = entry->start_mark.line + 1;
    return entry;
}

static size_t find_line(struct config_source *source, const char *path)
{
    size_t line = 0;
    if (source == NULL || !source->has_document)
        return 0;
    yaml_node_t *node = yaml_document_get_root_node(&source->document);
    while (node != NULL && *path != '\0') {
        if (*path == '[') {
            char *end;
            node = find_entry(&source->document, node, strtoul(path + 1, &end, 10), &line);
            path = *end == ']' ? end + 1 : end;
        } else {
            size_t length = strcspn(path, ".[");
            node = find_key(&source->document, node, path, length, &line);
            path += length;
        }
        path += *path == '.';
    }
    return line;
}

void config_report_add(struct config_report *report, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_problem(report, find_line(report->source, path), path, format, arguments);
    va_end(arguments);
}

/* Levenshtein's distance, one row at a time. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t row[NAME_MAX_GUESSED + 1];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replaced < least ? replaced : least;
        }
    }
    return row[b_length];
}

void config_guess_offer(struct config_guess *guess, const char *written, const char *name)
{
    size_t written_length = strlen(written), name_length = strlen(name);
    if (written_length > NAME_MAX_GUESSED || name_length > NAME_MAX_GUESSED)
        return;
    size_t found = distance(written, written_length, name, name_length);
    if (found > 2 + name_length / 4 || found >= name_length || (guess->name != NULL && found >= guess->distance))
        return;
    guess->name = name;
    guess->distance = found;
}
