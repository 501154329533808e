/*
 * Topics: who has subscribed to what, until when, and how each subscriber observes it (TS 24.538 6.6, TS 23.554 8.8;
 * EC-8). A subscription outlives its observation: without one its subscriber is reached otherwise, or not (EC-37).
 */
#ifndef TOPICS_H
#define TOPICS_H

#include "base/loop.h"
#include "coap/transport.h"
#include "msgin5g/message.h"
#include "server_metrics.h"

struct topics;
struct topic; /* from the first subscription until some time after the last */

/** One subscriber of one topic. */
struct subscription;

struct topics_config {
    int64_t default_s, max_s; /* lifetimes */
    int64_t empty_s;          /* how long a topic stays without subscribers */
    size_t max_topics, max_subscriptions, per_subscriber;
    /** transport_observation_cancel(), or what a test puts in its place. */
    void (*cancel)(struct transport_observation *observation);
    /** What has to be found again after a restart: a subscription is there until @p expires_s (UTC), or no more (0).
     * May be NULL. */
    void (*keep)(void *ctx, const char *topic, const char *subscriber, int64_t expires_s);
    void *ctx;
};

/** @p metrics is borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err topics_create(
    struct loop *loop, const struct topics_config *config, struct server_metrics *metrics, struct topics **out);
/** Nothing is observed any more (free the transport first). NULL is allowed. */
void topics_free(struct topics *topics);

/**
 * Subscribe, or refresh what is there (TS 24.538 6.6.3.1).
 *
 * @param topic     msgin5g_topic_valid().
 * @param expires_s wished for, UTC; 0: the default.
 * @param is_new    false when it was there.
 * @return MSGIN5G_OK with @p out, borrowed; ERR_EXPIRED (@p expires_s is past), ERR_LIMIT, ERR_NO_MEMORY.
 */
enum msgin5g_err topics_subscribe(struct topics *topics, struct msgin5g_str topic,
    const struct msgin5g_service_id *subscriber, int64_t expires_s, struct subscription **out, bool *is_new);
/** One from before the restart, unless it was made again already; keep() is not called. @return as topics_subscribe().
 */
enum msgin5g_err topics_restore(
    struct topics *topics, struct msgin5g_str topic, const struct msgin5g_service_id *subscriber, int64_t expires_s);
/** @return false when there was nothing to end. */
bool topics_unsubscribe(struct topics *topics, struct msgin5g_str topic, const struct msgin5g_service_id *subscriber);
/** @return NULL when @p subscriber has not subscribed to @p topic. */
struct subscription *topics_find(
    const struct topics *topics, struct msgin5g_str topic, const struct msgin5g_service_id *subscriber);

/** Until when, UTC. */
int64_t subscription_expires_s(const struct subscription *subscription);
/** For transport_observation_begin(); then subscription_observed(). */
struct transport_observation *subscription_observation(struct subscription *subscription);
/** A fresh GET has bound the observation: the subscriber wants to hear again. */
void subscription_observed(struct subscription *subscription);
/** The subscriber has refused a notification, and no GET came since (EC-37). */
bool subscription_muted(const struct subscription *subscription);
/** For the transport's observation_ended(). */
void topics_observation_ended(struct transport_observation *observation, enum transport_observe_end end);

/**
 * All subscribers of a topic, one after the other, also over several rounds of the loop: who comes meanwhile is left
 * out, who goes is skipped.
 */
struct topic_walk {
    struct topic *topic; /* NULL: none */
    size_t next, end;
};
/** @return how many subscribers there are now; 0: nobody, and nothing to end. */
size_t topic_walk_begin(struct topic_walk *walk, struct topics *topics, struct msgin5g_str topic);
/** @return NULL: that was all. Borrowed until the loop goes on. */
struct subscription *topic_walk_next(struct topic_walk *walk);
void topic_walk_end(struct topic_walk *walk);
/** Its UE Service ID in canonical form, NUL-terminated. */
struct msgin5g_str subscription_subscriber(const struct subscription *subscription);

struct topics_counts {
    size_t topics, subscriptions;
};
struct topics_counts topics_count(const struct topics *topics);

#endif
