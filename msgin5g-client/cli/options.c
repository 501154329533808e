#include "gateway_options.h"

#include "akma/keys.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/utf8.h"
#include "load.h"
#include "template.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_FILE_MAX (MSGIN5G_WHOLE_MAX + 1)
#define COMMANDS         "register, deregister, send, listen, subscribe, unsubscribe, bench, gateway"
#define UES_MAX          ((size_t)100000)
#define KEYS_FILE_MAX    (UES_MAX * (MSGIN5G_A_KID_MAX + 80))
#define DURATION_MAX_S   INT64_C(604800) /* EC-9, EC-16 */

enum {
    KEY_TO = 256,
    KEY_CONFIG,
    KEY_PRINT_CONFIG,
    KEY_SERVER_NAME,
    KEY_USIM,
    KEY_A_KID,
    KEY_K_AKMA,
    KEY_AUSF,
    KEY_CA,
    KEY_CERT,
    KEY_KEY,
    KEY_SN_NAME,
    KEY_LIFETIME,
    KEY_KEEP_ALIVE,
    KEY_TLS,
    KEY_CCM8,
    KEY_OSCORE,
    KEY_KEY_LOG,
    KEY_JSON,
    KEY_PAYLOAD,
    KEY_REPORT,
    KEY_STORE,
    KEY_EXPIRES,
    KEY_PRIORITY,
    KEY_APP,
    KEY_COUNT,
    KEY_TIMEOUT,
    KEY_GROUP,
    KEY_TOPIC,
    KEY_AS,
    KEY_AREA,
    KEY_BACKOFF,
    KEY_MAX_SEGMENT,
    KEY_SEGMENT_WAIT,
    KEY_AGGREGATE,
    KEY_NO_STORE,
    KEY_TEMPLATE,
    KEY_FIRST,
    KEY_KEYS,
    KEY_MESSAGES,
    KEY_RATE,
    KEY_SIZE,
    KEY_DURATION,
    KEY_LAST = KEY_DURATION
};

