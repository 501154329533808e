/* Bulk registration, gateway registration and their responses (TS 24.538 6.3.4, 6.3.5; EC-5): E16 and what is wrong. */
#include "msgin5g/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(type) "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"" type "\","
#define UE(name)   "{\"oriAddrType\":\"UE\",\"addr\":\"im:" name "@iot.example\"}"
#define ORI(name)  "\"oriAddr\":" UE(name)
#define REG(name)  HEAD("REG") ORI(name)

/* E16 */
#define SENS_A  REG("sens-a") ",\"urgentTag\":false,\"reqExpTime\":30}"
#define SENS_B  REG("sens-b") ",\"urgentTag\":false}"
#define REQUEST HEAD("BREG") ORI("gw-9") ",\"indRegCount\":2,\"indRegs\":[" SENS_A "," SENS_B "]}"
#define RESPONSE                                                                                                       \
    "{\"indRegCount\":2,\"indRegs\":[{" ORI("sens-a") ",\"result\":true,\"regExpTime\":3600},{" ORI(                   \
        "sens-b") ",\"result\":false,\"cause\":\"NOT_AUTHORIZED\"}]}"

#define assert_str(actual, text) assert_true(msgin5g_str_equal(actual, msgin5g_str(text)))

static struct msgin5g_message decode(const char *body)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    const char *detail = NULL;
    if (msgin5g_message_decode((const uint8_t *)body, strlen(body), &message, NULL, &detail) != MSGIN5G_OK)
        fail_msg("%s refused: %s", body, detail);
    return message;
}

static void assert_refused(const char *body, const char *member)
{
    struct msgin5g_message message;
    const char *detail = NULL;
    assert_int_equal(
        msgin5g_message_decode((const uint8_t *)body, strlen(body), &message, NULL, &detail), MSGIN5G_ERR_MALFORMED);
    assert_string_equal(detail, member);
}

static void e16_request(void **state)
{
    const struct msgin5g_str bodies[] = { msgin5g_str(SENS_A), msgin5g_str(SENS_B) };
    struct msgin5g_message m = decode(REQUEST);
    uint8_t out[1024];
    size_t length = 0;
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_BREG);
    assert_str(m.ori.addr, "im:gw-9@iot.example");
    assert_int_equal(m.entry_count, 2);
    assert_int_equal(m.entries[0].err, MSGIN5G_OK);
    assert_str(m.entries[0].message.ori.addr, "im:sens-a@iot.example");
    assert_int_equal(m.entries[0].message.type, MSGIN5G_TYPE_REG);
    assert_false(m.entries[0].message.urgent);
    assert_int_equal(m.entries[0].message.req_exp_time_s, 30);
    assert_int_equal(m.entries[1].message.req_exp_time_s, MSGIN5G_REG_EXP_TIME_NONE);
    assert_int_equal(
        msgin5g_bulk_encode(MSGIN5G_TYPE_REG, m.ori.addr, bodies, 2, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, strlen(REQUEST));
    assert_memory_equal(out, REQUEST, length);
    assert_int_equal(msgin5g_bulk_encode(MSGIN5G_TYPE_REG, m.ori.addr, bodies, 2, out, length - 1, &length),
        MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    assert_int_equal(
        msgin5g_bulk_encode(MSGIN5G_TYPE_REG, m.ori.addr, bodies, 0, out, sizeof out, &length), MSGIN5G_ERR_INVALID);
    assert_int_equal(
        msgin5g_bulk_encode(MSGIN5G_TYPE_MSG, m.ori.addr, bodies, 1, out, sizeof out, &length), MSGIN5G_ERR_INVALID);
    assert_int_equal(msgin5g_message_encode(&m, out, sizeof out, &length), MSGIN5G_ERR_INVALID);
    msgin5g_message_free(&m);
}

static void e16_response(void **state)
{
    struct msgin5g_bulk_response response;
    uint8_t out[1024];
    size_t length = 0;
    (void)state;
    assert_int_equal(msgin5g_bulk_response_decode((const uint8_t *)RESPONSE, strlen(RESPONSE), &response), MSGIN5G_OK);
    assert_int_equal(response.type, MSGIN5G_TYPE_REG);
    assert_int_equal(response.count, 2);
    assert_true(response.entries[0].result);
    assert_int_equal(response.entries[0].reg_exp_time_s, 3600);
    assert_str(response.entries[1].ue_service_id, "im:sens-b@iot.example");
    assert_str(response.entries[1].cause, "NOT_AUTHORIZED");
    assert_int_equal(msgin5g_bulk_response_encode(&response, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, strlen(RESPONSE));
    assert_memory_equal(out, RESPONSE, length);
    msgin5g_bulk_response_free(&response);
    assert_null(response.storage);
}

/* TS 24.538 6.3.4.3.5: the list alone makes it a bulk de-registration. */
static void bulk_deregistration(void **state)
{
    struct msgin5g_message m = decode(HEAD("DEREG") ORI("gw-9") ",\"indDeregCount\":1,\"indDeregs\":[" HEAD("DEREG")
            ORI("sens-a") ",\"urgentTag\":true,\"reqExpTime\":5}]}");
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_DEREG);
    assert_int_equal(m.entry_count, 1);
    assert_int_equal(m.entries[0].message.type, MSGIN5G_TYPE_DEREG);
    assert_true(m.entries[0].message.urgent);
    msgin5g_message_free(&m);
    m = decode(HEAD("DEREG") ORI("gw-9") "}");
    assert_int_equal(m.entry_count, 0);
    msgin5g_message_free(&m);
    assert_refused(HEAD("DEREG") ORI("gw-9") ",\"indDeregs\":[{}]}", "indDeregs");
    assert_refused(HEAD("DEREG") ORI("gw-9") ",\"indDeregCount\":1}", "indDeregs");
}

/* 6.3.4.4: one entry does not spoil the others, unless nobody knows whose it is. */
static void wrong_entries(void **state)
{
    static const char *const wrong[] = {
        REG("a") ",\"regExpTime\":\"soon\"}",
        "{" ORI("a") "}",
        HEAD("DEREG") ORI("a") "}",
        HEAD("BREG") ORI("a") ",\"indRegCount\":1,\"indRegs\":[" SENS_A "]}",
        HEAD("REG") ORI("a") ",\"cliProfile\":5}",
    };
    char body[1024];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(body, sizeof body, "%s%s,%s]}", HEAD("BREG") ORI("gw-9") ",\"indRegCount\":2,\"indRegs\":[", wrong[i],
            SENS_B);
        struct msgin5g_message m = decode(body);
        assert_int_equal(m.entries[0].err, MSGIN5G_ERR_MALFORMED);
        assert_str(m.entries[0].message.ori.addr, "im:a@iot.example");
        assert_int_equal(m.entries[0].message.type, MSGIN5G_TYPE_REG);
        assert_int_equal(m.entries[1].err, MSGIN5G_OK);
        msgin5g_message_free(&m);
    }
}

