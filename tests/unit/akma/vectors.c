#include "vectors.h"

#include "base/buffer.h"
#include "base/secret.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)1 << 20)

struct vectors {
    cJSON *root;
};

/* struct vector is never completed: it is a cJSON object under a name of our own. */
static const cJSON *object(const struct vector *vector)
{
    return (const cJSON *)(const void *)vector;
}

static const cJSON *member(const cJSON *parent, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(parent, key);

    if (item == NULL)
        fail_msg("the vector has no \"%s\"", key);
    return item;
}

struct vectors *vectors_load(const char *path)
{
    struct vectors *vectors = calloc(1, sizeof *vectors);
    struct buffer text;

    assert_non_null(vectors);
    buffer_init(&text, FILE_MAX);
    if (buffer_read_file(&text, path) != MSGIN5G_OK)
        fail_msg("cannot read %s", path);
    vectors->root = cJSON_ParseWithLength((const char *)text.data, text.length);
    buffer_free(&text);
    if (!cJSON_IsArray(member(vectors->root, "vectors")))
        fail_msg("%s holds no vectors", path);
    return vectors;
}

void vectors_free(struct vectors *vectors)
{
    cJSON_Delete(vectors->root);
    free(vectors);
}

size_t vectors_count(const struct vectors *vectors)
{
    return (size_t)cJSON_GetArraySize(member(vectors->root, "vectors"));
}

const struct vector *vectors_at(const struct vectors *vectors, size_t index)
{
    return vector_array_at((const struct vector *)(const void *)vectors->root, "vectors", index);
}

const char *vector_text(const struct vector *vector, const char *key)
{
    const char *text = cJSON_GetStringValue(member(object(vector), key));

    assert_non_null(text);
    return text;
}

void vector_hex(const struct vector *vector, const char *key, void *out, size_t length)
{
    const char *text = vector_text(vector, key);

    if (secret_from_hex(msgin5g_str(text), out, length) != MSGIN5G_OK)
        fail_msg("\"%s\" is not %zu octets", key, length);
}

size_t vector_array_count(const struct vector *vector, const char *key)
{
    return (size_t)cJSON_GetArraySize(member(object(vector), key));
}

const struct vector *vector_array_at(const struct vector *vector, const char *key, size_t index)
{
    const cJSON *item = cJSON_GetArrayItem(member(object(vector), key), (int)index);

    assert_non_null(item);
    return (const struct vector *)(const void *)item;
}
