#include "fake_ues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_UTC_S 1772323200

static enum msgin5g_err record(
    struct transport_session *session, const struct transport_call *call, transport_done_fn *done, void *ctx)
{
    struct fake_ues *ues = session->all;
    if (ues->send_err != MSGIN5G_OK || session->closed)
        return ues->send_err != MSGIN5G_OK ? ues->send_err : MSGIN5G_ERR_CLOSED;
    assert_true(ues->sent_count < FAKE_SENT_MAX);
    struct fake_sent *sent = &ues->sent[ues->sent_count++];
    assert_int_equal(call->method, TRANSPORT_POST);
    assert_int_equal(call->format, TRANSPORT_FORMAT_JSON);
    assert_string_equal(call->path, "msgin5g");
    assert_true(call->length < FAKE_BODY_MAX);
    memcpy(sent->body, call->body, call->length);
    sent->body[call->length] = '\0';
    sent->session = session;
    sent->notification = false;
    sent->confirmable = call->confirmable;
    sent->done = done;
    sent->ctx = ctx;
    return MSGIN5G_OK;
}

static enum msgin5g_err notify(struct transport_observation *observation, const struct transport_answer *answer,
    bool confirmable, transport_done_fn *done, void *ctx)
{
    struct fake_ues *ues = observation->session->all;
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = "msgin5g",
        .format = answer->format,
        .body = answer->body,
        .length = answer->length,
        .confirmable = confirmable };
    assert_int_equal(answer->code, MSGIN5G_COAP_CODE(2, 5));
    if (ues->notify_err != MSGIN5G_OK)
        return ues->notify_err;
    enum msgin5g_err err = record(observation->session, &call, done, ctx);
    if (err == MSGIN5G_OK)
        ues->sent[ues->sent_count - 1].notification = true;
    return err;
}

/* A request that is deferred is the answer that is owed. */
struct transport_request {
    struct fake_ues *ues;
    struct transport_session *session;
};

static enum msgin5g_err observe(struct transport_request *request, struct transport_observation *observation)
{
    observation->session = request->session;
    return MSGIN5G_OK;
}

static void cancel_observation(struct transport_observation *observation)
{
    observation->session = NULL;
}

struct transport_deferred {
    struct fake_ues *ues;
};

static struct transport_deferred *defer(struct transport_request *request)
{
    if (request->ues->defer_fails)
        return NULL;
    struct transport_deferred *deferred = malloc(sizeof *deferred);
    assert_non_null(deferred);
    deferred->ues = request->ues;
    deferred->ues->owed++;
    return deferred;
}

static void respond(struct transport_deferred *deferred, const struct transport_answer *answer)
{
    deferred->ues->owed--;
    deferred->ues->answer = *answer;
    free(deferred);
}

static void note_superseded(void *ctx, struct peer *peer)
{
    ((struct fake_ues *)ctx)->superseded = peer;
}

static void note_change(void *ctx, const char *ue_service_id)
{
    struct fake_ues *ues = ctx;
    if (ues->delivery != NULL)
        delivery_changed(ues->delivery, ue_service_id);
}

static void bind_ues(struct fake_ues *ues)
{
    static char template_text[] = "im:ue-{digits}@template.example";
    static char identities[3][32], ids[3][32];
    static char *id_lists[3][1];
    static struct binding_config bindings[3];
    static char sensors[4][24];
    static char *behind[4];
    for (size_t i = 0; i < 3; i++) {
        snprintf(identities[i], sizeof identities[i], "imsi-00101000000000%zu", i + 1);
        snprintf(ids[i], sizeof ids[i], "im:ue-%zu@lab.example", i + 1);
        id_lists[i][0] = ids[i];
        bindings[i] = (struct binding_config){ .identity = identities[i], .service_ids = { id_lists[i], 1 } };
        ues->sessions[i].peer.identity = identities[i];
    }
    for (size_t i = 0; i < 4; i++) {
        snprintf(sensors[i], sizeof sensors[i], "im:sens-%zu@lab.example", i + 1);
        behind[i] = sensors[i];
    }
    bindings[2].gateway_ues = (struct config_strings){ behind, 4 };
    struct server_config config = { .binding_template = template_text, .bindings = { bindings, 3 } };
    assert_int_equal(identity_map_create(&config, &ues->map), MSGIN5G_OK);
}

