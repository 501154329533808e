/* USIM emulation against a network side of our own: good challenges, and N20 of the negative matrix. */
#include "akma/milenage.h"
#include "akma/usim.h"

#include "failing_malloc.h"
#include "vectors.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SN_NAME "5G:mnc001.mcc001.3gppnetwork.org"
#define K_HEX   "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OP_HEX  "cdc202d5123e20f62b6d676ac72cb318"
#define OPC_HEX "cd63cb71954a9f4e48a5994e37a02baf"

/* K and OPc of W1; SQN_MS as given. */
static struct usim *make_usim(uint64_t sqn)
{
    struct usim_config config = { .supi = "imsi-001010000000001", .rid = "0", .mnc_digits = 2, .sqn = sqn };
    struct usim *usim = NULL;

    assert_int_equal(secret_from_hex((struct msgin5g_str){ K_HEX, 32 }, config.k.octets, 16), MSGIN5G_OK);
    assert_int_equal(secret_from_hex((struct msgin5g_str){ OPC_HEX, 32 }, config.opc.octets, 16), MSGIN5G_OK);
    assert_int_equal(usim_create(&config, &usim), MSGIN5G_OK);
    return usim;
}

static void write_sqn(uint64_t sqn, uint8_t out[6])
{
    for (int i = 5; i >= 0; i--, sqn >>= 8)
        out[i] = (uint8_t)sqn;
}

static void f1_to_f5(const uint8_t rand[16], uint64_t sqn, const uint8_t amf[2], struct milenage_output *f)
{
    struct usim_k k;
    struct usim_opc opc;
    uint8_t octets[6];

    assert_int_equal(secret_from_hex((struct msgin5g_str){ K_HEX, 32 }, k.octets, 16), MSGIN5G_OK);
    assert_int_equal(secret_from_hex((struct msgin5g_str){ OPC_HEX, 32 }, opc.octets, 16), MSGIN5G_OK);
    write_sqn(sqn, octets);
    assert_int_equal(milenage(&k, &opc, rand, octets, amf, f), MSGIN5G_OK);
}

/* What a home network would send. */
static void make_autn(const uint8_t rand[16], uint64_t sqn, uint16_t amf, uint8_t autn[16])
{
    const uint8_t amf_octets[2] = { (uint8_t)(amf >> 8), (uint8_t)amf };
    struct milenage_output f;

    f1_to_f5(rand, sqn, amf_octets, &f);
    write_sqn(sqn, autn);
    for (size_t i = 0; i < 6; i++)
        autn[i] ^= f.ak[i];
    memcpy(autn + 6, amf_octets, 2);
    memcpy(autn + 8, f.mac_a, 8);
}

/* The network's look at AUTS (TS 33.102 6.3.5): MAC-S must hold for AMF 0000; gives SQN_MS. */
static uint64_t open_auts(const uint8_t rand[16], const uint8_t auts[14])
{
    static const uint8_t amf[2];
    struct milenage_output f;
    uint64_t sqn_ms = 0;

    f1_to_f5(rand, 0, amf, &f);
    for (size_t i = 0; i < 6; i++)
        sqn_ms = sqn_ms << 8 | (auts[i] ^ f.ak_star[i]);
    f1_to_f5(rand, sqn_ms, amf, &f);
    assert_memory_equal(auts + 6, f.mac_s, 8);
    return sqn_ms;
}

static bool all_zero(const void *octets, size_t length)
{
    const uint8_t *octet = octets;

    for (size_t i = 0; i < length; i++)
        if (octet[i] != 0)
            return false;
    return true;
}

static void check_example(const struct vector *example)
{
    struct usim_config config = {
        .supi = vector_text(example, "supi"), .rid = vector_text(example, "rid"), .mnc_digits = 2
    };
    uint8_t rand[16];
    uint8_t autn[16];
    uint8_t expected[32];
    struct usim_answer answer;
    struct usim *usim = NULL;

    vector_hex(example, "k", config.k.octets, 16);
    vector_hex(example, "opc", config.opc.octets, 16);
    vector_hex(example, "rand", rand, 16);
    vector_hex(example, "autn", autn, 16);
    config.sqn = strtoull(vector_text(example, "sqn"), NULL, 16) - 1;
    assert_int_equal(usim_create(&config, &usim), MSGIN5G_OK);
    assert_int_equal(usim_challenge(usim, rand, autn, vector_text(example, "sn_name"), &answer), MSGIN5G_OK);
    vector_hex(example, "res_star", expected, 16);
    assert_memory_equal(answer.res_star.octets, expected, 16);
    vector_hex(example, "k_ausf", expected, 32);
    assert_memory_equal(answer.k_ausf.octets, expected, 32);
    assert_true(all_zero(answer.auts, sizeof answer.auts));
    assert_int_equal(usim_sqn(usim), config.sqn + 1);
    usim_answer_wipe(&answer);
    usim_free(usim);
}

