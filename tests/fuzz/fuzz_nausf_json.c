/* Bodies of Nausf_UEAuthentication, the SUCI inside of one, and POST /faults: any octets; a refusal is explained, what
 * is accepted is the same after writing and reading it. */
#include "akma/nausf.h"
#include "faults.h"
#include "suci.h"

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

/* One function a body: what was read is written, and read again it is the same. */
#define FUZZ_BODY(body, encode)                                                                                        \
    static void fuzz_##body(struct msgin5g_str text)                                                                   \
    {                                                                                                                  \
        struct nausf_##body first;                                                                                     \
        struct nausf_##body second;                                                                                    \
        struct naanf_problem problem = { NULL, NULL, NULL };                                                           \
        struct buffer buffer;                                                                                          \
        enum msgin5g_err err = nausf_##body##_decode(text, &first, &problem);                                          \
        if (err != MSGIN5G_OK) {                                                                                       \
            check_refusal(err, &problem, &first, sizeof first);                                                        \
            return;                                                                                                    \
        }                                                                                                              \
        buffer_init(&buffer, NAUSF_BODY_MAX);                                                                          \
        CHECK((encode) == MSGIN5G_OK);                                                                                 \
        struct msgin5g_str written = { (const char *)buffer.data, buffer.length };                                     \
        if (written.length > 0) {                                                                                      \
            CHECK(nausf_##body##_decode(written, &second, &problem) == MSGIN5G_OK);                                    \
            CHECK(memcmp(&first, &second, sizeof first) == 0);                                                         \
        }                                                                                                              \
        buffer_wipe_free(&buffer);                                                                                     \
    }

FUZZ_BODY(info, nausf_info_encode(&first, &buffer))
FUZZ_BODY(context, nausf_context_encode(&first, "5G:mnc001.mcc001.3gppnetwork.org", &buffer))
FUZZ_BODY(confirmation, first.has_res_star ? nausf_confirmation_encode(&first, &buffer) : MSGIN5G_OK)
FUZZ_BODY(result, nausf_result_encode(&first, &buffer))

static void fuzz_deregistration(struct msgin5g_str text)
{
    struct nausf_deregistration out;
    struct naanf_problem problem = { NULL, NULL, NULL };
    enum msgin5g_err err = nausf_deregistration_decode(text, &out, &problem);
    if (err != MSGIN5G_OK)
        check_refusal(err, &problem, &out, sizeof out);
    else
        CHECK(out.supi[0] != '\0');
}

static void fuzz_suci(struct msgin5g_str text)
{
    struct nausf_info info;
    struct naanf_problem problem;
    char supi[AKMA_SUPI_MAX + 1];
    if (nausf_info_decode(text, &info, &problem) == MSGIN5G_OK && suci_to_supi(info.supi_or_suci, supi) == MSGIN5G_OK)
        CHECK(supi[0] != '\0' && strncmp(supi, "suci-", 5) != 0);
}

static void fuzz_faults(struct msgin5g_str text)
{
    struct faults_setting setting = { 0 };
    if (faults_json_decode(text, &setting) == MSGIN5G_OK)
        CHECK(setting.latency_ms >= 0 && setting.latency_ms <= FAULTS_LATENCY_MAX_MS && setting.status <= 599);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct msgin5g_str text = { (const char *)data, length };
    fuzz_info(text);
    fuzz_context(text);
    fuzz_confirmation(text);
    fuzz_result(text);
    fuzz_deregistration(text);
    fuzz_suci(text);
    fuzz_faults(text);
    return 0;
}