static const struct argp_option argp_options[] = {
    { 0, 0, 0, 0, "Who and where:", 1 },
    { "config", KEY_CONFIG, "FILE", 0, "Settings from a YAML file; options win", 1 },
    { "print-config", KEY_PRINT_CONFIG, 0, 0, "Print every setting with its default, and end", 1 },
    { "server", 's', "URI", 0, "MSGin5G Server: coaps://, coaps+tcp:// or (with --oscore) coap://HOST:PORT", 1 },
    { "server-name", KEY_SERVER_NAME, "FQDN", 0, "Name of the server in AF_ID and SNI (default: HOST)", 1 },
    { "service-id", 'i', "URI", 0, "UE Service ID to act for; without it the server is asked", 1 },
    { 0, 0, 0, 0, "Keys, from a USIM file or from elsewhere:", 2 },
    { "usim", KEY_USIM, "FILE", 0, "USIM file; runs 5G AKA against --ausf", 2 },
    { "ausf", KEY_AUSF, "URL", 0, "AUSF, https://HOST:PORT", 2 },
    { "ca", KEY_CA, "FILE", 0, "Authority of the AUSF's certificate", 2 },
    { "cert", KEY_CERT, "FILE", 0, "Own certificate for the AUSF", 2 },
    { "key", KEY_KEY, "FILE", 0, "Key of that certificate", 2 },
    { "sn-name", KEY_SN_NAME, "NAME", 0, "Serving network name", 2 },
    { "a-kid", KEY_A_KID, "A-KID", 0, "A-KID of a primary authentication done elsewhere", 2 },
    { "k-akma", KEY_K_AKMA, "@FILE|-", 0, "K_AKMA of it: 64 hexadecimal digits from a file or standard input", 2 },
    { 0, 0, 0, 0, "Protection:", 3 },
    { "tls", KEY_TLS, "VERSION", 0, "auto, 1.2 or 1.3", 3 },
    { "oscore", KEY_OSCORE, 0, 0, "OSCORE, for a server at coap://", 3 },
    { "ccm8", KEY_CCM8, 0, 0, "Offer TLS_PSK_WITH_AES_128_CCM_8 too", 3 },
    { "key-log", KEY_KEY_LOG, "FILE", 0, "Append the secrets of every handshake or OSCORE context (labs only)", 3 },
    { 0, 0, 0, 0, "Registration:", 4 },
    { "lifetime", KEY_LIFETIME, "DURATION", 0, "Lifetime to ask for: 90s, 10m, 2h, 7d", 4 },
    { "keep-alive", KEY_KEEP_ALIVE, "DURATION", 0, "Refresh the registration at least this often; 5m", 4 },
    { "backoff", KEY_BACKOFF, "MS", 0, "First wait before a new attempt (default 1000)", 4 },
    { "no-store", KEY_NO_STORE, 0, 0, "Let the server store nothing for this UE while it is away", 4 },
    { 0, 0, 0, 0, "Segments and aggregates:", 4 },
    { "max-segment", KEY_MAX_SEGMENT, "OCTETS", 0, "Payload of one segment, 64 to 2048, both ways (default 2048)", 4 },
    { "segment-wait", KEY_SEGMENT_WAIT, "MS", 0, "Silence before missing segments are asked for (default 5000)", 4 },
    { "aggregate", KEY_AGGREGATE, "MS", 0, "Let small messages and reports wait this long for others", 4 },
    { 0, 0, 0, 0, "send:", 5 },
    { "to", KEY_TO, "URI", 0, "Recipient, a UE Service ID unless --group, --topic, --as or --area says else", 5 },
    { "group", KEY_GROUP, 0, 0, "The recipient is a group", 5 },
    { "topic", KEY_TOPIC, 0, 0, "The recipient is a topic", 5 },
    { "as", KEY_AS, 0, 0, "The recipient is an application server", 5 },
    { "area", KEY_AREA, 0, 0, "The recipient is a broadcast area", 5 },
    { "payload", 'p', "TEXT|@FILE|-", 0, "What to send, at most 256 KiB of UTF-8", 5 },
    { "report", 'r', 0, 0, "Ask for a delivery report and wait for it", 5 },
    { "store", KEY_STORE, 0, 0, "Store and forward when the recipient is away", 5 },
    { "expires", KEY_EXPIRES, "DURATION", 0, "Keep a stored message, or stay subscribed, this long", 5 },
    { "priority", KEY_PRIORITY, "P", 0, "high, normal or low", 5 },
    { "app", KEY_APP, "ID", 0, "Application ID at the recipient", 5 },
    { 0, 0, 0, 0, "listen, subscribe:", 6 },
    { "count", 'n', "N", 0, "End after N messages", 6 },
    { 0, 0, 0, 0, "Many UEs in one process (listen, send, bench):", 7 },
    { "service-id-template", KEY_TEMPLATE, "URI", 0, "UE Service IDs with {n} or, padded, {n:4} in them", 7 },
    { "count", 'n', "N", 0, "This many UEs", 7 },
    { "first", KEY_FIRST, "N", 0, "Number of the first one (default 1)", 7 },
    { "keys", KEY_KEYS, "@FILE|-", 0, "A-KID and K_AKMA, a line a UE; or {n} in --usim", 7 },
    { "messages", KEY_MESSAGES, "N", 0, "End after N messages of all of them", 7 },
    { 0, 0, 0, 0, "bench:", 8 },
    { "rate", KEY_RATE, "N", 0, "Messages a second in all (default: each UE one at a time)", 8 },
    { "size", KEY_SIZE, "OCTETS", 0, "Payload of a message, 34 or more (default 64)", 8 },
    { "duration", KEY_DURATION, "DURATION", 0, "How long to send (default 10s)", 8 },
    { 0, 0, 0, 0, "All commands:", 9 },
    { "timeout", 't', "SECONDS", 0, "Give up after this time (default 15; listen, subscribe: never)", 9 },
    { "json", KEY_JSON, 0, 0, "One JSON object an event on standard output", 9 },
    { 0 },
};

static const char doc[] =
    "Registers a UE with an MSGin5G Server and exchanges messages (TS 24.538), authenticated with AKMA keys."
    "\vCommands: register, deregister, send, listen, subscribe TOPIC, unsubscribe TOPIC, bench, gateway\n\n"
    "Examples:\n"
    "  msgin5g-client --config ue1.yaml listen --json\n"
    "  msgin5g-client --config ue2.yaml send --to im:ue-0001@lab.example \\\n"
    "      --payload 'hello' --report\n\n"
    "Exit codes: 0 ok, 1 other, 2 usage, 3 configuration, 4 cannot connect or timeout, 5 authentication failed, "
    "6 not authorised, 7 refused by the peer, 8 peer failed, 9 expired or not delivered";

struct reading {
    struct options *out;
    const char *config_path;
    bool command_seen;
    int64_t lifetime_s; /* 0: not given */
    int64_t keep_alive_s;
    int version; /* -1: not given */
    /* Options are applied after the file, so that they win. */
    struct {
        int key;
        const char *value;
    } overrides[32];
    size_t override_count;
};

