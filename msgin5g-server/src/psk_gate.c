#include "psk_gate.h"

#include "handshake_reader.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_HEADER_LENGTH 13

struct psk_gate {
    uint8_t *octets; /* PSK_GATE_MESSAGE_MAX of them, then one bit each: received; NULL until something is fragmented */
    uint8_t type;
    uint16_t sequence;
    size_t length;
    size_t received;
};

struct fragment {
    uint32_t type, length, sequence, offset;
    struct reader octets;
};

/* RFC 6347 4.2.2. */
static bool read_fragment(struct reader *from, struct fragment *out)
{
    return read_number(from, 1, &out->type) && read_number(from, 3, &out->length) &&
           read_number(from, 2, &out->sequence) && read_number(from, 3, &out->offset) &&
           read_vector(from, 3, &out->octets);
}

static bool start_message(struct psk_gate *gate, const struct fragment *fragment)
{
    if (gate->octets == NULL)
        gate->octets = malloc(PSK_GATE_MESSAGE_MAX + PSK_GATE_MESSAGE_MAX / 8);
    if (gate->octets == NULL)
        return false;
    memset(gate->octets + PSK_GATE_MESSAGE_MAX, 0, PSK_GATE_MESSAGE_MAX / 8);
    gate->type = (uint8_t)fragment->type;
    gate->sequence = (uint16_t)fragment->sequence;
    gate->length = fragment->length;
    gate->received = 0;
    return true;
}

/* Put one fragment in its place; octets that are already there stay as they were. @return true when nothing is missing.
 */
static bool add_fragment(struct psk_gate *gate, const struct fragment *fragment)
{
    bool same = gate->octets != NULL && gate->type == fragment->type && gate->sequence == fragment->sequence &&
                gate->length == fragment->length;
    if (!same && !start_message(gate, fragment))
        return false;
    uint8_t *have = gate->octets + PSK_GATE_MESSAGE_MAX;
    for (size_t i = 0; i < fragment->octets.left; i++) {
        size_t place = fragment->offset + i;
        if ((have[place / 8] & 1U << place % 8) != 0)
            continue;
        have[place / 8] |= (uint8_t)(1U << place % 8);
        gate->octets[place] = fragment->octets.at[i];
        gate->received++;
    }
    return gate->received == gate->length;
}

static enum psk_gate_event take_fragment(
    struct psk_gate *gate, const struct fragment *fragment, struct psk_gate_finding *out)
{
    if (fragment->type != HANDSHAKE_CLIENT_HELLO && fragment->type != HANDSHAKE_CLIENT_KEY_EXCHANGE)
        return PSK_GATE_NOTHING;
    if (fragment->length > PSK_GATE_MESSAGE_MAX || fragment->offset > fragment->length ||
        fragment->octets.left > fragment->length - fragment->offset)
        return PSK_GATE_MALFORMED;
    if (fragment->octets.left == fragment->length)
        return read_handshake_message(true, (uint8_t)fragment->type, fragment->octets, out);
    if (!add_fragment(gate, fragment))
        return PSK_GATE_NOTHING;
    return read_handshake_message(true, gate->type, (struct reader){ gate->octets, gate->length }, out);
}

static enum psk_gate_event read_record(struct psk_gate *gate, struct reader record, struct psk_gate_finding *out)
{
    while (record.left > 0) {
        struct fragment fragment;
        if (!read_fragment(&record, &fragment))
            return PSK_GATE_MALFORMED;
        enum psk_gate_event event = take_fragment(gate, &fragment, out);
        if (event != PSK_GATE_NOTHING)
            return event;
    }
    return PSK_GATE_NOTHING;
}

struct psk_gate *psk_gate_create(void)
{
    return calloc(1, sizeof(struct psk_gate));
}

void psk_gate_free(struct psk_gate *gate)
{
    if (gate == NULL)
        return;
    free(gate->octets);
    free(gate);
}

/* RFC 6347 4.1. A first octet of 001xxxxx is a DTLS 1.3 ciphertext (RFC 9147 4): nothing in the clear follows it. */
enum psk_gate_event psk_gate_read(
    struct psk_gate *gate, const uint8_t *octets, size_t length, struct psk_gate_finding *out)
{
    struct reader from = { octets, length };
    while (from.left > 0 && (from.at[0] & 0xE0) != 0x20) {
        uint32_t type, version, epoch, sequence;
        struct reader skipped, record;
        if (from.left < RECORD_HEADER_LENGTH)
            return PSK_GATE_MALFORMED;
        bool whole = read_number(&from, 1, &type) && read_number(&from, 2, &version) && read_number(&from, 2, &epoch) &&
                     read_octets(&from, 2, &skipped) && read_number(&from, 4, &sequence) &&
                     read_vector(&from, 2, &record);
        if (!whole || version >> 8 != 0xFE)
            return PSK_GATE_MALFORMED;
        if (type != RECORD_HANDSHAKE || epoch != 0)
            continue;
        enum psk_gate_event event = read_record(gate, record, out);
        if (event != PSK_GATE_NOTHING)
            return event;
    }
    return PSK_GATE_NOTHING;
}
