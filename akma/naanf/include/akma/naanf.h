/* Bodies of Naanf_AKMA (TS 29.535 5.1.6), read and written by AF and AAnF alike. */
#ifndef AKMA_NAANF_H
#define AKMA_NAANF_H

#include "akma/a_kid.h"
#include "base/buffer.h"

#define NAANF_API "/naanf-akma/v1"

/** AkmaKeyInfo. Wipe with naanf_key_info_wipe(). */
struct naanf_key_info {
    char supp_feat[17];
    char supi[AKMA_SUPI_MAX + 1];
    char gpsi[AKMA_SUPI_MAX + 1];
    char a_kid[AKMA_A_KID_MAX + 1];
    struct k_akma k_akma;
};
/** AkmaAfKeyRequest. */
struct naanf_key_request {
    char supp_feat[17];
    char af_id[AKMA_AF_ID_MAX + 1];
    char a_kid[AKMA_A_KID_MAX + 1];
    bool anonymous;
    char notif_uri[1025];
};
/** AkmaAfKeyData. Wipe with naanf_key_data_wipe(). */
struct naanf_key_data {
    char supp_feat[17];
    int64_t expiry_s;
    struct k_af k_af;
    char supi[AKMA_SUPI_MAX + 1];
    char gpsi[AKMA_SUPI_MAX + 1];
};
/** CtxRemove. */
struct naanf_ctx_remove {
    char supi[AKMA_SUPI_MAX + 1];
};
static inline void naanf_key_info_wipe(struct naanf_key_info *info)
{
    secret_wipe(info, sizeof *info);
}
static inline void naanf_key_data_wipe(struct naanf_key_data *data)
{
    secret_wipe(data, sizeof *data);
}

/** Why a body was refused, for ProblemDetails (section 5.1 of the AKMA digest). Constants. */
struct naanf_problem {
    const char *cause;  /* INVALID_MSG_FORMAT, MANDATORY_IE_MISSING, MANDATORY_IE_INCORRECT, OPTIONAL_IE_INCORRECT */
    const char *param;  /* JSON Pointer "/aKId", NULL when none */
    const char *reason;
};

/* Each decoder: MSGIN5G_OK or ERR_MALFORMED with *problem set; @p out is wiped on failure. Bodies are hostile: depth, duplicates and lengths are checked. */
enum msgin5g_err naanf_key_info_decode(struct msgin5g_str body, struct naanf_key_info *out, struct naanf_problem *problem);
enum msgin5g_err naanf_key_request_decode(struct msgin5g_str body, struct naanf_key_request *out, struct naanf_problem *problem);
enum msgin5g_err naanf_key_data_decode(struct msgin5g_str body, struct naanf_key_data *out, struct naanf_problem *problem);
enum msgin5g_err naanf_ctx_remove_decode(struct msgin5g_str body, struct naanf_ctx_remove *out, struct naanf_problem *problem);
/* Each encoder appends to @p out; those with keys need buffer_wipe_free() afterwards. */
enum msgin5g_err naanf_key_info_encode(const struct naanf_key_info *info, struct buffer *out);
enum msgin5g_err naanf_key_request_encode(const struct naanf_key_request *request, struct buffer *out);
enum msgin5g_err naanf_key_data_encode(const struct naanf_key_data *data, struct buffer *out);
enum msgin5g_err naanf_ctx_remove_encode(const struct naanf_ctx_remove *remove, struct buffer *out);

#endif
