/* How many requests a client may make: one token bucket for each, whatever number of connections it has. */
#ifndef HTTP_QUOTA_H
#define HTTP_QUOTA_H

#include "peer.h"

#include <stdint.h>

struct quota;
struct quota_client;

/** @param clients remembered at most while they have no connection; the one that left first is forgotten. */
enum msgin5g_err quota_create(int64_t per_second, int64_t burst, size_t clients, struct quota **out);
/** When no client is held any more. NULL is allowed. */
void quota_free(struct quota *quota);
/** The client behind @p peer: by the first name of its certificate, else by its address (IPv6: the /64). Give it back
 * with quota_leave(). @return NULL when memory is short. */
struct quota_client *quota_enter(struct quota *quota, const struct peer *peer);
/** NULL is allowed. */
void quota_leave(struct quota *quota, struct quota_client *client);
/** @return false when @p client asks too often; in a second it may again. */
bool quota_take(struct quota *quota, struct quota_client *client, int64_t now_ms);

#endif
