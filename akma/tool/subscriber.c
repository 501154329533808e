/* akma subscriber: subscribers of a running akma-aanf. */
#include "answer_json.h"
#include "arguments.h"
#include "base/exit_code.h"
#include "base/json_writer.h"
#include "base/secret.h"
#include "command.h"
#include "management_call.h"

#include <stdio.h>
#include <string.h>

#define BODY_MAX   4096
#define ANSWER_MAX ((size_t)8 << 20)
#define KEY_OCTETS 16
#define COLLECTION "/subscribers"

enum {
    OPTION_SUPI = 's',
    OPTION_K = 'k',
    OPTION_OP = 'o',
    OPTION_OPC = 'c',
    OPTION_AMF = 'm',
    OPTION_SQN = 'q',
    OPTION_RID = 'r',
    OPTION_GPSI = 'g',
    OPTION_AKMA = 'a',
    OPTION_REALM = 256,
    OPTION_MNC_DIGITS
};

static const char doc[] =
    "Add, change, remove and list the subscribers of a running akma-aanf, over its management port.\v"
    "Actions:\n"
    "  add      a new subscriber: --supi, --k and --op or --opc, the rest as wanted\n"
    "  change   what is given; the rest stays. Other keys, or no AKMA any more,\n"
    "           end the AKMA context\n"
    "  remove   a subscriber and its AKMA context\n"
    "  list     all, or the one of --supi; keys are never shown\n"
    "\n"
    "Keys are 32 hexadecimal digits in a file, or on standard input (-).\n"
    "\n"
    "Examples:\n"
    "  akma subscriber add --supi imsi-001010000000009 --k @k.hex --opc @opc.hex\n"
    "  akma subscriber list --token @token --json\n"
    "\n"
    "Exit codes: 0 ok, 1 other failure, 2 usage, 4 cannot connect or timeout,\n"
    "5 the token is not right, 6 not authorised, 7 refused, 8 akma-aanf failed";

