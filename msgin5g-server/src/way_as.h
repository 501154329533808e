/*
 * The way to an application server: messages and reports are pushed to its targetUri (TS 29.538 8.1.5.2.2, EC-43) as
 * POST {target}/deliver-message and {target}/deliver-report. What one originator sends goes one after the other, what
 * several send side by side; a push that fails for a reason that may pass is tried again after 1, 2 and 4 s.
 */
#ifndef WAY_AS_H
#define WAY_AS_H

#include "base/loop.h"
#include "http/client.h"
#include "server_metrics.h"
#include "way.h"

struct push;

struct way_as_config {
    struct loop *loop;
    const char *server_id; /* Service ID of this server (EC-44) */
    int64_t deadline_ms;   /* for one answer */
    struct server_metrics *metrics;
};

/** Embedded in the application server it leads to. */
struct way_as {
    struct way way;
    const struct way_as_config *config;
    struct http_client *client; /* NULL: there is nowhere to push to; see way_as_aim() */
    const char *path;           /* of the target: "/msgin5g" or "" */
    struct push *pushes;        /* waiting or under way, in order */
};

/** @p config is borrowed as long as the way. */
void way_as_init(struct way_as *way, const struct way_as_config *config);
/** Push to @p client and @p path (borrowed) from now on; NULL: nowhere. What is under way there goes on. */
void way_as_aim(struct way_as *way, struct http_client *client, const char *path);
/** End every push (their exchanges are done with WAY_FAILED). Answers that still come are for nobody. */
void way_as_close(struct way_as *way);

#endif
