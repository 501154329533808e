/* Whose UE Service ID is it (TS 33.501 Y.2): bindings and the template of labs. */
#include "identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SUPI "imsi-001010000000001"
#define GPSI "msisdn-8613800000001"

static struct msgin5g_service_id id_of(const char *text)
{
    struct msgin5g_service_id id;
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str(text), &id), MSGIN5G_OK);
    return id;
}

static bool owns(const struct identity_map *map, const char *identity, const char *text)
{
    struct msgin5g_service_id id = id_of(text);
    return identity_owns(map, identity, &id);
}

static bool known(const struct identity_map *map, const char *text)
{
    struct msgin5g_service_id id = id_of(text);
    return identity_known(map, &id);
}

static struct identity_map *create(struct binding_config *bindings, size_t count, char *text)
{
    struct server_config config = { .bindings = { bindings, count }, .binding_template = text };
    struct identity_map *map = NULL;
    assert_int_equal(identity_map_create(&config, &map), MSGIN5G_OK);
    return map;
}

static void test_bindings(void **state)
{
    (void)state;
    char supi[] = SUPI, gpsi[] = GPSI, first[] = "IM:meter@IoT.example", second[] = "im:valve@iot.example", none[] = "";
    char *of_supi[] = { first, second }, *of_gpsi[] = { first };
    struct binding_config bindings[] = { { supi, { of_supi, 2 }, { 0 } }, { gpsi, { of_gpsi, 1 }, { 0 } } };
    struct identity_map *map = create(bindings, 2, none);
    assert_true(owns(map, SUPI, "im:meter@iot.example")); /* canonical form: scheme and domain in lower case */
    assert_true(owns(map, SUPI, "im:valve@iot.example"));
    assert_true(owns(map, GPSI, "im:meter@iot.example")); /* one ID may have several owners */
    assert_false(owns(map, GPSI, "im:valve@iot.example"));
    assert_false(owns(map, SUPI, "im:Meter@iot.example"));
    assert_false(owns(map, "imsi-00101000000000", "im:meter@iot.example"));
    assert_false(owns(map, "", "im:meter@iot.example"));
    assert_true(known(map, "im:valve@iot.example"));
    assert_false(known(map, "im:valve@iot.exampl"));
    identity_map_free(map);
}

/* TS 33.501 Y.6: a gateway speaks for the UEs behind it, and for nobody else. */
static void test_gateways(void **state)
{
    (void)state;
    char supi[] = SUPI, gpsi[] = GPSI, own[] = "im:gw@iot.example", other[] = "im:valve@iot.example";
    char sensor[] = "im:Sens-a@IoT.example", none[] = "";
    char *of_supi[] = { own }, *behind[] = { sensor }, *of_gpsi[] = { other };
    struct binding_config bindings[] = { { supi, { of_supi, 1 }, { behind, 1 } }, { gpsi, { of_gpsi, 1 }, { 0 } } };
    struct identity_map *map = create(bindings, 2, none);
    struct msgin5g_service_id first;
    assert_true(identity_is_gateway(map, SUPI));
    assert_false(identity_is_gateway(map, GPSI));
    assert_false(identity_is_gateway(map, ""));
    assert_true(owns(map, SUPI, "im:Sens-a@iot.example"));
    assert_false(owns(map, GPSI, "im:Sens-a@iot.example"));
    assert_true(known(map, "im:Sens-a@iot.example"));
    assert_true(identity_first(map, SUPI, &first)); /* its own one, not that of somebody behind it */
    assert_string_equal(first.text, "im:gw@iot.example");
    identity_map_free(map);
}

static void test_template(void **state)
{
    (void)state;
    char text[] = "IM:ue-{digits}@LAB.example";
    struct identity_map *map = create(NULL, 0, text);
    assert_true(owns(map, SUPI, "im:ue-001010000000001@lab.example"));
    assert_false(owns(map, SUPI, "im:ue-001010000000002@lab.example"));
    assert_false(owns(map, GPSI, "im:ue-8613800000001@lab.example")); /* IMSIs alone */
    assert_true(known(map, "im:ue-12345@lab.example"));
    assert_false(known(map, "im:ue-1234@lab.example"));
    assert_false(known(map, "im:ue-1234567890123456@lab.example"));
    assert_false(known(map, "im:ue-12345x@lab.example"));
    assert_false(known(map, "im:ue-@lab.example"));
    assert_false(known(map, "im:ue-12345@lab.example.org"));
    identity_map_free(map);
}

static void test_templates_that_are_none(void **state)
{
    (void)state;
    assert_true(identity_template_valid(""));
    assert_true(identity_template_valid("im:{digits}@lab.example"));
    assert_false(identity_template_valid("im:ue@lab.example"));
    assert_false(identity_template_valid("{digits}"));
    assert_false(identity_template_valid("im:{digits}{digits}@lab.example"));
    assert_false(identity_template_valid("im: {digits}@lab.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bindings),
        cmocka_unit_test(test_gateways),
        cmocka_unit_test(test_template),
        cmocka_unit_test(test_templates_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
