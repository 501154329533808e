/* The server's address as applications write it. */
#include "server_uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void takes(void **state)
{
    static const struct {
        const char *text, *host, *address;
        uint16_t port;
        const char *path;
        enum transport_scheme scheme;
    } rows[] = {
        { "coap://127.0.0.1", "127.0.0.1", "127.0.0.1", 5683, "msgin5g", TRANSPORT_OSCORE },
        { "coap://[::1]:7/x", "::1", "::1", 7, "x", TRANSPORT_OSCORE },
        { "coaps+tcp://127.0.0.1", "127.0.0.1", "127.0.0.1", 5684, "msgin5g", TRANSPORT_COAPS_TCP },
        { "coaps+tcp://[::1]:7/x", "::1", "::1", 7, "x", TRANSPORT_COAPS_TCP },
        { "coaps://127.0.0.1:5685", "127.0.0.1", "127.0.0.1", 5685, "msgin5g", TRANSPORT_COAPS },
        { "coaps://127.0.0.1", "127.0.0.1", "127.0.0.1", 5684, "msgin5g", TRANSPORT_COAPS },
        { "coaps://localhost:1", "localhost", "127.0.0.1", 1, "msgin5g", TRANSPORT_COAPS },
        { "coaps://localhost/", "localhost", "127.0.0.1", 5684, "msgin5g", TRANSPORT_COAPS },
        { "coaps://localhost:65535/a/b", "localhost", "127.0.0.1", 65535, "a/b", TRANSPORT_COAPS },
        { "coaps://[::1]:7", "::1", "::1", 7, "msgin5g", TRANSPORT_COAPS },
        { "coaps://[2001:db8::2]", "2001:db8::2", "2001:db8::2", 5684, "msgin5g", TRANSPORT_COAPS },
        { "coaps://[::1]/x", "::1", "::1", 5684, "x", TRANSPORT_COAPS },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct server_uri uri;

        if (server_uri_parse(rows[i].text, &uri) != MSGIN5G_OK)
            fail_msg("%s was refused", rows[i].text);
        assert_int_equal(uri.scheme, rows[i].scheme);
        assert_string_equal(uri.host, rows[i].host);
        assert_string_equal(uri.address, rows[i].address);
        assert_int_equal(uri.port, rows[i].port);
        assert_string_equal(uri.path, rows[i].path);
    }
}

static void refuses(void **state)
{
    static const char *const texts[] = { "", "coaps", "coaps:", "coaps://", "coaps:///", "coaps://:5684", "coap://",
        "coap+tcp://127.0.0.1", "coaps+tcp://", "coaps+udp://127.0.0.1", "COAPS://127.0.0.1", "https://127.0.0.1",
        "coaps://server.example", "coaps://127.0.0.1:", "coaps://127.0.0.1:0", "coaps://127.0.0.1:65536",
        "coaps://127.0.0.1:99999999999999999999", "coaps://127.0.0.1:+5", "coaps://127.0.0.1: 5",
        "coaps://127.0.0.1:-1", "coaps://127.0.0.1:5x", "coaps://127.0.0.1:5684x/y", "coaps://127.0.0.1/a?b",
        "coaps://127.0.0.1/a#b", "coaps://127.0.0.1/a%2fb", "coaps://[::1", "coaps://[]", "coaps://::1",
        "coaps://[::1]x", "coaps://[127.0.0.1.2]", "coaps://256.0.0.1" };
    struct server_uri uri;
    char text[600];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (server_uri_parse(texts[i], &uri) != MSGIN5G_ERR_INVALID)
            fail_msg("%s was taken", texts[i]);
    strcpy(text, "coaps://localhost/");
    memset(text + strlen(text), 'a', 64);
    text[strlen("coaps://localhost/") + 64] = '\0';
    assert_int_equal(server_uri_parse(text, &uri), MSGIN5G_ERR_INVALID);
    text[strlen(text) - 1] = '\0';
    assert_int_equal(server_uri_parse(text, &uri), MSGIN5G_OK);
    memset(text + 8, '1', 500);
    text[508] = '\0';
    assert_int_equal(server_uri_parse(text, &uri), MSGIN5G_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes),
        cmocka_unit_test(refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
