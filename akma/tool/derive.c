/* akma derive: K_AUSF, SUPI, RID and AF_ID to K_AKMA, A-KID, K_AF and the PSK identity. */
#include "akma/a_kid.h"
#include "arguments.h"
#include "base/exit_code.h"
#include "command.h"
#include "result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_SUPI = 's',
    OPTION_K_AUSF = 'k',
    OPTION_RID = 'r',
    OPTION_AF = 'a',
    OPTION_UA_ID = 'u',
    OPTION_JSON = 'j',
    OPTION_REALM = 0x100,
    OPTION_MNC_DIGITS
};

enum { SEEN_SUPI = 1, SEEN_K_AUSF = 2, SEEN_RID = 4, SEEN_AF = 8, SEEN_UA_ID = 16 };

static const char doc[] =
    "Derive K_AKMA, A-KID and K_AF from K_AUSF (TS 33.535 Annex A).\v"
    "HEX is hexadecimal digits, @FILE or - for standard input. Ua* ids: 0100000007 is TLS 1.3, 0100000009 DTLS 1.3, "
    "0100000008 OSCORE, 010001yyzz TLS 1.2 and DTLS 1.2 with cipher suite yyzz.\n"
    "\n"
    "Examples:\n"
    "  akma derive --supi imsi-001010000000001 --k-ausf @k_ausf.hex --rid 0 \\\n"
    "      --af msgin5g.lab.example --ua-id 0100000009\n"
    "  akma derive --supi imsi-310150000000001 --mnc-digits 3 --k-ausf - --rid 12 \\\n"
    "      --af msgin5g.lab.example --ua-id 010001d001 --json\n"
    "\n"
    "Exit codes: 0 ok, 1 other failure, 2 usage";