/* im:pumps@lab.example with UEs 1 to 3 and a stranger; im:alone@lab.example with UE 1; im:crowd@lab.example with UE 2
 * behind a thousand nobody knows, and anyone may send. */
static void make_groups(struct fake_ues *ues)
{
    static char ids[FAKE_CROWD + 1][40];
    static char *pumps[4], *crowd[FAKE_CROWD + 1];
    static char names[3][24] = { "im:pumps@lab.example", "im:alone@lab.example", "im:crowd@lab.example" };
    static char ue_ids[4][24] = { "im:ue-1@lab.example", "im:ue-2@lab.example", "im:ue-3@lab.example",
        "im:who@lab.example" };
    for (size_t i = 0; i < FAKE_CROWD; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "im:a-%04zu@lab.example", i);
        crowd[i] = ids[i];
    }
    crowd[FAKE_CROWD] = ue_ids[1];
    for (size_t i = 0; i < 4; i++)
        pumps[i] = ue_ids[i];
    struct group_config groups[] = { { .id = names[0], .members = { pumps, 4 } },
        { .id = names[1], .members = { pumps, 1 } },
        { .id = names[2], .members = { crowd, FAKE_CROWD + 1 }, .senders = GROUP_SENDERS_ANYONE } };
    struct server_config config = { .groups = { groups, 3 } };
    assert_int_equal(groups_local_create(&config, &ues->groups), MSGIN5G_OK);
}

static void make_audiences(struct fake_ues *ues)
{
    const struct topics_config topics = { .default_s = 86400,
        .max_s = 2592000,
        .empty_s = 3600,
        .max_topics = 4,
        .max_subscriptions = 8,
        .per_subscriber = 3,
        .cancel = cancel_observation };
    static char none[] = "";
    static const struct server_config no_api = { .api = { .certificate = none, .server_id = none } };
    assert_int_equal(neighbours_init(&ues->neighbours, ues->loop, &no_api, ues->metrics), MSGIN5G_OK);
    assert_int_equal(
        router_create(ues->loop, ues->registrations, ues->map, &ues->neighbours, &ues->router), MSGIN5G_OK);
    assert_int_equal(topics_create(ues->loop, &topics, ues->metrics, &ues->topics), MSGIN5G_OK);
    make_groups(ues);
}

static void build(struct fake_ues *ues)
{
    static const char *const fqdns[] = { "msgin5g.lab.example" };
    struct registrations_config registrations = { .default_s = 3600,
        .min_s = 60,
        .max_s = 604800,
        .max = 5,
        .per_session = 2,
        .per_gateway = 4,
        .superseded = note_superseded,
        .ctx = ues,
        .changed = note_change,
        .changed_ctx = ues,
        .keep = registration_records_keep,
        .keep_ctx = &ues->registration_records };
    struct delivery_config delivery = { .in_flight = 8,
        .queue_messages = 100,
        .queue_octets = 65536,
        .memory_octets = 1048576,
        .expiry_s = 86400,
        .max_expiry_s = 604800,
        .duplicates = 16,
        .reports = 16 };
    struct segments_config segments = { .octets = 100000,
        .octets_per_sender = 50000,
        .sets_per_sender = 4,
        .sets = 16,
        .wait_ms = 5000,
        .attempts = 3,
        .keep_ms = 120000 };
    struct dispatch_config dispatch = { .path = "msgin5g",
        .fqdns = fqdns,
        .fqdn_count = 1,
        .requests_per_second = 100,
        .requests_in_all = 300,
        .deferred = 3,
        .defer = defer,
        .respond = respond,
        .observe = observe };
    assert_int_equal(directory_create(&ues->directory), MSGIN5G_OK);
    assert_int_equal(
        registrations_create(ues->loop, &registrations, ues->directory, ues->map, ues->metrics, &ues->registrations),
        MSGIN5G_OK);
    ues->registration_records =
        (struct registration_records){ .door = ues->door, .registrations = ues->registrations, .loop = ues->loop };
    assert_int_equal(registration_records_load(&ues->registration_records), MSGIN5G_OK);
    make_audiences(ues);
    delivery.audiences = (struct audiences){ ues->router, ues->groups, ues->topics };
    assert_int_equal(delivery_create(ues->loop, &delivery, ues->router, ues->door, fake_store_highest(ues->door) + 1,
                         ues->metrics, &ues->delivery),
        MSGIN5G_OK);
    assert_int_equal(
        segments_create(ues->loop, &segments, ues->router, ues->delivery, ues->metrics, &ues->segments), MSGIN5G_OK);
    delivery_use_segments(ues->delivery, ues->segments);
    struct services services = {
        .registrations = ues->registrations,
        .delivery = ues->delivery,
        .topics = ues->topics,
        .segments = ues->segments,
    };
    assert_int_equal(dispatch_create(ues->loop, &dispatch, &services, ues->metrics, &ues->dispatch), MSGIN5G_OK);
}

