/* SUPI out of SUPI or SUCI: only the null scheme is understood, anything crooked is refused. */
#include "suci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum msgin5g_err err;
        const char *supi;
    } rows[] = {
        { "imsi-001010000000001", MSGIN5G_OK, "imsi-001010000000001" },
        { "nai-user@home.example", MSGIN5G_OK, "nai-user@home.example" },
        { "suci-0-001-01-0-0-0-0000000001", MSGIN5G_OK, "imsi-001010000000001" },
        { "suci-0-345-012-0012-0-0-123456789", MSGIN5G_OK, "imsi-345012123456789" },
        { "suci-0-001-01-0-1-27-aabbcc", MSGIN5G_ERR_UNSUPPORTED_FORMAT, NULL },
        { "suci-1-home.example-0-0-0-0-user", MSGIN5G_ERR_UNSUPPORTED_FORMAT, NULL },
        { "suci-", MSGIN5G_ERR_MALFORMED, NULL },
        { "suci-0-001-01-0-0-0", MSGIN5G_ERR_MALFORMED, NULL },
        { "suci-0-001-01-0-0-0-1-2", MSGIN5G_ERR_MALFORMED, NULL },
        { "suci-0-001-01-0-0-0-", MSGIN5G_ERR_MALFORMED, NULL },
        { "suci-0-01-01-0-0-0-0000000001", MSGIN5G_ERR_MALFORMED, NULL },
        { "suci-0-001-1-0-0-0-0000000001", MSGIN5G_ERR_MALFORMED, NULL },
        { "suci-0-001-01-0-0-0-00000000x1", MSGIN5G_ERR_MALFORMED, NULL },
        { "suci-0-001-01-0-0-0-00000000001", MSGIN5G_ERR_MALFORMED, NULL },
        { "suci-0-001-01-0-0-0-0000000000000000000000000000000000000000000000000000000000000000000000000001",
            MSGIN5G_ERR_MALFORMED, NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char supi[AKMA_SUPI_MAX + 1] = "";
        assert_int_equal(suci_to_supi(rows[i].in, supi), rows[i].err);
        if (rows[i].supi != NULL)
            assert_string_equal(supi, rows[i].supi);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
