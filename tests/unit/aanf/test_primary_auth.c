/* A UE runs 5G AKA against the AUSF emulation, both in this process: what it derives is what the AAnF then knows. */
#include "aanf.h"
#include "akma/primary_auth.h"
#include "api.h"
#include "http/server.h"
#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SUPI    "imsi-001010000000001"
#define K       "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OPC     "cd63cb71954a9f4e48a5994e37a02baf"
#define SN_NAME "5G:mnc001.mcc001.3gppnetwork.org"
#define FQDN    "msgin5g.lab.example"
#define ROUNDS  1000

static char text_supi[] = SUPI, text_k[] = K, text_opc[] = OPC, text_amf[] = "8000", text_sqn[] = "000000001000",
            text_rid[] = "12", text_empty[] = "", anybody[] = "*", network[] = SN_NAME;
static char *everybody[] = { anybody };
static char *networks[] = { network };

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct aanf_config config;
    struct aanf aanf;
    struct http_server *server;
    struct usim *usim;
    struct primary_auth *auth;
    unsigned int answers;
    enum msgin5g_err err;
    struct akma_ue_context context;
};

static void open_ausf(struct fixture *fixture, bool akma_allowed)
{
    struct aanf *aanf = &fixture->aanf;
    struct subscriber_config one = { .supi = text_supi,
        .k = text_k,
        .op = text_empty,
        .opc = text_opc,
        .amf = text_amf,
        .sqn = text_sqn,
        .rid = text_rid,
        .gpsi = text_empty,
        .home_realm = text_empty,
        .mnc_digits = 2,
        .akma_allowed = akma_allowed };
    static const struct faults_setting none;
    fixture->config =
        (struct aanf_config){ .authentication_consumers = { everybody, 1 }, .serving_networks = { networks, 1 } };
    aanf->loop = fixture->loop;
    aanf->config = &fixture->config;
    assert_int_equal(subscriber_store_create(1, &aanf->subscribers), MSGIN5G_OK);
    assert_int_equal(subscriber_store_add(aanf->subscribers, &one), MSGIN5G_OK);
    assert_int_equal(context_store_create(4, 4, &aanf->contexts), MSGIN5G_OK);
    assert_int_equal(auth_store_create(fixture->loop, 4, 30000, &aanf->authentications), MSGIN5G_OK);
    assert_int_equal(faults_create(fixture->loop, false, &none, NULL, &aanf->faults), MSGIN5G_OK);
    struct http_server_config http = { .host = "127.0.0.1",
        .http2_only = true,
        .routes = api_routes,
        .fallback = api_fallback,
        .ctx = aanf,
        .metrics_label = "aanf" };
    assert_int_equal(http_server_create(fixture->loop, &http, &fixture->server), MSGIN5G_OK);
    (void)snprintf(
        aanf->api_root, sizeof aanf->api_root, "https://elsewhere.example:1"); /* the UE looks at the path alone */
}

static void open_ue(struct fixture *fixture, uint64_t sqn, const char *k, const char *sn_name)
{
    struct usim_config usim = { .supi = SUPI, .sqn = sqn, .rid = "12", .mnc_digits = 2 };
    char url[64];
    assert_int_equal(secret_from_hex(msgin5g_str(k), usim.k.octets, sizeof usim.k.octets), MSGIN5G_OK);
    assert_int_equal(secret_from_hex(msgin5g_str(OPC), usim.opc.octets, sizeof usim.opc.octets), MSGIN5G_OK);
    assert_int_equal(usim_create(&usim, &fixture->usim), MSGIN5G_OK);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", http_server_port(fixture->server));
    struct primary_auth_config config = { .ausf_url = url, .sn_name = sn_name };
    assert_int_equal(primary_auth_create(fixture->loop, &config, fixture->usim, &fixture->auth), MSGIN5G_OK);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    assert_int_equal(tls_setup(), MSGIN5G_OK);
    virtual_clock_init(&fixture->clock, 1700000000);
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    primary_auth_free(fixture->auth);
    usim_free(fixture->usim);
    http_server_free(fixture->server);
    faults_free(fixture->aanf.faults);
    auth_store_free(fixture->aanf.authentications);
    context_store_free(fixture->aanf.contexts);
    subscriber_store_free(fixture->aanf.subscribers);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void hear(void *ctx, enum msgin5g_err err, const struct akma_ue_context *context)
{
    struct fixture *fixture = ctx;
    fixture->answers++;
    fixture->err = err;
    assert_int_equal(context != NULL, err == MSGIN5G_OK);
    if (context != NULL)
        fixture->context = *context;
}

static void authenticate(struct fixture *fixture, enum msgin5g_err err)
{
    fixture->answers = 0;
    assert_int_equal(primary_auth_start(fixture->auth, hear, fixture), MSGIN5G_OK);
    assert_int_equal(primary_auth_start(fixture->auth, hear, fixture), MSGIN5G_ERR_LIMIT);
    for (int round = 0; round < ROUNDS && fixture->answers == 0; round++)
        assert_int_equal(loop_process(fixture->loop, 10), MSGIN5G_OK);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->err, err);
}

