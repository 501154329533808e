/* Bounded bytes that grow up to a named maximum. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "msgin5g/error.h"

#include <stddef.h>
#include <stdint.h>

/** Octets [0, length) of data are in use; data belongs to the buffer. Set up with buffer_init(). Growing wipes the old
 * place. */
struct buffer {
    uint8_t *data;
    size_t length;
    size_t capacity;
    size_t limit; /* octets it may grow to */
};

void buffer_init(struct buffer *buffer, size_t limit);
/** Release the octets; the buffer is empty and usable afterwards. */
void buffer_free(struct buffer *buffer);
/** As buffer_free(), after wiping. */
void buffer_wipe_free(struct buffer *buffer);
/** Append; on ERR_LIMIT (would exceed the limit) and ERR_NO_MEMORY the buffer is unchanged. */
enum msgin5g_err buffer_append(struct buffer *buffer, const void *octets, size_t length);
enum msgin5g_err buffer_append_text(struct buffer *buffer, const char *text);
enum msgin5g_err buffer_appendf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Make room for @p length more octets; @return their place in @p out. Raise buffer->length by what was written. */
enum msgin5g_err buffer_reserve(struct buffer *buffer, size_t length, uint8_t **out);
/** Remove @p length octets (at most all) from the front; nothing of them stays behind: they may have held a key. */
void buffer_consume(struct buffer *buffer, size_t length);
/** Read the whole file @p path (at most the limit; "-" is standard input) into @p buffer. @return MSGIN5G_OK, ERR_IO
 * (errno set), ERR_LIMIT, ERR_NO_MEMORY. */
enum msgin5g_err buffer_read_file(struct buffer *buffer, const char *path);

#endif