static void test_worked_examples(void **state)
{
    struct vectors *vectors = vectors_load("vectors/akma.json");

    (void)state;
    for (size_t i = 0; i < vectors_count(vectors); i++)
        check_example(vectors_at(vectors, i));
    vectors_free(vectors);
}

static void test_wrong_mac(void **state)
{
    static const uint8_t rand[16] = { 1 };
    struct usim *usim = make_usim(0x20);
    struct usim_answer answer;
    uint8_t autn[16];

    (void)state;
    for (size_t i = 0; i < sizeof autn; i++) {
        make_autn(rand, 0x21, 0x8000, autn);
        autn[i] ^= 0x01;
        assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &answer), MSGIN5G_ERR_MAC_FAILURE);
        assert_true(all_zero(&answer, sizeof answer));
    }
    assert_int_equal(usim_sqn(usim), 0x20);
    usim_free(usim);
}

static void test_replay_gives_an_auts_that_holds(void **state)
{
    static const uint8_t rand[16] = { 2 };
    struct usim *usim = make_usim(0x20);
    struct usim_answer answer;
    uint8_t autn[16];

    (void)state;
    make_autn(rand, 0x41, 0x8000, autn);
    assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &answer), MSGIN5G_OK);
    assert_int_equal(usim_sqn(usim), 0x41);
    assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &answer), MSGIN5G_ERR_SYNC_FAILURE);
    assert_int_equal(open_auts(rand, answer.auts), 0x41);
    assert_true(all_zero(&answer.res_star, sizeof answer.res_star));
    assert_true(all_zero(&answer.k_ausf, sizeof answer.k_ausf));
    make_autn(rand, 0x40, 0x8000, autn);
    assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &answer), MSGIN5G_ERR_SYNC_FAILURE);
    assert_int_equal(open_auts(rand, answer.auts), 0x41);
    usim_free(usim);
}

static void test_sqn_too_far_ahead(void **state)
{
    static const uint8_t rand[16] = { 3 };
    const uint64_t delta = (uint64_t)1 << 28;
    struct usim *usim = make_usim(5);
    struct usim_answer answer;
    uint8_t autn[16];

    (void)state;
    make_autn(rand, 5 + delta + 1, 0x8000, autn);
    assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &answer), MSGIN5G_ERR_SYNC_FAILURE);
    assert_int_equal(open_auts(rand, answer.auts), 5);
    make_autn(rand, 5 + delta, 0x8000, autn);
    assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &answer), MSGIN5G_OK);
    assert_int_equal(usim_sqn(usim), 5 + delta);
    usim_free(usim);
}

static void test_separation_bit(void **state)
{
    static const uint8_t rand[16] = { 4 };
    struct usim *usim = make_usim(0);
    struct usim_answer answer;
    uint8_t autn[16];

    (void)state;
    make_autn(rand, 1, 0x7fff, autn);
    assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &answer), MSGIN5G_ERR_SEPARATION_BIT);
    assert_true(all_zero(&answer, sizeof answer));
    assert_int_equal(usim_sqn(usim), 0);
    usim_free(usim);
}

static void test_network_name_is_bound_into_the_answer(void **state)
{
    static const uint8_t rand[16] = { 5 };
    struct usim *usim = make_usim(0);
    struct usim *other = make_usim(0);
    struct usim_answer a;
    struct usim_answer b;
    uint8_t autn[16];

    (void)state;
    make_autn(rand, 1, 0x8000, autn);
    assert_int_equal(usim_challenge(usim, rand, autn, "not a network", &a), MSGIN5G_ERR_INVALID);
    assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &a), MSGIN5G_OK);
    assert_int_equal(usim_challenge(other, rand, autn, "5G:mnc002.mcc001.3gppnetwork.org", &b), MSGIN5G_OK);
    assert_memory_not_equal(a.res_star.octets, b.res_star.octets, sizeof a.res_star.octets);
    assert_memory_not_equal(a.k_ausf.octets, b.k_ausf.octets, sizeof a.k_ausf.octets);
    usim_free(usim);
    usim_free(other);
}

