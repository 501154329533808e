/* Parameters of a query, one after the other ("limit=10&prefix=im%3A"). */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#define HTTP_QUERY_NAME_MAX  31
#define HTTP_QUERY_VALUE_MAX 511

/** Percent-decoded, each with a NUL; no other control character is in them. */
struct http_query_pair {
    char name[HTTP_QUERY_NAME_MAX + 1];
    char value[HTTP_QUERY_VALUE_MAX + 1];
};

/** Take the first pair off @p query, which is not empty. @return MSGIN5G_OK or ERR_INVALID: no name, no '=', too long,
 * a malformed escape, a control character. */
enum msgin5g_err http_query_take(struct msgin5g_str *query, struct http_query_pair *out);

#endif
