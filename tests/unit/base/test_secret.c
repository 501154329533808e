#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SLOTS 100

static int set_up(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK ? 0 : -1;
}

static bool all_zero(const uint8_t *octets, size_t length)
{
    uint8_t any = 0;
    for (size_t i = 0; i < length; i++)
        any |= octets[i];
    return any == 0;
}

static void arena_gives_every_slot_once(void **state)
{
    struct secret_arena *arena;
    uint8_t *slots[SLOTS];
    (void)state;
    assert_int_equal(secret_arena_create(SLOTS, 40, &arena), MSGIN5G_OK);
    for (size_t i = 0; i < SLOTS; i++) {
        slots[i] = secret_arena_take(arena);
        assert_non_null(slots[i]);
        assert_int_equal((uintptr_t)slots[i] % 16, 0);
        assert_true(all_zero(slots[i], 40));
        memset(slots[i], (int)i + 1, 40);
    }
    assert_null(secret_arena_take(arena));
    for (size_t i = 0; i < SLOTS; i++) {
        for (size_t octet = 0; octet < 40; octet++)
            assert_int_equal(slots[i][octet], i + 1);
    }
    secret_arena_free(arena);
}

static void slot_given_back_is_wiped_and_used_again(void **state)
{
    struct secret_arena *arena;
    (void)state;
    assert_int_equal(secret_arena_create(1, 32, &arena), MSGIN5G_OK);
    uint8_t *slot = secret_arena_take(arena);
    memset(slot, 0xaa, 32);
    secret_arena_give(arena, slot);
    assert_true(all_zero(slot, 32));
    assert_ptr_equal(secret_arena_take(arena), slot);
    assert_null(secret_arena_take(arena));
    secret_arena_give(arena, NULL);
    secret_arena_give(arena, slot);
    secret_arena_free(arena);
    secret_arena_free(NULL);
}

static void arena_sizes_are_checked(void **state)
{
    struct secret_arena *arena;
    (void)state;
    assert_int_equal(secret_arena_create(0, 32, &arena), MSGIN5G_ERR_INVALID);
    assert_int_equal(secret_arena_create(1, 0, &arena), MSGIN5G_ERR_INVALID);
    assert_int_equal(secret_arena_create(2, SIZE_MAX / 2, &arena), MSGIN5G_ERR_INVALID);
    assert_int_equal(secret_arena_create(SIZE_MAX, 1, &arena), MSGIN5G_ERR_INVALID);
}

static void compares_and_wipes(void **state)
{
    uint8_t a[4] = { 1, 2, 3, 4 }, b[4] = { 1, 2, 3, 5 };
    (void)state;
    assert_false(secret_equal(a, b, 4));
    assert_true(secret_equal(a, b, 3));
    assert_true(secret_equal(a, b, 0));
    secret_wipe(a, sizeof a);
    assert_true(all_zero(a, sizeof a));
}

