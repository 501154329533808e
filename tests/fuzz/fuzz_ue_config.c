/* A UE configuration as JSON, any octets: what is taken has its two texts, and is written again. */
#include "seal/ue_config.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static uint8_t out[16 * SEAL_UE_CONFIG_MAX];
    struct seal_ue_config config;
    size_t written;
    if (seal_ue_config_decode_json(data, length, &config) != MSGIN5G_OK)
        return 0;
    CHECK(config.ue_service_id.length > 0 && config.server_address.length > 0);
    CHECK(seal_ue_config_encode_json(&config, out, sizeof out, &written) == MSGIN5G_OK);
    (void)seal_ue_config_encode_cbor(&config, out, sizeof out, &written);
    seal_ue_config_free(&config);
    return 0;
}
