/* Names in the peer's certificate. */
#include "tls_internal.h"

#include <wolfssl/openssl/x509v3.h>

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

typedef WOLF_STACK_OF(WOLFSSL_GENERAL_NAME) alternative_names;

bool is_ip_address(const char *name)
{
    struct in6_addr address;
    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static alternative_names *alternative_names_of(WOLFSSL_X509 *certificate)
{
    return certificate != NULL ? wolfSSL_X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL) : NULL;
}

static void alternative_names_free(alternative_names *names)
{
    if (names != NULL)
        wolfSSL_sk_GENERAL_NAME_pop_free(names, wolfSSL_GENERAL_NAME_free);
}

/* The octets of an entry that is text; false for other kinds and for text with a NUL octet inside, an old trick. */
static bool text_of(const WOLFSSL_GENERAL_NAME *entry, int type, const char **text, size_t *length)
{
    if (entry->type != type)
        return false;
    *text = (const char *)wolfSSL_ASN1_STRING_get0_data(entry->d.ia5);
    *length = (size_t)wolfSSL_ASN1_STRING_length(entry->d.ia5);
    return *text != NULL && memchr(*text, '\0', *length) == NULL;
}

static bool entry_is_dns_name(const WOLFSSL_GENERAL_NAME *entry, const char *name)
{
    const char *text;
    size_t length;
    return text_of(entry, WOLFSSL_GEN_DNS, &text, &length) && length == strlen(name) &&
           strncasecmp(text, name, length) == 0;
}

static bool entry_is_ip_address(const WOLFSSL_GENERAL_NAME *entry, const char *name)
{
    struct in6_addr address;
    size_t length = inet_pton(AF_INET, name, &address) == 1 ? 4 : 16;
    if (length == 16 && inet_pton(AF_INET6, name, &address) != 1)
        return false;
    return entry->type == WOLFSSL_GEN_IPADD && (size_t)wolfSSL_ASN1_STRING_length(entry->d.iPAddress) == length &&
           memcmp(wolfSSL_ASN1_STRING_get0_data(entry->d.iPAddress), &address, length) == 0;
}

bool peer_certificate_has_name(const WOLFSSL *ssl, const char *name)
{
    bool found = false;
    bool ip = is_ip_address(name);
    WOLFSSL_X509 *certificate = wolfSSL_get_peer_certificate((WOLFSSL *)ssl);
    alternative_names *names = alternative_names_of(certificate);
    int count = names != NULL ? wolfSSL_sk_GENERAL_NAME_num(names) : 0;
    for (int i = 0; i < count && !found; i++) {
        const WOLFSSL_GENERAL_NAME *entry = wolfSSL_sk_GENERAL_NAME_value(names, i);
        found = ip ? entry_is_ip_address(entry, name) : entry_is_dns_name(entry, name);
    }
    alternative_names_free(names);
    wolfSSL_X509_free(certificate);
    return found;
}

static void add_name(struct tls_peer_names *out, const char *text, size_t length)
{
    if (out->count == TLS_PEER_NAMES_MAX || length == 0 || length > TLS_PEER_NAME_MAX)
        return;
    memcpy(out->names[out->count], text, length);
    out->names[out->count][length] = '\0';
    out->count++;
}

static void add_alternative_names(struct tls_peer_names *out, alternative_names *names, int type)
{
    int count = names != NULL ? wolfSSL_sk_GENERAL_NAME_num(names) : 0;
    for (int i = 0; i < count; i++) {
        const char *text;
        size_t length;
        if (text_of(wolfSSL_sk_GENERAL_NAME_value(names, i), type, &text, &length))
            add_name(out, text, length);
    }
}

static void add_common_name(struct tls_peer_names *out, WOLFSSL_X509 *certificate)
{
    char text[TLS_PEER_NAME_MAX + 1];
    WOLFSSL_X509_NAME *subject = wolfSSL_X509_get_subject_name(certificate);
    int length = wolfSSL_X509_NAME_get_text_by_NID(subject, NID_commonName, text, sizeof text);
    if (length > 0)
        add_name(out, text, strnlen(text, sizeof text));
}

enum msgin5g_err peer_certificate_names(const WOLFSSL *ssl, struct tls_peer_names *out)
{
    memset(out, 0, sizeof *out);
    WOLFSSL_X509 *certificate = wolfSSL_get_peer_certificate((WOLFSSL *)ssl);
    if (certificate == NULL)
        return MSGIN5G_ERR_UNAUTHENTICATED;
    alternative_names *names = alternative_names_of(certificate);
    add_alternative_names(out, names, WOLFSSL_GEN_URI);
    add_alternative_names(out, names, WOLFSSL_GEN_DNS);
    add_common_name(out, certificate);
    alternative_names_free(names);
    wolfSSL_X509_free(certificate);
    return MSGIN5G_OK;
}
