/* Registration, its refresh, and de-registration (TS 24.538 6.3.1). */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static void registers_over_dtls_1_3(void **state)
{
    struct fixture *fixture = *state;
    const struct fake_entry *reg;

    fixture_register(fixture, (struct msgin5g_client_config){ .reg_lifetime_s = 900 });
    reg = fake_server_last(&fixture->server, MSGIN5G_TYPE_REG);
    assert_string_equal(reg->path, "msgin5g");
    assert_string_equal(reg->ori, FIXTURE_UE);
    assert_int_equal(reg->reg_exp_time_s, 900);
    assert_string_equal(fixture->server.identity, "3GPP-AKMA;" FAKE_A_KID);
    assert_string_equal(fixture->server.server_name, FAKE_FQDN);
    assert_string_equal(msgin5g_client_protection(fixture->client), "DTLSv1.3 TLS_AES_128_GCM_SHA256");
    assert_int_equal(fixture->told.lifetime_s, 3600);
    assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_REGISTERED);
    for (int i = MSGIN5G_CLIENT_CONNECTING; i <= MSGIN5G_CLIENT_REGISTERED; i++)
        assert_int_equal(fixture->told.states[i], 1);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_WAITING], 0);
}

static void path_of_the_uri_is_used(void **state)
{
    struct fixture *fixture = *state;
    char uri[64];

    snprintf(uri, sizeof uri, "coaps://127.0.0.1:%u/lab/m5g", fixture->server.port);
    fixture_register(fixture, (struct msgin5g_client_config){ .server = uri, .server_name = "LocalHost" });
    assert_string_equal(fixture->server.server_name, FAKE_FQDN); /* AF_ID holds lower case, so does SNI */
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_REG)->path, "lab/m5g");
}

static void version_1_2_takes_the_key_of_the_suite(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ .version = MSGIN5G_VERSION_1_2 });
    assert_string_equal(msgin5g_client_protection(fixture->client), "DTLSv1.2 TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256");
}

/* 70 protocol_version, 40 handshake_failure: what servers of DTLS 1.2 alone say to a ClientHello of 1.3. */
static void falls_back_to_1_2(void **state)
{
    struct fixture *fixture = *state;
    static const int alerts[] = { 70, 40, 71 };

    for (unsigned i = 0; i < 3; i++) {
        unsigned registered = fixture->told.registered;

        fixture->server.refuse_alert = alerts[i];
        fixture->server.refuse_count = 1;
        fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
        fixture_until(fixture, fixture->told.registered == registered + 1);
        assert_int_equal(strncmp(msgin5g_client_protection(fixture->client), "DTLSv1.2 ", 9), 0);
        assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_WAITING], 0);
        assert_int_equal(fixture->told.keys_needed, 0);
        msgin5g_client_free(fixture->client);
    }
}

static void refreshes_at_80_percent(void **state)
{
    struct fixture *fixture = *state;
    int64_t began_ms;

    fixture->server.lifetime_s = 1;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    began_ms = fixture_now_ms();
    fixture_until(fixture, fixture->told.registered == 2);
    assert_in_range(fixture_now_ms() - began_ms, 780, 3000); /* a busy machine may be late, never early */
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_REG), 2);
    assert_int_equal(fixture->server.opened, 1);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_REGISTERED], 1);
}

static void absurd_lifetimes_are_bounded(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.lifetime_s = INT64_MAX / 2;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(fixture->told.lifetime_s, 31536000);
    msgin5g_client_free(fixture->client);
    fixture->server.lifetime_s = MSGIN5G_REG_EXP_TIME_NONE;
    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    fixture_until(fixture, fixture->told.registered == 2);
    assert_int_equal(fixture->told.lifetime_s, 3600);
}

static void deregisters(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_OK);
    assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_DEREGISTERING);
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_ERR_NOT_REGISTERED);
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_OK); /* as good as once */
    fixture_until(
        fixture, fixture_state(fixture) == MSGIN5G_CLIENT_IDLE && transport_count(fixture->server.transport).open == 0);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_DEREG), 1);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_DEREG)->ori, FIXTURE_UE);
    assert_int_equal(fixture->told.last_err, MSGIN5G_OK);
    assert_string_equal(msgin5g_client_protection(fixture->client), "");
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_ERR_NOT_REGISTERED);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_IDLE], 1);

    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_OK); /* and again */
    fixture_until(fixture, fixture->told.registered == 2);
}

static void deregisters_while_connecting(void **state)
{
    struct fixture *fixture = *state;

    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_CONNECTING);
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_ERR_NOT_REGISTERED);
    assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_IDLE);
    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.registered == 1);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_REG), 1);
}

