#include "config_internal.h"

#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_OCTETS 67108864
#define KEYS_MAX        64 /* rows of one table */

static void read_mapping(struct config_reader *reader, const struct config_key *schema, yaml_document_t *document,
    yaml_node_t *node, const struct config_place *place, void *out);

static void *value_of(const struct config_key *key, void *out)
{
    return (char *)out + key->offset;
}

/* "key:" with nothing behind it, as it remains when everything below is commented out. */
static bool is_null(const yaml_node_t *node)
{
    if (node == NULL)
        return true;
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    const char *text = (const char *)node->data.scalar.value;
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static void read_scalar(struct config_reader *reader, const struct config_key *key, const yaml_node_t *node,
    const struct config_place *place, void *out)
{
    if (is_null(node))
        config_problem(reader->report, place, "has no value; write \"\" for an empty text, or remove the key");
    else if (node->type != YAML_SCALAR_NODE)
        config_problem(reader->report, place, "must be a single value, not a list or a mapping");
    else
        config_value_read(reader, key, (const char *)node->data.scalar.value, node->data.scalar.length, place, out);
}

/* Entries are read one by one into the zeroed array, so that a half filled one can be freed. */
static void read_entries(struct config_reader *reader, const struct config_key *key, yaml_document_t *document,
    const yaml_node_t *node, const struct config_place *place, char *values, size_t size)
{
    static const struct config_key plain_string = { .type = CONFIG_STRING };
    const yaml_node_item_t *items = node->data.sequence.items.start;
    for (size_t i = 0; items + i < node->data.sequence.items.top; i++) {
        yaml_node_t *entry = yaml_document_get_node(document, items[i]);
        struct config_place here = { .up = place, .index = i, .line = entry->start_mark.line + 1 };
        if (key->type == CONFIG_STRINGS)
            read_scalar(reader, &plain_string, entry, &here, values + i * size);
        else
            read_mapping(reader, key->keys, document, entry, &here, values + i * size);
    }
}

static void read_sequence(struct config_reader *reader, const struct config_key *key, yaml_document_t *document,
    const yaml_node_t *node, const struct config_place *place, void *out)
{
    size_t count = 0;
    if (!is_null(node)) {
        if (node->type != YAML_SEQUENCE_NODE) {
            config_problem(reader->report, place, "must be a list: [a, b], or lines that begin with \"- \"");
            return;
        }
        count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    }
    if (!config_count_check(reader, key, count, place) || count == 0)
        return;
    size_t size = key->type == CONFIG_STRINGS ? sizeof(char *) : key->item_size;
    void *values = calloc(count, size);
    if (values == NULL) {
        reader->out_of_memory = true;
        return;
    }
    if (key->type == CONFIG_STRINGS)
        *(struct config_strings *)out = (struct config_strings){ .values = values, .count = count };
    else
        *(struct config_items *)out = (struct config_items){ .values = values, .count = count };
    read_entries(reader, key, document, node, place, values, size);
}

static void read_value(struct config_reader *reader, const struct config_key *key, yaml_document_t *document,
    yaml_node_t *node, const struct config_place *place, void *out)
{
    switch (key->type) {
    case CONFIG_SECTION:
        read_mapping(reader, key->keys, document, node, place, out);
        break;
    case CONFIG_STRINGS:
    case CONFIG_ITEMS:
        read_sequence(reader, key, document, node, place, value_of(key, out));
        break;
    default:
        read_scalar(reader, key, node, place, value_of(key, out));
        break;
    }
}

/* The default of a sequence is a small document of its own, "[a, b]". */
static void read_default_sequence(
    struct config_reader *reader, const struct config_key *key, const struct config_place *place, void *out)
{
    yaml_parser_t parser;
    yaml_document_t document;
    if (yaml_parser_initialize(&parser) == 0) {
        reader->out_of_memory = true;
        return;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)key->default_text, strlen(key->default_text));
    if (yaml_parser_load(&parser, &document) != 0) {
        read_sequence(reader, key, &document, yaml_document_get_root_node(&document), place, value_of(key, out));
        yaml_document_delete(&document);
    } else {
        assert(parser.error == YAML_MEMORY_ERROR); /* our own text */
        reader->out_of_memory = true;
    }
    yaml_parser_delete(&parser);
}