static void on_loaded(void *ctx, enum msgin5g_err err)
{
    assert_int_equal(err, MSGIN5G_OK);
    *(bool *)ctx = true;
}

static void load(struct fake_ues *ues)
{
    bool loaded = false;
    delivery_load(ues->delivery, on_loaded, &loaded);
    fake_ues_process(ues);
    assert_true(loaded);
}

int fake_ues_set_up(void **state)
{
    static const struct way_ue_config way_config = { record, notify, "msgin5g" };
    struct fake_ues *ues = calloc(1, sizeof *ues);
    assert_non_null(ues);
    virtual_clock_init(&ues->clock, START_UTC_S);
    assert_int_equal(loop_create(virtual_clock_source(&ues->clock), &ues->loop), MSGIN5G_OK);
    assert_int_equal(metrics_create(&ues->registry), MSGIN5G_OK);
    assert_int_equal(server_metrics_create(ues->registry, &ues->metrics), MSGIN5G_OK);
    for (size_t i = 0; i < FAKE_UES_COUNT; i++) {
        ues->sessions[i].all = ues;
        ues->sessions[i].peer.session = &ues->sessions[i];
        way_ue_init(&ues->sessions[i].peer, &way_config);
    }
    bind_ues(ues);
    ues->door = fake_store_create(ues->loop);
    build(ues);
    load(ues);
    *state = ues;
    return 0;
}

static void end_exchanges(struct fake_ues *ues, const struct transport_session *session)
{
    for (size_t i = 0; i < ues->sent_count; i++) {
        if (ues->sent[i].done != NULL && ues->sent[i].session == session)
            fake_ues_finish(ues, i, MSGIN5G_ERR_CLOSED, 0);
    }
}

void fake_ues_close(struct fake_ues *ues, size_t ue)
{
    ues->sessions[ue].closed = true;
    end_exchanges(ues, &ues->sessions[ue]);
    registrations_peer_closed(ues->registrations, &ues->sessions[ue].peer);
    assert_int_equal(ues->sessions[ue].peer.way.in_flight, 0);
    ues->sessions[ue].closed = false;
}

static void free_server(struct fake_ues *ues)
{
    for (size_t i = 0; i < FAKE_UES_COUNT; i++)
        ues->sessions[i].closed = true;
    for (size_t i = 0; i < FAKE_UES_COUNT; i++)
        end_exchanges(ues, &ues->sessions[i]);
    for (size_t i = 0; i < FAKE_UES_COUNT; i++)
        registrations_peer_closed(ues->registrations, &ues->sessions[i].peer);
    delivery_close(ues->delivery);
    fake_store_hold(ues->door, false);
    fake_ues_process(ues); /* answers that wait for the store */
    segments_free(ues->segments);
    delivery_free(ues->delivery);
    ues->delivery = NULL;
    dispatch_free(ues->dispatch);
    topics_free(ues->topics);
    groups_local_free(ues->groups);
    router_free(ues->router);
    neighbours_free(&ues->neighbours);
    registrations_free(ues->registrations);
    directory_free(ues->directory);
}

