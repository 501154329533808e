/* Memory runs out at every allocation in turn: an error, nothing leaked, nothing half kept. */
#include "auth_store.h"
#include "context_store.h"
#include "failing_malloc.h"
#include "subscriber_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_contexts(void **state)
{
    (void)state;
    static const struct k_akma k_akma = { { 1 } };
    const struct anchor_key key = { .supi = "imsi-1", .gpsi = "", .a_kid = "0.a@r", .k_akma = &k_akma };
    bool failed = true;
    for (unsigned int allocations = 0; failed; allocations++) {
        struct context_store *store;
        struct k_af k_af;
        int64_t expiry_s = 0;
        assert_int_equal(context_store_create(4, 4, &store), MSGIN5G_OK);
        failing_malloc_after(allocations);
        enum msgin5g_err err = context_store_register(store, &key);
        if (err == MSGIN5G_OK)
            err = context_store_k_af(store, "0.a@r", "af.example", &ua_id_tls_1_3, 60, 0, &k_af, &expiry_s);
        failed = failing_malloc_stop();
        assert_int_equal(err == MSGIN5G_OK, !failed);
        assert_int_equal(context_store_register(store, &key), MSGIN5G_OK);
        assert_int_equal(context_store_count(store), 1);
        context_store_free(store);
    }
}

static void test_subscribers(void **state)
{
    (void)state;
    char supi[] = "imsi-001010000000001", k[] = "465b5ce8b199b49faa5f0a2ee238a6bc", none[] = "", amf[] = "8000",
         sqn[] = "000000000000", rid[] = "0";
    struct subscriber_config one = { .supi = supi,
        .k = k,
        .op = none,
        .opc = k,
        .amf = amf,
        .sqn = sqn,
        .rid = rid,
        .gpsi = none,
        .home_realm = none,
        .mnc_digits = 2 };
    bool failed = true;
    for (unsigned int allocations = 0; failed; allocations++) {
        struct subscriber_store *store;
        assert_int_equal(subscriber_store_create(1, &store), MSGIN5G_OK);
        failing_malloc_after(allocations);
        enum msgin5g_err err = subscriber_store_add(store, &one);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        assert_int_equal(subscriber_store_add(store, &one), failed ? MSGIN5G_OK : MSGIN5G_ERR_DUPLICATE);
        subscriber_store_free(store);
    }
}

static void test_authentications(void **state)
{
    (void)state;
    static const struct auth_secret secret;
    const struct authentication authentication = { &secret, "imsi-1", "5G:mnc001.mcc001.3gppnetwork.org" };
    bool failed = true;
    for (unsigned int allocations = 0; failed; allocations++) {
        struct loop *loop;
        struct auth_store *store;
        char id[AUTH_ID_LEN + 1];
        assert_int_equal(loop_create(clock_system(), &loop), MSGIN5G_OK);
        assert_int_equal(auth_store_create(loop, 1, 1000, &store), MSGIN5G_OK);
        failing_malloc_after(allocations);
        enum msgin5g_err err = auth_store_add(store, &authentication, id);
        failed = failing_malloc_stop();
        assert_true(err == MSGIN5G_OK || (failed && err == MSGIN5G_ERR_NO_MEMORY));
        assert_int_equal(auth_store_count(store), err == MSGIN5G_OK);
        auth_store_free(store);
        loop_free(loop);
    }
}

static int setup(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_subscribers),
        cmocka_unit_test(test_authentications),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