static void read_absent(
    struct config_reader *reader, const struct config_key *key, const struct config_place *place, void *out)
{
    bool sequence = key->type == CONFIG_STRINGS || key->type == CONFIG_ITEMS;
    if (key->type == CONFIG_SECTION)
        read_mapping(reader, key->keys, NULL, NULL, place, out);
    else if (sequence && key->default_text != NULL)
        read_default_sequence(reader, key, place, out);
    else if (sequence)
        read_sequence(reader, key, NULL, NULL, place, value_of(key, out));
    else if (key->default_text != NULL)
        config_value_read(reader, key, key->default_text, strlen(key->default_text), place, value_of(key, out));
    else
        config_problem(reader->report, place, "is required and missing: %s", key->help);
}

static void unknown_key(
    struct config_reader *reader, const struct config_key *schema, const char *name, const struct config_place *place)
{
    struct config_guess guess = { .name = NULL };
    for (const struct config_key *key = schema; key->name != NULL; key++)
        config_guess_offer(&guess, name, key->name);
    if (guess.name != NULL)
        config_problem(reader->report, place, "is not a known key; did you mean \"%s\"?", guess.name);
    else
        config_problem(reader->report, place, "is not a known key; --print-config shows those there are");
}

static const struct config_key *find_row(const struct config_key *schema, const yaml_node_t *name)
{
    if (name->type != YAML_SCALAR_NODE)
        return NULL;
    for (const struct config_key *key = schema; key->name != NULL; key++) {
        if (strcmp(key->name, (const char *)name->data.scalar.value) == 0)
            return key;
    }
    return NULL;
}

static void read_pair(struct config_reader *reader, const struct config_key *schema, yaml_document_t *document,
    const yaml_node_pair_t *pair, size_t seen_lines[], const struct config_place *place, void *out)
{
    const yaml_node_t *name = yaml_document_get_node(document, pair->key);
    const char *text = name->type == YAML_SCALAR_NODE ? (const char *)name->data.scalar.value : "?";
    struct config_place here = { .up = place, .name = text, .line = name->start_mark.line + 1 };
    const struct config_key *key = find_row(schema, name);
    if (key == NULL) {
        unknown_key(reader, schema, text, &here);
        return;
    }
    size_t *seen_line = &seen_lines[key - schema];
    if (*seen_line != 0) {
        config_problem(reader->report, &here, "appears twice; it already stands in line %zu", *seen_line);
        return;
    }
    *seen_line = here.line;
    read_value(reader, key, document, yaml_document_get_node(document, pair->value), &here, out);
}

static void read_mapping(struct config_reader *reader, const struct config_key *schema, yaml_document_t *document,
    yaml_node_t *node, const struct config_place *place, void *out)
{
    size_t seen_lines[KEYS_MAX] = { 0 };
    if (!is_null(node) && node->type != YAML_MAPPING_NODE) {
        config_problem(reader->report, place, "must be a mapping: lines of the form \"key: value\"");
        return;
    }
    if (!is_null(node)) {
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
            read_pair(reader, schema, document, pair, seen_lines, place, out);
    }
    for (const struct config_key *key = schema; key->name != NULL; key++) {
        assert(key - schema < KEYS_MAX);
        struct config_place here = { .up = place, .name = key->name, .line = place->line };
        if (seen_lines[key - schema] == 0)
            read_absent(reader, key, &here, out);
    }
}

/* libyaml has no exact place for some errors; the context's is the next best. */
static void parse_problem(struct config_report *report, const yaml_parser_t *parser)
{
    struct config_place place = { .line = parser->problem_mark.line + 1 };
    config_problem(report, &place, "not valid YAML: %s%s%s",
        parser->problem != NULL ? parser->problem : "cannot be read", parser->context != NULL ? ", " : "",
        parser->context != NULL ? parser->context : "");
}

