/* The last messages handed to the application, so that one the server had to send again is not handed over twice. */
#ifndef RECENT_H
#define RECENT_H

#include "msgin5g/message.h"

/* At least as many as a server keeps for one recipient (EC-16: 1,000): after kill -9 it may send again all that it had
 * delivered in its last moments. */
#define RECENT_MESSAGES 1024

/** Hashes of (oriAddr, msgId); a message id is a random UUID, so nobody can aim at one that is still to come. */
struct recent {
    uint64_t hashes[RECENT_MESSAGES];
    unsigned next;
};

/** True when @p message was here before (EC-11); else it is remembered and the oldest one forgotten. */
bool recent_seen(struct recent *recent, const struct msgin5g_message *message);
/** True when recent_add() was told of @p id (a UUID) of @p originator and not of RECENT_MESSAGES others since. */
bool recent_known(const struct recent *recent, struct msgin5g_str originator, struct msgin5g_str id);
/** What stands for a message in hashes; recent_put() takes one of an earlier process. */
uint64_t recent_hash(struct msgin5g_str originator, struct msgin5g_str id);
void recent_put(struct recent *recent, uint64_t hash);
void recent_add(struct recent *recent, struct msgin5g_str originator, struct msgin5g_str id);

#endif
