#include "handshake_reader.h"

#include <string.h>

enum {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_PRE_SHARED_KEY = 41,
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_COOKIE = 44,
    EXTENSION_PSK_KEY_EXCHANGE_MODES = 45,
    VERSION_DTLS_1_3 = 0xFEFC,
    VERSION_TLS_1_3 = 0x0304,
    MODE_PSK_DHE_KE = 1
};

bool read_number(struct reader *from, size_t octet_count, uint32_t *out)
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

bool read_octets(struct reader *from, size_t length, struct reader *out)
{
    if (from->left < length)
        return false;
    *out = (struct reader){ from->at, length };
    from->at += length;
    from->left -= length;
    return true;
}

bool read_vector(struct reader *from, size_t length_octets, struct reader *out)
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

static bool offers(struct reader body, uint32_t wanted)
{
    struct reader versions;
    uint32_t version;
    if (!read_vector(&body, 1, &versions))
        return false;
    while (read_number(&versions, 2, &version)) {
        if (version == wanted)
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

/* What stands before the extensions (RFC 8446 4.1.2, RFC 9147 5.3); in TLS there is no legacy cookie. */
static bool read_fixed_part(bool dtls, struct reader *hello, struct reader *legacy_cookie)
{
    uint32_t version;
    struct reader skipped;
    return read_number(hello, 2, &version) && read_octets(hello, 32, &skipped) && read_vector(hello, 1, &skipped) &&
           (!dtls || read_vector(hello, 1, legacy_cookie)) && read_vector(hello, 2, &skipped) &&
           read_vector(hello, 1, &skipped);
}

static enum psk_gate_event read_client_hello(bool dtls, struct reader hello, struct psk_gate_finding *out)
{
    uint32_t type;
    struct reader legacy_cookie = { 0 }, extensions, body, cookie = { 0 };
    bool versions_1_3 = false;
    if (!read_fixed_part(dtls, &hello, &legacy_cookie))
        return PSK_GATE_MALFORMED;
    if (!read_vector(&hello, 2, &extensions))
        extensions = (struct reader){ 0 };
    while (read_number(&extensions, 2, &type) && read_vector(&extensions, 2, &body)) {
        if (type == EXTENSION_SERVER_NAME)
            read_server_name(body, out);
        else if (type == EXTENSION_SUPPORTED_VERSIONS)
            versions_1_3 = offers(body, dtls ? VERSION_DTLS_1_3 : VERSION_TLS_1_3);
        else if (type == EXTENSION_PSK_KEY_EXCHANGE_MODES)
            out->psk_dhe_ke = offers_psk_dhe_ke(body);
        else if (type == EXTENSION_PRE_SHARED_KEY)
            read_identities(body, out);
        else if (type == EXTENSION_COOKIE && !read_vector(&body, 2, &cookie))
            return PSK_GATE_MALFORMED;
    }
    if (!dtls) { /* the peer receives at its address, or it would not have a connection */
        out->is_1_3 = versions_1_3;
        return PSK_GATE_HELLO;
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

enum psk_gate_event read_handshake_message(bool dtls, uint8_t type, struct reader body, struct psk_gate_finding *out)
{
    *out = (struct psk_gate_finding){ 0 };
    return type == HANDSHAKE_CLIENT_HELLO ? read_client_hello(dtls, body, out) : read_key_exchange(body, out);
}