/* Both ends made the same K_AF. */
static void assert_same_key(struct fixture *fixture)
{
    struct k_af at_aanf;
    struct k_af at_ue;
    int64_t expiry_s;
    assert_int_equal(context_store_k_af(fixture->aanf.contexts, fixture->context.a_kid, FQDN, &ua_id_dtls_1_3, 60, 0,
                         &at_aanf, &expiry_s),
        MSGIN5G_OK);
    assert_int_equal(kdf_k_af(&fixture->context.k_akma, FQDN, &ua_id_dtls_1_3, &at_ue), MSGIN5G_OK);
    assert_memory_equal(&at_aanf, &at_ue, sizeof at_ue);
}

static void test_both_ends_make_the_same_key(void **state)
{
    struct fixture *fixture = *state;
    char first[AKMA_A_KID_MAX + 1];
    open_ausf(fixture, true);
    open_ue(fixture, 0, K, SN_NAME);
    authenticate(fixture, MSGIN5G_OK);
    assert_int_equal(strncmp(fixture->context.a_kid, "12.", 3), 0);
    assert_same_key(fixture);
    memcpy(first, fixture->context.a_kid, sizeof first);
    authenticate(fixture, MSGIN5G_OK);
    assert_string_not_equal(first, fixture->context.a_kid);
    assert_same_key(fixture);
    assert_int_equal(auth_store_count(fixture->aanf.authentications), 0);
}

/* The USIM is ahead of the network: one AUTS brings them together. */
static void test_resynchronises_once(void **state)
{
    struct fixture *fixture = *state;
    open_ausf(fixture, true);
    open_ue(fixture, 0x20000, K, SN_NAME);
    authenticate(fixture, MSGIN5G_OK);
    assert_same_key(fixture);
    assert_true(subscriber_store_find(fixture->aanf.subscribers, SUPI)->sqn > 0x20000);
}

static void test_network_with_another_k_is_not_genuine(void **state)
{
    struct fixture *fixture = *state;
    open_ausf(fixture, true);
    open_ue(fixture, 0, "00000000000000000000000000000001", SN_NAME);
    authenticate(fixture, MSGIN5G_ERR_MAC_FAILURE);
    assert_int_equal(context_store_count(fixture->aanf.contexts), 0);
}

static void test_refusals_of_the_ausf(void **state)
{
    struct fixture *fixture = *state;
    open_ausf(fixture, true);
    open_ue(fixture, 0, K, "5G:mnc099.mcc001.3gppnetwork.org");
    authenticate(fixture, MSGIN5G_ERR_NOT_AUTHORIZED);
    primary_auth_free(fixture->auth);
    usim_free(fixture->usim);
    text_supi[sizeof text_supi - 2] = '2'; /* the AUSF knows another subscriber only */
    http_server_free(fixture->server);
    faults_free(fixture->aanf.faults);
    auth_store_free(fixture->aanf.authentications);
    context_store_free(fixture->aanf.contexts);
    subscriber_store_free(fixture->aanf.subscribers);
    open_ausf(fixture, true);
    open_ue(fixture, 0, K, SN_NAME);
    authenticate(fixture, MSGIN5G_ERR_NOT_FOUND);
    text_supi[sizeof text_supi - 2] = '1';
}

/* Authentication succeeds without AKMA; the UE cannot know, the AAnF has no context (N3). */
static void test_subscriber_without_akma(void **state)
{
    struct fixture *fixture = *state;
    open_ausf(fixture, false);
    open_ue(fixture, 0, K, SN_NAME);
    authenticate(fixture, MSGIN5G_OK);
    assert_int_equal(context_store_count(fixture->aanf.contexts), 0);
}

static void test_free_ends_the_run(void **state)
{
    struct fixture *fixture = *state;
    open_ausf(fixture, true);
    open_ue(fixture, 0, K, SN_NAME);
    assert_int_equal(primary_auth_start(fixture->auth, hear, fixture), MSGIN5G_OK);
    primary_auth_free(fixture->auth);
    fixture->auth = NULL;
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->err, MSGIN5G_ERR_CLOSED);
}

static void test_unusable_network_name(void **state)
{
    struct fixture *fixture = *state;
    struct primary_auth_config config = { .ausf_url = "http://127.0.0.1:1", .sn_name = "6G" };
    struct primary_auth *auth;
    open_ausf(fixture, true);
    assert_int_equal(primary_auth_create(fixture->loop, &config, fixture->usim, &auth), MSGIN5G_ERR_INVALID);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_both_ends_make_the_same_key),
        TEST(test_resynchronises_once),
        TEST(test_network_with_another_k_is_not_genuine),
        TEST(test_refusals_of_the_ausf),
        TEST(test_subscriber_without_akma),
        TEST(test_free_ends_the_run),
        TEST(test_unusable_network_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
