/* The management port: health, metrics and, in labs, fault injection; HTTP in clear on a local address. */
#ifndef AANF_MANAGEMENT_H
#define AANF_MANAGEMENT_H

#include "aanf.h"
#include "http/server.h"

/** What the handlers look at; borrowed for the server's life. */
struct management {
    const struct aanf *aanf;
    const struct metrics *metrics;
};

enum msgin5g_err management_create(
    struct management *management, const struct aanf_config *config, struct http_server **out);

#endif
