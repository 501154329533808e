/* Prints the bodies of Naanf_AKMA as our encoders write them, one "<schema> <JSON>" a line; test_naanf_bodies.py judges
 * them. */
#include "akma/naanf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A_KID "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define SUPI  "imsi-001010000000001"
#define GPSI  "msisdn-8613800000001"

static void print(const char *schema, enum msgin5g_err err, struct buffer *body)
{
    if (err != MSGIN5G_OK) {
        (void)fprintf(stderr, "%s: %s\n", schema, msgin5g_err_text(err));
        exit(EXIT_FAILURE);
    }
    (void)printf("%s %.*s\n", schema, (int)body->length, (const char *)body->data);
    buffer_wipe_free(body);
}

int main(void)
{
    const struct naanf_key_info by_supi = { .supi = SUPI, .a_kid = A_KID, .k_akma = { { 1, 0xff } } };
    const struct naanf_key_info by_gpsi = { .supp_feat = "1", .gpsi = GPSI, .a_kid = A_KID, .k_akma = { { 2 } } };
    const struct naanf_key_request request = { .af_id = "msgin5g.lab.example:0100000009", .a_kid = A_KID };
    const struct naanf_key_request anonymous = { .supp_feat = "1",
        .af_id = "localhost:010001c0a8",
        .a_kid = A_KID,
        .anonymous = true,
        .notif_uri = "https://msgin5g.lab.example:8443/naanf-callback" };
    const struct naanf_key_data data = { .expiry_s = 1795262400, .k_af = { { 3 } }, .supi = SUPI };
    const struct naanf_key_data data_gpsi = { .supp_feat = "1", .k_af = { { 4 } }, .gpsi = GPSI };
    const struct naanf_ctx_remove ctx_remove = { .supi = "nai-user@operator.example" };
    struct buffer body;

    buffer_init(&body, NAANF_BODY_MAX);
    print("AkmaKeyInfo", naanf_key_info_encode(&by_supi, &body), &body);
    print("AkmaKeyInfo", naanf_key_info_encode(&by_gpsi, &body), &body);
    print("AkmaAfKeyRequest", naanf_key_request_encode(&request, &body), &body);
    print("AkmaAfKeyRequest", naanf_key_request_encode(&anonymous, &body), &body);
    print("AkmaAfKeyData", naanf_key_data_encode(&data, &body), &body);
    print("AkmaAfKeyData", naanf_key_data_encode(&data_gpsi, &body), &body);
    print("CtxRemove", naanf_ctx_remove_encode(&ctx_remove, &body), &body);
    return EXIT_SUCCESS;
}
