/* Rows, templates, and what a handler sees of the path. */
#include "request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void nobody(void *ctx, struct http_request *request)
{
    (void)ctx, (void)request;
}

static const struct http_route routes[] = {
    { "POST", "/v1/retrieve", "scope-a", nobody },
    { "GET", "/v1/things", NULL, nobody },
    { "POST", "/v1/things", NULL, nobody },
    { "GET", "/v1/things/{thingId}", NULL, nobody },
    { "PUT", "/v1/things/{thingId}/parts/{partId}", NULL, nobody },
    { "GET", "/v1/things/special", NULL, nobody }, /* never reached: the row with braces comes first */
    { "OPTIONS", "*", NULL, nobody },
    { NULL, NULL, NULL, NULL },
};

static struct http_request *find(const char *method, const char *target)
{
    struct http_request *request = request_new();
    assert_non_null(request);
    request_reset(request, 4096, 0);
    request_set_method(request, msgin5g_str(method));
    request_set_target(request, msgin5g_str(target));
    assert_int_equal(request->refused, 0);
    route_find(request, routes);
    return request;
}

static void matches(const char *method, const char *target, enum http_match match, size_t row)
{
    struct http_request *request = find(method, target);
    assert_int_equal(http_request_match(request), match);
    assert_ptr_equal(http_request_route(request), match == HTTP_MATCH_ROUTE ? &routes[row] : NULL);
    request_free(request);
}

static void test_rows(void **state)
{
    (void)state;
    matches("POST", "/v1/retrieve", HTTP_MATCH_ROUTE, 0);
    matches("POST", "/v1/retrieve?a=b", HTTP_MATCH_ROUTE, 0);
    matches("GET", "/v1/retrieve", HTTP_MATCH_OTHER_METHOD, 0);
    matches("GET", "/v1/things", HTTP_MATCH_ROUTE, 1);
    matches("POST", "/v1/things", HTTP_MATCH_ROUTE, 2);
    matches("DELETE", "/v1/things", HTTP_MATCH_OTHER_METHOD, 0);
    matches("GET", "/v1/things/7", HTTP_MATCH_ROUTE, 3);
    matches("GET", "/v1/things/special", HTTP_MATCH_ROUTE, 3);
    matches("PUT", "/v1/things/7/parts/8", HTTP_MATCH_ROUTE, 4);
    matches("OPTIONS", "*", HTTP_MATCH_ROUTE, 6);
}

static void test_what_is_no_match(void **state)
{
    static const char *const targets[] = { "/", "/v1", "/v1/", "/v1/things/", "/v1/retrieve/", "//v1/retrieve",
        "/v1//retrieve", "/V1/retrieve", "/v1/retrievex", "/v1/things/7/parts", "/v1/things/7/parts/",
        "/v1/things/7/parts/8/9", "/v1/things//parts/8", "/v1/%72etrieve" };
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        matches("POST", targets[i], HTTP_MATCH_NONE, 0);
}

static void test_params_are_decoded(void **state)
{
    struct http_request *request = find("PUT", "/v1/things/a%20b%2fc/parts/%C3%A9?x");
    (void)state;
    assert_int_equal(request->refused, 0);
    assert_string_equal(http_request_param(request, "thingId").octets, "a b/c");
    assert_int_equal(http_request_param(request, "thingId").length, 5);
    assert_string_equal(http_request_param(request, "partId").octets, "\xc3\xa9");
    assert_null(http_request_param(request, "thing").octets);
    assert_string_equal(http_request_path(request).octets, "/v1/things/a%20b%2fc/parts/%C3%A9");
    assert_string_equal(http_request_query(request).octets, "x");
    request_free(request);
}

static void test_query_and_its_absence(void **state)
{
    struct http_request *with = find("GET", "/v1/things?");
    struct http_request *without = find("GET", "/v1/things");
    (void)state;
    assert_non_null(http_request_query(with).octets);
    assert_int_equal(http_request_query(with).length, 0);
    assert_null(http_request_query(without).octets);
    request_free(with);
    request_free(without);
}

static void test_long_params_move_the_block(void **state)
{
    char target[3000] = "/v1/things/";
    (void)state;
    memset(target + strlen(target), 'y', 2000);
    memcpy(target + strlen(target), "/parts/end", sizeof "/parts/end");
    struct http_request *request = find("PUT", target);
    assert_int_equal(http_request_param(request, "thingId").length, 2000);
    assert_string_equal(http_request_param(request, "partId").octets, "end");
    request_free(request);
}

static void test_percent_decode(void **state)
{
    static const struct {
        const char *text;
        long length;
    } rows[] = { { "abc", 3 }, { "%41b", 2 }, { "%", -1 }, { "%4", -1 }, { "%4g", -1 }, { "%g4", -1 }, { "%00", -1 },
        { "", 0 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[8] = "";
        memcpy(text, rows[i].text, strlen(rows[i].text));
        assert_int_equal(percent_decode(text, strlen(text)), rows[i].length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_what_is_no_match),
        cmocka_unit_test(test_params_are_decoded),
        cmocka_unit_test(test_query_and_its_absence),
        cmocka_unit_test(test_long_params_move_the_block),
        cmocka_unit_test(test_percent_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
