/*
 * Messages that are too large for a recipient, or come in segments (TS 24.538 6.4.1.2.6 e, 6.5.3, TS 23.554 8.5):
 * passed on, put together, cut anew; and who recovers what. Between the router's targets and the copies that delivery
 * makes.
 */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#include "delivery.h"
#include "msg/segment.h"

struct segments_config {
    size_t octets;            /* of all messages that are put together or kept */
    size_t octets_per_sender; /* likewise */
    size_t sets_per_sender;   /* messages being put together (EC-34) */
    size_t sets;              /* sets passed on that are remembered */
    int64_t wait_ms;          /* silence before missing segments are asked for */
    unsigned attempts;        /* to ask */
    int64_t keep_ms;          /* what was sent, for who asks for it again */
};

struct segments;
/** All are borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err segments_create(struct loop *loop, const struct segments_config *config, const struct router *router,
    struct delivery *delivery, struct server_metrics *metrics, struct segments **out);
/** Before delivery; every exchange must have ended. NULL is allowed. */
void segments_free(struct segments *segments);

/**
 * Is the copy of @p submission for @p target one that cannot go as it is? Then it is seen to here: smaller copies
 * follow or have been made, which @p pending knows of (NULL: nobody waits).
 *
 * @param err set when true is returned: MSGIN5G_OK, or why there is no copy.
 * @return false: delivery makes the copy.
 */
bool segments_take(struct segments *segments, const struct submission *submission, const struct route_target *target,
    struct delivery_pending *pending, enum msgin5g_err *err);
/**
 * A segment that came before came again: for those who asked for it.
 *
 * @param changed it is another one than before.
 * @return MSGIN5G_OK or ERR_BAD_SEGMENT.
 */
enum msgin5g_err segments_repeated(struct segments *segments, const struct submission *submission, bool changed);

/** Handlers of SEGREC and SEGCONFIR; see request.h. */
request_handler_fn segments_on_recovery;
request_handler_fn segments_on_confirmation;

#endif
