#include "fields.h"

#include <string.h>

#define TEXT_SLACK 16384 /* for texts that are no fields: target, decoded path segments; and the NULs */

void fields_init(struct fields *fields, size_t limit)
{
    memset(fields, 0, sizeof *fields);
    buffer_init(&fields->text, limit + TEXT_SLACK);
    fields->limit = limit;
}

void fields_reset(struct fields *fields, size_t limit)
{
    fields->text.length = 0;
    fields->text.limit = limit + TEXT_SLACK;
    fields->limit = limit;
    fields->cost = 0;
    fields->count = 0;
}

void fields_free(struct fields *fields)
{
    buffer_free(&fields->text);
}

enum msgin5g_err fields_put(struct fields *fields, struct msgin5g_str text, struct text_ref *out)
{
    uint8_t *place;
    enum msgin5g_err err = buffer_reserve(&fields->text, text.length + 1, &place);
    if (err != MSGIN5G_OK)
        return err;
    if (text.length > 0)
        memcpy(place, text.octets, text.length);
    place[text.length] = '\0';
    *out = (struct text_ref){ (uint32_t)fields->text.length, (uint32_t)text.length };
    fields->text.length += text.length + 1;
    return MSGIN5G_OK;
}

static void lower(uint8_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] |= 0x20;
    }
}

enum msgin5g_err fields_add(struct fields *fields, struct msgin5g_str name, struct msgin5g_str value)
{
    size_t cost = name.length + value.length + FIELD_OVERHEAD;
    if (fields->count == FIELDS_MAX || cost > fields->limit - fields->cost)
        return MSGIN5G_ERR_LIMIT;
    enum msgin5g_err err = fields_put(fields, name, &fields->list[fields->count].name);
    if (err == MSGIN5G_OK)
        err = fields_put(fields, value, &fields->list[fields->count].value);
    if (err != MSGIN5G_OK)
        return err;
    lower(fields->text.data + fields->list[fields->count].name.at, name.length);
    fields->cost += cost;
    fields->count++;
    return MSGIN5G_OK;
}

struct msgin5g_str fields_text(const struct fields *fields, struct text_ref ref)
{
    return (struct msgin5g_str){ (const char *)fields->text.data + ref.at, ref.length };
}

struct msgin5g_str fields_find(const struct fields *fields, struct msgin5g_str name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (msgin5g_str_equal(fields_text(fields, fields->list[i].name), name))
            return fields_text(fields, fields->list[i].value);
    }
    return (struct msgin5g_str){ NULL, 0 };
}