int64_t options_read_number(struct argp_state *state, const char *name, const char *text, int64_t max)
{
    char *end;
    long long value = strtoll(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value < 0 || value > max)
        argp_error(state, "--%s: '%s' is not a whole number from 0 to %lld", name, text, (long long)max);
    return value;
}

/* A number of seconds, or a number and s, m, h or d. */
int64_t options_read_duration_s(struct argp_state *state, const char *name, const char *text)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    char *end;
    long long value = strtoll(text, &end, 10);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (end > text && value > 0 && value <= DURATION_MAX_S / units[i].seconds && *end == units[i].unit &&
            (*end == '\0' || end[1] == '\0'))
            return value * units[i].seconds;
    argp_error(state, "--%s: '%s' is not a duration from 1s to 7d, such as 90s, 10m, 2h or 7d", name, text);
    return 0;
}

static void read_payload(struct argp_state *state, struct options *out, const char *text)
{
    enum msgin5g_err err;

    buffer_free(&out->payload);
    if (text[0] == '@' || strcmp(text, "-") == 0)
        err = buffer_read_file(&out->payload, text[0] == '@' ? text + 1 : text);
    else
        err = buffer_append_text(&out->payload, text);
    if (err == MSGIN5G_ERR_LIMIT || out->payload.length > MSGIN5G_WHOLE_MAX)
        argp_error(state, "--payload: more than %d octets; a message carries no more", MSGIN5G_WHOLE_MAX);
    else if (err != MSGIN5G_OK)
        argp_failure(state, EXIT_CODE_OTHER, errno, "--payload: cannot read %s", text);
    else if (!utf8_valid(out->payload.data, out->payload.length))
        argp_error(state, "--payload: this is not UTF-8 text; send other data as text, in base64 for example");
}

void options_read_key(struct argp_state *state, struct options *out, const char *name, const char *text)
{
    struct buffer buffer;
    struct msgin5g_str hex;

    if (text[0] != '@' && strcmp(text, "-") != 0)
        argp_error(state, "--%s: keys do not belong on a command line; give @FILE, or - for standard input", name);
    buffer_init(&buffer, 128);
    if (buffer_read_file(&buffer, text[0] == '@' ? text + 1 : text) != MSGIN5G_OK)
        argp_failure(state, EXIT_CODE_OTHER, errno, "--%s: cannot read %s", name, text);
    hex = (struct msgin5g_str){ (const char *)buffer.data, buffer.length };
    while (hex.length > 0 && (hex.octets[hex.length - 1] == '\n' || hex.octets[hex.length - 1] == '\r'))
        hex.length--;
    free(out->k_akma);
    if ((out->k_akma = malloc(sizeof *out->k_akma)) == NULL ||
        secret_from_hex(hex, out->k_akma->octets, sizeof out->k_akma->octets) != MSGIN5G_OK)
        argp_error(state, "--%s: %s does not hold 64 hexadecimal digits", name, text);
    buffer_wipe_free(&buffer);
}

static void read_keys(struct argp_state *state, struct options *out, const char *text)
{
    if (text[0] != '@' && strcmp(text, "-") != 0)
        argp_error(state, "--keys: keys do not belong on a command line; give @FILE, or - for standard input");
    buffer_wipe_free(&out->keys);
    if (buffer_read_file(&out->keys, text[0] == '@' ? text + 1 : text) != MSGIN5G_OK ||
        buffer_append(&out->keys, "", 1) != MSGIN5G_OK)
        argp_failure(state, EXIT_CODE_OTHER, errno, "--keys: cannot read %s", text);
}

static void read_priority(struct argp_state *state, struct options *out, const char *text)
{
    static const char *const names[] = { "high", "normal", "low" };

    for (int i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            out->outgoing.priority = (enum msgin5g_priority)i;
            return;
        }
    }
    argp_error(state, "--priority: '%s' is none of high, normal, low", text);
}

/* What follows a command: the topic of those that have one. */
static void read_topic(struct argp_state *state, struct options *out, const char *text)
{
    if ((out->command != COMMAND_SUBSCRIBE && out->command != COMMAND_UNSUBSCRIBE) || out->topic != NULL)
        argp_error(state, "'%s': one command at a time", text);
    if (!msgin5g_topic_valid(msgin5g_str(text)))
        argp_error(state, "'%s' is no topic: up to %d octets, no part between '/' empty, '.' or '..'", text,
            MSGIN5G_TOPIC_MAX);
    out->topic = text;
}