#define LIST(count, list) HEAD("BREG") ORI("gw-9") ",\"indRegCount\":" count ",\"indRegs\":" list "}"

static void wrong_lists(void **state)
{
    (void)state;
    assert_refused(HEAD("BREG") ORI("gw-9") "}", "indRegCount");
    assert_refused(HEAD("BREG") ORI("gw-9") ",\"indRegCount\":1}", "indRegs");
    assert_refused(LIST("0", "[]"), "indRegCount");
    assert_refused(LIST("1001", "[]"), "indRegCount");
    assert_refused(LIST("2", "[" SENS_A "]"), "indRegs");
    assert_refused(LIST("1", SENS_A), "indRegs");
    assert_refused(LIST("1", "[5]"), "indRegs");
    assert_refused(LIST("1", "[{\"msgType\":\"REG\"}]"), "indRegs");
    assert_refused(LIST("1", "[{\"oriAddr\":{\"oriAddrType\":\"AS\",\"addr\":\"im:a\"}}]"), "indRegs");
}

static void responses_that_are_none(void **state)
{
    static const char *const none[] = { "{}", "[]", "{\"indRegCount\":0,\"indRegs\":[]}",
        "{\"indRegCount\":1,\"indRegs\":[{}]}", "{\"indRegCount\":2,\"indRegs\":[{" ORI("a") ",\"result\":true}]}",
        "{\"indRegCount\":1,\"indRegs\":[{" ORI("a") ",\"expectedTime\":5}]}", "{\"indDeregCount\":1}" };
    struct msgin5g_bulk_response response;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(
            msgin5g_bulk_response_decode((const uint8_t *)none[i], strlen(none[i]), &response), MSGIN5G_ERR_MALFORMED);
}

/* @p text with blanks behind it. */
static enum msgin5g_err decode_large(const char *text, size_t octets)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    size_t length = strlen(text);
    char *body = malloc(octets);
    assert_non_null(body);
    for (size_t i = 0; i < octets; i++)
        body[i] = i < length ? text[i] : ' ';
    enum msgin5g_err err = msgin5g_bulk_decode((const uint8_t *)body, octets, &message, NULL, NULL);
    msgin5g_message_free(&message);
    free(body);
    return err;
}

