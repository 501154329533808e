#include "base/buffer.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_CAPACITY 64
#define READ_STEP      65536

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){ .limit = limit };
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit);
}

void buffer_wipe_free(struct buffer *buffer)
{
    if (buffer->data != NULL)
        secret_wipe(buffer->data, buffer->capacity);
    buffer_free(buffer);
}

/* Not realloc(): what it leaves behind when it moves could be a secret. */
static enum msgin5g_err grow(struct buffer *buffer, size_t capacity)
{
    uint8_t *data = malloc(capacity);
    if (data == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->length);
        secret_wipe(buffer->data, buffer->length);
        free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return MSGIN5G_OK;
}

enum msgin5g_err buffer_reserve(struct buffer *buffer, size_t length, uint8_t **out)
{
    if (length > buffer->limit - buffer->length)
        return MSGIN5G_ERR_LIMIT;
    size_t needed = buffer->length + length;
    if (needed > buffer->capacity || buffer->data == NULL) {
        size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
        while (capacity < needed && capacity <= buffer->limit / 2)
            capacity *= 2;
        if (capacity < needed || capacity > buffer->limit)
            capacity = buffer->limit;
        enum msgin5g_err err = grow(buffer, capacity);
        if (err != MSGIN5G_OK)
            return err;
    }
    *out = buffer->data + buffer->length;
    return MSGIN5G_OK;
}

enum msgin5g_err buffer_append(struct buffer *buffer, const void *octets, size_t length)
{
    uint8_t *place;
    if (length == 0)
        return MSGIN5G_OK;
    enum msgin5g_err err = buffer_reserve(buffer, length, &place);
    if (err != MSGIN5G_OK)
        return err;
    memcpy(place, octets, length);
    buffer->length += length;
    return MSGIN5G_OK;
}

enum msgin5g_err buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

/* One octet more than the text is reserved: vsnprintf() ends it with a NUL, which is not counted. */
__attribute__((format(printf, 2, 0))) static enum msgin5g_err append_format(
    struct buffer *buffer, const char *format, va_list arguments, size_t length)
{
    size_t limit = buffer->limit;
    if (length > limit - buffer->length)
        return MSGIN5G_ERR_LIMIT;
    uint8_t *place;
    buffer->limit = limit < SIZE_MAX ? limit + 1 : limit;
    enum msgin5g_err err = buffer_reserve(buffer, length + 1, &place);
    buffer->limit = limit;
    if (err != MSGIN5G_OK)
        return err;
    vsnprintf((char *)place, length + 1, format, arguments);
    buffer->length += length;
    return MSGIN5G_OK;
}

enum msgin5g_err buffer_appendf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    enum msgin5g_err err = length < 0 ? MSGIN5G_ERR_INTERNAL : append_format(buffer, format, again, (size_t)length);
    va_end(again);
    va_end(arguments);
    return err;
}

void buffer_consume(struct buffer *buffer, size_t length)
{
    if (length > buffer->length)
        length = buffer->length;
    if (length == 0)
        return;
    buffer->length -= length;
    memmove(buffer->data, buffer->data + length, buffer->length);
    secret_wipe(buffer->data + buffer->length, length);
}

/* Room for the next read(); a full buffer gets one octet on the stack to tell "exactly the limit" from "more". */
static enum msgin5g_err read_all(struct buffer *buffer, int fd)
{
    for (;;) {
        uint8_t beyond, *place = &beyond;
        size_t room = buffer->limit - buffer->length;
        if (room > READ_STEP)
            room = READ_STEP;
        enum msgin5g_err err = room > 0 ? buffer_reserve(buffer, room, &place) : MSGIN5G_OK;
        if (err != MSGIN5G_OK)
            return err;
        ssize_t got = read(fd, place, room > 0 ? room : 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return MSGIN5G_ERR_IO;
        if (got == 0)
            return MSGIN5G_OK;
        if (room == 0)
            return MSGIN5G_ERR_LIMIT;
        buffer->length += (size_t)got;
    }
}

enum msgin5g_err buffer_read_file(struct buffer *buffer, const char *path)
{
    if (strcmp(path, "-") == 0)
        return read_all(buffer, STDIN_FILENO);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return MSGIN5G_ERR_IO;
    enum msgin5g_err err = read_all(buffer, fd);
    int saved = errno;
    close(fd);
    errno = saved;
    return err;
}