static void read_command(struct argp_state *state, struct reading *reading, const char *text)
{
    static const char *const names[] = { "register", "deregister", "send", "listen", "subscribe", "unsubscribe",
        "bench", "gateway" };

    if (reading->command_seen) {
        read_topic(state, reading->out, text);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            reading->out->command = (enum command)i;
            reading->command_seen = true;
            return;
        }
    }
    argp_error(state, "'%s' is no command; there are " COMMANDS, text);
}

/* Options of one message; false when @p key is another option. */
static bool read_message_option(int key, char *argument, struct argp_state *state, struct options *out)
{
    switch (key) {
    case KEY_TO:
        out->outgoing.to = argument;
        return true;
    case KEY_GROUP:
        out->outgoing.to_type = MSGIN5G_ADDR_GROUP;
        return true;
    case KEY_TOPIC:
        out->outgoing.to_type = MSGIN5G_ADDR_TOPIC;
        return true;
    case KEY_AS:
        out->outgoing.to_type = MSGIN5G_ADDR_AS;
        return true;
    case KEY_AREA:
        out->outgoing.to_type = MSGIN5G_ADDR_BC;
        return true;
    case 'p':
        read_payload(state, out, argument);
        return true;
    case 'r':
        out->outgoing.report_requested = true;
        return true;
    case KEY_STORE:
        out->outgoing.store_forward = true;
        return true;
    case KEY_EXPIRES:
        out->expires_s = options_read_duration_s(state, "expires", argument);
        return true;
    case KEY_PRIORITY:
        read_priority(state, out, argument);
        return true;
    case KEY_APP:
        out->outgoing.app_id = argument;
        return true;
    default:
        return false;
    }
}

/* Options of the registration, of many UEs and of bench; false when @p key is another option. */
static bool read_many_option(int key, char *argument, struct argp_state *state, struct options *out)
{
    switch (key) {
    case KEY_NO_STORE:
        out->no_store = true;
        return true;
    case KEY_TEMPLATE:
        out->service_ids = argument;
        return true;
    case KEY_FIRST:
        out->first = options_read_number(state, "first", argument, INT64_C(1000000000));
        return true;
    case KEY_KEYS:
        read_keys(state, out, argument);
        return true;
    case KEY_MESSAGES:
        out->messages = options_read_number(state, "messages", argument, INT64_C(1000000000));
        return true;
    case KEY_RATE:
        out->rate = options_read_number(state, "rate", argument, 1000000);
        return true;
    case KEY_SIZE:
        out->size = options_read_number(state, "size", argument, MSGIN5G_WHOLE_MAX);
        return true;
    case KEY_DURATION:
        out->duration_s = options_read_duration_s(state, "duration", argument);
        return true;
    default:
        return false;
    }
}

