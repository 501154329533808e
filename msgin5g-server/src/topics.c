#include "topics.h"

#include "base/log.h"
#include "hash.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A UE Service ID with at least one subscription. */
struct subscriber {
    UT_hash_handle hh;
    size_t subscriptions;
    size_t length;
    char id[];
};

struct subscription {
    struct transport_observation observation;
    UT_hash_handle hh; /* of the topic, by the place of the subscriber */
    struct topic *topic;
    struct subscriber *subscriber;
    size_t place; /* in topic->list */
    int64_t expires_s;
    struct loop_timer expiry;
    bool muted;
};

struct topic {
    UT_hash_handle hh;
    struct topics *topics;
    struct subscription *subscriptions; /* by subscriber */
    struct subscription **list;         /* in order of coming; NULL: gone, while somebody walks */
    size_t count, used, room;           /* subscriptions; places in list that were given; that there are */
    size_t walks;
    struct loop_timer empty;
    char name[];
};

struct topics {
    struct loop *loop;
    struct topics_config config;
    struct server_metrics *metrics;
    struct topic *topics;
    struct subscriber *subscribers;
    size_t subscriptions;
};

enum msgin5g_err topics_create(
    struct loop *loop, const struct topics_config *config, struct server_metrics *metrics, struct topics **out)
{
    struct topics *topics = calloc(1, sizeof *topics);
    if (topics == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *topics = (struct topics){ .loop = loop, .config = *config, .metrics = metrics };
    *out = topics;
    return MSGIN5G_OK;
}

static void show_counts(const struct topics *topics)
{
    metric_set(topics->metrics->topics, HASH_COUNT(topics->topics));
    metric_set(topics->metrics->subscriptions, (int64_t)topics->subscriptions);
}

/* ---- topics ---- */

static struct topic *find_topic(const struct topics *topics, struct msgin5g_str name)
{
    struct topic *topic;
    HASH_FIND(hh, topics->topics, name.octets, name.length, topic);
    return topic;
}

static void delete_topic(struct topic *topic)
{
    struct topics *topics = topic->topics;
    assert(topic->count == 0 && topic->walks == 0);
    loop_timer_cancel(topics->loop, &topic->empty);
    HASH_DEL(topics->topics, topic);
    free(topic->list);
    free(topic);
    show_counts(topics);
}

static void on_empty(void *ctx)
{
    struct topic *topic = ctx;
    if (topic->walks > 0) { /* topic_walk_end() sees to it */
        (void)loop_timer_set(topic->topics->loop, &topic->empty, 1000);
        return;
    }
    log_debug("topic deleted, nobody subscribed any more");
    delete_topic(topic);
}

static struct topic *create_topic(struct topics *topics, struct msgin5g_str name)
{
    struct topic *topic = calloc(1, sizeof *topic + name.length + 1);
    if (topic == NULL)
        return NULL;
    memcpy(topic->name, name.octets, name.length);
    topic->topics = topics;
    loop_timer_init(&topic->empty, on_empty, topic);
    HASH_ADD_KEYPTR(hh, topics->topics, topic->name, name.length, topic);
    if (!HASH_ADDED(topic)) {
        free(topic);
        return NULL;
    }
    return topic;
}

/* Without the timer an empty topic stays: until somebody subscribes again and goes. */
static void watch_empty(struct topic *topic)
{
    if (topic->count == 0)
        (void)loop_timer_set(topic->topics->loop, &topic->empty, topic->topics->config.empty_s * 1000);
}

/* Close the gaps when nobody walks over them. */
static void compact(struct topic *topic)
{
    size_t kept = 0;
    if (topic->walks > 0)
        return;
    for (size_t i = 0; i < topic->used; i++) {
        struct subscription *subscription = topic->list[i];
        if (subscription == NULL)
            continue;
        subscription->place = kept;
        topic->list[kept++] = subscription;
    }
    topic->used = kept;
}

static bool make_room(struct topic *topic)
{
    if (topic->used < topic->room)
        return true;
    compact(topic);
    if (topic->used < topic->room)
        return true;
    size_t room = topic->room == 0 ? 4 : 2 * topic->room;
    struct subscription **list = realloc(topic->list, room * sizeof(struct subscription *));
    if (list == NULL)
        return false;
    topic->list = list;
    topic->room = room;
    return true;
}

/* ---- subscribers ---- */

static struct subscriber *find_subscriber(const struct topics *topics, const struct msgin5g_service_id *id)
{
    struct subscriber *subscriber;
    HASH_FIND(hh, topics->subscribers, id->text, id->length, subscriber);
    return subscriber;
}

static struct subscriber *create_subscriber(struct topics *topics, const struct msgin5g_service_id *id)
{
    struct subscriber *subscriber = calloc(1, sizeof *subscriber + id->length + 1);
    if (subscriber == NULL)
        return NULL;
    subscriber->length = id->length;
    memcpy(subscriber->id, id->text, id->length + 1);
    HASH_ADD_KEYPTR(hh, topics->subscribers, subscriber->id, id->length, subscriber);
    if (HASH_ADDED(subscriber))
        return subscriber;
    free(subscriber);
    return NULL;
}

static void drop_if_unused(struct topics *topics, struct subscriber *subscriber)
{
    if (subscriber->subscriptions > 0)
        return;
    HASH_DEL(topics->subscribers, subscriber);
    free(subscriber);
}

/* ---- subscriptions ---- */

static struct subscription *find_in(const struct topic *topic, const struct subscriber *subscriber)
{
    struct subscription *subscription;
    HASH_FIND_PTR(topic->subscriptions, &subscriber, subscription);
    return subscription;
}

struct subscription *topics_find(
    const struct topics *topics, struct msgin5g_str name, const struct msgin5g_service_id *id)
{
    const struct topic *topic = find_topic(topics, name);
    const struct subscriber *subscriber = topic != NULL ? find_subscriber(topics, id) : NULL;
    return subscriber != NULL ? find_in(topic, subscriber) : NULL;
}

/* Out of everything, and gone. */
static void end(struct subscription *subscription)
{
    struct topic *topic = subscription->topic;
    struct topics *topics = topic->topics;
    struct subscriber *subscriber = subscription->subscriber;
    topics->config.cancel(&subscription->observation);
    loop_timer_cancel(topics->loop, &subscription->expiry);
    HASH_DEL(topic->subscriptions, subscription);
    topic->list[subscription->place] = NULL;
    topic->count--;
    topics->subscriptions--;
    free(subscription);
    subscriber->subscriptions--;
    drop_if_unused(topics, subscriber);
    watch_empty(topic);
    show_counts(topics);
}

static void keep(const struct subscription *subscription, int64_t expires_s)
{
    const struct topics_config *config = &subscription->topic->topics->config;
    if (config->keep != NULL)
        config->keep(config->ctx, subscription->topic->name, subscription->subscriber->id, expires_s);
}

static void on_expiry(void *ctx)
{
    struct subscription *subscription = ctx;
    log_debug("subscription expired subscriber=%s",
        log_identity(subscription->subscriber->id, (char[LOG_IDENTITY_LEN]){ 0 }));
    metric_add(subscription->topic->topics->metrics->subscriptions_expired, 1);
    keep(subscription, 0);
    end(subscription);
}

static struct subscription *create(struct topic *topic, struct subscriber *subscriber)
{
    struct subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL || !make_room(topic)) {
        free(subscription);
        return NULL;
    }
    subscription->topic = topic;
    subscription->subscriber = subscriber;
    loop_timer_init(&subscription->expiry, on_expiry, subscription);
    HASH_ADD_PTR(topic->subscriptions, subscriber, subscription);
    if (!HASH_ADDED(subscription)) {
        free(subscription);
        return NULL;
    }
    subscription->place = topic->used++;
    topic->list[subscription->place] = subscription;
    topic->count++;
    topic->topics->subscriptions++;
    subscriber->subscriptions++;
    loop_timer_cancel(topic->topics->loop, &topic->empty);
    return subscription;
}

