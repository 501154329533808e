/* UE configurations: the JSON both ways, the CBOR octet by octet (TS 24.546 C.3, RFC 8949). */
#include "seal/ue_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct seal_ue_config sample(void)
{
    return (struct seal_ue_config){ .service_domain = msgin5g_str("x"),
        .val_service_id = msgin5g_str("s"),
        .ue_id = msgin5g_str("u"),
        .server_address = msgin5g_str("coaps://h?a&b"),
        .ue_service_id = msgin5g_str("im:1@x"),
        .segment_size = 512 };
}

static void test_json_both_ways(void **state)
{
    static const char expected[] =
        "{\"ueServiceId\":\"im:1@x\",\"serverAddress\":\"coaps://h?a&b\",\"segmentSize\":512}";
    struct seal_ue_config config = sample(), read;
    uint8_t out[256];
    size_t length;
    (void)state;
    assert_int_equal(seal_ue_config_encode_json(&config, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof expected - 1);
    assert_memory_equal(out, expected, length);
    assert_int_equal(seal_ue_config_decode_json(out, length, &read), MSGIN5G_OK);
    assert_true(msgin5g_str_equal(read.ue_service_id, config.ue_service_id));
    assert_true(msgin5g_str_equal(read.server_address, config.server_address));
    assert_int_equal(read.segment_size, 512);
    seal_ue_config_free(&read);
    assert_int_equal(seal_ue_config_encode_json(&config, out, 20, &length), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
}

static void test_json_refused(void **state)
{
    static const char *const bodies[] = { "", "[]", "{", "{}", "{\"ueServiceId\":\"a\"}",
        "{\"ueServiceId\":\"\",\"serverAddress\":\"b\"}", "{\"ueServiceId\":1,\"serverAddress\":\"b\"}",
        "{\"ueServiceId\":\"a\",\"serverAddress\":\"b\",\"segmentSize\":0}",
        "{\"ueServiceId\":\"a\",\"serverAddress\":\"b\",\"segmentSize\":1.5}",
        "{\"ueServiceId\":\"a\",\"serverAddress\":\"b\",\"segmentSize\":1e99}" };
    struct seal_ue_config read;
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (seal_ue_config_decode_json((const uint8_t *)bodies[i], strlen(bodies[i]), &read) != MSGIN5G_ERR_MALFORMED)
            fail_msg("%s was taken", bodies[i]);
    }
}

/* 81 A4: an array of one map of four pairs; what the addresses hold is escaped in the XML. */
static void test_cbor(void **state)
{
    static const uint8_t head[] = "\x81\xA4\x70"
                                  "valServiceDomain"
                                  "\x61x\x6C"
                                  "valServiceId"
                                  "\x61s\x68"
                                  "valUeIds"
                                  "\xA1\x64uris\x81\x61u\x69"
                                  "ueConfigs"
                                  "\x81\xA2\x6A"
                                  "configType\x6AON_NETWORK\x6A"
                                  "configData\x79";
    struct seal_ue_config config = sample();
    uint8_t out[1024];
    size_t length;
    (void)state;
    assert_int_equal(seal_ue_config_encode_cbor(&config, out, sizeof out - 1, &length), MSGIN5G_OK);
    assert_memory_equal(out, head, sizeof head - 1);
    out[length] = '\0';
    const char *xml = (const char *)out + sizeof head - 1 + 2;
    assert_non_null(strstr(xml, ">coaps://h?a&amp;b</MSGin5G-Server-address>"));
    assert_non_null(strstr(xml, ">im:1@x</MSGin5G-UE-Service-id>"));
    assert_non_null(strstr(xml, ">512</Segment-size>"));
    assert_int_equal(seal_ue_config_encode_cbor(&config, out, 100, &length), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    config.segment_size = 0;
    assert_int_equal(seal_ue_config_encode_cbor(&config, out, sizeof out - 1, &length), MSGIN5G_OK);
    out[length] = '\0';
    assert_null(strstr((const char *)out + sizeof head - 1 + 2, "Segment-size"));
}

static void test_problem(void **state)
{
    uint8_t out[32];
    size_t length;
    (void)state;
    assert_int_equal(seal_problem_encode("no", out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, 5);
    assert_memory_equal(out, "\xA1\x20\x62no", 5);
    assert_int_equal(seal_problem_encode("no", out, 3, &length), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_both_ways),
        cmocka_unit_test(test_json_refused),
        cmocka_unit_test(test_cbor),
        cmocka_unit_test(test_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
