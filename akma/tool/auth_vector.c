/* akma auth-vector: K, OPc, RAND, SQN and AMF to a 5G authentication vector. */
#include "akma/kdf.h"
#include "akma/milenage.h"
#include "arguments.h"
#include "base/exit_code.h"
#include "command.h"
#include "result.h"

#include <stdio.h>
#include <string.h>

enum {
    OPTION_K = 'k',
    OPTION_OP = 'o',
    OPTION_OPC = 'c',
    OPTION_RAND = 'r',
    OPTION_SQN = 'q',
    OPTION_AMF = 'm',
    OPTION_SN_NAME = 'n',
    OPTION_JSON = 'j'
};

enum { SEEN_K = 1, SEEN_OP = 2, SEEN_OPC = 4, SEEN_RAND = 8, SEEN_SQN = 16, SEEN_AMF = 32, SEEN_SN_NAME = 64 };

static const char doc[] = "Compute a 5G authentication vector (TS 35.206, TS 33.501 A.2, A.4, A.5).\v"
                          "HEX is hexadecimal digits, @FILE or - for standard input.\n"
                          "\n"
                          "Examples:\n"
                          "  akma auth-vector --k @k.hex --opc @opc.hex --sqn 000000000021 --amf 8000 \\\n"
                          "      --rand 23553cbe9637a89d218ae64dae47bf35 \\\n"
                          "      --sn-name 5G:mnc001.mcc001.3gppnetwork.org\n"
                          "  akma auth-vector --k - --op @op.hex --sqn ff9bb4d0b607 --amf b9b9 \\\n"
                          "      --rand 23553cbe9637a89d218ae64dae47bf35 \\\n"
                          "      --sn-name 5G:mnc001.mcc001.3gppnetwork.org --json < k.hex\n"
                          "\n"
                          "Exit codes: 0 ok, 1 other failure, 2 usage";

