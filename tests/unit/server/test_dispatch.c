/* What a CoAP request must look like to be taken, and the codes of EC-4 for those that are not. */
#include "fake_ues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REG                                                                                                            \
    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"REG\","                                                           \
    "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"}}"
#define MSG_START                                                                                                      \
    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSG\","                                                           \
    "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"                                           \
    "\"msgId\":\"4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f\""

static int post_to(struct fake_ues *ues, const char *path)
{
    struct incoming incoming = { .method = TRANSPORT_POST,
        .path = path,
        .format = TRANSPORT_FORMAT_JSON,
        .body = msgin5g_str(REG),
        .confirmable = true };
    return fake_ues_request(ues, 0, &incoming);
}

#define OTHER_SERVICE "{\"msgIden\":\"urn:other\",\"msgType\":\"REG\"}"
#define OTHER_TYPE    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"WHAT\"}"
#define NO_URI                                                                                                         \
    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"REG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"no uri\"}}"

/* EC-1 */
static void test_paths(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(post_to(ues, "msgin5g"), 201);
    assert_int_equal(post_to(ues, ""), 204);
    assert_int_equal(post_to(ues, "coaps://msgin5g.lab.example"), 204);
    assert_int_equal(post_to(ues, "coaps://MSGIN5G.lab.example:5684/msgin5g"), 204);
    assert_int_equal(post_to(ues, "coap://msgin5g.lab.example/"), 204);
    assert_int_equal(post_to(ues, "other"), 404);
    assert_int_equal(post_to(ues, "msgin5g/alarms"), 404);
    assert_int_equal(post_to(ues, "coaps://other.lab.example/msgin5g"), 404);
    assert_int_equal(post_to(ues, "coaps://msgin5g.lab.example/other"), 404);
    assert_int_equal(post_to(ues, "http://msgin5g.lab.example/"), 404);
    assert_int_equal(post_to(ues, NULL), 404);
}

static void test_methods(void **state)
{
    struct incoming incoming = { .method = TRANSPORT_GET,
        .path = "msgin5g",
        .format = TRANSPORT_FORMAT_JSON,
        .body = msgin5g_str(REG),
        .confirmable = true };
    assert_int_equal(fake_ues_request(*state, 0, &incoming), 404);
    incoming.method = TRANSPORT_PUT;
    assert_int_equal(fake_ues_request(*state, 0, &incoming), 405);
    incoming.method = TRANSPORT_DELETE;
    assert_int_equal(fake_ues_request(*state, 0, &incoming), 405);
}

static void test_content_formats(void **state)
{
    struct incoming incoming = {
        .method = TRANSPORT_POST, .path = "msgin5g", .format = 60, .body = msgin5g_str(REG), .confirmable = true
    };
    assert_int_equal(fake_ues_request(*state, 0, &incoming), 415);
    incoming.format = TRANSPORT_FORMAT_NONE;
    assert_int_equal(fake_ues_request(*state, 0, &incoming), 201);
}

static void test_bodies_that_are_none_of_ours(void **state)
{
    static const char *const bodies[] = { "", "{", "[]", "null", "{}", OTHER_SERVICE, OTHER_TYPE, NO_URI };
    struct fake_ues *ues = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(fake_ues_post(ues, 0, bodies[i]), 400);
        assert_int_equal(ues->answer.format, TRANSPORT_FORMAT_NONE);
        assert_true(ues->answer.length > 0); /* says why */
    }
    assert_int_equal(ues->sent_count, 0);
}

static void test_ue_sends_no_message_response(void **state)
{
    assert_int_equal(fake_ues_post(*state, 0,
                         "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSGRESP\","
                         "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"
                         "\"msgId\":\"4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f\",\"DelSta\":\"failure\"}"),
        400);
}

