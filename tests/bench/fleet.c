#include "fleet.h"

#include "akma/kdf.h"
#include "akma/naanf.h"
#include "http/client.h"
#include "samples.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys of simulated UEs: K_AUSF is a hash of the number, everything else follows TS 33.535 Annex A. */
static enum msgin5g_err make_key(size_t number, struct naanf_key_info *info)
{
    K_AUSF_LOCAL k_ausf;
    uint64_t seed = number;
    const struct kdf_parameter parameter = { &seed, sizeof seed };
    enum msgin5g_err err = kdf("bench", 5, 0xFE, &parameter, 1, k_ausf.octets);

    memset(info, 0, sizeof *info);
    snprintf(info->supi, sizeof info->supi, "imsi-00101%010zu", number);
    if (err == MSGIN5G_OK)
        err = kdf_k_akma(&k_ausf, info->supi, &info->k_akma);
    if (err == MSGIN5G_OK)
        err = a_kid_derive(&k_ausf, info->supi, "0", NULL, info->a_kid);
    return err;
}

struct provisioning {
    struct loop *loop;
    struct http_client *http;
    const struct fleet *fleet;
    size_t next, done, failed;
};

static void provision_next(struct provisioning *provisioning);

static void on_registered_key(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct provisioning *provisioning = ctx;

    if (err != MSGIN5G_OK || response->status != 200)
        provisioning->failed++;
    provisioning->done++;
    if (provisioning->done == provisioning->fleet->count)
        loop_stop(provisioning->loop);
    else
        provision_next(provisioning);
}

static void provision_next(struct provisioning *provisioning)
{
    struct naanf_key_info info;
    struct buffer body;
    struct http_call call = { .method = "POST",
        .path = NAANF_API "/register-anchorkey",
        .content_type = "application/json",
        .deadline_ms = 10000 };

    if (provisioning->next == provisioning->fleet->count)
        return;
    buffer_init(&body, 4096);
    if (make_key(++provisioning->next, &info) == MSGIN5G_OK && naanf_key_info_encode(&info, &body) == MSGIN5G_OK) {
        call.body = body.data;
        call.length = body.length;
        if (http_client_send(provisioning->http, &call, on_registered_key, provisioning) != MSGIN5G_OK) {
            fprintf(stderr, "bench: cannot send to the AAnF\n");
            loop_stop(provisioning->loop);
        }
    }
    buffer_wipe_free(&body);
    naanf_key_info_wipe(&info);
}

static int provision(const struct fleet_config *config, const struct fleet *fleet)
{
    const struct http_client_config http = { .url = config->aanf_url, .tls = config->tls };
    struct provisioning provisioning = { .fleet = fleet };
    int result = -1;

    if (loop_create(clock_system(), &provisioning.loop) != MSGIN5G_OK)
        return -1;
    if (http_client_create(provisioning.loop, &http, &provisioning.http) == MSGIN5G_OK) {
        for (size_t i = 0; i < 32 && i < fleet->count; i++)
            provision_next(&provisioning);
        if (loop_run(provisioning.loop) == MSGIN5G_OK && provisioning.failed == 0 && provisioning.done == fleet->count)
            result = 0;
        else
            fprintf(stderr, "bench: the AAnF took %zu of %zu keys: %s\n", provisioning.done - provisioning.failed,
                fleet->count, http_client_problem(provisioning.http));
    }
    http_client_free(provisioning.http);
    loop_free(provisioning.loop);
    return result;
}

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    (void)lifetime_s;
    if (ue->registered)
        return;
    ue->registered = true;
    ue->fleet->registered++;
    ue->fleet->starting--;
}

static void on_state(void *ctx, struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    if (state != MSGIN5G_CLIENT_WAITING)
        return;
    if (ue->fleet->failures++ == 0)
        fprintf(stderr, "bench: %s: %s\n", ue->service_id, msgin5g_err_text(err));
    if (ue->registered) {
        ue->registered = false;
        ue->fleet->registered--;
        ue->fleet->starting++;
    }
}

