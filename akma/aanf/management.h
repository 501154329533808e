/* The management port: health, metrics, provisioning and, in labs, fault injection. */
#ifndef AANF_MANAGEMENT_H
#define AANF_MANAGEMENT_H

#include "aanf.h"
#include "base/log.h"
#include "http/bearer.h"
#include "http/server.h"

/** What the handlers look at; borrowed for the server's life. */
struct management {
    struct aanf *aanf;
    const struct metrics *metrics;
    struct tls_context *tls; /* NULL: in clear */
    bool local;              /* bound to a loopback address: no token is needed */
    struct http_bearer token;
    struct log_limit refusal_lines;
};

/** True when the request may see and change subscribers' data; else it is answered with 401 (403: there is no token
 * and the address is no loopback one) and gone. */
bool management_admit(struct management *management, struct http_request *request);
/** As management_admit(), for a body with keys: over TLS or a loopback address, else 403. */
bool management_admit_keys(struct management *management, struct http_request *request);
enum msgin5g_err management_create(
    struct management *management, const struct aanf_config *config, struct http_server **out);
/** After the server is gone. */
void management_close(struct management *management);

#endif
