/* Base64url: the vectors of RFC 4648 clause 10 without padding, the alphabet's end, and strictness. */
#include "base/base64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_vectors(void **state)
{
    static const struct {
        const char *octets, *text;
    } rows[] = {
        { "", "" },
        { "f", "Zg" },
        { "fo", "Zm8" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg" },
        { "fooba", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy" },
        { "\xfb\xff\xbf", "-_-_" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[16];
        uint8_t octets[8];
        size_t length = 99;
        base64url_encode(rows[i].octets, strlen(rows[i].octets), text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(strlen(text), BASE64URL_LEN(strlen(rows[i].octets)));
        assert_int_equal(base64url_decode(msgin5g_str(text), octets, sizeof octets, &length), MSGIN5G_OK);
        assert_int_equal(length, strlen(rows[i].octets));
        assert_memory_equal(octets, rows[i].octets, length);
    }
}

static void test_refused(void **state)
{
    static const char *const rows[] = { "Z", "Zg==", "Zm9v\n", "Zm 9", "Zh", "Zm9", "+/+/", "Zm9vY" };
    uint8_t octets[16];
    size_t length;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(base64url_decode(msgin5g_str(rows[i]), octets, sizeof octets, &length), MSGIN5G_ERR_MALFORMED);
}

static void test_capacity(void **state)
{
    uint8_t octets[4];
    size_t length;
    (void)state;
    assert_int_equal(base64url_decode(msgin5g_str("Zm9vYg"), octets, 4, &length), MSGIN5G_OK);
    assert_int_equal(base64url_decode(msgin5g_str("Zm9vYg"), octets, 3, &length), MSGIN5G_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
