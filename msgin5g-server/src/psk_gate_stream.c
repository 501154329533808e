#include "psk_gate_stream.h"

#include "handshake_reader.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_CHANGE_CIPHER_SPEC = 20,
    RECORD_ALERT = 21,
    RECORD_APPLICATION_DATA = 23,
    RECORD_HEADER_LENGTH = 5,
    RECORD_OCTETS_MAX = 1 << 14, /* RFC 8446 5.1 */
    MESSAGE_HEADER_LENGTH = 4
};

/* A header that may come octet by octet. */
struct header {
    uint8_t octets[RECORD_HEADER_LENGTH];
    size_t have;
};

struct psk_gate_stream {
    bool broken;       /* not TLS: there is no telling where its next record begins */
    bool is_protected; /* nothing in the clear follows */
    bool is_handshake; /* the record being read */
    bool found;        /* an event, in the octets being read now */
    struct header record;
    size_t record_left;    /* octets of the record still to come */
    struct header message; /* of a handshake message; it may go on in the next record */
    size_t message_length;
    size_t message_have;
    uint8_t *body; /* message_length octets; NULL: a message we do not look at */
};

struct psk_gate_stream *psk_gate_stream_create(void)
{
    return calloc(1, sizeof(struct psk_gate_stream));
}

void psk_gate_stream_free(struct psk_gate_stream *gate)
{
    if (gate == NULL)
        return;
    free(gate->body);
    free(gate);
}

/* @return true once @p wanted octets of @p header are there. */
static bool fill(struct header *header, size_t wanted, struct reader *from)
{
    size_t missing = wanted - header->have;
    size_t count = missing < from->left ? missing : from->left;
    struct reader part;
    if (read_octets(from, count, &part) && count > 0)
        memcpy(header->octets + header->have, part.at, count);
    header->have += count;
    return header->have == wanted;
}

static bool record_allowed(const struct psk_gate_stream *gate, uint32_t type, uint32_t version, uint32_t length)
{
    if (version >> 8 != 3 || length == 0 || length > RECORD_OCTETS_MAX)
        return false;
    if (type == RECORD_HANDSHAKE)
        return true;
    /* ChangeCipherSpec also comes between the two hellos of TLS 1.3 (RFC 8446 D.4). */
    return gate->message.have == 0 &&
           (type == RECORD_CHANGE_CIPHER_SPEC || type == RECORD_ALERT || type == RECORD_APPLICATION_DATA);
}

static void read_record_header(struct psk_gate_stream *gate, struct reader *from)
{
    struct reader header = { gate->record.octets, RECORD_HEADER_LENGTH };
    uint32_t type = 0, version = 0, length = 0;
    if (!fill(&gate->record, RECORD_HEADER_LENGTH, from))
        return;
    gate->record.have = 0;
    (void)(read_number(&header, 1, &type) && read_number(&header, 2, &version) && read_number(&header, 2, &length));
    gate->broken = !record_allowed(gate, type, version, length);
    gate->is_protected = type == RECORD_APPLICATION_DATA;
    gate->is_handshake = type == RECORD_HANDSHAKE;
    gate->record_left = length;
}

/* What is at hand of this record, at most @p wanted octets. */
static struct reader take_from_record(struct psk_gate_stream *gate, struct reader *from, size_t wanted)
{
    struct reader part = { 0 };
    size_t count = from->left < gate->record_left ? from->left : gate->record_left;
    (void)read_octets(from, count < wanted ? count : wanted, &part);
    gate->record_left -= part.left;
    return part;
}

static void begin_message(struct psk_gate_stream *gate)
{
    struct reader header = { gate->message.octets, MESSAGE_HEADER_LENGTH };
    uint32_t type = 0, length = 0;
    (void)(read_number(&header, 1, &type) && read_number(&header, 3, &length));
    bool ours = type == HANDSHAKE_CLIENT_HELLO || type == HANDSHAKE_CLIENT_KEY_EXCHANGE;
    free(gate->body);
    gate->body = NULL;
    gate->message_length = length;
    gate->message_have = 0;
    /* No message of a client is empty, and one after another at once is no flight of TLS. */
    if (length == 0 || length > PSK_GATE_MESSAGE_MAX || gate->found || (ours && (gate->body = malloc(length)) == NULL))
        gate->broken = true;
}

/* A hello or a key exchange is the last message before the server speaks or the keys change: its record ends with it.
 */
static enum psk_gate_event end_message(struct psk_gate_stream *gate, struct psk_gate_finding *out)
{
    gate->message.have = 0;
    if (gate->body == NULL)
        return PSK_GATE_NOTHING;
    if (gate->record_left > 0)
        return PSK_GATE_MALFORMED;
    enum psk_gate_event event = read_handshake_message(
        false, gate->message.octets[0], (struct reader){ gate->body, gate->message_length }, out);
    gate->is_protected = event == PSK_GATE_KEY_EXCHANGE;
    return event;
}

static enum psk_gate_event read_message(struct psk_gate_stream *gate, struct reader *from, struct psk_gate_finding *out)
{
    if (gate->message.have < MESSAGE_HEADER_LENGTH) {
        struct reader part = take_from_record(gate, from, MESSAGE_HEADER_LENGTH - gate->message.have);
        if (fill(&gate->message, MESSAGE_HEADER_LENGTH, &part))
            begin_message(gate);
        return PSK_GATE_NOTHING;
    }
    struct reader part = take_from_record(gate, from, gate->message_length - gate->message_have);
    if (gate->body != NULL && part.left > 0)
        memcpy(gate->body + gate->message_have, part.at, part.left);
    gate->message_have += part.left;
    return gate->message_have == gate->message_length ? end_message(gate, out) : PSK_GATE_NOTHING;
}

static enum psk_gate_event step(struct psk_gate_stream *gate, struct reader *from, struct psk_gate_finding *out)
{
    if (gate->record_left == 0)
        read_record_header(gate, from);
    else if (gate->is_handshake)
        return read_message(gate, from, out);
    else
        (void)take_from_record(gate, from, from->left);
    return PSK_GATE_NOTHING;
}

enum psk_gate_event psk_gate_stream_read(
    struct psk_gate_stream *gate, const uint8_t *octets, size_t length, struct psk_gate_finding *out)
{
    struct reader from = { octets, length };
    enum psk_gate_event event = PSK_GATE_NOTHING;
    gate->found = false;
    while (from.left > 0 && !gate->broken && !gate->is_protected) {
        enum psk_gate_event now = step(gate, &from, out);
        if (now == PSK_GATE_MALFORMED)
            gate->broken = true;
        else if (now != PSK_GATE_NOTHING)
            event = now;
        gate->found = event != PSK_GATE_NOTHING;
    }
    return gate->broken ? PSK_GATE_MALFORMED : event;
}