void fake_ues_restart(struct fake_ues *ues)
{
    size_t sent = ues->sent_count;
    fake_store_set_dead(ues->door, true);
    free_server(ues);
    fake_store_set_dead(ues->door, false);
    ues->sent_count = sent; /* what the end of the process set off reached nobody */
    for (size_t i = 0; i < FAKE_UES_COUNT; i++)
        ues->sessions[i].closed = false;
    build(ues);
    load(ues);
}

int fake_ues_tear_down(void **state)
{
    struct fake_ues *ues = *state;
    fake_store_fail(ues->door, MSGIN5G_OK);
    free_server(ues);
    assert_int_equal(ues->owed, 0);
    fake_store_free(ues->door);
    identity_map_free(ues->map);
    server_metrics_free(ues->metrics);
    metrics_free(ues->registry);
    loop_free(ues->loop);
    free(ues);
    return 0;
}

int fake_ues_request(struct fake_ues *ues, size_t ue, const struct incoming *incoming)
{
    struct transport_request request = { ues, &ues->sessions[ue] };
    struct incoming whole = *incoming;
    whole.transport = &request;
    ues->answer.code = 0;
    bool answered = dispatch_request(ues->dispatch, &ues->sessions[ue].peer, &whole, &ues->answer);
    assert_int_equal(answered, ues->answer.code != 0);
    return fake_ues_answer_code(ues);
}

int fake_ues_post(struct fake_ues *ues, size_t ue, const char *json)
{
    struct incoming incoming = { .method = TRANSPORT_POST,
        .path = "msgin5g",
        .format = TRANSPORT_FORMAT_JSON,
        .body = msgin5g_str(json),
        .confirmable = true };
    return fake_ues_request(ues, ue, &incoming);
}

void fake_ues_register(struct fake_ues *ues, size_t ue)
{
    char json[256];
    snprintf(json, sizeof json,
        "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"REG\","
        "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-%zu@lab.example\"},\"regExpTime\":3600}",
        ue + 1);
    int code = fake_ues_post(ues, ue, json);
    assert_true(code == 201 || code == 204);
    assert_non_null(strstr(fake_ues_answer_text(ues), "\"result\":true"));
}

void fake_ues_finish(struct fake_ues *ues, size_t index, enum msgin5g_err err, uint8_t code)
{
    struct fake_sent *sent = &ues->sent[index];
    struct transport_result result = { .code = code, .format = TRANSPORT_FORMAT_NONE };
    transport_done_fn *done = sent->done;
    assert_non_null(done);
    sent->done = NULL;
    done(sent->ctx, err, err == MSGIN5G_OK ? &result : NULL);
}

/* What one thing sets off may take more than a round. */
void fake_ues_process(struct fake_ues *ues)
{
    for (int i = 0; i < 20; i++)
        assert_int_equal(loop_process(ues->loop, 0), MSGIN5G_OK);
}

void fake_ues_wait_s(struct fake_ues *ues, int64_t seconds)
{
    virtual_clock_advance(&ues->clock, seconds * 1000);
    fake_ues_process(ues);
}

int fake_ues_answer_code(const struct fake_ues *ues)
{
    return (ues->answer.code >> 5) * 100 + (ues->answer.code & 31);
}

const char *fake_ues_answer_text(const struct fake_ues *ues)
{
    static char text[REPLY_BODY_MAX + 1];
    size_t length = ues->answer.length < REPLY_BODY_MAX ? ues->answer.length : REPLY_BODY_MAX;
    if (length > 0)
        memcpy(text, ues->answer.body, length);
    text[length] = '\0';
    return text;
}