static void check_only_document(struct config_report *report, yaml_parser_t *parser)
{
    yaml_document_t second;
    if (yaml_parser_load(parser, &second) == 0) {
        parse_problem(report, parser);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    struct config_place place = { .line = root != NULL ? root->start_mark.line + 1 : 0 };
    if (root != NULL)
        config_problem(report, &place, "a second document begins here; only one is read");
    yaml_document_delete(&second);
}

/* libyaml reads through two buffers of its own, and a file of subscribers is full of keys. */
static void parser_wipe_delete(yaml_parser_t *parser)
{
    secret_wipe(parser->raw_buffer.start, (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
    secret_wipe(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
    yaml_parser_delete(parser);
}

/* @return false when there is no document to walk; problems are in the report. */
static bool parse(struct config_report *report, const struct buffer *text)
{
    yaml_parser_t parser;
    struct config_source *source = report->source;
    if (yaml_parser_initialize(&parser) == 0)
        return false;
    yaml_parser_set_input_string(&parser, text->data, text->length);
    source->has_document = yaml_parser_load(&parser, &source->document) != 0;
    if (!source->has_document)
        parse_problem(report, &parser);
    else if (yaml_document_get_root_node(&source->document) != NULL)
        check_only_document(report, &parser);
    parser_wipe_delete(&parser);
    return source->has_document;
}

static enum msgin5g_err read_source(struct config_report *report)
{
    struct buffer text;
    struct config_place whole_file = { .line = 0 };
    buffer_init(&text, FILE_MAX_OCTETS);
    enum msgin5g_err err = buffer_read_file(&text, report->source->path);
    if (err == MSGIN5G_ERR_IO)
        config_problem(report, &whole_file, "cannot be read: %s", strerror(errno));
    else if (err == MSGIN5G_ERR_LIMIT)
        config_problem(report, &whole_file, "is larger than %d octets", FILE_MAX_OCTETS);
    else if (err == MSGIN5G_OK && !parse(report, &text) && report->count == 0)
        err = MSGIN5G_ERR_NO_MEMORY;
    buffer_wipe_free(&text);
    return err;
}

enum msgin5g_err config_load(const struct config_key *schema, const char *path, void *out, struct config_report *report)
{
    enum msgin5g_err err = config_report_init(report, path);
    const char *slash = strrchr(path, '/');
    char *folder = strndup(path, slash != NULL ? (size_t)(slash + 1 - path) : 0);
    if (folder == NULL)
        err = MSGIN5G_ERR_NO_MEMORY;
    if (err == MSGIN5G_OK)
        err = read_source(report);
    if (err == MSGIN5G_OK && report->source->has_document) {
        struct config_reader reader = { .report = report, .folder = folder };
        struct config_place top = { .line = 1 };
        yaml_document_t *document = &report->source->document;
        read_mapping(&reader, schema, document, yaml_document_get_root_node(document), &top, out);
        if (reader.out_of_memory)
            err = MSGIN5G_ERR_NO_MEMORY;
    }
    free(folder);
    return err != MSGIN5G_ERR_NO_MEMORY && report->count > 0 ? MSGIN5G_ERR_CONFIG : err;
}

enum msgin5g_err config_defaults(const struct config_key *schema, void *out)
{
    struct config_report report; /* required keys are missing, which is what the caller asked for */
    struct config_place top = { .line = 0 };
    struct config_reader reader = { .report = &report, .folder = "" };
    enum msgin5g_err err = config_report_init(&report, "defaults");
    if (err == MSGIN5G_OK)
        read_mapping(&reader, schema, NULL, NULL, &top, out);
    config_report_free(&report);
    return reader.out_of_memory ? MSGIN5G_ERR_NO_MEMORY : err;
}

static void text_wipe_free(char *text)
{
    if (text != NULL)
        secret_wipe(text, strlen(text));
    free(text);
}

static void free_strings(struct config_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        text_wipe_free(strings->values[i]);
    free(strings->values);
    *strings = (struct config_strings){ .count = 0 };
}

static void free_items(const struct config_key *key, struct config_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        config_free(key->keys, (char *)items->values + i * key->item_size);
    free(items->values);
    *items = (struct config_items){ .count = 0 };
}

void config_free(const struct config_key *schema, void *out)
{
    for (const struct config_key *key = schema; key->name != NULL; key++) {
        void *value = value_of(key, out);
        if (key->type == CONFIG_SECTION) {
            config_free(key->keys, out);
        } else if (key->type == CONFIG_STRINGS) {
            free_strings(value);
        } else if (key->type == CONFIG_ITEMS) {
            free_items(key, value);
        } else if (key->type == CONFIG_STRING || key->type == CONFIG_FILE) {
            text_wipe_free(*(char **)value);
            *(char **)value = NULL;
        }
    }
}