static const struct argp_option argp_options[] = {
    { "k", OPTION_K, "HEX", 0, "Subscriber key K, 32 digits", 0 },
    { "op", OPTION_OP, "HEX", 0, "Operator's OP, 32 digits; either this or --opc", 0 },
    { "opc", OPTION_OPC, "HEX", 0, "OPc, 32 digits", 0 },
    { "rand", OPTION_RAND, "HEX", 0, "RAND, 32 digits", 0 },
    { "sqn", OPTION_SQN, "HEX", 0, "Sequence number, 12 digits", 0 },
    { "amf", OPTION_AMF, "HEX", 0, "AMF, 4 digits; 8000 has the separation bit that 5G asks for", 0 },
    { "sn-name", OPTION_SN_NAME, "NAME", 0, "Serving network name, 5G:mncNNN.mccNNN.3gppnetwork.org", 0 },
    { "json", OPTION_JSON, NULL, 0, "Print one JSON object", 0 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static const struct required_option required[] = {
    { "--k", SEEN_K },
    { "--op or --opc", SEEN_OPC },
    { "--rand", SEEN_RAND },
    { "--sqn", SEEN_SQN },
    { "--amf", SEEN_AMF },
    { "--sn-name", SEEN_SN_NAME },
    { NULL, 0 },
};

struct input {
    struct usim_k k;
    uint8_t op[16];
    struct usim_opc opc;
    uint8_t rand[16], sqn[6], amf[2];
    const char *sn_name;
    uint32_t seen;
    bool json;
};

/* What the vector consists of beyond f1 to f5. */
struct vector {
    struct milenage_output f;
    uint8_t autn[16], hxres_star[16];
    struct k_ausf k_ausf;
    struct res_star res_star;
};

static void check(struct argp_state *state, const struct input *input)
{
    uint32_t seen = input->seen;

    if ((seen & SEEN_OP) != 0 && (seen & SEEN_OPC) != 0)
        argp_error(state, "--op and --opc exclude each other");
    if ((seen & SEEN_OP) != 0)
        seen |= SEEN_OPC;
    arguments_require(state, required, seen);
}

/* The options that are nothing but octets: place in struct input and length. */
static const struct hex_option {
    int key;
    const char *name;
    size_t offset, octets;
    uint32_t bit;
} hex_options[] = {
    { OPTION_K, "--k", offsetof(struct input, k), 16, SEEN_K },
    { OPTION_OP, "--op", offsetof(struct input, op), 16, SEEN_OP },
    { OPTION_OPC, "--opc", offsetof(struct input, opc), 16, SEEN_OPC },
    { OPTION_RAND, "--rand", offsetof(struct input, rand), 16, SEEN_RAND },
    { OPTION_SQN, "--sqn", offsetof(struct input, sqn), 6, SEEN_SQN },
    { OPTION_AMF, "--amf", offsetof(struct input, amf), 2, SEEN_AMF },
};

static error_t on_hex_option(int key, const char *argument, struct argp_state *state)
{
    struct input *input = state->input;

    for (size_t i = 0; i < sizeof hex_options / sizeof hex_options[0]; i++) {
        const struct hex_option *option = &hex_options[i];

        if (option->key != key)
            continue;
        argument_hex(state, option->name, argument, (char *)input + option->offset, option->octets);
        input->seen |= option->bit;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static error_t on_option(int key, char *argument, struct argp_state *state)
{
    struct input *input = state->input;

    switch (key) {
    case OPTION_SN_NAME:
        if (!kdf_sn_name_valid(argument))
            argp_error(state, "--sn-name: expected the form 5G:mnc001.mcc001.3gppnetwork.org, got \"%s\"", argument);
        input->sn_name = argument;
        input->seen |= SEEN_SN_NAME;
        return 0;
    case OPTION_JSON:
        input->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument \"%s\"", argument);
        return 0;
    case ARGP_KEY_END:
        check(state, input);
        return 0;
    default:
        return on_hex_option(key, argument, state);
    }
}

static enum msgin5g_err compute(struct input *input, struct vector *out)
{
    struct milenage_output *f = &out->f;
    enum msgin5g_err err = MSGIN5G_OK;

    if ((input->seen & SEEN_OP) != 0)
        err = milenage_opc(&input->k, input->op, &input->opc);
    if (err == MSGIN5G_OK)
        err = milenage(&input->k, &input->opc, input->rand, input->sqn, input->amf, f);
    if (err != MSGIN5G_OK)
        return err;
    for (size_t i = 0; i < sizeof input->sqn; i++)
        out->autn[i] = input->sqn[i] ^ f->ak[i];
    memcpy(out->autn + 6, input->amf, 2);
    memcpy(out->autn + 8, f->mac_a, 8);
    err = kdf_k_ausf(f->ck, f->ik, input->sn_name, out->autn, &out->k_ausf);
    if (err == MSGIN5G_OK)
        err = kdf_res_star(f->ck, f->ik, input->sn_name, input->rand, f->res, sizeof f->res, &out->res_star);
    if (err == MSGIN5G_OK)
        err = kdf_hres_star(input->rand, &out->res_star, out->hxres_star);
    return err;
}

static int print(const struct vector *vector, bool json)
{
    const struct {
        const char *name;
        const uint8_t *octets;
        size_t length;
    } rows[] = {
        { "mac_a", vector->f.mac_a, 8 },
        { "res", vector->f.res, 8 },
        { "ck", vector->f.ck, 16 },
        { "ik", vector->f.ik, 16 },
        { "ak", vector->f.ak, 6 },
        { "autn", vector->autn, 16 },
        { "k_ausf", vector->k_ausf.octets, 32 },
        { "res_star", vector->res_star.octets, 16 },
        { "hxres_star", vector->hxres_star, 16 },
    };
    enum { COUNT = sizeof rows / sizeof rows[0] };
    char text[COUNT][2 * 32 + 1];
    struct result results[COUNT];
    int exit_code;

    for (size_t i = 0; i < COUNT; i++) {
        secret_to_hex(rows[i].octets, rows[i].length, text[i]);
        results[i] = (struct result){ rows[i].name, text[i] };
    }
    exit_code = result_print(results, COUNT, json);
    secret_wipe(text, sizeof text);
    return exit_code;
}

int auth_vector_run(int argc, char **argv)
{
    const struct argp argp = { .options = argp_options, .parser = on_option, .doc = doc };
    struct input input = { .seen = 0 };
    struct vector vector;
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, &input);
    enum msgin5g_err err;
    int exit_code = EXIT_CODE_OTHER;

    if (error != 0)
        (void)fprintf(stderr, "akma auth-vector: %s\n", strerror(error));
    else if ((err = compute(&input, &vector)) != MSGIN5G_OK)
        (void)fprintf(stderr, "akma auth-vector: %s\n", msgin5g_err_text(err));
    else
        exit_code = print(&vector, input.json);
    secret_wipe(&input, sizeof input);
    secret_wipe(&vector, sizeof vector);
    return exit_code;
}
