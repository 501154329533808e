/* OSCORE from K_AF: POST /akma without protection, then a context made of what both said (TS 33.535 Annex D, choice
 * C14). */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#include "coap/transport.h"
#include "msgin5g/client.h"

#include <stdbool.h>

/** Ask for a context on the open connection of @p client, and register under it. Like connection_retry_later() the last
 * thing a function does. */
void bootstrap_start(struct msgin5g_client *client);
/** The server does not know the context any more, or its K_AF has expired: what was asked was not done. */
bool bootstrap_needed(const struct msgin5g_client *client, enum msgin5g_err err, const struct transport_result *result);
/** After such an answer: one new context, then a fresh key or a wait. The last thing a function does. */
void bootstrap_again(struct msgin5g_client *client, const struct transport_result *result);
/** Nobody waits for the answer under way any more. */
void bootstrap_drop(struct msgin5g_client *client);

#endif