static const char *on_message(void *ctx, struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    (void)message;
    if (ue->fleet->on_message != NULL)
        ue->fleet->on_message(ue);
    return NULL;
}

static const struct msgin5g_client_events events = {
    .registered = on_registered, .state = on_state, .message = on_message
};

static int add_ue(const struct fleet_config *config, struct fleet *fleet, size_t index)
{
    struct fleet_ue *ue = &fleet->ues[index];
    struct msgin5g_client_config client = {
        .server = config->server,
        .server_name = config->server_name,
        .ue_service_id = ue->service_id,
        .reg_lifetime_s = 86400,
        .version = config->version,
    };
    struct naanf_key_info info;
    enum msgin5g_err err = make_key(index + 1, &info);

    ue->fleet = fleet;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(ue->service_id, sizeof ue->service_id, config->service_id_format, index + 1);
#pragma GCC diagnostic pop
    if (err == MSGIN5G_OK)
        err = msgin5g_client_create(fleet->context, &client, &events, ue, &ue->client);
    if (err == MSGIN5G_OK)
        err = msgin5g_client_set_akma(ue->client, info.a_kid, info.k_akma.octets);
    naanf_key_info_wipe(&info);
    if (err != MSGIN5G_OK)
        fprintf(stderr, "bench: UE %zu: %s\n", index + 1, msgin5g_err_text(err));
    return err == MSGIN5G_OK ? 0 : -1;
}

int fleet_create(const struct fleet_config *config, struct fleet *out)
{
    const struct msgin5g_context_config context = { .ccm8 = config->ccm8, .max_clients = config->count };

    memset(out, 0, sizeof *out);
    out->count = config->count;
    out->window = config->window;
    if ((out->ues = calloc(config->count, sizeof *out->ues)) == NULL)
        return -1;
    if (msgin5g_context_create(&context, &out->context) != MSGIN5G_OK)
        return -1;
    for (size_t i = 0; i < config->count; i++)
        if (add_ue(config, out, i) != 0)
            return -1;
    return provision(config, out);
}

static void wait_once(struct fleet *fleet, int64_t deadline_ns)
{
    int timeout_ms = msgin5g_context_next_timeout_ms(fleet->context);
    int64_t left_ms = (deadline_ns - now_ns()) / 1000000;

    if (left_ms < 0)
        left_ms = 0;
    if (timeout_ms < 0 || timeout_ms > left_ms)
        timeout_ms = (int)left_ms;
    (void)msgin5g_context_process(fleet->context, timeout_ms);
}

bool fleet_register(struct fleet *fleet, size_t target, int64_t deadline_ns)
{
    while (fleet->registered < target && now_ns() < deadline_ns) {
        while (fleet->next < target && fleet->starting < fleet->window) {
            fleet->starting++;
            (void)msgin5g_client_register(fleet->ues[fleet->next++].client);
        }
        wait_once(fleet, deadline_ns);
    }
    return fleet->registered >= target;
}

void fleet_run(struct fleet *fleet, int64_t deadline_ns, const bool *done)
{
    while (!*done && now_ns() < deadline_ns)
        wait_once(fleet, deadline_ns);
}

bool fleet_send(struct fleet_ue *from, const char *payload, size_t length)
{
    const struct msgin5g_outgoing message = {
        .to_type = MSGIN5G_ADDR_UE,
        .to = from->fleet->ues[from->peer].service_id,
        .payload = payload,
        .payload_length = length,
        .priority = MSGIN5G_PRIORITY_NORMAL,
    };
    char msg_id[MSGIN5G_UUID_LEN + 1];

    from->sent_ns = now_ns();
    return msgin5g_client_send(from->client, &message, msg_id) == MSGIN5G_OK;
}

void fleet_free(struct fleet *fleet)
{
    msgin5g_context_free(fleet->context);
    free(fleet->ues);
}
