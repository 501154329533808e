#include "config_sample.h"

static const char *const levels[] = { "error", "info", "debug", NULL };

#define AT(member) .offset = offsetof(struct sample, member)

static const struct config_key server_keys[] = {
    { .name = "name", .type = CONFIG_STRING, AT(name), .min = 1, .max = 8, .help = "Name of the server." },
    { .name = "port", .type = CONFIG_INT, AT(port), .default_text = "5684", .min = 1, .max = 65535, .help = "Port." },
    { .name = "certificate", .type = CONFIG_FILE, AT(certificate), .default_text = "", .help = "PEM file." },
    { .name = NULL },
};

static const struct config_key log_keys[] = {
    { .name = "level", .type = CONFIG_ENUM, AT(level), .default_text = "info", .choices = levels, .help = "How much." },
    { .name = NULL },
};

static const struct config_key user_keys[] = {
    { .name = "supi", .type = CONFIG_STRING, .offset = offsetof(struct sample_user, supi), .help = "The SUPI." },
    { .name = "key",
        .type = CONFIG_FILE,
        .offset = offsetof(struct sample_user, key),
        .default_text = "k: \"v\"\n",
        .help = "File of the key." },
    { .name = "limit",
        .type = CONFIG_INT,
        .offset = offsetof(struct sample_user, limit),
        .default_text = "-1",
        .min = -1,
        .max = -2,
        .help = "Limit; -1 is none." },
    { .name = "ids", .type = CONFIG_STRINGS, .offset = offsetof(struct sample_user, ids), .help = "UE Service IDs." },
    { .name = NULL },
};

const struct config_key sample_schema[] = {
    { .name = "server", .type = CONFIG_SECTION, .keys = server_keys, .help = "The server." },
    { .name = "enabled", .type = CONFIG_BOOL, AT(enabled), .default_text = "true", .help = "Whether it runs." },
    { .name = "timeout",
        .type = CONFIG_DURATION,
        AT(timeout_ms),
        .default_text = "1500ms",
        .min = 100,
        .max = 3600000,
        .help = "How long to wait." },
    { .name = "log", .type = CONFIG_SECTION, .keys = log_keys, .help = "The log." },
    { .name = "fqdns", .type = CONFIG_STRINGS, AT(fqdns), .min = 1, .max = 3, .help = "Names of the server." },
    { .name = "suites", .type = CONFIG_STRINGS, AT(suites), .default_text = "[one, \"t: w\"]", .help = "Suites." },
    { .name = "users",
        .type = CONFIG_ITEMS,
        AT(users),
        .max = 20000,
        .keys = user_keys,
        .item_size = sizeof(struct sample_user),
        .help = "Users." },
    { .name = NULL },
};
