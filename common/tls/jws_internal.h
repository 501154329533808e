/* What jws.c asks of jws_json.c. */
#ifndef JWS_INTERNAL_H
#define JWS_INTERNAL_H

#include "tls/jws.h"

/** The members of a JOSE header that decide something (RFC 7515 4.1). */
struct jws_header {
    enum jws_algorithm algorithm; /* JWS_ALGORITHMS: one we do not have */
    bool has_kid;
    char kid[JWS_KID_MAX + 1];
};
/** @return MSGIN5G_OK; ERR_MALFORMED (not an object, no alg, a member twice, kid over-long, `crit`) or ERR_NO_MEMORY.
 */
enum msgin5g_err jws_header_decode(struct msgin5g_str json, struct jws_header *out);

#endif
