/* Keys of simulated UEs: K_AUSF is a hash of the UE's number, everything else follows TS 33.535 Annex A. */
#ifndef FLEET_KEYS_H
#define FLEET_KEYS_H

#include "akma/naanf.h"
#include "tls/stream.h"

/** SUPI, A-KID and K_AKMA of UE @p number; the caller wipes. */
enum msgin5g_err fleet_key(size_t number, struct naanf_key_info *out);
/** Register the keys of @p count UEs at the AAnF, in the AUSF's place (TS 29.535 AnchorKey_Register). @return 0, or -1
 * after saying why. */
int fleet_keys_provision(const char *aanf_url, struct tls_context *tls, size_t first, size_t count);

#endif