/* EC-22: 256 KiB for a list, 8 KiB for everything else. */
static void limits(void **state)
{
    (void)state;
    assert_int_equal(decode_large(REQUEST, MSGIN5G_BULK_MAX), MSGIN5G_OK);
    assert_int_equal(decode_large(REQUEST, MSGIN5G_BULK_MAX + 1), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    assert_int_equal(decode_large(SENS_B, MSGIN5G_MESSAGE_MAX), MSGIN5G_OK);
    assert_int_equal(decode_large(SENS_B, MSGIN5G_MESSAGE_MAX + 1), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
}

static void assert_round_trip(const char *body)
{
    struct msgin5g_message m = decode(body);
    uint8_t out[512];
    size_t length = 0;
    assert_int_equal(msgin5g_message_encode(&m, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, strlen(body));
    assert_memory_equal(out, body, length);
    msgin5g_message_free(&m);
}

/* TS 24.538 7.3.3.3 to 7.3.3.5, and REG with all that a gateway or a restart has to hand on. */
static void round_trips(void **state)
{
    (void)state;
    assert_round_trip(HEAD("GWREG") ORI("sens-a") "}");
    assert_round_trip(HEAD("GWREG") ORI("sens-a") ",\"oriUEAddr\":" UE("001") ",\"expiredTime\":60}");
    assert_round_trip(HEAD("REGRESP") ORI("sens-a") ",\"result\":true}");
    assert_round_trip(HEAD("REGRESP") ORI("sens-a") ",\"result\":true,\"regExpTime\":60}");
    assert_round_trip(HEAD("REGRESP") ORI("sens-a") ",\"result\":false,\"cause\":\"NOT_AUTHORIZED\"}");
    assert_round_trip(HEAD("DEREGRESP") ORI("sens-a") ",\"result\":false,\"cause\":\"NOT_REGISTERED\"}");
    assert_round_trip(REG("a") ",\"regExpTime\":5,\"urgentTag\":true,\"reqExpTime\":30,\"cliProfile\":{\"triInfo\":"
                               "{\"ueId\":\"tel:1\",\"cliPort\":\"1\"},\"maxSegSize\":64}}");
    assert_round_trip(HEAD("DEREG") ORI("a") ",\"urgentTag\":true,\"reqExpTime\":30}");
    assert_refused(HEAD("REGRESP") ORI("sens-a") "}", "result");
    assert_refused(HEAD("GWREG") ORI("sens-a") ",\"oriUEAddr\":\"tel:1\"}", "oriUEAddr");
    assert_refused(HEAD("GWREG") ORI("sens-a") ",\"expiredTime\":-1}", "expiredTime");
}

static void what_does_not_fit_the_result_is_left_out(void **state)
{
    struct msgin5g_message m =
        decode(HEAD("REGRESP") ORI("a") ",\"result\":false,\"regExpTime\":5,\"cause\":\"NOT_AUTHORIZED\"}");
    (void)state;
    assert_int_equal(m.reg_exp_time_s, MSGIN5G_REG_EXP_TIME_NONE);
    msgin5g_message_free(&m);
    m = decode(HEAD("REGRESP") ORI("a") ",\"result\":true,\"cause\":\"NOT_AUTHORIZED\"}");
    assert_null(m.cause.octets);
    msgin5g_message_free(&m);
}

#define RESPONSE_TO_GWREG(more) "{" ORI("sens-a") "," more "}"

static void gateway_responses(void **state)
{
    static const char good[] = RESPONSE_TO_GWREG("\"result\":true,\"acceptedTime\":600");
    static const char bad[] = RESPONSE_TO_GWREG("\"result\":false,\"failure reason\":\"NOT_AUTHORIZED\"");
    struct msgin5g_reg_response response;
    uint8_t out[256];
    size_t length = 0;
    (void)state;
    assert_int_equal(msgin5g_gwreg_response_decode((const uint8_t *)good, strlen(good), &response), MSGIN5G_OK);
    assert_int_equal(response.reg_exp_time_s, 600);
    assert_int_equal(msgin5g_gwreg_response_encode(&response, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, strlen(good));
    assert_memory_equal(out, good, length);
    msgin5g_reg_response_free(&response);
    assert_int_equal(msgin5g_gwreg_response_decode((const uint8_t *)bad, strlen(bad), &response), MSGIN5G_OK);
    assert_str(response.cause, "NOT_AUTHORIZED");
    assert_int_equal(msgin5g_gwreg_response_encode(&response, out, sizeof out, &length), MSGIN5G_OK);
    assert_memory_equal(out, bad, length);
    msgin5g_reg_response_free(&response);
}

/* 6.3.4.3.1 */
static void held_requests(void **state)
{
    static const char held[] = RESPONSE_TO_GWREG("\"expectedTime\":30");
    struct msgin5g_reg_response response;
    uint8_t out[256];
    size_t length = 0;
    (void)state;
    assert_int_equal(msgin5g_reg_response_decode((const uint8_t *)held, strlen(held), &response), MSGIN5G_OK);
    assert_true(response.deferred);
    assert_int_equal(response.expected_time_s, 30);
    assert_int_equal(msgin5g_reg_response_encode(&response, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, strlen(held));
    assert_memory_equal(out, held, length);
    assert_int_equal(msgin5g_gwreg_response_encode(&response, out, sizeof out, &length), MSGIN5G_ERR_INVALID);
    msgin5g_reg_response_free(&response);
    assert_int_equal(
        msgin5g_gwreg_response_decode((const uint8_t *)held, strlen(held), &response), MSGIN5G_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e16_request),
        cmocka_unit_test(e16_response),
        cmocka_unit_test(bulk_deregistration),
        cmocka_unit_test(wrong_entries),
        cmocka_unit_test(wrong_lists),
        cmocka_unit_test(responses_that_are_none),
        cmocka_unit_test(limits),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(what_does_not_fit_the_result_is_left_out),
        cmocka_unit_test(gateway_responses),
        cmocka_unit_test(held_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
