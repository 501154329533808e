/* A message the server had to send again is not handed over twice (EC-11). */
#include "recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool seen(struct recent *recent, const char *from, unsigned number)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    char id[MSGIN5G_UUID_LEN + 1];

    snprintf(id, sizeof id, "00000000-0000-4000-8000-%012u", number);
    message.ori.addr = msgin5g_str(from);
    message.msg_id = msgin5g_str(id);
    return recent_seen(recent, &message);
}

static void remembers_originator_and_id(void **state)
{
    struct recent recent = { 0 };

    (void)state;
    assert_false(seen(&recent, "im:a@x", 1));
    assert_true(seen(&recent, "im:a@x", 1));
    assert_false(seen(&recent, "im:b@x", 1));
    assert_false(seen(&recent, "im:a@x", 2));
    assert_true(seen(&recent, "im:b@x", 1));
    assert_true(seen(&recent, "im:a@x", 1));
}

static void forgets_the_oldest(void **state)
{
    struct recent recent = { 0 };

    (void)state;
    for (unsigned i = 0; i < RECENT_MESSAGES; i++)
        assert_false(seen(&recent, "im:a@x", i));
    for (unsigned i = 0; i < RECENT_MESSAGES; i++)
        assert_true(seen(&recent, "im:a@x", i));
    assert_false(seen(&recent, "im:a@x", RECENT_MESSAGES));
    assert_true(seen(&recent, "im:a@x", 1));
    assert_false(seen(&recent, "im:a@x", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_originator_and_id),
        cmocka_unit_test(forgets_the_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
