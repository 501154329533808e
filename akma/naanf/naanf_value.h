/* What the members of Naanf_AKMA bodies may hold; each reader turns a JSON string into its field. */
#ifndef AKMA_NAANF_VALUE_H
#define AKMA_NAANF_VALUE_H

/** Reads NUL-terminated UTF-8 @p text into @p out. @return NULL, or what is wrong with it: a constant for people. */
typedef const char *naanf_read_fn(const char *text, void *out);

naanf_read_fn naanf_read_a_kid;     /* char[AKMA_A_KID_MAX + 1], realm in lower case */
naanf_read_fn naanf_read_af_id;     /* char[AKMA_AF_ID_MAX + 1], in lower case */
naanf_read_fn naanf_read_supi;      /* char[AKMA_SUPI_MAX + 1] */
naanf_read_fn naanf_read_gpsi;      /* char[AKMA_SUPI_MAX + 1] */
naanf_read_fn naanf_read_key;       /* uint8_t[AKMA_KEY_LEN] */
naanf_read_fn naanf_read_time;      /* int64_t, seconds */
naanf_read_fn naanf_read_uri;       /* char[NAANF_NOTIF_URI_MAX + 1] */
naanf_read_fn naanf_read_supp_feat; /* char[NAANF_SUPP_FEAT_MAX + 1] */

#endif