static void random_octets_differ(void **state)
{
    uint8_t a[32] = { 0 }, b[32] = { 0 };
    (void)state;
    secret_random(a, sizeof a);
    secret_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* First and third of the 64 published vectors of SipHash-2-4: key 00..0f, input 00 01 02 ... */
static void hash_is_siphash(void **state)
{
    static const uint8_t key[SECRET_HASH_KEY_LEN] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    static const uint8_t empty[8] = { 0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72 };
    static const uint8_t two[8] = { 0x5a, 0x4f, 0xa9, 0xd9, 0x09, 0x80, 0x6c, 0x0d };
    (void)state;
    uint64_t hash = secret_hash(key, key, 0);
    assert_memory_equal(&hash, empty, 8);
    hash = secret_hash(key, key, 2);
    assert_memory_equal(&hash, two, 8);
}

static enum msgin5g_err from_hex(const char *hex, uint8_t *out, size_t length)
{
    return secret_from_hex(msgin5g_str(hex), out, length);
}

static void hexadecimal_goes_both_ways(void **state)
{
    uint8_t octets[3];
    char text[7];
    (void)state;
    assert_int_equal(from_hex("00fFa5", octets, 3), MSGIN5G_OK);
    assert_memory_equal(octets, ((uint8_t[]){ 0x00, 0xff, 0xa5 }), 3);
    secret_to_hex(octets, 3, text);
    assert_string_equal(text, "00ffa5");
}

static void wrong_hexadecimal_leaves_nothing(void **state)
{
    static const char *const texts[] = { "", "00ffa", "00ffa500", "00ffag", "00ff 5", "0x00ff", "00ff\n5" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint8_t octets[3] = { 9, 9, 9 };
        assert_int_equal(from_hex(texts[i], octets, 3), MSGIN5G_ERR_MALFORMED);
        assert_true(all_zero(octets, 3));
    }
}

/* In a child, as it cannot be undone. */
static void hardened_process_is_not_dumpable(void **state)
{
    int status = -1;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        secret_harden_process();
        _exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void sealed_pieces_open_in_their_order_only(void **state)
{
    static const char one[] = "first piece", two[] = "second one";
    struct secret_seal_key key = { { 1, 2, 3 } }, other = { { 1, 2, 4 } };
    uint8_t header[SECRET_SEAL_HEADER_LEN];
    uint8_t sealed_one[sizeof one + SECRET_SEAL_OVERHEAD], sealed_two[sizeof two + SECRET_SEAL_OVERHEAD];
    char out[sizeof one];
    struct secret_seal seal;
    (void)state;
    secret_seal_begin(&seal, &key, header);
    secret_seal_append(&seal, one, sizeof one, sealed_one);
    secret_seal_append(&seal, two, sizeof two, sealed_two);
    assert_int_equal(secret_seal_open_begin(&seal, &key, header), MSGIN5G_OK);
    assert_int_equal(secret_seal_open(&seal, sealed_one, sizeof sealed_one, out), MSGIN5G_OK);
    assert_string_equal(out, one);
    assert_int_equal(secret_seal_open(&seal, sealed_two, sizeof sealed_two, out), MSGIN5G_OK);
    assert_string_equal(out, two);
    assert_int_equal(secret_seal_open_begin(&seal, &key, header), MSGIN5G_OK);
    assert_int_equal(secret_seal_open(&seal, sealed_two, sizeof sealed_two, out), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(secret_seal_open_begin(&seal, &other, header), MSGIN5G_OK);
    assert_int_equal(secret_seal_open(&seal, sealed_one, sizeof sealed_one, out), MSGIN5G_ERR_AUTHENTICATION);
}

static void sealed_value_opens_in_its_place_only(void **state)
{
    static const char text[] = "a value";
    struct secret_seal_key key = { { 1 } }, other = { { 2 } };
    uint8_t sealed[sizeof text + SECRET_VALUE_OVERHEAD], again[sizeof sealed];
    char out[sizeof text];
    (void)state;
    secret_value_seal(&key, "row 1", 5, text, sizeof text, sealed);
    secret_value_seal(&key, "row 1", 5, text, sizeof text, again);
    assert_memory_not_equal(sealed, again, sizeof sealed);
    assert_int_equal(secret_value_open(&key, "row 1", 5, sealed, sizeof sealed, out), MSGIN5G_OK);
    assert_string_equal(out, text);
    assert_int_equal(secret_value_open(&key, "row 2", 5, sealed, sizeof sealed, out), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(secret_value_open(&other, "row 1", 5, sealed, sizeof sealed, out), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(secret_value_open(&key, "row 1", 5, sealed, sizeof sealed - 1, out), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(secret_value_open(&key, "row 1", 5, sealed, 10, out), MSGIN5G_ERR_AUTHENTICATION);
    sealed[30] ^= 1;
    assert_int_equal(secret_value_open(&key, "row 1", 5, sealed, sizeof sealed, out), MSGIN5G_ERR_AUTHENTICATION);
}

static enum msgin5g_err read_key_of(const char *text, mode_t mode, struct secret_seal_key *key, const char **problem)
{
    char path[] = "/tmp/secret-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    enum msgin5g_err err = secret_seal_key_read(path, key, problem);
    assert_int_equal(unlink(path), 0);
    return err;
}

static void key_files_are_private_and_complete(void **state)
{
    static const char good[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    struct secret_seal_key key;
    const char *problem = NULL;
    (void)state;
    assert_int_equal(read_key_of(good, 0600, &key, &problem), MSGIN5G_OK);
    assert_int_equal(key.octets[31], 0x1f);
    assert_int_equal(read_key_of(good, 0640, &key, &problem), MSGIN5G_ERR_CONFIG);
    assert_non_null(strstr(problem, "readable by others"));
    assert_int_equal(key.octets[31], 0);
    assert_int_equal(read_key_of("0001", 0600, &key, &problem), MSGIN5G_ERR_CONFIG);
    assert_non_null(strstr(problem, "64 hexadecimal digits"));
    assert_int_equal(read_key_of("", 0600, &key, &problem), MSGIN5G_ERR_CONFIG);
    assert_int_equal(secret_seal_key_read("/nowhere/at/all", &key, &problem), MSGIN5G_ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_every_slot_once),
        cmocka_unit_test(slot_given_back_is_wiped_and_used_again),
        cmocka_unit_test(arena_sizes_are_checked),
        cmocka_unit_test(compares_and_wipes),
        cmocka_unit_test(random_octets_differ),
        cmocka_unit_test(hash_is_siphash),
        cmocka_unit_test(hexadecimal_goes_both_ways),
        cmocka_unit_test(wrong_hexadecimal_leaves_nothing),
        cmocka_unit_test(sealed_pieces_open_in_their_order_only),
        cmocka_unit_test(sealed_value_opens_in_its_place_only),
        cmocka_unit_test(key_files_are_private_and_complete),
        cmocka_unit_test(hardened_process_is_not_dumpable),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
