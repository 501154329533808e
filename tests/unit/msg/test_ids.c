/* Service IDs (TS 23.554 6.1, EC-20) and UUIDs (RFC 4122). */
#include "msgin5g/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void service_id_becomes_canonical(void **state)
{
    static const struct {
        const char *text;
        const char *canonical;
        const char *domain; /* NULL: none */
    } cases[] = {
        { "im:meter-0001@iot.example", "im:meter-0001@iot.example", "iot.example" },
        { "IM:Meter-0001@IoT.Example", "im:Meter-0001@iot.example", "iot.example" },
        { "sip:a@b@Home.Example", "sip:a@b@home.example", "home.example" },
        { "sip:a@Home.Example:5061;transport=TCP", "sip:a@home.example:5061;transport=TCP", "home.example" },
        { "xmpp:a@Home.Example/Desk", "xmpp:a@home.example/Desk", "home.example" },
        { "im:a@Home.Example?to=B@Evil.Example", "im:a@home.example?to=B@Evil.Example", "home.example" },
        { "im:a?to=B@Evil.Example", "im:a?to=B@Evil.Example", NULL },
        { "HTTPS://User@Host.Example:8443/Path@X", "https://User@host.example:8443/Path@X", "host.example" },
        { "coaps://[2001:DB8::1]:5684/x", "coaps://[2001:db8::1]:5684/x", "[2001:db8::1]" },
        { "file:///etc", "file:///etc", NULL },
        { "tel:+861380000001", "tel:+861380000001", NULL },
        { "urn:uuid:4F6D2A10", "urn:uuid:4F6D2A10", NULL },
        { "im:%41b@x", "im:%41b@x", "x" },
        { "im:a@", "im:a@", NULL },
        { "a+b-c.1:x", "a+b-c.1:x", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct msgin5g_service_id id;
        assert_int_equal(msgin5g_service_id_parse(msgin5g_str(cases[i].text), &id), MSGIN5G_OK);
        assert_string_equal(id.text, cases[i].canonical);
        assert_int_equal(id.length, strlen(cases[i].canonical));
        assert_true(msgin5g_str_equal(msgin5g_service_id_domain(&id), msgin5g_str(cases[i].domain)));
    }
}

static void service_id_is_refused(void **state)
{
    static const char *const cases[] = { "", "im:", ":a@b", "meter@iot.example", "meter", "1m:a@b", "-m:a@b", "i m:a@b",
        "im:a b", "im:a\tb", "im:a\nb", "im:a\x7f", "im:\xC3\xA9@x", "im:a#b", "im:a%", "im:a%4", "im:a%4g", "im:a%g4",
        "im:\"a\"", "im:<a>", "im:a\\b", "im:a^b", "im:a`b", "im:{a}", "im:a|b", "/im:a", "i/m:a",
        "coaps://[2001:db8::1", "coaps://2001]", "coaps://[]", "coaps://[::1]/]", "im:[a]@b", "im:a@[b]" };
    struct msgin5g_service_id id;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(msgin5g_service_id_parse(msgin5g_str(cases[i]), &id), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(msgin5g_service_id_parse((struct msgin5g_str){ "im:a\0b@x", 8 }, &id), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(msgin5g_service_id_parse((struct msgin5g_str){ NULL, 0 }, &id), MSGIN5G_ERR_MALFORMED);
}

static void service_id_length_has_a_limit(void **state)
{
    char text[MSGIN5G_SERVICE_ID_MAX + 2];
    struct msgin5g_service_id id;
    (void)state;
    memset(text, 'a', sizeof text);
    text[2] = ':';
    assert_int_equal(msgin5g_service_id_parse((struct msgin5g_str){ text, MSGIN5G_SERVICE_ID_MAX }, &id), MSGIN5G_OK);
    assert_int_equal(id.length, MSGIN5G_SERVICE_ID_MAX);
    assert_int_equal(id.text[MSGIN5G_SERVICE_ID_MAX], '\0');
    assert_int_equal(
        msgin5g_service_id_parse((struct msgin5g_str){ text, MSGIN5G_SERVICE_ID_MAX + 1 }, &id), MSGIN5G_ERR_MALFORMED);
}

static void strings_compare_by_octets(void **state)
{
    (void)state;
    assert_true(msgin5g_str_equal(msgin5g_str("abc"), (struct msgin5g_str){ "abcd", 3 }));
    assert_false(msgin5g_str_equal(msgin5g_str("abc"), msgin5g_str("abd")));
    assert_false(msgin5g_str_equal(msgin5g_str("abc"), msgin5g_str("ab")));
    assert_true(msgin5g_str_equal(msgin5g_str(NULL), msgin5g_str(NULL)));
    assert_null(msgin5g_str(NULL).octets);
    assert_true(msgin5g_str_equal((struct msgin5g_str){ "a\0b", 3 }, (struct msgin5g_str){ "a\0b", 3 }));
    assert_false(msgin5g_str_equal((struct msgin5g_str){ "a\0b", 3 }, (struct msgin5g_str){ "a\0c", 3 }));
}

static void uuid_has_one_form(void **state)
{
    static const char *const wrong[] = { "", "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5",
        "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5ff", "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5g",
        "4f6d2a1005b1f-4d2c-9b9f-0a1d2c3b4e5f", "4f6d2a1-05b1f-4d2c-9b9f-0a1d2c3b4e5f",
        "{f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5}", "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5\n" };
    (void)state;
    assert_true(msgin5g_uuid_valid(msgin5g_str("4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f")));
    assert_true(msgin5g_uuid_valid(msgin5g_str("4F6D2A10-5B1F-4D2C-9B9F-0A1D2C3B4E5F")));
    assert_true(msgin5g_uuid_valid(msgin5g_str("00000000-0000-0000-0000-000000000000")));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(msgin5g_uuid_valid(msgin5g_str(wrong[i])));
}

static void uuid_is_version_4(void **state)
{
    unsigned char octets[16];
    char text[MSGIN5G_UUID_LEN + 1];
    (void)state;
    for (unsigned int i = 0; i < 16; i++)
        octets[i] = (unsigned char)(i * 17);
    msgin5g_uuid_format(octets, text);
    assert_string_equal(text, "00112233-4455-4677-8899-aabbccddeeff");
    memset(octets, 0xFF, sizeof octets);
    msgin5g_uuid_format(octets, text);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    memset(octets, 0, sizeof octets);
    msgin5g_uuid_format(octets, text);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
    assert_true(msgin5g_uuid_valid(msgin5g_str(text)));
}

static void topic_fits_into_a_path(void **state)
{
    static const char *const good[] = { "alarms", "plant 7/pumps", "\xc3\xbc", "...", ".a", "a.b/c" };
    static const char *const bad[] = { "", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a\x01", "\x7f", "\xff" };
    char longest[MSGIN5G_TOPIC_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(msgin5g_topic_valid(msgin5g_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(msgin5g_topic_valid(msgin5g_str(bad[i])));
    memset(longest, 'x', sizeof longest);
    assert_true(msgin5g_topic_valid((struct msgin5g_str){ longest, MSGIN5G_TOPIC_MAX }));
    assert_false(msgin5g_topic_valid((struct msgin5g_str){ longest, MSGIN5G_TOPIC_MAX + 1 }));
    assert_false(msgin5g_topic_valid((struct msgin5g_str){ "a\0b", 3 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_id_becomes_canonical),
        cmocka_unit_test(service_id_is_refused),
        cmocka_unit_test(service_id_length_has_a_limit),
        cmocka_unit_test(strings_compare_by_octets),
        cmocka_unit_test(uuid_has_one_form),
        cmocka_unit_test(uuid_is_version_4),
        cmocka_unit_test(topic_fits_into_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
