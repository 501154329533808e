#include "fleet_keys.h"

#include "akma/kdf.h"
#include "base/loop.h"
#include "http/client.h"

#include <stdio.h>
#include <string.h>

#define AT_ONCE 32

enum msgin5g_err fleet_key(size_t number, struct naanf_key_info *out)
{
    K_AUSF_LOCAL k_ausf;
    uint64_t seed = number;
    const struct kdf_parameter parameter = { &seed, sizeof seed };
    enum msgin5g_err err = kdf("bench", 5, 0xFE, &parameter, 1, k_ausf.octets);

    memset(out, 0, sizeof *out);
    snprintf(out->supi, sizeof out->supi, "imsi-00101%010zu", number);
    if (err == MSGIN5G_OK)
        err = kdf_k_akma(&k_ausf, out->supi, &out->k_akma);
    if (err == MSGIN5G_OK)
        err = a_kid_derive(&k_ausf, out->supi, "0", NULL, out->a_kid);
    return err;
}

struct provisioning {
    struct loop *loop;
    struct http_client *http;
    size_t next, end; /* numbers of UEs */
    size_t open, failed;
};

static void provision_next(struct provisioning *provisioning);

static void on_answer(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct provisioning *provisioning = ctx;

    provisioning->open--;
    if (err != MSGIN5G_OK || response->status / 100 != 2)
        provisioning->failed++;
    provision_next(provisioning);
    if (provisioning->open == 0)
        loop_stop(provisioning->loop);
}

static void provision_next(struct provisioning *provisioning)
{
    struct naanf_key_info info;
    struct buffer body;
    struct http_call call = { .method = "POST",
        .path = NAANF_API "/register-anchorkey",
        .content_type = "application/json",
        .deadline_ms = 10000 };

    if (provisioning->next == provisioning->end || provisioning->failed > 0)
        return;
    buffer_init(&body, NAANF_BODY_MAX);
    if (fleet_key(provisioning->next++, &info) == MSGIN5G_OK && naanf_key_info_encode(&info, &body) == MSGIN5G_OK) {
        call.body = body.data;
        call.length = body.length;
        if (http_client_send(provisioning->http, &call, on_answer, provisioning) == MSGIN5G_OK)
            provisioning->open++;
        else
            provisioning->failed++;
    }
    buffer_wipe_free(&body);
    naanf_key_info_wipe(&info);
}

int fleet_keys_provision(const char *aanf_url, struct tls_context *tls, size_t first, size_t count)
{
    const struct http_client_config http = { .url = aanf_url, .tls = tls };
    struct provisioning provisioning = { .next = first, .end = first + count };
    int result = -1;

    if (loop_create(clock_system(), &provisioning.loop) != MSGIN5G_OK)
        return -1;
    if (http_client_create(provisioning.loop, &http, &provisioning.http) == MSGIN5G_OK) {
        for (size_t i = 0; i < AT_ONCE; i++)
            provision_next(&provisioning);
        if (loop_run(provisioning.loop) == MSGIN5G_OK && provisioning.failed == 0)
            result = 0;
        else
            fprintf(stderr, "bench: the AAnF took %zu of %zu keys: %s\n",
                provisioning.next - first - provisioning.failed, count, http_client_problem(provisioning.http));
    }
    http_client_free(provisioning.http);
    loop_free(provisioning.loop);
    return result;
}
