/* Memory that runs out at every single allocation: an error, never a crash or a leak. Connecting is left out: libcoap's
 * hash table of sessions ends the process then. */
#include "failing_malloc.h"
#include "fixture.h"

#include <stdio.h>

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(creation),
        TEST(sending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