static const struct argp_option argp_options[] = {
    { "supi", OPTION_SUPI, "SUPI", 0, "imsi- and 6 to 15 digits, or nai-user@realm", 0 },
    { "k-ausf", OPTION_K_AUSF, "HEX", 0, "K_AUSF, 64 digits", 0 },
    { "rid", OPTION_RID, "DIGITS", 0, "Routing indicator, 1 to 4 digits; 0 when none is configured", 0 },
    { "af", OPTION_AF, "FQDN", 0, "Domain name of the application function", 0 },
    { "ua-id", OPTION_UA_ID, "HEX", 0, "Ua* security protocol identifier, 10 digits", 0 },
    { "realm", OPTION_REALM, "REALM", 0, "Home realm of the A-KID, when it is not the one that follows from the SUPI",
        0 },
    { "mnc-digits", OPTION_MNC_DIGITS, "2|3", 0, "Digits of the network code within the IMSI; 2 unless given", 0 },
    { "json", OPTION_JSON, NULL, 0, "Print one JSON object", 0 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static const struct required_option required[] = {
    { "--supi", SEEN_SUPI },
    { "--k-ausf", SEEN_K_AUSF },
    { "--rid", SEEN_RID },
    { "--af", SEEN_AF },
    { "--ua-id", SEEN_UA_ID },
    { NULL, 0 },
};

struct derive {
    const char *supi;
    const char *rid;
    const char *realm; /* NULL: from the SUPI */
    int mnc_digits;
    struct k_ausf k_ausf;
    char fqdn[AKMA_FQDN_MAX + 1];
    struct ua_id ua_id;
    uint32_t seen;
    bool json;
};

static void read_name(struct argp_state *state, const char *option, const char *argument, char out[AKMA_FQDN_MAX + 1])
{
    if (fqdn_parse(msgin5g_str(argument), out) != MSGIN5G_OK)
        argp_error(state, "%s: expected a domain name such as msgin5g.lab.example, got \"%s\"", option, argument);
}

/* What can only be judged once all options are known. */
static void check(struct argp_state *state, struct derive *derive)
{
    char realm[AKMA_A_KID_MAX + 1];

    arguments_require(state, required, derive->seen);
    if (derive->realm == NULL && a_kid_home_realm(derive->supi, derive->mnc_digits, realm) != MSGIN5G_OK)
        argp_error(state, "--supi: expected imsi- and 6 to 15 digits, or nai-user@realm, got \"%s\"; or give --realm",
            derive->supi);
}

static error_t on_text_option(int key, char *argument, struct argp_state *state)
{
    struct derive *derive = state->input;
    char realm[AKMA_FQDN_MAX + 1];

    switch (key) {
    case OPTION_SUPI:
        derive->supi = argument;
        derive->seen |= SEEN_SUPI;
        return 0;
    case OPTION_RID:
        if (!rid_valid(argument))
            argp_error(state, "--rid: expected 1 to 4 digits, got \"%s\"", argument);
        derive->rid = argument;
        derive->seen |= SEEN_RID;
        return 0;
    case OPTION_REALM:
        read_name(state, "--realm", argument, realm);
        derive->realm = argument;
        return 0;
    case OPTION_MNC_DIGITS:
        if (strcmp(argument, "2") != 0 && strcmp(argument, "3") != 0)
            argp_error(state, "--mnc-digits: expected 2 or 3, got \"%s\"", argument);
        derive->mnc_digits = argument[0] - '0';
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t on_option(int key, char *argument, struct argp_state *state)
{
    struct derive *derive = state->input;

    switch (key) {
    case OPTION_K_AUSF:
        argument_hex(state, "--k-ausf", argument, derive->k_ausf.octets, sizeof derive->k_ausf.octets);
        derive->seen |= SEEN_K_AUSF;
        return 0;
    case OPTION_AF:
        read_name(state, "--af", argument, derive->fqdn);
        derive->seen |= SEEN_AF;
        return 0;
    case OPTION_UA_ID:
        argument_hex(state, "--ua-id", argument, derive->ua_id.octets, UA_ID_LEN);
        derive->seen |= SEEN_UA_ID;
        return 0;
    case OPTION_JSON:
        derive->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument \"%s\"", argument);
        return 0;
    case ARGP_KEY_END:
        check(state, derive);
        return 0;
    default:
        return on_text_option(key, argument, state);
    }
}

static int print(const struct derive *derive, const char *a_kid, const struct k_akma *k_akma, const struct k_af *k_af)
{
    const char *dot = strchr(a_kid, '.') + 1;
    char k_akma_hex[2 * AKMA_KEY_LEN + 1];
    char k_af_hex[2 * AKMA_KEY_LEN + 1];
    char a_tid[AKMA_A_KID_MAX + 1];
    char af_id[AKMA_AF_ID_MAX + 1];
    char psk_identity[AKMA_PSK_IDENTITY_MAX + 1];
    const struct result results[] = { { "k_akma", k_akma_hex }, { "a_tid", a_tid }, { "a_kid", a_kid },
        { "af_id", af_id }, { "k_af", k_af_hex }, { "psk_identity", psk_identity } };
    int exit_code;

    secret_to_hex(k_akma->octets, AKMA_KEY_LEN, k_akma_hex);
    secret_to_hex(k_af->octets, AKMA_KEY_LEN, k_af_hex);
    (void)snprintf(a_tid, sizeof a_tid, "%.*s", (int)strcspn(dot, "@"), dot);
    (void)af_id_format(derive->fqdn, &derive->ua_id, af_id);
    (void)a_kid_to_psk_identity(a_kid, psk_identity);
    exit_code = result_print(results, sizeof results / sizeof results[0], derive->json);
    secret_wipe(k_akma_hex, sizeof k_akma_hex);
    secret_wipe(k_af_hex, sizeof k_af_hex);
    return exit_code;
}

static int derive_keys(const struct derive *derive)
{
    char realm[AKMA_A_KID_MAX + 1];
    char a_kid[AKMA_A_KID_MAX + 1];
    K_AKMA_LOCAL k_akma;
    K_AF_LOCAL k_af;
    enum msgin5g_err err = MSGIN5G_OK;

    if (derive->realm == NULL)
        err = a_kid_home_realm(derive->supi, derive->mnc_digits, realm);
    if (err == MSGIN5G_OK)
        err = kdf_k_akma(&derive->k_ausf, derive->supi, &k_akma);
    if (err == MSGIN5G_OK)
        err = a_kid_derive(
            &derive->k_ausf, derive->supi, derive->rid, derive->realm == NULL ? realm : derive->realm, a_kid);
    if (err == MSGIN5G_OK)
        err = kdf_k_af(&k_akma, derive->fqdn, &derive->ua_id, &k_af);
    if (err == MSGIN5G_OK)
        return print(derive, a_kid, &k_akma, &k_af);
    if (err == MSGIN5G_ERR_INVALID) {
        (void)fputs("akma derive: --supi: empty, too long or not UTF-8; or the A-KID would be longer than 253 octets\n",
            stderr);
        return EXIT_CODE_USAGE;
    }
    (void)fprintf(stderr, "akma derive: %s\n", msgin5g_err_text(err));
    return EXIT_CODE_OTHER;
}

int derive_run(int argc, char **argv)
{
    const struct argp argp = { .options = argp_options, .parser = on_option, .doc = doc };
    struct derive derive = { .mnc_digits = 2 };
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, &derive);
    int exit_code = EXIT_CODE_OTHER;

    if (error == 0)
        exit_code = derive_keys(&derive);
    else
        (void)fprintf(stderr, "akma derive: %s\n", strerror(error));
    secret_wipe(&derive, sizeof derive);
    return exit_code;
}
