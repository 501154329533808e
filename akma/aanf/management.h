/* The management port: health, metrics, provisioning and, in labs, fault injection. */
#ifndef AANF_MANAGEMENT_H
#define AANF_MANAGEMENT_H

#include "aanf.h"
#include "base/log.h"
#include "http/server.h"

#define MANAGEMENT_TOKEN_MAX 128

/** What the handlers look at; borrowed for the server's life. */
struct management {
    struct aanf *aanf;
    const struct metrics *metrics;
    struct tls_context *tls;              /* NULL: in clear */
    bool local;                           /* bound to a loopback address: no token is needed */
    char token[MANAGEMENT_TOKEN_MAX + 1]; /* what Authorization: Bearer must hold; "": there is none */
    struct log_limit refusal_lines;
};

/** True when the request may see and change subscribers' data; else it is answered with 401 (403: there is no token
 * and the address is no loopback one) and gone. */
bool management_admit(struct management *management, struct http_request *request);
/** As management_admit(), for a body with keys: over TLS or a loopback address, else 403. */
bool management_admit_keys(struct management *management, struct http_request *request);
/** Read a bearer token: one line of 16 to MANAGEMENT_TOKEN_MAX printable characters, in a file nobody else may read.
 * @return NULL, or what is wrong: a constant. */
const char *management_token_read(const char *path, char out[MANAGEMENT_TOKEN_MAX + 1]);

enum msgin5g_err management_create(
    struct management *management, const struct aanf_config *config, struct http_server **out);
/** After the server is gone. */
void management_close(struct management *management);

#endif