/* Options that say how the command behaves; false when @p key is another option. */
static bool read_behaviour_option(int key, char *argument, struct argp_state *state, struct reading *reading)
{
    struct options *out = reading->out;

    switch (key) {
    case KEY_CONFIG:
        reading->config_path = argument;
        return true;
    case KEY_PRINT_CONFIG:
        settings_print();
        exit(EXIT_CODE_OK);
    case KEY_A_KID:
        out->a_kid = argument;
        return true;
    case KEY_K_AKMA:
        options_read_key(state, out, "k-akma", argument);
        return true;
    case KEY_KEY_LOG:
        out->key_log_path = argument;
        return true;
    case KEY_JSON:
        out->json = true;
        return true;
    case KEY_BACKOFF:
        out->backoff_min_ms = options_read_number(state, "backoff", argument, 600000);
        return true;
    case KEY_MAX_SEGMENT:
        out->max_segment_size = options_read_number(state, "max-segment", argument, MSGIN5G_PAYLOAD_MAX);
        if (out->max_segment_size < MSGIN5G_SEGMENT_SIZE_MIN)
            argp_error(state, "--max-segment: at least %d octets", MSGIN5G_SEGMENT_SIZE_MIN);
        return true;
    case KEY_AGGREGATE:
        out->aggregate_wait_ms = options_read_number(state, "aggregate", argument, 600000);
        return true;
    case KEY_SEGMENT_WAIT:
        out->segment_wait_ms = options_read_number(state, "segment-wait", argument, 600000);
        return true;
    case KEY_LIFETIME:
        reading->lifetime_s = options_read_duration_s(state, "lifetime", argument);
        return true;
    case KEY_KEEP_ALIVE:
        reading->keep_alive_s = options_read_duration_s(state, "keep-alive", argument);
        return true;
    case KEY_TLS:
        if (!settings_version(argument, &reading->version))
            argp_error(state, "--tls: '%s' is none of auto, 1.2, 1.3", argument);
        return true;
    case 'n':
        out->count = options_read_number(state, "count", argument, INT64_C(1000000000));
        return true;
    case 't':
        out->timeout_s = options_read_number(state, "timeout", argument, INT64_C(31536000));
        return true;
    default:
        return false;
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct reading *reading = state->input;

    if (key == ARGP_KEY_ARG) {
        read_command(state, reading, argument);
        return 0;
    }
    if (key == ARGP_KEY_END && !reading->command_seen)
        argp_error(state, "no command; there are " COMMANDS);
    if (key == ARGP_KEY_INIT)
        state->child_inputs[0] = reading->out;
    if (key == ARGP_KEY_INIT || key == ARGP_KEY_FINI || key == ARGP_KEY_SUCCESS || key == ARGP_KEY_END)
        return 0;
    if (read_message_option(key, argument, state, reading->out) ||
        read_many_option(key, argument, state, reading->out) || read_behaviour_option(key, argument, state, reading))
        return 0;
    if (key != 's' && key != 'i' && (key < KEY_TO || key > KEY_LAST))
        return ARGP_ERR_UNKNOWN; /* argp's own keys, such as ARGP_KEY_NO_ARGS */
    if (reading->override_count == sizeof reading->overrides / sizeof reading->overrides[0])
        argp_error(state, "too many options");
    reading->overrides[reading->override_count].key = key;
    reading->overrides[reading->override_count++].value = argument;
    return 0;
}

static void usage_error(const char *text)
{
    fprintf(stderr, "msgin5g-client: %s\nTry 'msgin5g-client --help'.\n", text);
    exit(EXIT_CODE_USAGE);
}

static void apply_override(struct settings *settings, int key, const char *value)
{
    const struct {
        int key;
        char **setting;
    } texts[] = {
        { 's', &settings->server },
        { 'i', &settings->service_id },
        { KEY_SERVER_NAME, &settings->server_name },
        { KEY_USIM, &settings->usim },
        { KEY_AUSF, &settings->ausf_url },
        { KEY_CA, &settings->ausf_ca },
        { KEY_CERT, &settings->ausf_certificate },
        { KEY_KEY, &settings->ausf_key },
        { KEY_SN_NAME, &settings->sn_name },
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].key == key)
            settings_replace(texts[i].setting, value);
    if (key == KEY_CCM8)
        settings->ccm8 = true;
    if (key == KEY_OSCORE)
        settings->oscore = true;
}

static void load_settings(struct reading *reading)
{
    struct settings *settings = &reading->out->settings;

    if (!settings_load(reading->config_path, settings))
        exit(EXIT_CODE_CONFIG);
    for (size_t i = 0; i < reading->override_count; i++)
        apply_override(settings, reading->overrides[i].key, reading->overrides[i].value);
    if (reading->lifetime_s > 0)
        settings->lifetime_s = reading->lifetime_s;
    if (reading->keep_alive_s > 0)
        settings->keep_alive_s = reading->keep_alive_s;
    if (reading->version >= 0)
        settings->version = reading->version;
}

static void check_many(const struct options *options)
{
    bool bench = options->command == COMMAND_BENCH;

    if (options->command != COMMAND_LISTEN && options->command != COMMAND_SEND && !bench)
        usage_error("--service-id-template is for listen, send and bench");
    if (options->ues < 1 || options->ues > (int64_t)UES_MAX)
        usage_error("--count: from 1 to 100000 UEs");
    if (options->ues > 1 && !template_has_number(options->service_ids))
        usage_error("--service-id-template needs {n}, where the number of the UE goes");
    if (options->ues > 1 && options->keys.data == NULL && !template_has_number(options->settings.usim))
        usage_error("every UE needs its own key; say --usim FILE with {n} in it, or --keys @FILE");
    if (bench && options->payload.length > 0)
        usage_error("bench makes its own payload; say --size OCTETS");
    if (bench && options->size < LOAD_SIZE_MIN)
        usage_error("--size: at least 34 octets, for the time of sending");
    if (bench && options->outgoing.to == NULL && options->outgoing.to_type != MSGIN5G_ADDR_UE)
        usage_error("which group, topic, application server or area? say --to URI");
}

