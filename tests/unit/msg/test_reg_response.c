/* Response bodies to REG and DEREG (TS 24.538 7.3.3.1, 7.3.3.2): E2, E3, E15. */
#include "msgin5g/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define METER "im:meter-0001@iot.example"
#define ORI   "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"" METER "\"},"

static void assert_round_trip(const struct msgin5g_reg_response *response, const char *expected)
{
    uint8_t out[512];
    size_t length = 0;
    struct msgin5g_reg_response read;
    assert_int_equal(msgin5g_reg_response_encode(response, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(out, expected, length);
    assert_int_equal(msgin5g_reg_response_decode(out, length, &read), MSGIN5G_OK);
    assert_true(msgin5g_str_equal(read.ue_service_id, response->ue_service_id));
    assert_int_equal(read.result, response->result);
    assert_int_equal(read.reg_exp_time_s, response->reg_exp_time_s);
    assert_true(msgin5g_str_equal(read.cause, response->cause));
    msgin5g_reg_response_free(&read);
    assert_null(read.storage);
    msgin5g_reg_response_free(&read);
}

static void round_trips(void **state)
{
    struct msgin5g_reg_response response = { msgin5g_str(METER), true, 3600, { NULL, 0 }, false, 0, NULL };
    (void)state;
    assert_round_trip(&response, ORI "\"result\":true,\"regExpTime\":3600}");
    response.reg_exp_time_s = MSGIN5G_REG_EXP_TIME_NONE;
    assert_round_trip(&response, ORI "\"result\":true}");
    response.result = false;
    response.cause = msgin5g_str("UNAUTHORIZED_ORIGINATOR");
    assert_round_trip(&response, ORI "\"result\":false,\"cause\":\"UNAUTHORIZED_ORIGINATOR\"}");
}

static void members_that_do_not_fit_the_result_are_left_out(void **state)
{
    struct msgin5g_reg_response response = { msgin5g_str(METER), false, 3600, msgin5g_str("X"), false, 0, NULL };
    static const char with_cause[] = ORI "\"result\":true,\"cause\":\"X\",\"regExpTime\":5}";
    uint8_t out[512];
    size_t length = 0;
    (void)state;
    assert_int_equal(msgin5g_reg_response_encode(&response, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, strlen(ORI "\"result\":false,\"cause\":\"X\"}"));
    assert_int_equal(
        msgin5g_reg_response_decode((const uint8_t *)with_cause, sizeof with_cause - 1, &response), MSGIN5G_OK);
    assert_int_equal(response.reg_exp_time_s, 5);
    assert_null(response.cause.octets);
    msgin5g_reg_response_free(&response);
}

static void refusals(void **state)
{
    static const char *const bodies[] = { "", "[]", "{}", "{\"result\":true}", ORI "\"x\":1}",
        ORI "\"result\":\"true\"}", ORI "\"result\":true,\"regExpTime\":-1}",
        ORI "\"result\":true,\"regExpTime\":\"1\"}", ORI "\"result\":false,\"cause\":1}",
        ORI "\"result\":false,\"cause\":\"a\\u0000\"}", ORI "\"result\":false,\"result\":true}",
        "{\"oriAddr\":{\"oriAddrType\":\"AS\",\"addr\":\"im:a@x\"},\"result\":true}" };
    struct msgin5g_reg_response response;
    uint8_t out[8];
    size_t length;
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        assert_int_equal(msgin5g_reg_response_decode((const uint8_t *)bodies[i], strlen(bodies[i]), &response),
            MSGIN5G_ERR_MALFORMED);
    response = (struct msgin5g_reg_response){ msgin5g_str(METER), true, 3600, { NULL, 0 }, false, 0, NULL };
    assert_int_equal(msgin5g_reg_response_encode(&response, out, sizeof out, &length), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    response.ue_service_id = msgin5g_str("");
    assert_int_equal(msgin5g_reg_response_encode(&response, out, sizeof out, &length), MSGIN5G_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(members_that_do_not_fit_the_result_are_left_out),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
