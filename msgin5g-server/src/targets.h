/*
 * Every recipient of a message, one after the other (TS 24.538 6.4.1.2.1): a UE, the members of a group, the
 * subscribers of a topic; never who sent it (TS 23.554 8.3.2 step 3). Sends nothing.
 */
#ifndef TARGETS_H
#define TARGETS_H

#include "groups.h"
#include "router.h"
#include "topics.h"

/** Who knows them; all of it is borrowed. */
struct audiences {
    const struct router *router;
    struct groups *groups;
    struct topics *topics;
};

struct targets {
    struct audiences audiences;
    const struct msgin5g_message *message;
    const struct msgin5g_service_id *originator;
    struct group *group;              /* held; NULL: not a group */
    struct topic_walk topic;          /* under way; its topic NULL: not a topic, or nobody */
    struct msgin5g_service_id single; /* a UE or application server */
    size_t next;
};

/**
 * Begin with @p message of @p originator, both borrowed as long as it lasts, which may be many rounds of the loop.
 *
 * @return MSGIN5G_OK, perhaps without any target; ERR_MALFORMED (no URI, no topic), ERR_UNKNOWN_GROUP,
 *         ERR_NOT_AUTHORIZED (may not send to the group), ERR_NO_ROUTE (AS, BC).
 */
enum msgin5g_err targets_open(struct targets *targets, const struct audiences *audiences,
    const struct msgin5g_message *message, const struct msgin5g_service_id *originator);
/** @return false: that was the last. @p out is borrowed until the loop goes on. */
bool targets_next(struct targets *targets, struct route_target *out);
/** After targets_open() that said MSGIN5G_OK. */
void targets_close(struct targets *targets);

#endif
