/* SUPI out of what a serving network sends: a SUPI, or a SUCI of the null scheme (TS 23.003 2.2B, 28.7.3). */
#ifndef AANF_SUCI_H
#define AANF_SUCI_H

#include "akma/kdf.h"

/**
 * @param supi_or_suci NUL-terminated, at most AKMA_SUPI_MAX octets.
 * @return MSGIN5G_OK; ERR_UNSUPPORTED_FORMAT (a SUCI of another scheme or type); ERR_MALFORMED.
 */
enum msgin5g_err suci_to_supi(const char *supi_or_suci, char supi[AKMA_SUPI_MAX + 1]);

#endif