static void check(const struct options *options)
{
    const struct settings *settings = &options->settings;

    if (settings->server[0] == '\0')
        usage_error("no server; say --server coaps://HOST:PORT");
    if (strncmp(settings->server, "coap://", 7) == 0 && !settings->oscore)
        usage_error("coap:// has no protection of its own; add --oscore, or say coaps:// or coaps+tcp://");
    if (strncmp(settings->server, "coap://", 7) != 0 && settings->oscore)
        usage_error("--oscore is for a server at coap://HOST:PORT");
    if (settings->service_id[0] == '\0' && (options->behind_gateway || options->command == COMMAND_GATEWAY))
        usage_error("no UE Service ID; say --service-id URI");
    if (options->command == COMMAND_GATEWAY && (options->listen_on == NULL || options->ues_path == NULL))
        usage_error("gateway needs --listen-on ADDRESS:PORT and --ues FILE");
    if (options->behind_gateway && options->service_ids != NULL)
        usage_error("--behind-gateway is for one UE");
    if (settings->usim[0] == '\0' && options->keys.data == NULL && !options->behind_gateway &&
        (options->a_kid == NULL || options->k_akma == NULL))
        usage_error("no keys; say --usim FILE with --ausf URL, or --a-kid A-KID with --k-akma @FILE");
    if (settings->usim[0] != '\0' && settings->ausf_url[0] == '\0')
        usage_error("--usim needs --ausf URL for primary authentication");
    if (options->command == COMMAND_SEND && options->outgoing.to == NULL)
        usage_error("send needs --to URI");
    if ((options->command == COMMAND_SUBSCRIBE || options->command == COMMAND_UNSUBSCRIBE) && options->topic == NULL)
        usage_error("subscribe and unsubscribe need a TOPIC");
    if (options->expires_s > 0 && options->command != COMMAND_SUBSCRIBE && !options->outgoing.store_forward)
        usage_error("--expires is about a stored message; add --store");
    if (options->service_ids != NULL)
        check_many(options);
}

/* bench is always a fleet, if only of one; --count is about UEs then, and about messages else. */
static void complete_many(struct options *out)
{
    if (out->service_ids == NULL && out->command == COMMAND_BENCH && out->settings.service_id[0] != '\0')
        out->service_ids = out->settings.service_id;
    if (out->service_ids != NULL) {
        out->ues = out->count > 0 ? out->count : 1;
        out->count = out->messages;
    }
}

static int64_t default_timeout_s(const struct options *options)
{
    if (command_stays(options->command))
        return 0;
    return 15 + options->ues / 10;
}

bool command_stays(enum command command)
{
    return command == COMMAND_LISTEN || command == COMMAND_SUBSCRIBE || command == COMMAND_GATEWAY;
}

void options_read(int argc, char **argv, struct options *out)
{
    static const struct argp_child children[] = { { &gateway_options, 0, NULL, 6 }, { 0 } };
    static const struct argp argp = { argp_options, parse, "COMMAND", doc, children, NULL, NULL };
    struct reading reading = { .out = out, .version = -1 };

    memset(out, 0, sizeof *out);
    out->timeout_s = -1;
    out->outgoing.to_type = MSGIN5G_ADDR_UE;
    out->outgoing.priority = MSGIN5G_PRIORITY_NORMAL;
    out->first = 1;
    out->size = 64;
    out->duration_s = 10;
    buffer_init(&out->payload, PAYLOAD_FILE_MAX);
    buffer_init(&out->keys, KEYS_FILE_MAX);
    argp_err_exit_status = EXIT_CODE_USAGE;
    argp_program_version = "msgin5g-client " MSGIN5G_VERSION;
    argp_parse(&argp, argc, argv, 0, NULL, &reading);
    load_settings(&reading);
    complete_many(out);
    check(out);
    if (out->timeout_s < 0)
        out->timeout_s = default_timeout_s(out);
    if (out->expires_s > 0)
        out->outgoing.expire_time_s = clock_system().utc_s(NULL) + out->expires_s;
    out->outgoing.payload = out->payload.data != NULL ? (const char *)out->payload.data : "";
    out->outgoing.payload_length = out->payload.length;
}

void options_free(struct options *options)
{
    if (options->k_akma != NULL)
        k_akma_wipe(options->k_akma);
    free(options->k_akma);
    buffer_free(&options->payload);
    buffer_wipe_free(&options->keys);
    settings_free(&options->settings);
}
