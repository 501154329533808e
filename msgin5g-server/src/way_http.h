/*
 * The way to whoever is reached over HTTP: application servers, message gateways, servers of other domains (TS 29.538).
 * What one originator sends goes one after the other, what several send side by side; a push that fails for a reason
 * that may pass is tried again after 1, 2 and 4 s (EC-43).
 */
#ifndef WAY_HTTP_H
#define WAY_HTTP_H

#include "base/loop.h"
#include "http/client.h"
#include "msg/api.h"
#include "server_metrics.h"
#include "way.h"

struct push;
struct way_http;

/** One request as a service writes it. */
struct push_request {
    const char *operation; /* below the target's path: "/deliver-message"; a constant */
    const char *via;       /* value of x-msgin5g-via; NULL: none (EC-18) */
    size_t length;         /* octets in body */
    size_t capacity;
    uint8_t *body;
};

/** What one kind of receiver wants to be sent, and what its answers mean. */
struct way_http_service {
    /** Write @p message, a delivery copy, into @p out. @return MSGIN5G_OK; ERR_RECIPIENT_UNAVAILABLE: this receiver has
     * no use for it; ERR_PAYLOAD_TOO_LARGE. */
    enum msgin5g_err (*write)(
        const struct way_http *way, const struct msgin5g_message *message, struct push_request *out);
    /** What a 2xx answer says; NULL: that it was delivered. */
    enum way_result (*judge)(const struct http_response *response);
};

struct way_http_config {
    struct loop *loop;
    const char *server_id; /* Service ID of this server (EC-44) */
    int64_t deadline_ms;   /* for one answer */
    struct server_metrics *metrics;
};

/** Embedded in the one it leads to. */
struct way_http {
    struct way way;
    const struct way_http_config *config;
    const struct way_http_service *service;
    struct http_client *client; /* NULL: there is nowhere to push to; see way_http_aim() */
    const char *path;           /* of the target: "/msgin5g" or "" */
    struct push *pushes;        /* waiting or under way, in order */
};

/** @p config and @p service are borrowed as long as the way. */
void way_http_init(struct way_http *way, const struct way_http_config *config, const struct way_http_service *service);
/** Push to @p client and @p path (borrowed) from now on; NULL: nowhere. What is under way there goes on. */
void way_http_aim(struct way_http *way, struct http_client *client, const char *path);
/** The way itself, NULL when there is nowhere to push to. */
struct way *way_http_way(struct way_http *way);
/** End every push (their exchanges are done with WAY_FAILED). Answers that still come are for nobody. */
void way_http_close(struct way_http *way);

#endif
