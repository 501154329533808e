/* The state file: what was in the stores is there again, changed or foreign files are refused, a cut one is not. */
#include "journal.h"
#include "state.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW     1700000000
#define SUPI    "imsi-001010000000001"
#define SUPI_2  "imsi-001010000000002"
#define A_KID   "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define A_KID_2 "0.ryqwa1hPPSqB6HtP_YHkYqPPSgzEg_VEa2koJgoszEg@5gc.mnc001.mcc001.3gppnetwork.org"
#define FQDN    "af.example"
#define URI     "https://af.example:8447/gone"

struct fixture {
    char folder[64], path[96], key_path[96];
    struct context_store *contexts;
    struct subscriber_store *subscribers;
    struct state *state;
};

static void write_key(const struct fixture *fixture, char digit, mode_t mode)
{
    FILE *file = fopen(fixture->key_path, "w");
    assert_non_null(file);
    for (int i = 0; i < 64; i++)
        (void)fputc(digit, file);
    (void)fputc('\n', file);
    (void)fclose(file);
    assert_int_equal(chmod(fixture->key_path, mode), 0);
}

static void add_subscriber(struct fixture *fixture, char *supi, bool akma_allowed)
{
    static char k[] = "465b5ce8b199b49faa5f0a2ee238a6bc", opc[] = "cd63cb71954a9f4e48a5994e37a02baf", none[] = "";
    static char amf[] = "8000", sqn[] = "000000000020", rid[] = "0";
    const struct subscriber_config config = { .supi = supi,
        .k = k,
        .op = none,
        .opc = opc,
        .amf = amf,
        .sqn = sqn,
        .rid = rid,
        .gpsi = none,
        .home_realm = none,
        .mnc_digits = 2,
        .akma_allowed = akma_allowed };
    assert_int_equal(subscriber_store_add(fixture->subscribers, &config), MSGIN5G_OK);
}

static void open_stores(struct fixture *fixture)
{
    assert_int_equal(context_store_create(4000, 4, &fixture->contexts), MSGIN5G_OK);
    assert_int_equal(subscriber_store_create(4, &fixture->subscribers), MSGIN5G_OK);
}

static enum msgin5g_err open_state(struct fixture *fixture)
{
    const struct state_config config = { fixture->path, fixture->key_path, fixture->contexts, &fixture->subscribers };
    return state_create(&config, &fixture->state);
}

static void end(struct fixture *fixture)
{
    state_free(fixture->state);
    fixture->state = NULL;
    context_store_free(fixture->contexts);
    subscriber_store_free(fixture->subscribers);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/aanf-state-%d-abcdef", (int)getpid());
    assert_int_equal(mkdir(fixture->folder, 0700), 0);
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/state", fixture->folder);
    (void)snprintf(fixture->key_path, sizeof fixture->key_path, "%s/key", fixture->folder);
    write_key(fixture, '7', 0600);
    open_stores(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    end(fixture);
    (void)unlink(fixture->path);
    (void)unlink(fixture->key_path);
    assert_int_equal(rmdir(fixture->folder), 0); /* nothing else was left there */
    free(fixture);
    return 0;
}

static void put(struct fixture *fixture, const char *supi, const char *a_kid, uint8_t octet)
{
    struct k_akma k_akma = { { octet } };
    const struct anchor_key key = { supi, "", a_kid, &k_akma };
    assert_int_equal(context_store_register(fixture->contexts, &key), MSGIN5G_OK);
}

static enum msgin5g_err get(
    struct fixture *fixture, const char *a_kid, int64_t now_s, struct k_af *k_af, int64_t *expiry)
{
    return context_store_k_af(fixture->contexts, a_kid, FQDN, &ua_id_dtls_1_3, 60, now_s, k_af, expiry);
}

static void ended(void *ctx, const char *a_kid, const char *notif_uri)
{
    assert_string_equal(a_kid, A_KID);
    assert_string_equal(notif_uri, URI);
    (*(int *)ctx)++;
}

static void test_everything_is_there_again(void **state)
{
    struct fixture *fixture = *state;
    static char supi[] = SUPI;
    uint8_t rand[16] = { 0 }, sqn[6];
    struct k_af before, after;
    int64_t expiry, expiry_after;
    int heard = 0;
    add_subscriber(fixture, supi, true);
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    put(fixture, SUPI, A_KID, 1);
    put(fixture, SUPI_2, A_KID_2, 2);
    assert_int_equal(get(fixture, A_KID, NOW, &before, &expiry), MSGIN5G_OK);
    assert_int_equal(context_store_set_notif_uri(fixture->contexts, A_KID, FQDN, &ua_id_dtls_1_3, URI), MSGIN5G_OK);
    assert_int_equal(context_store_remove(fixture->contexts, SUPI_2), MSGIN5G_OK);
    struct subscriber *subscriber = subscriber_store_find(fixture->subscribers, SUPI);
    assert_int_equal(subscriber_next_sqn(subscriber, rand, sqn), MSGIN5G_OK);
    state_keep_sqn(fixture->state, subscriber);
    uint64_t kept = subscriber->sqn;
    end(fixture);

    open_stores(fixture);
    add_subscriber(fixture, supi, true);
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    assert_int_equal(context_store_count(fixture->contexts), 1);
    assert_int_equal(get(fixture, A_KID, NOW + 30, &after, &expiry_after), MSGIN5G_OK);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(expiry_after, expiry); /* C15: before expiry the same */
    assert_int_equal(subscriber_store_find(fixture->subscribers, SUPI)->sqn, kept);
    context_store_watch(fixture->contexts, ended, false, &heard);
    assert_int_equal(context_store_remove(fixture->contexts, SUPI), MSGIN5G_OK);
    assert_int_equal(heard, 1);
}

static void test_subscribers_that_left_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    static char supi[] = SUPI, supi_2[] = SUPI_2;
    add_subscriber(fixture, supi, true);
    add_subscriber(fixture, supi_2, true);
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    put(fixture, SUPI, A_KID, 1);
    put(fixture, SUPI_2, A_KID_2, 2);
    end(fixture);
    open_stores(fixture);
    add_subscriber(fixture, supi_2, false);
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    assert_int_equal(context_store_count(fixture->contexts), 0);
}

