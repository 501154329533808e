/* A schema with every kind of key, for the tests of config_*.c. */
#ifndef UNIT_BASE_CONFIG_SAMPLE_H
#define UNIT_BASE_CONFIG_SAMPLE_H

#include "base/config.h"

struct sample_user {
    char *supi;
    char *key;
    int64_t limit;
    struct config_strings ids;
};

struct sample {
    char *name;
    int64_t port;
    char *certificate;
    bool enabled;
    int64_t timeout_ms;
    int level;
    struct config_strings fqdns;
    struct config_strings suites;
    struct config_items users;
};

/** Keys: server.{name (required), port, certificate}, enabled, timeout, log.level, fqdns (1 to 3), suites, users. */
extern const struct config_key sample_schema[];

#endif
