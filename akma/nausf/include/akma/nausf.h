/* Bodies of Nausf_UEAuthentication for 5G AKA (TS 29.509 6.1.6), written by one side and read by the other. */
#ifndef AKMA_NAUSF_H
#define AKMA_NAUSF_H

#include "akma/naanf.h"

#define NAUSF_API      "/nausf-auth/v1"
#define NAUSF_HREF_MAX 512
#define NAUSF_BODY_MAX 2048                       /* octets of any body written here */
#define NAUSF_HAL_TYPE "application/3gppHal+json" /* of UEAuthenticationCtx */

/** AuthenticationInfo. */
struct nausf_info {
    char supi_or_suci[AKMA_SUPI_MAX + 1];
    char sn_name[AKMA_SN_NAME_MAX + 1];
    bool resynchronisation; /* then rand and auts are set */
    uint8_t rand[16];
    uint8_t auts[14];
};
/** UEAuthenticationCtx of method 5G_AKA. */
struct nausf_context {
    uint8_t rand[16], autn[16], hxres_star[16];
    char href[NAUSF_HREF_MAX + 1]; /* of link "5g-aka": where the confirmation goes */
};
/** ConfirmationData. Wipe with res_star_wipe(&...res_star). */
struct nausf_confirmation {
    bool has_res_star; /* false: null, the UE did not answer */
    struct res_star res_star;
};
/** ConfirmationDataResponse. Wipe with k_seaf_wipe(&...k_seaf). */
struct nausf_result {
    bool success;
    char supi[AKMA_SUPI_MAX + 1]; /* "" when not told */
    bool has_k_seaf;
    struct k_seaf k_seaf;
};
/** DeregistrationInfo. */
struct nausf_deregistration {
    char supi[AKMA_SUPI_MAX + 1];
};

/* Decoders: MSGIN5G_OK; or ERR_MALFORMED or ERR_NO_MEMORY with *problem set and @p out wiped. Bodies are hostile. */
enum msgin5g_err nausf_info_decode(struct msgin5g_str body, struct nausf_info *out, struct naanf_problem *problem);
enum msgin5g_err nausf_context_decode(
    struct msgin5g_str body, struct nausf_context *out, struct naanf_problem *problem);
enum msgin5g_err nausf_confirmation_decode(
    struct msgin5g_str body, struct nausf_confirmation *out, struct naanf_problem *problem);
enum msgin5g_err nausf_result_decode(struct msgin5g_str body, struct nausf_result *out, struct naanf_problem *problem);
enum msgin5g_err nausf_deregistration_decode(
    struct msgin5g_str body, struct nausf_deregistration *out, struct naanf_problem *problem);

/* Encoders append to @p out, at most NAUSF_BODY_MAX octets; those with RES* or K_SEAF need buffer_wipe_free()
 * afterwards. */
enum msgin5g_err nausf_info_encode(const struct nausf_info *info, struct buffer *out);
enum msgin5g_err nausf_context_encode(const struct nausf_context *context, const char *sn_name, struct buffer *out);
enum msgin5g_err nausf_confirmation_encode(const struct nausf_confirmation *confirmation, struct buffer *out);
enum msgin5g_err nausf_result_encode(const struct nausf_result *result, struct buffer *out);

#endif
