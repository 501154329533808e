/* akma context: AKMA contexts of a running akma-aanf. */
#include "answer_json.h"
#include "base/exit_code.h"
#include "base/secret.h"
#include "command.h"
#include "management_call.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX ((size_t)8 << 20)
#define COLLECTION "/contexts"

static const char doc[] =
    "List, expire and remove the AKMA contexts of a running akma-aanf, over its management port.\v"
    "Actions:\n"
    "  list     contexts and the AF_IDs that got a K_AF, without keys\n"
    "  expire   every K_AF of --supi that was given out is over now; who asks again\n"
    "           gets a new expiry\n"
    "  remove   the context of --supi; AFs that gave a notifUri are told\n"
    "\n"
    "Examples:\n"
    "  akma context list --token @token\n"
    "  akma context expire --supi imsi-001010000000001\n"
    "\n"
    "Exit codes: 0 ok, 1 other failure, 2 usage, 4 cannot connect or timeout,\n"
    "5 the token is not right, 6 not authorised, 7 refused, 8 akma-aanf failed";

static const struct argp_option argp_options[] = {
    { "supi", 's', "SUPI", 0, "Whose context: SUPI, or the GPSI of a context without one", 0 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

enum action { ACTION_NONE, ACTION_LIST, ACTION_EXPIRE, ACTION_REMOVE };

struct input {
    struct management_access access;
    enum action action;
    const char *supi;
};

static void read_action(struct argp_state *state, const char *name, struct input *input)
{
    static const char *const names[] = {
        [ACTION_LIST] = "list", [ACTION_EXPIRE] = "expire", [ACTION_REMOVE] = "remove"
    };
    for (size_t i = ACTION_LIST; i < sizeof names / sizeof *names && input->action == ACTION_NONE; i++)
        if (strcmp(names[i], name) == 0) {
            input->action = (enum action)i;
            return;
        }
    argp_error(state, "\"%s\" is not expected; one action: list, expire or remove", name);
}

static error_t on_option(int key, char *argument, struct argp_state *state)
{
    struct input *input = state->input;
    switch (key) {
    case 's':
        input->supi = argument;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &input->access;
        return 0;
    case ARGP_KEY_ARG:
        read_action(state, argument, input);
        return 0;
    case ARGP_KEY_END:
        if (input->action == ACTION_NONE)
            argp_error(state, "an action is required: list, expire or remove");
        if ((input->action == ACTION_LIST) != (input->supi == NULL))
            argp_error(state, "expire and remove need --supi, list takes none");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print(const struct input *input, const struct buffer *answer)
{
    struct msgin5g_str body = { (const char *)answer->data, answer->length };
    bool good = true;
    if (input->access.json)
        (void)printf("%.*s\n", (int)body.length, body.length > 0 ? body.octets : "{}");
    else if (input->action == ACTION_LIST)
        good = answer_json_print_contexts(body);
    else
        (void)printf("%s %s\n", input->action == ACTION_EXPIRE ? "expired" : "removed", input->supi);
    if (good && fflush(stdout) == 0)
        return EXIT_CODE_OK;
    (void)fputs("akma: cannot print the answer\n", stderr);
    return good ? EXIT_CODE_OTHER : EXIT_CODE_PEER_FAILED;
}

static int carry_out(const struct input *input)
{
    static const char *const methods[] = {
        [ACTION_LIST] = "GET", [ACTION_EXPIRE] = "POST", [ACTION_REMOVE] = "DELETE"
    };
    char path[MANAGEMENT_PATH_MAX] = COLLECTION;
    struct buffer answer;
    const struct management_request request = { .method = methods[input->action], .path = path };
    if (input->supi != NULL)
        management_path(COLLECTION, input->supi, input->action == ACTION_EXPIRE ? "/expire" : "", path);
    buffer_init(&answer, ANSWER_MAX);
    int exit_code = management_call(&input->access, &request, &answer);
    if (exit_code == EXIT_CODE_OK)
        exit_code = print(input, &answer);
    buffer_free(&answer);
    return exit_code;
}

int context_run(int argc, char **argv)
{
    static const struct argp_child children[] = { { &management_argp, 0, "Where akma-aanf is:", 1 },
        { NULL, 0, NULL, 0 } };
    const struct argp argp = {
        .options = argp_options, .parser = on_option, .args_doc = "list|expire|remove", .doc = doc, .children = children
    };
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
