#include "fleet.h"

#include "fleet_keys.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECOND_NS      INT64_C(1000000000)
#define MILLISECOND_NS INT64_C(1000000)

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    (void)lifetime_s;
    if (ue->registered)
        return;
    ue->registered = true;
    samples_add(&ue->fleet->registering, now_ns() - ue->started_ns);
    ue->fleet->registered++;
    ue->fleet->busy--;
}

static void on_gone(struct fleet_ue *ue)
{
    struct fleet *fleet = ue->fleet;

    if (!ue->registered)
        return;
    ue->registered = false;
    fleet->registered--;
    if (fleet->leaving)
        fleet->busy--;
    else
        fleet->busy++; /* the library registers it again */
}

static void on_state(void *ctx, struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    if (state == MSGIN5G_CLIENT_WAITING) {
        if (ue->fleet->failures++ == 0)
            fprintf(stderr, "bench: %s: %s\n", ue->service_id, msgin5g_err_text(err));
        on_gone(ue);
    } else if (state == MSGIN5G_CLIENT_IDLE) {
        on_gone(ue);
    }
}

static const char *on_message(void *ctx, struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    if (ue->fleet->on_message != NULL) {
        ue->fleet->on_message(ue->fleet->ctx, ue, message->payload);
    } else {
        ue->fleet->arrived++;
        ue->fleet->arrived_ns = now_ns();
    }
    return NULL;
}

static void on_subscription(void *ctx, struct msgin5g_client *client, const char *topic, enum msgin5g_sub_status status,
    struct msgin5g_str cause, int64_t expire_time_s)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    (void)topic;
    (void)cause;
    (void)expire_time_s;
    if (status == MSGIN5G_SUB_ADDED)
        ue->fleet->subscribed++;
}

static void on_sent(
    void *ctx, struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, unsigned char coap_code)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    (void)coap_code;
    if (ue->fleet->on_sent != NULL)
        ue->fleet->on_sent(ue->fleet->ctx, ue, msg_id, err);
}

static const struct msgin5g_client_events events = { .registered = on_registered,
    .state = on_state,
    .message = on_message,
    .sent = on_sent,
    .subscription = on_subscription };

static enum msgin5g_err add_ue(const struct fleet_config *config, struct fleet *fleet, size_t index)
{
    struct fleet_ue *ue = &fleet->ues[index];
    struct msgin5g_client_config client = {
        .server = config->server,
        .server_name = config->server_name,
        .ue_service_id = ue->service_id,
        .reg_lifetime_s = config->impatient ? 5 : 86400, /* a UE that only listens notices when it registers again */
        .version = config->suite == TLS_SUITE_TLS13_AES_128_GCM ? MSGIN5G_VERSION_1_3 : MSGIN5G_VERSION_1_2,
        .backoff_min_ms = config->impatient ? 100 : 0,
        .backoff_max_ms = config->impatient ? 500 : 0,
    };
    struct naanf_key_info info;
    enum msgin5g_err err = fleet_key(config->first + index, &info);

    ue->fleet = fleet;
    ue->peer = index ^ 1; /* UE 2i and 2i+1 are a pair */
    snprintf(ue->service_id, sizeof ue->service_id, "im:ue-00101%010zu@lab.example", config->first + index);
    if (err == MSGIN5G_OK)
        err = msgin5g_client_create(fleet->context, &client, &events, ue, &ue->client);
    if (err == MSGIN5G_OK)
        err = msgin5g_client_set_akma(ue->client, info.a_kid, info.k_akma.octets);
    naanf_key_info_wipe(&info);
    return err;
}

