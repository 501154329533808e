/* Requests of one client: by certificate or address, over all its connections, remembered when it left, bounded. */
#include "quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct tls_peer_names names;

static struct peer peer(const char *remote, const char *name)
{
    struct peer made = { .references = 1, .names = name != NULL ? &names : NULL };
    (void)snprintf(made.remote, sizeof made.remote, "%s", remote);
    names.count = 1;
    (void)snprintf(names.names[0], sizeof names.names[0], "%s", name != NULL ? name : "");
    return made;
}

static struct quota_client *enter(struct quota *quota, const char *remote, const char *name)
{
    const struct peer made = peer(remote, name);
    struct quota_client *client = quota_enter(quota, &made);
    assert_non_null(client);
    return client;
}

static void test_burst_and_rate(void **state)
{
    struct quota *quota;
    (void)state;
    assert_int_equal(quota_create(2, 4, 8, &quota), MSGIN5G_OK);
    struct quota_client *client = enter(quota, "192.0.2.1:1000", NULL);
    for (int i = 0; i < 4; i++)
        assert_true(quota_take(quota, client, 1000));
    assert_false(quota_take(quota, client, 1000));
    assert_false(quota_take(quota, client, 1499));
    assert_true(quota_take(quota, client, 1500));
    assert_false(quota_take(quota, client, 1500));
    quota_leave(quota, client);
    quota_free(quota);
}

static void test_who_is_one_client(void **state)
{
    static const struct {
        const char *remote, *name, *other_remote, *other_name;
        bool same;
    } rows[] = {
        { "192.0.2.1:1000", NULL, "192.0.2.1:2000", NULL, true },
        { "192.0.2.1:1000", NULL, "192.0.2.2:1000", NULL, false },
        { "192.0.2.1:1000", "af.example", "192.0.2.2:1000", "af.example", true },
        { "192.0.2.1:1000", "af.example", "192.0.2.1:1000", "other.example", false },
        { "192.0.2.1:1000", "af.example", "192.0.2.1:1000", NULL, false },
        { "[2001:db8::1]:1", NULL, "[2001:db8::2]:1", NULL, true },
        { "[2001:db8::1]:1", NULL, "[2001:db8:0:1::1]:1", NULL, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct quota *quota;
        assert_int_equal(quota_create(1, 1, 8, &quota), MSGIN5G_OK);
        struct quota_client *one = enter(quota, rows[i].remote, rows[i].name);
        struct quota_client *other = enter(quota, rows[i].other_remote, rows[i].other_name);
        assert_true((one == other) == rows[i].same);
        quota_leave(quota, one);
        quota_leave(quota, other);
        quota_free(quota);
    }
}

/* A new connection brings no new burst; those who left first are forgotten first. */
static void test_remembered_and_bounded(void **state)
{
    struct quota *quota;
    (void)state;
    assert_int_equal(quota_create(1, 1, 2, &quota), MSGIN5G_OK);
    struct quota_client *client = enter(quota, "192.0.2.1:1", NULL);
    assert_true(quota_take(quota, client, 0));
    quota_leave(quota, client);
    client = enter(quota, "192.0.2.1:2", NULL);
    assert_false(quota_take(quota, client, 0));
    quota_leave(quota, client);
    quota_leave(quota, enter(quota, "192.0.2.2:1", NULL));
    quota_leave(quota, enter(quota, "192.0.2.3:1", NULL));
    client = enter(quota, "192.0.2.1:3", NULL); /* was forgotten */
    assert_true(quota_take(quota, client, 0));
    quota_leave(quota, client);
    quota_free(quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_and_rate),
        cmocka_unit_test(test_who_is_one_client),
        cmocka_unit_test(test_remembered_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