static enum msgin5g_err check_room(
    const struct topics *topics, const struct topic *topic, const struct subscriber *subscriber)
{
    const struct topics_config *config = &topics->config;
    bool full = (topic == NULL && HASH_COUNT(topics->topics) >= config->max_topics) ||
                topics->subscriptions >= config->max_subscriptions ||
                (subscriber != NULL && subscriber->subscriptions >= config->per_subscriber);
    return full ? MSGIN5G_ERR_LIMIT : MSGIN5G_OK;
}

/* Nothing is left behind when it fails, but perhaps an empty topic. */
static enum msgin5g_err add(
    struct topics *topics, struct msgin5g_str name, const struct msgin5g_service_id *id, struct subscription **out)
{
    struct topic *topic = find_topic(topics, name);
    struct subscriber *subscriber = find_subscriber(topics, id);
    enum msgin5g_err err = check_room(topics, topic, subscriber);
    if (err != MSGIN5G_OK)
        return err;
    if (topic == NULL)
        topic = create_topic(topics, name);
    if (topic != NULL && subscriber == NULL)
        subscriber = create_subscriber(topics, id);
    *out = subscriber != NULL && topic != NULL ? create(topic, subscriber) : NULL;
    if (*out != NULL)
        return MSGIN5G_OK;
    if (subscriber != NULL)
        drop_if_unused(topics, subscriber);
    if (topic != NULL)
        watch_empty(topic);
    return MSGIN5G_ERR_NO_MEMORY;
}

/* EC-8: the wish, or the default, up to the longest. */
static enum msgin5g_err set_expiry(struct subscription *subscription, int64_t expires_s)
{
    struct topics *topics = subscription->topic->topics;
    int64_t now_s = loop_utc_s(topics->loop);
    int64_t left_s = expires_s == 0 ? topics->config.default_s : expires_s - now_s;
    if (left_s > topics->config.max_s)
        left_s = topics->config.max_s;
    enum msgin5g_err err = loop_timer_set(topics->loop, &subscription->expiry, left_s * 1000);
    if (err == MSGIN5G_OK)
        subscription->expires_s = now_s + left_s;
    return err;
}

