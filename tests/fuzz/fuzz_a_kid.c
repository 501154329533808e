/* A-KID, PSK identity, afId and FQDN: any octets; what is accepted has one text form and survives it. */
#include "akma/a_kid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static void fuzz_a_kid(struct msgin5g_str text)
{
    struct a_kid a_kid;
    struct a_kid again;
    char out[AKMA_A_KID_MAX + 1];
    size_t user;

    if (a_kid_parse(text, &a_kid) != MSGIN5G_OK)
        return;
    CHECK(a_kid_format(&a_kid, out) == MSGIN5G_OK);
    CHECK(strlen(out) == text.length);
    user = (size_t)(strchr(out, '@') - out);
    CHECK(memcmp(out, text.octets, user) == 0); /* only the realm may change, to lower case */
    CHECK(a_kid_parse(msgin5g_str(out), &again) == MSGIN5G_OK);
    CHECK(memcmp(a_kid.a_tid, again.a_tid, AKMA_A_TID_LEN) == 0 && strcmp(a_kid.realm, again.realm) == 0);
}

static void fuzz_psk_identity(struct msgin5g_str identity)
{
    struct msgin5g_str text;
    struct a_kid a_kid;

    if (a_kid_from_psk_identity(identity, &text) != MSGIN5G_OK)
        return;
    CHECK(text.octets > identity.octets && text.octets + text.length == identity.octets + identity.length);
    CHECK(a_kid_parse(text, &a_kid) == MSGIN5G_OK);
    fuzz_a_kid(text);
}

static void fuzz_af_id(struct msgin5g_str text)
{
    char fqdn[AKMA_FQDN_MAX + 1];
    char again[AKMA_FQDN_MAX + 1];
    char out[AKMA_AF_ID_MAX + 1];
    struct ua_id ua_id;
    struct ua_id ua_id_again;

    if (af_id_parse(text, fqdn, &ua_id) != MSGIN5G_OK)
        return;
    CHECK(af_id_format(fqdn, &ua_id, out) == MSGIN5G_OK && strlen(out) == text.length);
    CHECK(af_id_parse(msgin5g_str(out), again, &ua_id_again) == MSGIN5G_OK);
    CHECK(strcmp(fqdn, again) == 0 && memcmp(&ua_id, &ua_id_again, sizeof ua_id) == 0);
}

static void fuzz_fqdn(struct msgin5g_str text)
{
    char fqdn[AKMA_FQDN_MAX + 1];
    char again[AKMA_FQDN_MAX + 1];

    if (fqdn_parse(text, fqdn) != MSGIN5G_OK)
        return;
    CHECK(strlen(fqdn) == text.length);
    CHECK(fqdn_parse(msgin5g_str(fqdn), again) == MSGIN5G_OK && strcmp(fqdn, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct msgin5g_str text = { (const char *)data, length };

    fuzz_a_kid(text);
    fuzz_psk_identity(text);
    fuzz_af_id(text);
    fuzz_fqdn(text);
    return 0;
}
