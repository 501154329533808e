/* Bodies of Naanf_AKMA (TS 29.535 5.1.6), read and written by AF and AAnF alike. */
#ifndef AKMA_NAANF_H
#define AKMA_NAANF_H

#include "akma/a_kid.h"
#include "base/buffer.h"

#define NAANF_API           "/naanf-akma/v1"
#define NAANF_DEPTH_MAX     8    /* objects and arrays inside each other */
#define NAANF_MEMBERS_MAX   128  /* of one object */
#define NAANF_BODY_MAX      4096 /* octets of one body written here */
#define NAANF_SUPP_FEAT_MAX 16   /* hexadecimal digits kept: features 1 to 64 (TS 29.571) */
#define NAANF_NOTIF_URI_MAX 1024
#define NAANF_FEATURE_GPSI  1 /* AKMA_GPSI_Support (TS 29.535 5.1.8) */

/** AkmaKeyInfo. Wipe with naanf_key_info_wipe(). */
struct naanf_key_info {
    char supp_feat[NAANF_SUPP_FEAT_MAX + 1];
    char supi[AKMA_SUPI_MAX + 1];
    char gpsi[AKMA_SUPI_MAX + 1];
    char a_kid[AKMA_A_KID_MAX + 1];
    struct k_akma k_akma;
};
/** AkmaAfKeyRequest. */
struct naanf_key_request {
    char supp_feat[NAANF_SUPP_FEAT_MAX + 1];
    char af_id[AKMA_AF_ID_MAX + 1];
    char a_kid[AKMA_A_KID_MAX + 1];
    bool anonymous;
    char notif_uri[NAANF_NOTIF_URI_MAX + 1];
};
/** AkmaAfKeyData. Wipe with naanf_key_data_wipe(). */
struct naanf_key_data {
    char supp_feat[NAANF_SUPP_FEAT_MAX + 1];
    int64_t expiry_s;
    struct k_af k_af;
    char supi[AKMA_SUPI_MAX + 1];
    char gpsi[AKMA_SUPI_MAX + 1];
};
/** CtxRemove. */
struct naanf_ctx_remove {
    char supi[AKMA_SUPI_MAX + 1];
};
/** ServiceDisableNotif, from the AAnF to the AF (TS 29.535 v19.5.0). */
struct naanf_disable_notif {
    char a_kid[AKMA_A_KID_MAX + 1];
};
static inline void naanf_key_info_wipe(struct naanf_key_info *info)
{
    secret_wipe(info, sizeof *info);
}
static inline void naanf_key_data_wipe(struct naanf_key_data *data)
{
    secret_wipe(data, sizeof *data);
}

/** True when @p supp_feat names feature @p number, counted from 1: the lowest bit of the last digit (TS 29.571). */
bool naanf_feature(const char *supp_feat, unsigned number);

/** Why a body was refused, for ProblemDetails (section 5.1 of the AKMA digest). Constants. */
struct naanf_problem {
    const char *cause; /* INVALID_MSG_FORMAT, MANDATORY_IE_MISSING, MANDATORY_IE_INCORRECT, OPTIONAL_IE_INCORRECT; or
                          SYSTEM_FAILURE with ERR_NO_MEMORY */
    const char *param; /* JSON Pointer "/aKId", NULL when none */
    const char *reason;
};

/* Each decoder: MSGIN5G_OK, or ERR_MALFORMED or ERR_NO_MEMORY with *problem set and @p out wiped. Bodies are hostile:
 * grammar, depth (NAANF_DEPTH_MAX), members (NAANF_MEMBERS_MAX an object), duplicates, lengths and values are checked;
 * members nobody here knows are ignored. A key of 32 zero octets is refused. aKId and afId come out in their one form
 * (realm and FQDN in lower case), so that equal ones are equal octet by octet. */
enum msgin5g_err naanf_key_info_decode(
    struct msgin5g_str body, struct naanf_key_info *out, struct naanf_problem *problem);
enum msgin5g_err naanf_key_request_decode(
    struct msgin5g_str body, struct naanf_key_request *out, struct naanf_problem *problem);
enum msgin5g_err naanf_key_data_decode(
    struct msgin5g_str body, struct naanf_key_data *out, struct naanf_problem *problem);
enum msgin5g_err naanf_ctx_remove_decode(
    struct msgin5g_str body, struct naanf_ctx_remove *out, struct naanf_problem *problem);
enum msgin5g_err naanf_disable_notif_decode(
    struct msgin5g_str body, struct naanf_disable_notif *out, struct naanf_problem *problem);

/* Each encoder appends one body to @p out, members that are "" or false left out; those with keys need
 * buffer_wipe_free() afterwards. MSGIN5G_OK; ERR_LIMIT (fewer than NAANF_BODY_MAX octets left), ERR_NO_MEMORY,
 * ERR_INVALID (text that is not UTF-8, a time outside of RFC 3339), with @p out unchanged. */
enum msgin5g_err naanf_key_info_encode(const struct naanf_key_info *info, struct buffer *out);
enum msgin5g_err naanf_key_request_encode(const struct naanf_key_request *request, struct buffer *out);
enum msgin5g_err naanf_key_data_encode(const struct naanf_key_data *data, struct buffer *out);
enum msgin5g_err naanf_ctx_remove_encode(const struct naanf_ctx_remove *remove, struct buffer *out);
enum msgin5g_err naanf_disable_notif_encode(const struct naanf_disable_notif *notif, struct buffer *out);

#endif
