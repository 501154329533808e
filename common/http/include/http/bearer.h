/* One bearer token that opens a management port (RFC 6750): read from a file or made, and compared. */
#ifndef HTTP_BEARER_H
#define HTTP_BEARER_H

#include "http/route.h"

#define HTTP_BEARER_MAX  128
#define HTTP_BEARER_MADE 64 /* characters of a token that is made here */

/** Wipe it when it is not needed any more. */
struct http_bearer {
    char text[HTTP_BEARER_MAX + 1]; /* "": there is none */
};

/** Read a token: one line of 16 to HTTP_BEARER_MAX printable characters, in a file nobody else may read.
 * @return NULL, or what is wrong: a constant. */
const char *http_bearer_read(const char *path, struct http_bearer *out);
/** Make a token of 32 unpredictable octets. */
void http_bearer_make(struct http_bearer *out);
/** Put the token into a new file for its owner alone. @return MSGIN5G_OK or ERR_IO (also: the file is there). */
enum msgin5g_err http_bearer_write(const char *path, const struct http_bearer *bearer);
/** True when @p request shows the token; false when there is none. Takes the same time for every token of the right
 * length. */
bool http_bearer_shown(const struct http_bearer *bearer, const struct http_request *request);
/** Is @p host (numeric) an address of this machine alone? */
bool http_bearer_is_local(const char *host);

#endif
