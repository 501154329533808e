/* CBOR items one by one from octets of a stranger: definite lengths and shortest form only (RFC 8949 4.2.1). */
#ifndef CBOR_READER_H
#define CBOR_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cbor_kind {
    CBOR_KIND_UINT,
    CBOR_KIND_NEGINT,
    CBOR_KIND_BYTES,
    CBOR_KIND_TEXT,
    CBOR_KIND_ARRAY,
    CBOR_KIND_MAP,
    CBOR_KIND_TAG,
    CBOR_KIND_SIMPLE, /* false, true, null, undefined, a float */
    CBOR_KIND_INDEFINITE
};

struct cbor_reader {
    const uint8_t *octets; /* the rest */
    size_t length;
};

/** The head of an item, and of a string its content; borrows from the reader's octets. */
struct cbor_head {
    enum cbor_kind kind;
    uint64_t value; /* of a number (-1 - value for CBOR_KIND_NEGINT), tag; members of an array, pairs of a map */
    const uint8_t *octets;
    size_t length;
};

/** Take the next head. @return false when there is none that is well-formed, definite and as short as can be. */
bool cbor_reader_next(struct cbor_reader *reader, struct cbor_head *out);
/** Take the next item whole, with everything inside of it. */
bool cbor_reader_skip(struct cbor_reader *reader);

#endif
