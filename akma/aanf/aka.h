/* 5G AKA on the network's side: authentication vectors and AUTS (TS 33.501 6.1.3.2, TS 33.102 6.3). Pure functions. */
#ifndef AANF_AKA_H
#define AANF_AKA_H

#include "subscriber_store.h"

/** One challenge and what the right answer is. Wipe with aka_vector_wipe(). */
struct aka_vector {
    uint8_t rand[16], autn[16], hxres_star[16];
    struct res_star xres_star;
    struct k_ausf k_ausf;
};
static inline void aka_vector_wipe(struct aka_vector *vector)
{
    secret_wipe(vector, sizeof *vector);
}
#define AKA_VECTOR_LOCAL __attribute__((cleanup(aka_vector_wipe))) struct aka_vector

/** @return MSGIN5G_OK, ERR_INVALID (@p sn_name) or ERR_INTERNAL. */
enum msgin5g_err aka_vector_make(const struct subscriber_keys *keys, const uint8_t rand[16], const uint8_t sqn[6],
    const uint8_t amf[2], const char *sn_name, struct aka_vector *out);
/** Check MAC-S and read SQN_MS (TS 33.102 6.3.3, 6.3.5). @return MSGIN5G_OK, ERR_MAC_FAILURE or ERR_INTERNAL. */
enum msgin5g_err aka_auts_open(
    const struct subscriber_keys *keys, const uint8_t rand[16], const uint8_t auts[14], uint64_t *sqn_ms);

#endif
