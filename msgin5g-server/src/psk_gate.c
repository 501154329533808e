#include "psk_gate.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_HANDSHAKE = 22,
    RECORD_HEADER_LENGTH = 13,
    HANDSHAKE_CLIENT_HELLO = 1,
    HANDSHAKE_CLIENT_KEY_EXCHANGE = 16,
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_PRE_SHARED_KEY = 41,
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_COOKIE = 44,
    EXTENSION_PSK_KEY_EXCHANGE_MODES = 45,
    VERSION_DTLS_1_3 = 0xFEFC,
    MODE_PSK_DHE_KE = 1
};

struct psk_gate {
    uint8_t *octets; /* PSK_GATE_MESSAGE_MAX of them, then one bit each: received; NULL until something is fragmented */
    uint8_t type;
    uint16_t sequence;
    size_t length;
    size_t received;
};

/* Octets still to be read. */
struct reader {
    const uint8_t *at;
    size_t left;
};

static bool read_number(struct reader *from, size_t octet_count, uint32_t *out)
{
    if (from->left < octet_count)
        return false;
    *out = 0;
    for (size_t i = 0; i < octet_count; i++)
        *out = *out << 8 | from->at[i];
    from->at += octet_count;
    from->left -= octet_count;
    return true;
}

static bool read_octets(struct reader *from, size_t length, struct reader *out)
{
    if (from->left < length)
        return false;
    *out = (struct reader){ from->at, length };
    from->at += length;
    from->left -= length;
    return true;
}

/* A vector with its length in front (RFC 8446 3.4). */
static bool read_vector(struct reader *from, size_t length_octets, struct reader *out)
{
    uint32_t length;
    return read_number(from, length_octets, &length) && read_octets(from, length, out);
}

static struct msgin5g_str text_of(struct reader octets)
{
    return (struct msgin5g_str){ (const char *)octets.at, octets.left };
}

/* RFC 6066 3: the only name type is host_name. */
static void read_server_name(struct reader body, struct psk_gate_finding *out)
{
    struct reader list, name;
    uint32_t type;
    if (read_vector(&body, 2, &list) && read_number(&list, 1, &type) && type == 0 && read_vector(&list, 2, &name))
        out->server_name = text_of(name);
}

static bool offers_1_3(struct reader body)
{
    struct reader versions;
    uint32_t version;
    if (!read_vector(&body, 1, &versions))
        return false;
    while (read_number(&versions, 2, &version)) {
        if (version == VERSION_DTLS_1_3)
            return true;
    }
    return false;
}

static bool offers_psk_dhe_ke(struct reader body)
{
    struct reader modes;
    return read_vector(&body, 1, &modes) && modes.left > 0 && memchr(modes.at, MODE_PSK_DHE_KE, modes.left) != NULL;
}

/* RFC 8446 4.2.11: identities, each with an obfuscated ticket age; then binders. */
static void read_identities(struct reader body, struct psk_gate_finding *out)
{
    static const char prefix[] = "3GPP-";
    struct reader list, identity;
    uint32_t age;
    if (!read_vector(&body, 2, &list))
        return;
    out->psk_offered = true;
    while (read_vector(&list, 2, &identity) && read_number(&list, 4, &age)) {
        bool ours = identity.left >= sizeof prefix - 1 && memcmp(identity.at, prefix, sizeof prefix - 1) == 0;
        if (ours || out->identity.octets == NULL)
            out->identity = text_of(identity);
        if (ours)
            return;
    }
}

/* RFC 8446 4.1.2, RFC 9147 5.3. */
static enum psk_gate_event read_client_hello(struct reader hello, struct psk_gate_finding *out)
{
    uint32_t number, type;
    struct reader skipped, legacy_cookie, extensions, body, cookie = { 0 };
    bool versions_1_3 = false;
    if (!read_number(&hello, 2, &number) || !read_octets(&hello, 32, &skipped) || !read_vector(&hello, 1, &skipped) ||
        !read_vector(&hello, 1, &legacy_cookie) || !read_vector(&hello, 2, &skipped) ||
        !read_vector(&hello, 1, &skipped))
        return PSK_GATE_MALFORMED;
    if (!read_vector(&hello, 2, &extensions))
        extensions = (struct reader){ 0 };
    while (read_number(&extensions, 2, &type) && read_vector(&extensions, 2, &body)) {
        if (type == EXTENSION_SERVER_NAME)
            read_server_name(body, out);
        else if (type == EXTENSION_SUPPORTED_VERSIONS)
            versions_1_3 = offers_1_3(body);
        else if (type == EXTENSION_PSK_KEY_EXCHANGE_MODES)
            out->psk_dhe_ke = offers_psk_dhe_ke(body);
        else if (type == EXTENSION_PRE_SHARED_KEY)
            read_identities(body, out);
        else if (type == EXTENSION_COOKIE && !read_vector(&body, 2, &cookie))
            return PSK_GATE_MALFORMED;
    }
    out->is_1_3 = versions_1_3 && cookie.left > 0;
    out->cookie = text_of(out->is_1_3 ? cookie : legacy_cookie);
    return out->cookie.length > 0 ? PSK_GATE_HELLO : PSK_GATE_NOTHING;
}

/* RFC 4279 2, RFC 5489 2: the identity comes first, whatever key exchange follows. */
static enum psk_gate_event read_key_exchange(struct reader body, struct psk_gate_finding *out)
{
    struct reader identity;
    if (!read_vector(&body, 2, &identity))
        return PSK_GATE_MALFORMED;
    out->psk_offered = true;
    out->identity = text_of(identity);
    return PSK_GATE_KEY_EXCHANGE;
}

static enum psk_gate_event read_message(uint8_t type, struct reader body, struct psk_gate_finding *out)
{
    *out = (struct psk_gate_finding){ 0 };
    return type == HANDSHAKE_CLIENT_HELLO ? read_client_hello(body, out) : read_key_exchange(body, out);
}

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
        return read_message((uint8_t)fragment->type, fragment->octets, out);
    if (!add_fragment(gate, fragment))
        return PSK_GATE_NOTHING;
    return read_message(gate->type, (struct reader){ gate->octets, gate->length }, out);
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
