/* Decoding when memory runs out at every allocation in turn: a clean error, nothing lost. */
#include "failing_malloc.h"
#include "msgin5g/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#define HEAD "{\"msgIden\":\"urn:3gpp:msgin5g\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:a@x\"},"
#define MSG_HEAD                                                                                                       \
    HEAD "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:b@x\"},\"msgId\":\"4f6d2a10-5b1f-4d2c-9b9f-"             \
         "0a1d2c3b4e5f\","

static int hooks_setup(void **state)
{
    cJSON_Hooks hooks = { malloc,
        free }; /* cJSON is a shared library: the linker's wrap reaches it only through here */
    (void)state;
    cJSON_InitHooks(&hooks);
    return 0;
}

/* Returns how many allocations were made to fail one after another. */
static unsigned int walk(const char *body, enum msgin5g_err last)
{
    unsigned int allocations = 0;
    for (bool failed = true; failed; allocations++) {
        struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_REG);
        struct msgin5g_message partial;
        const char *detail = NULL;
        failing_malloc_after(allocations);
        enum msgin5g_err err = msgin5g_message_decode((const uint8_t *)body, strlen(body), &message, &partial, &detail);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : last);
        assert_true(err == MSGIN5G_OK || strlen(detail) > 0);
        msgin5g_message_free(&message);
        msgin5g_message_free(&partial);
    }
    return allocations - 1;
}

static void message_decode(void **state)
{
    (void)state;
    assert_true(walk(MSG_HEAD "\"msgType\":\"MSG\",\"appId\":[\"a\",\"b\"],\"payload\":\"x\"}", MSGIN5G_OK) > 10);
    assert_true(walk(MSG_HEAD "\"msgType\":\"MSG\",\"indMsgCount\":1,\"indMsgs\":[{\"msgId\":\"4f6d2a10-5b1f-4d2c-9b9f-"
                              "0a1d2c3b4e5f\",\"payload\":\"\"}]}",
                    MSGIN5G_OK) > 10);
    assert_true(walk(MSG_HEAD "\"msgType\":\"BREG\",\"indRegCount\":1,\"indRegs\":[{\"msgIden\":\"urn:3gpp:msgin5g\","
                              "\"msgType\":\"REG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:b@x\"},"
                              "\"cliProfile\":{\"triInfo\":{\"ueId\":\"tel:1\",\"cliPort\":\"1\"}}}]}",
                    MSGIN5G_OK) > 20);
    assert_true(walk(MSG_HEAD "\"msgType\":\"MSG\",\"payload\":5}", MSGIN5G_ERR_MALFORMED) > 10);
}

static void reg_response_decode(void **state)
{
    static const char body[] = HEAD "\"result\":true}";
    bool failed = true;
    (void)state;
    for (unsigned int allocations = 0; failed; allocations++) {
        struct msgin5g_reg_response response = { .storage = NULL };
        failing_malloc_after(allocations);
        enum msgin5g_err err = msgin5g_reg_response_decode((const uint8_t *)body, sizeof body - 1, &response);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        msgin5g_reg_response_free(&response);
    }
}

static void bulk_response_decode(void **state)
{
    static const char body[] = "{\"indRegCount\":1,\"indRegs\":[" HEAD "\"result\":true}]}";
    bool failed = true;
    (void)state;
    for (unsigned int allocations = 0; failed; allocations++) {
        struct msgin5g_bulk_response response = { .storage = NULL };
        failing_malloc_after(allocations);
        enum msgin5g_err err = msgin5g_bulk_response_decode((const uint8_t *)body, sizeof body - 1, &response);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        msgin5g_bulk_response_free(&response);
    }
}

static void encode_allocates_nothing(void **state)
{
    struct msgin5g_message m = msgin5g_message_init(MSGIN5G_TYPE_REG);
    uint8_t out[256];
    size_t length = 0;
    (void)state;
    m.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str("im:a@x") };
    failing_malloc_after(0);
    assert_int_equal(msgin5g_message_encode(&m, out, sizeof out, &length), MSGIN5G_OK);
    assert_false(failing_malloc_stop());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_decode),
        cmocka_unit_test(reg_response_decode),
        cmocka_unit_test(bulk_response_decode),
        cmocka_unit_test(encode_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, hooks_setup, NULL);
}