static enum msgin5g_err subscribe(struct topics *topics, struct msgin5g_str name, const struct msgin5g_service_id *id,
    int64_t expires_s, struct subscription **out, bool *is_new)
{
    enum msgin5g_err err = MSGIN5G_OK;
    if (expires_s != 0 && expires_s <= loop_utc_s(topics->loop))
        return MSGIN5G_ERR_EXPIRED;
    *out = topics_find(topics, name, id);
    *is_new = *out == NULL;
    if (*is_new)
        err = add(topics, name, id, out);
    if (err == MSGIN5G_OK && (err = set_expiry(*out, expires_s)) != MSGIN5G_OK)
        end(*out); /* it would never go */
    show_counts(topics);
    return err;
}

enum msgin5g_err topics_subscribe(struct topics *topics, struct msgin5g_str topic,
    const struct msgin5g_service_id *subscriber, int64_t expires_s, struct subscription **out, bool *is_new)
{
    enum msgin5g_err err = subscribe(topics, topic, subscriber, expires_s, out, is_new);
    if (err == MSGIN5G_OK)
        keep(*out, (*out)->expires_s);
    else
        metric_add(topics->metrics->subscriptions_refused, 1);
    return err;
}

enum msgin5g_err topics_restore(
    struct topics *topics, struct msgin5g_str topic, const struct msgin5g_service_id *subscriber, int64_t expires_s)
{
    struct subscription *subscription;
    bool is_new;
    if (topics_find(topics, topic, subscriber) != NULL) /* it was faster than the store */
        return MSGIN5G_OK;
    return subscribe(topics, topic, subscriber, expires_s, &subscription, &is_new);
}

bool topics_unsubscribe(struct topics *topics, struct msgin5g_str topic, const struct msgin5g_service_id *subscriber)
{
    struct subscription *subscription = topics_find(topics, topic, subscriber);
    if (subscription == NULL)
        return false;
    keep(subscription, 0);
    end(subscription);
    return true;
}

void topics_free(struct topics *topics)
{
    struct topic *topic, *next_topic;
    if (topics == NULL)
        return;
    HASH_ITER (hh, topics->topics, topic, next_topic) {
        struct subscription *subscription, *next;
        HASH_ITER (hh, topic->subscriptions, subscription, next)
            end(subscription);
        topic->walks = 0; /* whoever walked is gone */
        delete_topic(topic);
    }
    free(topics);
}

/* ---- one subscription ---- */

int64_t subscription_expires_s(const struct subscription *subscription)
{
    return subscription->expires_s;
}

struct msgin5g_str subscription_subscriber(const struct subscription *subscription)
{
    return (struct msgin5g_str){ subscription->subscriber->id, subscription->subscriber->length };
}

struct transport_observation *subscription_observation(struct subscription *subscription)
{
    return &subscription->observation;
}

void subscription_observed(struct subscription *subscription)
{
    subscription->muted = false;
}

bool subscription_muted(const struct subscription *subscription)
{
    return subscription->muted;
}

void topics_observation_ended(struct transport_observation *observation, enum transport_observe_end end_reason)
{
    struct subscription *subscription =
        (struct subscription *)((char *)observation - offsetof(struct subscription, observation));
    if (end_reason != TRANSPORT_OBSERVE_END_REFUSED)
        return;
    subscription->muted = true;
    metric_add(subscription->topic->topics->metrics->observations_refused, 1);
    log_debug("observation refused by its observer subscriber=%s",
        log_identity(subscription->subscriber->id, (char[LOG_IDENTITY_LEN]){ 0 }));
}

/* ---- walking over a topic ---- */

size_t topic_walk_begin(struct topic_walk *walk, struct topics *topics, struct msgin5g_str name)
{
    struct topic *topic = find_topic(topics, name);
    *walk = (struct topic_walk){ .topic = NULL };
    if (topic == NULL || topic->count == 0)
        return 0;
    compact(topic);
    topic->walks++;
    *walk = (struct topic_walk){ .topic = topic, .end = topic->used };
    return topic->count;
}

struct subscription *topic_walk_next(struct topic_walk *walk)
{
    while (walk->topic != NULL && walk->next < walk->end) {
        struct subscription *subscription = walk->topic->list[walk->next++];
        if (subscription != NULL)
            return subscription;
    }
    return NULL;
}

void topic_walk_end(struct topic_walk *walk)
{
    if (walk->topic != NULL)
        walk->topic->walks--;
    walk->topic = NULL;
}

struct topics_counts topics_count(const struct topics *topics)
{
    return (struct topics_counts){ HASH_COUNT(topics->topics), topics->subscriptions };
}