static void deregisters_while_registering(void **state)
{
    struct fixture *fixture = *state;

    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_REGISTERING);
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_OK);
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_IDLE);
    assert_int_equal(fixture->told.registered, 0);
    assert_int_equal(fixture->server.log[0].type, MSGIN5G_TYPE_REG);
    assert_int_equal(fixture->server.log[1].type, MSGIN5G_TYPE_DEREG);
}

static void registers_while_deregistering(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.hold[MSGIN5G_TYPE_DEREG] = true;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_OK);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_DEREG) == 1);
    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.registered == 2 && transport_count(fixture->server.transport).open == 1);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_IDLE], 0);
    assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_REGISTERED);
}

static void silent_server_does_not_keep_it(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.hold[MSGIN5G_TYPE_DEREG] = true;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_OK);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_DEREG) == 1);
    fixture_skip_wait(fixture);
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_IDLE);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_TIMEOUT);
}

static void refuses_wrong_arguments(void **state)
{
    struct fixture *fixture = *state;
    static const struct msgin5g_client_config good = { .server = "coaps://localhost", .ue_service_id = FIXTURE_UE };
    static const unsigned char key[MSGIN5G_K_AKMA_LEN];
    struct msgin5g_client_config bad[8];
    struct msgin5g_client *client = NULL;

    for (unsigned i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].server = NULL;
    bad[1].server = "coaps://server.example";
    bad[2].server = "coaps://[::1]"; /* an address is no FQDN */
    bad[3].server_name = "no_name_.";
    bad[4].ue_service_id = "";
    bad[5].ue_service_id = "ue";
    bad[6].reg_lifetime_s = -1;
    bad[7].version = (enum msgin5g_version)3;
    for (unsigned i = 0; i < 8; i++)
        if (msgin5g_client_create(fixture->context, &bad[i], NULL, NULL, &client) != MSGIN5G_ERR_INVALID)
            fail_msg("row %u was taken", i);
    fixture_create(fixture, good);
    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(msgin5g_client_set_akma(fixture->client, "0.x@y", key), MSGIN5G_ERR_MALFORMED_A_KID);
    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_ERR_AUTHENTICATION);
    for (unsigned i = 1; i < 64; i++)
        assert_int_equal(msgin5g_client_create(fixture->context, &good, NULL, NULL, &client), MSGIN5G_OK);
    assert_int_equal(msgin5g_client_create(fixture->context, &good, NULL, NULL, &client), MSGIN5G_ERR_LIMIT);
    msgin5g_client_free(client);
    assert_int_equal(msgin5g_client_create(fixture->context, &good, NULL, NULL, &client), MSGIN5G_OK);
}

static void tells_its_windows(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_client_config config = {
        .availability = { .known = true, .start_s = 1772323200, .length_s = 600, .period_s = 3600 }
    };
    const struct msgin5g_availability *told;
    struct msgin5g_client *other;

    fixture_register(fixture, config);
    told = &fake_server_last(&fixture->server, MSGIN5G_TYPE_REG)->availability;
    assert_true(told->known && !told->opted_out);
    assert_int_equal(told->start_s, 1772323200);
    assert_int_equal(told->length_s, 600);
    assert_int_equal(told->period_s, 3600);
    config = (struct msgin5g_client_config){ .server = "coaps://localhost",
        .ue_service_id = FIXTURE_UE,
        .availability = { .known = true, .start_s = 1772323200 } };
    assert_int_equal(msgin5g_client_create(fixture->context, &config, NULL, NULL, &other), MSGIN5G_ERR_INVALID);
}

/* Always reachable, but nothing is to be stored: windows without an end between them. */
static void opts_out_of_storing(void **state)
{
    struct fixture *fixture = *state;
    const struct msgin5g_availability *told;

    fixture_register(fixture, (struct msgin5g_client_config){ .availability = { .opted_out = true } });
    told = &fake_server_last(&fixture->server, MSGIN5G_TYPE_REG)->availability;
    assert_true(told->known && told->opted_out);
    assert_true(told->start_s > 1772323200);
    assert_int_equal(told->length_s, told->period_s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(registers_over_dtls_1_3),
        TEST(tells_its_windows),
        TEST(opts_out_of_storing),
        TEST(path_of_the_uri_is_used),
        TEST(version_1_2_takes_the_key_of_the_suite),
        TEST(falls_back_to_1_2),
        TEST(refreshes_at_80_percent),
        TEST(absurd_lifetimes_are_bounded),
        TEST(deregisters),
        TEST(deregisters_while_connecting),
        TEST(deregisters_while_registering),
        TEST(registers_while_deregistering),
        TEST(silent_server_does_not_keep_it),
        TEST(refuses_wrong_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
