/* Memory that runs out at every single allocation: an error, never a crash or a leak. Connecting is left out: libcoap's
 * hash table of sessions ends the process then. */
#include "failing_malloc.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum msgin5g_err create_all(struct fixture *fixture, struct msgin5g_context **context)
{
    const struct msgin5g_client_config config = {
        .server = "coaps://127.0.0.1:9", .server_name = FAKE_FQDN, .ue_service_id = FIXTURE_UE
    };
    struct msgin5g_client *client;
    enum msgin5g_err err = msgin5g_context_create(NULL, context);

    if (err == MSGIN5G_OK)
        err = msgin5g_client_create(*context, &config, NULL, NULL, &client);
    if (err == MSGIN5G_OK)
        err = msgin5g_client_set_akma(client, FAKE_A_KID, fixture->k_akma.octets);
    return err;
}

static void creation(void **state)
{
    struct fixture *fixture = *state;
    bool failed = true;

    for (unsigned n = 0; failed; n++) {
        struct msgin5g_context *context = NULL;
        enum msgin5g_err err;

        failing_malloc_after(n);
        err = create_all(fixture, &context);
        failed = failing_malloc_stop();
        if (!failed)
            assert_int_equal(err, MSGIN5G_OK);
        msgin5g_context_free(context);
    }
}

static void sending(void **state)
{
    struct fixture *fixture = *state;
    bool failed = true;
    unsigned sent = 0;

    fixture_register(fixture, (struct msgin5g_client_config){ .outstanding = 64 });
    for (unsigned n = 0; failed; n++) {
        enum msgin5g_err err;

        failing_malloc_after(n);
        err = fixture_send(fixture, true);
        failed = failing_malloc_stop();
        if (!failed)
            assert_int_equal(err, MSGIN5G_OK);
        sent += err == MSGIN5G_OK;
    }
    fixture_until(fixture, fixture->told.sent == sent);
}

/* With an outbox: what was taken over is there, what was refused is not. */
static void handing_over(void **state)
{
    struct fixture *fixture = *state;
    char folder[] = "/tmp/msgin5g-outbox-XXXXXX", path[64];
    struct msgin5g_outbox_facts facts;
    bool failed = true;
    unsigned taken = 0;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/outbox", folder);
    fixture_create(fixture, (struct msgin5g_client_config){ .outbox_file = path });
    for (unsigned n = 0; failed; n++) {
        enum msgin5g_err err;

        failing_malloc_after(n);
        err = fixture_send(fixture, true);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        taken += err == MSGIN5G_OK;
        assert_int_equal(msgin5g_client_outbox(fixture->client, &facts), MSGIN5G_OK);
        assert_int_equal(facts.messages, taken);
    }
    msgin5g_client_free(fixture->client);
    failed = true;
    for (unsigned n = 0; failed; n++) {
        const struct msgin5g_client_config config = {
            .server = "coaps://" FAKE_FQDN, .ue_service_id = FIXTURE_UE, .outbox_file = path
        };
        enum msgin5g_err err;

        fixture->client = NULL;
        failing_malloc_after(n);
        err = msgin5g_client_create(fixture->context, &config, NULL, NULL, &fixture->client);
        failed = failing_malloc_stop();
        if (err == MSGIN5G_OK) {
            assert_int_equal(msgin5g_client_outbox(fixture->client, &facts), MSGIN5G_OK);
            assert_int_equal(facts.messages, taken);
            assert_int_equal(facts.damaged, 0);
            msgin5g_client_free(fixture->client);
        }
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(creation),
        TEST(sending),
        TEST(handing_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