static void test_key_file(void **state)
{
    struct fixture *fixture = *state;
    const char *problem;
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    put(fixture, SUPI, A_KID, 1);
    end(fixture);
    open_stores(fixture);
    write_key(fixture, '8', 0600);
    assert_int_equal(open_state(fixture), MSGIN5G_ERR_AUTHENTICATION);
    write_key(fixture, 'x', 0600);
    assert_int_equal(open_state(fixture), MSGIN5G_ERR_CONFIG);
    write_key(fixture, '7', 0640);
    assert_int_equal(open_state(fixture), MSGIN5G_ERR_CONFIG);
    assert_false(state_key_usable(fixture->key_path, &problem));
    write_key(fixture, '7', 0600);
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    assert_int_equal(context_store_count(fixture->contexts), 1);
}

static size_t read_file(const struct fixture *fixture, uint8_t *out, size_t size)
{
    int fd = open(fixture->path, O_RDONLY);
    ssize_t length = read(fd, out, size);
    assert_int_equal(close(fd), 0);
    assert_true(length > 0 && (size_t)length < size);
    return (size_t)length;
}

static void write_file(const struct fixture *fixture, const uint8_t *octets, size_t length)
{
    int fd = open(fixture->path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, octets, length), length);
    assert_int_equal(close(fd), 0);
}

/* Every octet counts, and every cut is either a shorter past or refused; nothing of a key can be read. */
static void test_changed_and_cut_files(void **state)
{
    struct fixture *fixture = *state;
    uint8_t file[4096], changed[4096];
    struct stat status;
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    put(fixture, SUPI, A_KID, 0xee);
    put(fixture, SUPI_2, A_KID_2, 0xee);
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    end(fixture);
    size_t length = read_file(fixture, file, sizeof file);
    assert_null(memmem(file, length, "imsi", 4));
    assert_null(memmem(file, length, "gpp", 3));
    for (size_t i = 0; i < length; i += 7) {
        memcpy(changed, file, length);
        changed[i] ^= 1;
        write_file(fixture, changed, length);
        open_stores(fixture);
        enum msgin5g_err err = open_state(fixture);
        assert_true(err != MSGIN5G_OK || context_store_count(fixture->contexts) < 2); /* a length may look cut */
        end(fixture);
        write_file(fixture, file, length - i - 1);
        open_stores(fixture);
        (void)open_state(fixture);
        assert_true(context_store_count(fixture->contexts) < 2);
        end(fixture);
    }
    write_file(fixture, file, length);
    open_stores(fixture);
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    assert_int_equal(context_store_count(fixture->contexts), 2);
}

/* Thousands of changes of one context do not make a file of thousands of records. */
static void test_the_file_does_not_grow_for_ever(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    assert_int_equal(open_state(fixture), MSGIN5G_OK);
    for (int i = 0; i < 5000; i++)
        put(fixture, SUPI, A_KID, (uint8_t)(i + 1));
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_in_range(status.st_size, 100, 400000);
}

static void test_folder_that_cannot_be_written(void **state)
{
    struct fixture *fixture = *state;
    char kept[sizeof fixture->path];
    memcpy(kept, fixture->path, sizeof kept);
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/nowhere/state", fixture->folder);
    assert_int_equal(open_state(fixture), MSGIN5G_ERR_IO);
    memcpy(fixture->path, kept, sizeof kept);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_everything_is_there_again),
        TEST(test_subscribers_that_left_meanwhile),
        TEST(test_key_file),
        TEST(test_changed_and_cut_files),
        TEST(test_the_file_does_not_grow_for_ever),
        TEST(test_folder_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