static const struct argp_option argp_options[] = {
    { "supi", OPTION_SUPI, "SUPI", 0, "imsi- and 5 to 15 digits, or nai-user@realm", 0 },
    { "k", OPTION_K, "@FILE", 0, "Subscriber key K", 0 },
    { "op", OPTION_OP, "@FILE", 0, "Operator's OP; either this or --opc", 0 },
    { "opc", OPTION_OPC, "@FILE", 0, "OPc", 0 },
    { "amf", OPTION_AMF, "HEX", 0, "AMF, 4 digits; 8000", 0 },
    { "sqn", OPTION_SQN, "HEX", 0, "SQN the last authentication used, 12 digits", 0 },
    { "rid", OPTION_RID, "DIGITS", 0, "Routing indicator; 0", 0 },
    { "gpsi", OPTION_GPSI, "GPSI", 0, "msisdn-... or extid-...", 0 },
    { "akma", OPTION_AKMA, "yes|no", 0, "Subscribed to AKMA; yes", 0 },
    { "home-realm", OPTION_REALM, "REALM", 0, "Realm of the A-KID; made of the SUPI", 0 },
    { "mnc-digits", OPTION_MNC_DIGITS, "2|3", 0, "Digits of the network code within the IMSI; 2", 0 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

enum action { ACTION_NONE, ACTION_ADD, ACTION_CHANGE, ACTION_REMOVE, ACTION_LIST };

struct input {
    struct management_access access;
    enum action action;
    const char *supi;
    const char *amf, *sqn, *rid, *gpsi, *akma, *home_realm, *mnc_digits;
    uint8_t k[KEY_OCTETS], op[KEY_OCTETS], opc[KEY_OCTETS];
    bool has_k, has_op, has_opc;
};

static bool has_values(const struct input *input)
{
    return input->has_k || input->has_op || input->has_opc || input->amf != NULL || input->sqn != NULL ||
           input->rid != NULL || input->gpsi != NULL || input->akma != NULL || input->home_realm != NULL ||
           input->mnc_digits != NULL;
}

static void check(struct argp_state *state, const struct input *input)
{
    if (input->action == ACTION_NONE)
        argp_error(state, "an action is required: add, change, remove or list");
    if (input->action != ACTION_LIST && input->supi == NULL)
        argp_error(state, "required and not given: --supi");
    if (input->action == ACTION_ADD && (!input->has_k || input->has_op == input->has_opc))
        argp_error(state, "add needs --k and either --op or --opc");
    if (input->action == ACTION_CHANGE && !has_values(input))
        argp_error(state, "change needs something to change");
    if (input->has_op && input->has_opc)
        argp_error(state, "give either --op or --opc");
    if ((input->action == ACTION_REMOVE || input->action == ACTION_LIST) && has_values(input))
        argp_error(state, "only add and change take values");
    if (input->akma != NULL && strcmp(input->akma, "yes") != 0 && strcmp(input->akma, "no") != 0)
        argp_error(state, "--akma: expected yes or no");
    if (input->mnc_digits != NULL && strcmp(input->mnc_digits, "2") != 0 && strcmp(input->mnc_digits, "3") != 0)
        argp_error(state, "--mnc-digits: expected 2 or 3");
}

static void read_action(struct argp_state *state, const char *name, struct input *input)
{
    static const char *const names[] = {
        [ACTION_ADD] = "add", [ACTION_CHANGE] = "change", [ACTION_REMOVE] = "remove", [ACTION_LIST] = "list"
    };
    for (size_t i = ACTION_ADD; i < sizeof names / sizeof *names && input->action == ACTION_NONE; i++)
        if (strcmp(names[i], name) == 0) {
            input->action = (enum action)i;
            return;
        }
    argp_error(state, "\"%s\" is not expected; one action: add, change, remove or list", name);
}

static error_t on_key(int key, char *argument, struct argp_state *state)
{
    struct input *input = state->input;
    switch (key) {
    case OPTION_K:
        argument_secret_hex(state, "--k", argument, input->k, sizeof input->k);
        input->has_k = true;
        return 0;
    case OPTION_OP:
        argument_secret_hex(state, "--op", argument, input->op, sizeof input->op);
        input->has_op = true;
        return 0;
    case OPTION_OPC:
        argument_secret_hex(state, "--opc", argument, input->opc, sizeof input->opc);
        input->has_opc = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &input->access;
        return 0;
    case ARGP_KEY_ARG:
        read_action(state, argument, input);
        return 0;
    case ARGP_KEY_END:
        check(state, input);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char **text_place(struct input *input, int key)
{
    switch (key) {
    case OPTION_SUPI:
        return &input->supi;
    case OPTION_AMF:
        return &input->amf;
    case OPTION_SQN:
        return &input->sqn;
    case OPTION_RID:
        return &input->rid;
    case OPTION_GPSI:
        return &input->gpsi;
    case OPTION_AKMA:
        return &input->akma;
    case OPTION_REALM:
        return &input->home_realm;
    case OPTION_MNC_DIGITS:
        return &input->mnc_digits;
    default:
        return NULL;
    }
}

static error_t on_option(int key, char *argument, struct argp_state *state)
{
    const char **place = text_place(state->input, key);
    if (place == NULL)
        return on_key(key, argument, state);
    *place = argument;
    return 0;
}

static void write_key(struct json_writer *writer, const char *name, bool given, const uint8_t key[KEY_OCTETS])
{
    char hex[2 * KEY_OCTETS + 1];
    if (!given)
        return;
    secret_to_hex(key, KEY_OCTETS, hex);
    json_text(writer, name, hex);
    secret_wipe(hex, sizeof hex);
}

static void write_text(struct json_writer *writer, const char *name, const char *text)
{
    if (text != NULL)
        json_text(writer, name, text);
}

static enum msgin5g_err make_body(const struct input *input, struct buffer *out)
{
    struct json_writer writer;
    uint8_t *place;
    enum msgin5g_err err = buffer_reserve(out, BODY_MAX, &place);
    if (err != MSGIN5G_OK)
        return err;
    json_writer_init(&writer, place, BODY_MAX);
    json_object_begin(&writer, NULL);
    if (input->action == ACTION_ADD)
        json_text(&writer, "supi", input->supi);
    write_key(&writer, "k", input->has_k, input->k);
    write_key(&writer, "op", input->has_op, input->op);
    write_key(&writer, "opc", input->has_opc, input->opc);
    write_text(&writer, "amf", input->amf);
    write_text(&writer, "sqn", input->sqn);
    write_text(&writer, "rid", input->rid);
    write_text(&writer, "gpsi", input->gpsi);
    write_text(&writer, "home_realm", input->home_realm);
    if (input->akma != NULL)
        json_bool(&writer, "akma_allowed", strcmp(input->akma, "yes") == 0);
    if (input->mnc_digits != NULL)
        json_integer(&writer, "mnc_digits", input->mnc_digits[0] - '0');
    json_object_end(&writer);
    return json_writer_finish(&writer, &out->length);
}

static int print(const struct input *input, const struct buffer *answer)
{
    struct msgin5g_str body = { (const char *)answer->data, answer->length };
    bool good = true;
    if (input->access.json)
        (void)printf("%.*s\n", (int)body.length, body.length > 0 ? body.octets : "");
    else if (body.length == 0)
        (void)printf("removed %s\n", input->supi);
    else
        good = answer_json_print_subscribers(body);
    if (good && fflush(stdout) == 0)
        return EXIT_CODE_OK;
    (void)fputs("akma: cannot print the answer\n", stderr);
    return good ? EXIT_CODE_OTHER : EXIT_CODE_PEER_FAILED;
}

static int carry_out(const struct input *input)
{
    static const char *const methods[] = {
        [ACTION_ADD] = "POST", [ACTION_CHANGE] = "PATCH", [ACTION_REMOVE] = "DELETE", [ACTION_LIST] = "GET"
    };
    char path[MANAGEMENT_PATH_MAX] = COLLECTION;
    struct buffer body, answer;
    struct management_request request = { .method = methods[input->action], .path = path };
    int exit_code = EXIT_CODE_OTHER;
    buffer_init(&body, BODY_MAX);
    buffer_init(&answer, ANSWER_MAX);
    if (input->action != ACTION_ADD && input->supi != NULL)
        management_path(COLLECTION, input->supi, "", path);
    if (input->action == ACTION_ADD || input->action == ACTION_CHANGE) {
        request.body = &body;
        enum msgin5g_err err = make_body(input, &body);
        if (err != MSGIN5G_OK) {
            (void)fprintf(stderr, "akma: the values cannot be sent: %s\n", msgin5g_err_text(err));
            goto out;
        }
    }
    exit_code = management_call(&input->access, &request, &answer);
    if (exit_code == EXIT_CODE_OK)
        exit_code = print(input, &answer);
out:
    buffer_wipe_free(&body);
    buffer_free(&answer);
    return exit_code;
}

int subscriber_run(int argc, char **argv)
{
    static const struct argp_child children[] = { { &management_argp, 0, "Where akma-aanf is:", 1 },
        { NULL, 0, NULL, 0 } };
    const struct argp argp = { .options = argp_options,
        .parser = on_option,
        .args_doc = "add|change|remove|list",
        .doc = doc,
        .children = children };
    struct input input = { .action = ACTION_NONE };
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, &input);
    int exit_code = EXIT_CODE_OTHER;
    if (error != 0)
        (void)fprintf(stderr, "akma: %s\n", strerror(error));
    else
        exit_code = carry_out(&input);
    secret_wipe(&input, sizeof input);
    return exit_code;
}