/* Who it is from can be read: its registered UE is told in a MSGRESP as well. */
static void test_malformed_message_of_a_registered_ue(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 0, MSG_START "}"), 400);
    assert_int_equal(ues->sent_count, 0);
    fake_ues_register(ues, 0);
    assert_int_equal(fake_ues_post(ues, 0, MSG_START "}"), 400);
    assert_int_equal(ues->sent_count, 1);
    assert_non_null(strstr(ues->sent[0].body, "\"Cause\":\"MALFORMED\""));
    fake_ues_register(ues, 1);
    assert_int_equal(fake_ues_post(ues, 1, MSG_START "}"), 400);
    assert_int_equal(ues->sent_count, 1);
}

static void test_payload_that_is_too_large(void **state)
{
    struct fake_ues *ues = *state;
    char payload[MSGIN5G_PAYLOAD_MAX + 2], json[4096];
    memset(payload, 'a', sizeof payload);
    fake_ues_register(ues, 0);
    fake_ues_register(ues, 1);
    for (size_t length = MSGIN5G_PAYLOAD_MAX; length <= MSGIN5G_PAYLOAD_MAX + 1; length++) {
        snprintf(json, sizeof json,
            MSG_START ",\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"},\"payload\":\"%.*s\"}",
            (int)length, payload);
        assert_int_equal(fake_ues_post(ues, 0, json), length == MSGIN5G_PAYLOAD_MAX ? 204 : 413);
    }
    assert_int_equal(ues->sent_count, 2);
    assert_non_null(strstr(ues->sent[1].body, "PAYLOAD_TOO_LARGE"));
}

static void test_rate_limit(void **state)
{
    struct fake_ues *ues = *state;
    for (int i = 0; i < 200; i++)
        assert_int_not_equal(fake_ues_post(ues, 0, REG), 429);
    assert_int_equal(fake_ues_post(ues, 0, REG), 429);
    assert_int_equal(ues->answer.max_age_s, 1);
    assert_int_equal(fake_ues_post(ues, 1, REG), 403); /* others are not affected */
    fake_ues_wait_s(ues, 1);
    assert_int_equal(fake_ues_post(ues, 0, REG), 204);
}

static void test_requests_are_counted(void **state)
{
    struct fake_ues *ues = *state;
    struct buffer text;
    fake_ues_post(ues, 0, REG);
    fake_ues_post(ues, 0, REG);
    fake_ues_post(ues, 0, "{}");
    buffer_init(&text, 1 << 16);
    assert_int_equal(metrics_render(ues->registry, &text), MSGIN5G_OK);
    assert_int_equal(buffer_append(&text, "", 1), MSGIN5G_OK);
    assert_non_null(strstr((char *)text.data, "msgin5g_requests_total{type=\"REG\",result=\"OK\"} 2\n"));
    assert_non_null(strstr((char *)text.data, "msgin5g_requests_total{type=\"other\",result=\"MALFORMED\"} 1\n"));
    assert_non_null(strstr((char *)text.data, "msgin5g_registrations 1\n"));
    buffer_free(&text);
}

/* Of all UEs together: shed before it is read, so that even what is no message costs little. */
static void test_limit_of_all(void **state)
{
    struct fake_ues *ues = *state;
    for (int i = 0; i < 300; i++)
        assert_int_equal(fake_ues_post(ues, (size_t)i % 3, "}{"), 400);
    assert_int_equal(fake_ues_post(ues, 2, "}{"), 503);
    assert_int_equal(ues->answer.max_age_s, 10);
    fake_ues_wait_s(ues, 1);
    assert_int_equal(fake_ues_post(ues, 2, "}{"), 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_ues_set_up, fake_ues_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_paths),
        TEST(test_methods),
        TEST(test_content_formats),
        TEST(test_bodies_that_are_none_of_ours),
        TEST(test_ue_sends_no_message_response),
        TEST(test_malformed_message_of_a_registered_ue),
        TEST(test_payload_that_is_too_large),
        TEST(test_rate_limit),
        TEST(test_limit_of_all),
        TEST(test_requests_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
