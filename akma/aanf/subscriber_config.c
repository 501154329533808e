#include "subscriber_config.h"

#include "akma/a_kid.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#define AT(member) offsetof(struct subscriber_config, member)

const struct config_key subscriber_config_keys[] = {
    { .name = "supi",
        .type = CONFIG_STRING,
        .offset = AT(supi),
        .min = 5,
        .max = AKMA_SUPI_MAX,
        .help = "SUPI with its type: imsi-001010000000001, or nai-... (TS 29.571 Supi)." },
    { .name = "k",
        .type = CONFIG_STRING,
        .offset = AT(k),
        .min = 32,
        .max = 32,
        .help = "K, 32 hexadecimal digits (TS 35.206). The file must not be readable by others." },
    { .name = "op",
        .type = CONFIG_STRING,
        .offset = AT(op),
        .default_text = "",
        .help = "OP, 32 hexadecimal digits; either this or opc." },
    { .name = "opc",
        .type = CONFIG_STRING,
        .offset = AT(opc),
        .default_text = "",
        .help = "OPc, 32 hexadecimal digits; either this or op." },
    { .name = "amf",
        .type = CONFIG_STRING,
        .offset = AT(amf),
        .default_text = "8000",
        .help =
            "AMF, 4 hexadecimal digits; its first bit, the separation bit, must be 1 for 5G (TS 33.501 6.1.3.2.0)." },
    { .name = "sqn",
        .type = CONFIG_STRING,
        .offset = AT(sqn),
        .default_text = "000000000000",
        .help = "SQN the last authentication used, 12 hexadecimal digits; it grows in memory from here." },
    { .name = "rid",
        .type = CONFIG_STRING,
        .offset = AT(rid),
        .default_text = "0",
        .min = 1,
        .max = AKMA_RID_MAX,
        .help = "Routing indicator, 1 to 4 digits (TS 23.003 2.2B)." },
    { .name = "akma_allowed",
        .type = CONFIG_BOOL,
        .offset = AT(akma_allowed),
        .default_text = "true",
        .help = "Subscribed to AKMA: successful authentication registers an A-KID (TS 29.503 akmaInd)." },
    { .name = "gpsi",
        .type = CONFIG_STRING,
        .offset = AT(gpsi),
        .default_text = "",
        .min = 0,
        .max = AKMA_SUPI_MAX,
        .help = "GPSI, msisdn-... or extid-...; for AFs whose policy says identity: gpsi." },
    { .name = "mnc_digits",
        .type = CONFIG_INT,
        .offset = AT(mnc_digits),
        .default_text = "2",
        .min = 2,
        .max = 3,
        .help = "Digits of the MNC inside of the IMSI." },
    { .name = "home_realm",
        .type = CONFIG_STRING,
        .offset = AT(home_realm),
        .default_text = "",
        .min = 0,
        .max = AKMA_A_KID_MAX,
        .help = "Realm of the A-KID; empty: made of the SUPI, 5gc.mnc001.mcc001.3gppnetwork.org." },
    { 0 },
};

const struct config_key subscribers_file_schema[] = {
    { .name = "subscribers",
        .type = CONFIG_ITEMS,
        .offset = offsetof(struct subscribers_file, subscribers),
        .keys = subscriber_config_keys,
        .item_size = sizeof(struct subscriber_config),
        .help = "All subscribers." },
    { 0 },
};

static bool all_of(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

static bool is_hex(const char *text, size_t digits)
{
    return strlen(text) == digits && all_of(text, "0123456789abcdefABCDEF");
}

static bool supi_valid(const char *supi)
{
    if (strncmp(supi, "imsi-", 5) != 0)
        return strchr(supi, '-') != NULL && strchr(supi, '@') != NULL;
    size_t digits = strlen(supi) - 5;
    return digits >= 5 && digits <= 15 && all_of(supi + 5, "0123456789");
}

typedef void problem_fn(void *ctx, const char *member, const char *what);

static void check_one(const struct subscriber_config *one, problem_fn *add, void *ctx)
{
    char realm[AKMA_A_KID_MAX + 1];
    bool op = one->op[0] != '\0';
    bool opc = one->opc[0] != '\0';
    bool separation = is_hex(one->amf, 4) && strchr("89abcdefABCDEF", one->amf[0]) != NULL;
    bool named = one->home_realm[0] != '\0';
    const struct {
        const char *member;
        bool good;
        const char *what;
    } rows[] = {
        { "supi", supi_valid(one->supi), "must be imsi- and 5 to 15 digits, or nai-user@realm" },
        { "k", is_hex(one->k, 32), "must be 32 hexadecimal digits" },
        { "opc", op != opc, "give either op or opc" },
        { "op", !op || is_hex(one->op, 32), "must be 32 hexadecimal digits" },
        { "opc", !opc || is_hex(one->opc, 32), "must be 32 hexadecimal digits" },
        { "amf", separation, "must be 4 hexadecimal digits with the first bit set, for example 8000" },
        { "sqn", is_hex(one->sqn, 12), "must be 12 hexadecimal digits" },
        { "rid", all_of(one->rid, "0123456789"), "must be 1 to 4 digits" },
        { "supi", named || a_kid_home_realm(one->supi, (int)one->mnc_digits, realm) == MSGIN5G_OK,
            "no home realm can be made of this SUPI, set home_realm" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!rows[i].good)
            add(ctx, rows[i].member, rows[i].what);
}

struct reported {
    struct config_report *report;
    size_t index;
};

/* The path of a member; the largest index and name fit. */
#define MEMBER_MAX 64

static void add_to_report(void *ctx, const char *member, const char *what)
{
    const struct reported *to = ctx;
    char path[MEMBER_MAX];
    (void)snprintf(path, sizeof path, "subscribers[%zu].%s", to->index, member);
    config_report_add(to->report, path, "%s", what);
}

void subscriber_config_check(const struct config_items *subscribers, struct config_report *report)
{
    const struct subscriber_config *all = subscribers->values;
    for (size_t i = 0; i < subscribers->count; i++)
        check_one(&all[i], add_to_report, &(struct reported){ report, i });
}

static void keep_first(void *ctx, const char *member, const char *what)
{
    struct subscriber_problem *problem = ctx;
    if (problem->what == NULL)
        *problem = (struct subscriber_problem){ member, what };
}

struct subscriber_problem subscriber_config_problem(const struct subscriber_config *one)
{
    struct subscriber_problem problem = { 0 };
    check_one(one, keep_first, &problem);
    return problem;
}

enum msgin5g_err subscribers_file_load(const char *path, struct subscribers_file *out, struct config_report *report)
{
    enum msgin5g_err err = config_load(subscribers_file_schema, path, out, report);
    if (err != MSGIN5G_OK)
        return err;
    if (!subscribers_file_private(path))
        config_report_add(report, "subscribers", "%s holds keys and others may read it; run: chmod go= %s", path, path);
    subscriber_config_check(&out->subscribers, report);
    return report->count == 0 ? MSGIN5G_OK : MSGIN5G_ERR_CONFIG;
}

bool subscribers_file_private(const char *path)
{
    struct stat status;
    return stat(path, &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}
