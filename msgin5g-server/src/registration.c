#include "registration.h"

#include "base/log.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct registrations {
    struct loop *loop;
    struct registrations_config config;
    struct directory *directory;
    const struct identity_map *map;
    struct server_metrics *metrics;
    struct log_limit foreign_lines;
};

enum msgin5g_err registrations_create(struct loop *loop, const struct registrations_config *config,
    struct directory *directory, const struct identity_map *map, struct server_metrics *metrics,
    struct registrations **out)
{
    struct registrations *registrations = calloc(1, sizeof *registrations);
    if (registrations == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *registrations = (struct registrations){
        .loop = loop, .config = *config, .directory = directory, .map = map, .metrics = metrics
    };
    *out = registrations;
    return MSGIN5G_OK;
}

static struct registration *of_entry(struct directory_entry *entry)
{
    return (struct registration *)((char *)entry - offsetof(struct registration, place));
}

static void detach(struct registration *registration)
{
    struct peer *peer = registration->peer;
    if (peer == NULL)
        return;
    DL_DELETE(peer->registrations, registration);
    peer->registration_count--;
    registration->peer = NULL;
}

static void tell_change(const struct registration *registration)
{
    const struct registrations_config *config = &registration->all->config;
    if (config->changed != NULL)
        config->changed(config->changed_ctx, registration->place.id);
}

static void attach(struct registration *registration, struct peer *peer)
{
    if (registration->peer == peer)
        return;
    detach(registration);
    DL_APPEND(peer->registrations, registration);
    peer->registration_count++;
    registration->peer = peer;
}

/* A session that has lost its last registration is of no use to anybody: what is under way there goes out again. */
static void take_over(struct registration *registration, struct peer *peer)
{
    const struct registrations_config *config = &registration->all->config;
    struct peer *before = registration->peer;
    attach(registration, peer);
    if (before != NULL && before != peer && before->registrations == NULL && config->superseded != NULL)
        config->superseded(config->ctx, before);
}

static void show_count(struct registrations *registrations)
{
    metric_set(registrations->metrics->registrations, (int64_t)directory_count(registrations->directory));
}

static void end(struct registration *registration)
{
    struct registrations *all = registration->all;
    const struct msgin5g_str nothing = { NULL, 0 };
    if (all->config.keep != NULL)
        all->config.keep(all->config.keep_ctx, registration->place.id, "", nothing, 0);
    detach(registration);
    loop_timer_cancel(all->loop, &registration->expiry);
    directory_remove(all->directory, &registration->place);
    tell_change(registration);
    free(registration->profile);
    free(registration);
    show_count(all);
}

void registrations_free(struct registrations *registrations)
{
    if (registrations == NULL)
        return;
    registrations->config.changed = NULL;
    registrations->config.keep = NULL;
    for (struct directory_entry *entry; (entry = directory_first(registrations->directory)) != NULL;)
        end(of_entry(entry));
    free(registrations);
}

static void expire(void *ctx)
{
    struct registration *registration = ctx;
    log_debug(
        "registration expired ue_service_id=%s", log_identity(registration->place.id, (char[LOG_IDENTITY_LEN]){ 0 }));
    metric_add(registration->all->metrics->registrations_expired, 1);
    end(registration);
}

static struct registration *create(struct registrations *all, const struct msgin5g_service_id *id, const char *identity)
{
    size_t identity_size = strlen(identity) + 1;
    struct registration *registration = calloc(1, sizeof *registration + id->length + 1 + identity_size);
    if (registration == NULL)
        return NULL;
    memcpy(registration->text, id->text, id->length + 1);
    memcpy(registration->text + id->length + 1, identity, identity_size);
    registration->place.id = registration->text;
    registration->identity = registration->text + id->length + 1;
    registration->all = all;
    loop_timer_init(&registration->expiry, expire, registration);
    if (directory_add(all->directory, &registration->place) != MSGIN5G_OK) {
        free(registration);
        return NULL;
    }
    return registration;
}

struct registration *registrations_find(const struct registrations *registrations, const struct msgin5g_service_id *id)
{
    struct directory_entry *entry = directory_find(registrations->directory, id);
    return entry != NULL ? of_entry(entry) : NULL;
}

struct registration *registrations_first(const struct registrations *registrations)
{
    struct directory_entry *entry = directory_first(registrations->directory);
    return entry != NULL ? of_entry(entry) : NULL;
}

struct registration *registrations_next(const struct registration *registration)
{
    struct directory_entry *entry = registration->place.hh.next;
    return entry != NULL ? of_entry(entry) : NULL;
}

void registrations_end(struct registration *registration)
{
    end(registration);
}

size_t registrations_count(const struct registrations *registrations)
{
    return directory_count(registrations->directory);
}

static const char *identity_of(const struct peer *peer)
{
    return peer->identity != NULL ? peer->identity : "";
}

/* Is @p id assigned to who is at the other end (TS 33.501 Y.2)? */
static bool may_register(const struct registrations *all, const struct peer *peer, const struct msgin5g_service_id *id)
{
    if (peer->identity == NULL)
        return all->config.allow_anonymous && identity_known(all->map, id);
    return identity_owns(all->map, peer->identity, id);
}

enum msgin5g_err registrations_authorise(
    struct registrations *registrations, struct peer *peer, const struct msgin5g_service_id *id)
{
    /* Nearly always the session has one registration, and it is this one. */
    if (peer->registrations != NULL && strcmp(peer->registrations->place.id, id->text) == 0)
        return MSGIN5G_OK;
    struct registration *registration = registrations_find(registrations, id);
    if (registration == NULL)
        return may_register(registrations, peer, id) ? MSGIN5G_ERR_NOT_REGISTERED : MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR;
    if (registration->peer == peer)
        return MSGIN5G_OK;
    if (peer->identity == NULL || strcmp(registration->identity, peer->identity) != 0)
        return MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR;
    take_over(registration, peer);
    tell_change(registration);
    return MSGIN5G_OK;
}

void registrations_peer_closed(struct registrations *registrations, struct peer *peer)
{
    (void)registrations;
    while (peer->registrations != NULL) {
        struct registration *registration = peer->registrations;
        detach(registration);
        tell_change(registration);
    }
}

void registrations_move(struct registrations *registrations, struct peer *from, struct peer *to)
{
    (void)registrations;
    while (from->registrations != NULL) {
        struct registration *registration = from->registrations;
        if (strcmp(registration->identity, identity_of(to)) == 0)
            attach(registration, to);
        else
            detach(registration);
        tell_change(registration);
    }
}

/* Does the configuration give @p id to who registered it? */
static bool is_bound(const struct identity_map *map, const char *identity, const struct msgin5g_service_id *id)
{
    return *identity == '\0' ? identity_known(map, id) : identity_owns(map, identity, id);
}

size_t registrations_rebind(struct registrations *registrations, const struct identity_map *map)
{
    size_t ended = 0;
    struct directory_entry *entry = directory_first(registrations->directory);
    registrations->map = map;
    while (entry != NULL) {
        struct registration *registration = of_entry(entry);
        struct msgin5g_service_id id;
        entry = entry->hh.next;
        bool allowed = msgin5g_service_id_parse(msgin5g_str(registration->place.id), &id) == MSGIN5G_OK &&
                       is_bound(map, registration->identity, &id);
        if (allowed)
            continue;
        char shown[LOG_IDENTITY_LEN];
        log_info(
            "registration ended, its binding is gone ue_service_id=%s", log_identity(registration->place.id, shown));
        end(registration);
        ended++;
    }
    return ended;
}

/* EC-9: the wish, or the default, within the limits. */
static int64_t lifetime(const struct registrations_config *config, int64_t wish_s)
{
    if (wish_s == MSGIN5G_REG_EXP_TIME_NONE)
        return config->default_s;
    if (wish_s < config->min_s)
        return config->min_s;
    return wish_s > config->max_s ? config->max_s : wish_s;
}

/* A UE that only listens has to come back before its key is over, where nothing else would tell it. */
static int64_t lifetime_at(const struct registrations *all, const struct peer *peer, int64_t wish_s)
{
    int64_t lifetime_s = lifetime(&all->config, wish_s);
    int64_t left_s = peer->registrations_until_s - loop_utc_s(all->loop);
    if (peer->registrations_until_s == 0 || lifetime_s <= left_s)
        return lifetime_s;
    return left_s > 1 ? left_s : 1;
}

bool registrations_is_gateway(const struct registrations *registrations, const struct peer *peer)
{
    return peer->identity != NULL && identity_is_gateway(registrations->map, peer->identity);
}

static enum msgin5g_err check_room(const struct registrations *all, const struct peer *peer, bool is_new)
{
    if (is_new && directory_count(all->directory) >= all->config.max)
        return MSGIN5G_ERR_LIMIT;
    size_t limit = all->config.per_session;
    if (peer->registration_count >= limit && registrations_is_gateway(all, peer))
        limit = all->config.per_gateway;
    return peer->registration_count >= limit ? MSGIN5G_ERR_LIMIT : MSGIN5G_OK;
}

/*
 * The newest authenticated registration wins (EC-2, TS 23.554 8.2.1): whoever registered the ID before loses it.
 * A registration made under another identity is made anew, so that it carries the right one.
 */
static enum msgin5g_err take(struct registrations *all, struct peer *peer, const struct msgin5g_service_id *id,
    struct registration **out, bool *is_new)
{
    struct registration *found = registrations_find(all, id);
    *is_new = found == NULL;
    enum msgin5g_err err = found != NULL && found->peer == peer ? MSGIN5G_OK : check_room(all, peer, *is_new);
    if (err != MSGIN5G_OK)
        return err;
    if (found != NULL && strcmp(found->identity, identity_of(peer)) != 0) {
        end(found);
        found = NULL;
    }
    if (found == NULL && (found = create(all, id, identity_of(peer))) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    take_over(found, peer);
    *out = found;
    return MSGIN5G_OK;
}

/* The profile of this registration, instead of one from before (TS 23.554 8.2.1). */
static enum msgin5g_err set_profile(struct registration *registration, const struct msgin5g_message *message)
{
    struct client_profile *profile = NULL;
    size_t triggering = message->triggering.length;
    if (message->max_segment_size > 0 || message->availability.known || triggering > 0) {
        profile = malloc(sizeof *profile + triggering + 1);
        if (profile == NULL)
            return MSGIN5G_ERR_NO_MEMORY;
        profile->max_segment_size = message->max_segment_size;
        profile->availability = message->availability;
        if (triggering > 0)
            memcpy(profile->triggering, message->triggering.octets, triggering);
        profile->triggering[triggering] = '\0';
    }
    free(registration->profile);
    registration->profile = profile;
    return MSGIN5G_OK;
}

static enum msgin5g_err set_expiry(struct registrations *all, struct registration *registration, int64_t lifetime_s)
{
    enum msgin5g_err err = loop_timer_set(all->loop, &registration->expiry, lifetime_s * 1000);
    registration->expires_s = loop_utc_s(all->loop) + lifetime_s;
    if (err != MSGIN5G_OK)
        end(registration);
    return err;
}

void registrations_restore(struct registrations *registrations, const struct msgin5g_service_id *id,
    const char *identity, const struct msgin5g_message *reg, int64_t expires_s)
{
    int64_t left_s = expires_s - loop_utc_s(registrations->loop);
    if (left_s <= 0 || !is_bound(registrations->map, identity, id) || registrations_find(registrations, id) != NULL ||
        directory_count(registrations->directory) >= registrations->config.max)
        return;
    struct registration *registration = create(registrations, id, identity);
    if (registration == NULL)
        return;
    if (set_profile(registration, reg) != MSGIN5G_OK)
        end(registration);
    else
        (void)set_expiry(registrations, registration, left_s);
    show_count(registrations);
}

/* TS 24.538 7.3.3.1, 7.3.3.2: both responses look alike. */
static enum msgin5g_err write_body(
    const struct request *request, enum msgin5g_err result, int64_t lifetime_s, struct reply *reply)
{
    struct msgin5g_reg_response response = {
        .ue_service_id = { request->originator.text, request->originator.length },
        .result = result == MSGIN5G_OK,
        .reg_exp_time_s = result == MSGIN5G_OK ? lifetime_s : MSGIN5G_REG_EXP_TIME_NONE,
    };
    if (result != MSGIN5G_OK)
        response.cause = msgin5g_str(msgin5g_err_cause(result));
    return msgin5g_reg_response_encode(&response, reply->body, sizeof reply->body, &reply->length);
}

static void warn_of_foreign_id(struct registrations *all, const struct peer *peer, enum msgin5g_type type,
    const struct msgin5g_service_id *ue_service_id)
{
    char id[LOG_IDENTITY_LEN], identity[LOG_IDENTITY_LEN];
    unsigned left_out;
    if (log_limit_take(&all->foreign_lines, loop_now_ms(all->loop), &left_out))
        log_warning("refused: UE Service ID belongs to somebody else type=%s ue_service_id=%s identity=%s left_out=%u",
            msgin5g_type_text(type), log_identity(ue_service_id->text, id), log_identity(identity_of(peer), identity),
            left_out);
}

/* Who is refused by identity gets 4.03; by policy or lack of room, 2.04 with result false (EC-29). */
static enum msgin5g_err refuse(const struct request *request, enum msgin5g_err err, struct reply *reply)
{
    if (err != MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR)
        reply->code = MSGIN5G_COAP_CODE(2, 4);
    enum msgin5g_err written = write_body(request, err, MSGIN5G_REG_EXP_TIME_NONE, reply);
    if (written == MSGIN5G_OK)
        return err;
    reply->code = 0;
    return written;
}

static enum msgin5g_err set(struct registrations *all, struct peer *peer, const struct msgin5g_service_id *id,
    const struct msgin5g_message *reg, struct registered *out)
{
    struct registration *registration = NULL;
    enum msgin5g_err err = take(all, peer, id, &registration, &out->is_new);
    if (err == MSGIN5G_OK)
        err = set_profile(registration, reg);
    if (err == MSGIN5G_OK)
        err = set_expiry(all, registration, out->lifetime_s);
    if (err == MSGIN5G_OK)
        tell_change(registration);
    show_count(all);
    return err;
}

enum msgin5g_err registrations_register(struct registrations *registrations, struct peer *peer,
    const struct msgin5g_service_id *id, const struct msgin5g_message *reg, struct msgin5g_str body,
    struct registered *out)
{
    const struct registrations_config *config = &registrations->config;
    char shown[LOG_IDENTITY_LEN], identity[LOG_IDENTITY_LEN];
    if (!may_register(registrations, peer, id)) {
        warn_of_foreign_id(registrations, peer, reg->type, id);
        return MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR;
    }
    out->lifetime_s = lifetime_at(registrations, peer, reg->reg_exp_time_s);
    enum msgin5g_err err = set(registrations, peer, id, reg, out);
    if (err != MSGIN5G_OK)
        return err;
    if (config->keep != NULL)
        config->keep(
            config->keep_ctx, id->text, identity_of(peer), body, loop_utc_s(registrations->loop) + out->lifetime_s);
    log_debug("registered ue_service_id=%s identity=%s lifetime_s=%" PRId64, log_identity(id->text, shown),
        log_identity(identity_of(peer), identity), out->lifetime_s);
    return MSGIN5G_OK;
}

enum msgin5g_err registrations_deregister(
    struct registrations *registrations, struct peer *peer, const struct msgin5g_service_id *id)
{
    char shown[LOG_IDENTITY_LEN];
    enum msgin5g_err err = registrations_authorise(registrations, peer, id);
    if (err == MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR)
        warn_of_foreign_id(registrations, peer, MSGIN5G_TYPE_DEREG, id);
    if (err != MSGIN5G_OK)
        return err;
    end(registrations_find(registrations, id));
    log_debug("deregistered ue_service_id=%s", log_identity(id->text, shown));
    return MSGIN5G_OK;
}

enum msgin5g_err registration_on_reg(
    const struct services *services, const struct request *request, struct reply *reply)
{
    struct registered registered = { .is_new = false };
    enum msgin5g_err err = registrations_register(
        services->registrations, request->peer, &request->originator, request->message, request->body, &registered);
    if (err != MSGIN5G_OK)
        return refuse(request, err, reply);
    reply->code = registered.is_new ? MSGIN5G_COAP_CODE(2, 1) : MSGIN5G_COAP_CODE(2, 4);
    return write_body(request, MSGIN5G_OK, registered.lifetime_s, reply);
}

enum msgin5g_err registration_on_dereg(
    const struct services *services, const struct request *request, struct reply *reply)
{
    enum msgin5g_err err = registrations_deregister(services->registrations, request->peer, &request->originator);
    if (err != MSGIN5G_OK)
        return refuse(request, err, reply);
    return write_body(request, MSGIN5G_OK, MSGIN5G_REG_EXP_TIME_NONE, reply);
}
