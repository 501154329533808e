/* Memory that runs out anywhere on the path of a message: an error code, nothing lost track of, and the next one works.
 */
#include "failing_malloc.h"
#include "fake_ues.h"
#include "psk_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MSG(id)                                                                                                        \
    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSG\","                                                           \
    "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"                                           \
    "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"},"                                         \
    "\"msgId\":\"" id "\",\"isDelivStatReq\":true,\"payload\":\"open\"}"
#define GROUP_MSG                                                                                                      \
    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSG\","                                                           \
    "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"                                           \
    "\"destAddr\":{\"destAddrType\":\"GROUP\",\"addr\":\"im:crowd@lab.example\"},"                                     \
    "\"msgId\":\"9c0e5a7d-6b21-4f10-93c4-2f6e8d1a0b3c\",\"payload\":\"open\"}"
#define REG                                                                                                            \
    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"REG\","                                                           \
    "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"}}"

static bool is_answer_to_lack_of_memory(int code)
{
    return code == 500 || code == 204; /* 2.04 with a MSGRESP or with result false */
}

static void test_registration(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned n = 0; failed; n++) {
        void *fresh;
        fake_ues_set_up(&fresh);
        failing_malloc_after(n);
        int code = fake_ues_post(fresh, 0, REG);
        failed = failing_malloc_stop();
        assert_true(code == 201 || is_answer_to_lack_of_memory(code));
        fake_ues_register(fresh, 0);
        fake_ues_tear_down(&fresh);
    }
}

static void test_message(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned n = 0; failed; n++) {
        void *fresh;
        fake_ues_set_up(&fresh);
        fake_ues_register(fresh, 0);
        fake_ues_register(fresh, 1);
        failing_malloc_after(n);
        int code = fake_ues_post(fresh, 0, MSG("4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"));
        failed = failing_malloc_stop();
        assert_true(is_answer_to_lack_of_memory(code));
        assert_int_equal(fake_ues_post(fresh, 0, MSG("9c0e5a7d-6b21-4f10-93c4-2f6e8d1a0b3c")), 204);
        fake_ues_tear_down(&fresh);
    }
}

static void test_subscription(void **state)
{
    (void)state;
    static const struct incoming get = { .method = TRANSPORT_GET,
        .path = "msgin5g/alarms",
        .format = TRANSPORT_FORMAT_NONE,
        .confirmable = true,
        .observe = TRANSPORT_OBSERVE_BEGIN };
    bool failed = true;
    for (unsigned n = 0; failed; n++) {
        void *fresh;
        fake_ues_set_up(&fresh);
        fake_ues_register(fresh, 0);
        failing_malloc_after(n);
        int code = fake_ues_request(fresh, 0, &get);
        failed = failing_malloc_stop();
        assert_true(code == 205 || code == 500);
        assert_int_equal(fake_ues_request(fresh, 0, &get), 205);
        fake_ues_tear_down(&fresh);
    }
}

/* More members than one slice: the fan-out cannot be made, or its message not copied. */
static void test_fan_out(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned n = 0; failed; n++) {
        void *fresh;
        fake_ues_set_up(&fresh);
        fake_ues_register(fresh, 0);
        fake_ues_register(fresh, 1);
        failing_malloc_after(n);
        int code = fake_ues_post(fresh, 0, GROUP_MSG);
        failed = failing_malloc_stop();
        assert_true(is_answer_to_lack_of_memory(code));
        fake_ues_tear_down(&fresh);
    }
}

static void test_objects(void **state)
{
    (void)state;
    static char text[] = "im:ue-{digits}@lab.example", imsi[] = "imsi-001010000000001", id[] = "im:x@lab.example";
    char *ids[] = { id };
    struct binding_config binding = { imsi, { ids, 1 }, { ids, 1 } };
    struct server_config config = { .binding_template = text, .bindings = { &binding, 1 } };
    bool failed = true;
    for (unsigned n = 0; failed; n++) {
        struct identity_map *map = NULL;
        struct recent *recent = NULL;
        struct psk_gate *gate;
        failing_malloc_after(n);
        enum msgin5g_err map_err = identity_map_create(&config, &map);
        enum msgin5g_err recent_err = recent_create(16, 600, &recent);
        gate = psk_gate_create();
        failed = failing_malloc_stop();
        assert_int_equal(failed, map_err != MSGIN5G_OK || recent_err != MSGIN5G_OK || gate == NULL);
        assert_int_equal(map != NULL, map_err == MSGIN5G_OK);
        assert_int_equal(recent != NULL, recent_err == MSGIN5G_OK);
        identity_map_free(map);
        recent_free(recent);
        psk_gate_free(gate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registration),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_subscription),
        cmocka_unit_test(test_fan_out),
        cmocka_unit_test(test_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