int fleet_create(const struct fleet_config *config, struct fleet *out)
{
    const bool is_1_2 = config->suite != TLS_SUITE_TLS13_AES_128_GCM;
    const struct msgin5g_context_config context = { .ccm8 = config->suite == TLS_SUITE_PSK_AES128_CCM_8,
        .only_suite = is_1_2 ? config->suite : 0,
        .ack_timeout_ms = config->impatient ? 300 : 0,
        .max_retransmit = config->impatient ? 2 : 0,
        .handshake_timeout_s = config->impatient ? 1 : 0,
        .max_clients = config->count };
    enum msgin5g_err err;

    *out = (struct fleet){ .count = config->count, .window = config->window };
    if ((out->ues = calloc(config->count, sizeof *out->ues)) == NULL)
        return -1;
    err = msgin5g_context_create(&context, &out->context);
    for (size_t i = 0; err == MSGIN5G_OK && i < config->count; i++)
        err = add_ue(config, out, i);
    if (err == MSGIN5G_OK)
        return fleet_keys_provision(config->aanf_url, config->tls, config->first, config->count);
    fprintf(stderr, "bench: UEs cannot be made: %s\n", msgin5g_err_text(err));
    return -1;
}

/* Waits with ppoll(): milliseconds are too coarse for the pace of messages. */
void fleet_wait(struct fleet *fleet, int64_t deadline_ns)
{
    struct pollfd watched = { msgin5g_context_fd(fleet->context), POLLIN, 0 };
    int timeout_ms = msgin5g_context_next_timeout_ms(fleet->context);
    int64_t left_ns = deadline_ns - now_ns();
    struct timespec left = { 0 };

    if (timeout_ms >= 0 && timeout_ms * MILLISECOND_NS < left_ns)
        left_ns = timeout_ms * MILLISECOND_NS;
    if (!fleet->spin && left_ns > 0) {
        left = (struct timespec){ left_ns / SECOND_NS, left_ns % SECOND_NS };
        (void)ppoll(&watched, 1, &left, NULL);
    }
    (void)msgin5g_context_process(fleet->context, 0);
}

bool fleet_start_one(struct fleet *fleet)
{
    if (fleet->next == fleet->count)
        return false;
    fleet->busy++;
    fleet->ues[fleet->next].started_ns = now_ns();
    (void)msgin5g_client_register(fleet->ues[fleet->next++].client);
    return true;
}

bool fleet_register(struct fleet *fleet, size_t target, int64_t deadline_ns)
{
    while (fleet->registered < target && now_ns() < deadline_ns) {
        while (fleet->next < target && fleet->busy < fleet->window)
            (void)fleet_start_one(fleet);
        fleet_wait(fleet, deadline_ns);
    }
    return fleet->registered >= target;
}

bool fleet_deregister(struct fleet *fleet, int64_t deadline_ns)
{
    size_t next = 0;

    fleet->leaving = true;
    while (fleet->registered > 0 && now_ns() < deadline_ns) {
        for (; next < fleet->next && fleet->busy < fleet->window; next++) {
            if (!fleet->ues[next].registered)
                continue;
            fleet->busy++;
            (void)msgin5g_client_deregister(fleet->ues[next].client);
        }
        fleet_wait(fleet, deadline_ns);
    }
    fleet->leaving = false;
    fleet->next = 0;
    return fleet->registered == 0;
}

bool fleet_subscribe(struct fleet *fleet, size_t target, int64_t deadline_ns)
{
    for (size_t i = 0; fleet->subscribed < target && now_ns() < deadline_ns;) {
        for (; i < target && i - fleet->subscribed < fleet->window; i++)
            (void)msgin5g_client_subscribe(fleet->ues[i].client, FLEET_TOPIC, 0);
        fleet_wait(fleet, deadline_ns);
    }
    return fleet->subscribed >= target;
}

bool fleet_send(struct fleet_ue *from, const char *payload, size_t length)
{
    return fleet_publish(from, MSGIN5G_ADDR_UE, from->fleet->ues[from->peer].service_id, payload, length);
}

bool fleet_publish(
    struct fleet_ue *from, enum msgin5g_addr_type type, const char *to, const char *payload, size_t length)
{
    const struct msgin5g_outgoing message = {
        .to_type = type,
        .to = to,
        .payload = payload,
        .payload_length = length,
        .priority = MSGIN5G_PRIORITY_NORMAL,
    };
    char msg_id[MSGIN5G_UUID_LEN + 1];

    return msgin5g_client_send(from->client, &message, msg_id) == MSGIN5G_OK;
}

void fleet_free(struct fleet *fleet)
{
    msgin5g_context_free(fleet->context);
    free(fleet->ues);
}