static void test_create_refuses(void **state)
{
    static const struct usim_config bad[] = {
        { .supi = "imsi-001010000000001", .rid = "12345", .mnc_digits = 2 },
        { .supi = "imsi-001010000000001", .rid = "", .mnc_digits = 2 },
        { .supi = "imsi-001010000000001", .rid = "0", .mnc_digits = 4 },
        { .supi = "imsi-001010000000001", .rid = "0", .mnc_digits = 2, .sqn = (uint64_t)1 << 48 },
        { .supi = "somebody", .rid = "0", .mnc_digits = 2 },
        { .supi = NULL, .rid = "0", .mnc_digits = 2 },
    };
    struct usim *usim = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(usim_create(&bad[i], &usim), MSGIN5G_ERR_INVALID);
    assert_null(usim);
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

struct folder {
    char path[64];
    char file[80];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);

    if (folder == NULL)
        return -1;
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/test_usim.XXXXXX");
    if (mkdtemp(folder->path) == NULL)
        return -1;
    (void)snprintf(folder->file, sizeof folder->file, "%s/usim.yaml", folder->path);
    *state = folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;

    (void)unlink(folder->file);
    if (rmdir(folder->path) != 0) /* nothing else may be left in there */
        return -1;
    free(folder);
    return 0;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void read_file(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
}

#define FILE_HEAD "# Card of UE 1\nsupi: imsi-001010000000001\nk: " K_HEX "\nop: " OP_HEX "   # of the lab\n"

static void test_file_keeps_all_but_sqn(void **state)
{
    static const uint8_t rand[16] = { 6 };
    const struct folder *folder = *state;
    char problem[512] = "";
    char text[512];
    struct usim_answer answer;
    struct usim *usim = NULL;
    struct stat status;
    uint8_t autn[16];

    write_file(folder->file, FILE_HEAD "sqn: \"00000000001F\" # goes up\nrid: 0012\n", 0600);
    assert_int_equal(usim_load(folder->file, &usim, problem, sizeof problem), MSGIN5G_OK);
    assert_string_equal(usim_supi(usim), "imsi-001010000000001");
    assert_string_equal(usim_rid(usim), "0012");
    assert_int_equal(usim_mnc_digits(usim), 2);
    assert_int_equal(usim_sqn(usim), 0x1f);
    make_autn(rand, 0xabcdef, 0x8000, autn); /* OP of the file gives the OPc the network knows */
    assert_int_equal(usim_challenge(usim, rand, autn, SN_NAME, &answer), MSGIN5G_OK);
    assert_int_equal(usim_save(usim), MSGIN5G_OK);
    read_file(folder->file, text, sizeof text);
    assert_string_equal(text, FILE_HEAD "sqn: \"000000abcdef\" # goes up\nrid: 0012\n");
    assert_int_equal(stat(folder->file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    usim_free(usim);
}

static void test_saved_sqn_never_goes_back(void **state)
{
    const struct folder *folder = *state;
    char problem[512] = "";
    char text[512];
    struct usim *usim = NULL;

    write_file(folder->file, FILE_HEAD "sqn: 000000000010\n", 0600);
    assert_int_equal(usim_load(folder->file, &usim, problem, sizeof problem), MSGIN5G_OK);
    write_file(folder->file, FILE_HEAD "sqn: 000000000020\n", 0600);
    assert_int_equal(usim_save(usim), MSGIN5G_OK);
    read_file(folder->file, text, sizeof text);
    assert_string_equal(text, FILE_HEAD "sqn: 000000000020\n");
    write_file(folder->file, "sqn: gone\n", 0600);
    assert_int_equal(usim_save(usim), MSGIN5G_ERR_CONFIG);
    usim_free(usim);
}

static void test_file_for_others_is_refused(void **state)
{
    const struct folder *folder = *state;
    char problem[512];
    char advice[160];
    struct usim *usim = NULL;

    (void)snprintf(advice, sizeof advice, "chmod 600 %s", folder->file);
    for (mode_t mode = 0601; mode <= 0640; mode = (mode & 077) << 1 | 0600) {
        problem[0] = '\0';
        write_file(folder->file, FILE_HEAD "sqn: 000000000010\n", mode);
        assert_int_equal(usim_load(folder->file, &usim, problem, sizeof problem), MSGIN5G_ERR_CONFIG);
        assert_non_null(strstr(problem, advice));
    }
    assert_null(usim);
}

static void test_file_problems_name_key_and_place(void **state)
{
    static const struct {
        const char *text;
        const char *problem;
    } bad[] = {
        { "supi: imsi-001010000000001\nk: " K_HEX "\nsqn: 000000000010\n", "op" },
        { FILE_HEAD "opc: " OPC_HEX "\nsqn: 000000000010\n", "not both" },
        { FILE_HEAD, "sqn" },
        { FILE_HEAD "sqn: 10\n", "sqn" },
        { FILE_HEAD "sqn: 00000000001g\n", "sqn must be 12 hexadecimal digits" },
        { FILE_HEAD "sqn:\n  000000000010\n", "line of its own" },
        { "{supi: imsi-001010000000001, k: " K_HEX ", opc: " OPC_HEX ", sqn: 000000000010}\n", "line of its own" },
        { FILE_HEAD "sqn: 000000000010\nrid: ten\n", "rid" },
        { FILE_HEAD "sqn: 000000000010\nmnc_digits: 4\n", "mnc_digits" },
        { FILE_HEAD "sqn: 000000000010\nknc: 1\n", "knc" },
        { "supi: nobody\nk: " K_HEX "\nopc: " OPC_HEX "\nsqn: 000000000010\n", "supi must be" },
        { "supi: imsi-001010000000001\nk: " K_HEX "\nopc: xx63cb71954a9f4e48a5994e37a02baf\nsqn: 000000000010\n",
            "opc must be 32 hexadecimal digits" },
    };
    const struct folder *folder = *state;
    struct usim *usim = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char problem[512] = "";

        write_file(folder->file, bad[i].text, 0600);
        assert_int_equal(usim_load(folder->file, &usim, problem, sizeof problem), MSGIN5G_ERR_CONFIG);
        if (strstr(problem, bad[i].problem) == NULL || strstr(problem, folder->file) == NULL)
            fail_msg("case %zu: %s", i, problem);
    }
    assert_null(usim);
}

static void test_missing_file(void **state)
{
    const struct folder *folder = *state;
    char problem[512] = "";
    struct usim *usim = NULL;

    assert_int_equal(usim_load(folder->file, &usim, problem, sizeof problem), MSGIN5G_ERR_CONFIG);
    assert_non_null(strstr(problem, "No such file"));
    assert_null(usim);
}

static void test_file_when_memory_runs_out(void **state)
{
    const struct folder *folder = *state;
    char problem[512];
    bool failed = true;
    unsigned n = 0;

    write_file(folder->file, FILE_HEAD "sqn: 000000000010\n", 0600);
    for (; failed; n++) {
        struct usim *usim = NULL;
        enum msgin5g_err err;

        problem[0] = '\0';
        failing_malloc_after(n);
        err = usim_load(folder->file, &usim, problem, sizeof problem);
        if (err == MSGIN5G_OK)
            err = usim_save(usim);
        failed = failing_malloc_stop();
        if (usim == NULL)
            assert_true(failed && problem[0] != '\0');
        else
            assert_int_equal(err == MSGIN5G_OK, !failed);
        usim_free(usim);
    }
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked_examples),
        cmocka_unit_test(test_wrong_mac),
        cmocka_unit_test(test_replay_gives_an_auts_that_holds),
        cmocka_unit_test(test_sqn_too_far_ahead),
        cmocka_unit_test(test_separation_bit),
        cmocka_unit_test(test_network_name_is_bound_into_the_answer),
        cmocka_unit_test(test_create_refuses),
        cmocka_unit_test_setup_teardown(test_file_keeps_all_but_sqn, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_saved_sqn_never_goes_back, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_file_for_others_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_file_problems_name_key_and_place, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_missing_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_file_when_memory_runs_out, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
