#include "gateway_options.h"

enum { KEY_BEHIND_GATEWAY = 1024, KEY_URGENT, KEY_HOLD, KEY_LISTEN, KEY_UES, KEY_BATCH };

static const struct argp_option argp_options[] = {
    { 0, 0, 0, 0, "Constrained UEs (MSGin5G-6):", 0 },
    { "behind-gateway", KEY_BEHIND_GATEWAY, "@FILE|-", 0,
        "--server is a gateway; 64 hexadecimal digits: the key shared with it", 0 },
    { "urgent", KEY_URGENT, 0, 0, "The gateway must not let the registration wait for others", 0 },
    { "hold", KEY_HOLD, "DURATION", 0, "How long it may at most; gateway: how long it does (default 30s)", 0 },
    { "listen-on", KEY_LISTEN, "ADDRESS:PORT", 0, "gateway: where constrained UEs reach it over DTLS", 0 },
    { "ues", KEY_UES, "FILE", 0, "gateway: a line each: UE Service ID, key as 64 hexadecimal digits", 0 },
    { "batch", KEY_BATCH, "N", 0, "gateway: as many waiting requests go out at once (default 100)", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *out = state->input;

    switch (key) {
    case KEY_BEHIND_GATEWAY:
        options_read_key(state, out, "behind-gateway", argument);
        out->behind_gateway = true;
        return 0;
    case KEY_URGENT:
        out->urgent = true;
        return 0;
    case KEY_HOLD:
        out->hold_s = options_read_duration_s(state, "hold", argument);
        return 0;
    case KEY_LISTEN:
        out->listen_on = argument;
        return 0;
    case KEY_UES:
        out->ues_path = argument;
        return 0;
    case KEY_BATCH:
        out->batch = options_read_number(state, "batch", argument, MSGIN5G_BULK_ENTRIES_MAX);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp gateway_options = { argp_options, parse, NULL, NULL, NULL, NULL, NULL };
