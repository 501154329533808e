/* Bodies of Naanf_AKMA: any octets; a refusal is explained, what is accepted is the same after writing and reading it.
 */
#include "akma/naanf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static void check_refusal(enum msgin5g_err err, const struct naanf_problem *problem, const void *out, size_t size)
{
    CHECK(err == MSGIN5G_ERR_MALFORMED);
    CHECK(problem->cause != NULL && problem->reason != NULL);
    CHECK(problem->param == NULL || problem->param[0] == '/');
    for (size_t i = 0; i < size; i++)
        CHECK(((const uint8_t *)out)[i] == 0);
}

/* One function a body: read, write, read and write again; both texts are the same. */
#define FUZZ_BODY(body)                                                                                                \
    static void fuzz_##body(struct msgin5g_str text)                                                                   \
    {                                                                                                                  \
        struct naanf_##body out;                                                                                       \
        struct naanf_problem problem = { NULL, NULL, NULL };                                                           \
        struct buffer first;                                                                                           \
        struct buffer second;                                                                                          \
        enum msgin5g_err err = naanf_##body##_decode(text, &out, &problem);                                            \
                                                                                                                       \
        if (err != MSGIN5G_OK) {                                                                                       \
            check_refusal(err, &problem, &out, sizeof out);                                                            \
            return;                                                                                                    \
        }                                                                                                              \
        buffer_init(&first, NAANF_BODY_MAX);                                                                           \
        buffer_init(&second, NAANF_BODY_MAX);                                                                          \
        err = naanf_##body##_encode(&out, &first);                                                                     \
        if (err == MSGIN5G_OK) {                                                                                       \
            struct msgin5g_str written = { (const char *)first.data, first.length };                                   \
            CHECK(naanf_##body##_decode(written, &out, &problem) == MSGIN5G_OK);                                       \
            CHECK(naanf_##body##_encode(&out, &second) == MSGIN5G_OK);                                                 \
            CHECK(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);                \
        } else {                                                                                                       \
            CHECK(err == MSGIN5G_ERR_INVALID && may_be_unwritable(&out, sizeof out));                                  \
        }                                                                                                              \
        buffer_wipe_free(&first);                                                                                      \
        buffer_wipe_free(&second);                                                                                     \
    }

/* Only AkmaAfKeyData has something that can be read but not written: a time before 1970. */
static bool may_be_unwritable(const void *out, size_t size)
{
    return size == sizeof(struct naanf_key_data) && ((const struct naanf_key_data *)out)->expiry_s < 0;
}

FUZZ_BODY(key_info)
FUZZ_BODY(key_request)
FUZZ_BODY(key_data)
FUZZ_BODY(ctx_remove)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct msgin5g_str text = { (const char *)data, length };

    fuzz_key_info(text);
    fuzz_key_request(text);
    fuzz_key_data(text);
    fuzz_ctx_remove(text);
    return 0;
}
