/* What usim.c and usim_file.c share: the fields of struct usim. */
#ifndef AKMA_USIM_INTERNAL_H
#define AKMA_USIM_INTERNAL_H

#include "akma/usim.h"

#define SQN_LEN 6
#define SQN_MAX (((uint64_t)1 << 48) - 1)

struct usim {
    char supi[AKMA_SUPI_MAX + 1];
    char rid[AKMA_RID_MAX + 1];
    int mnc_digits;
    struct usim_k k;
    struct usim_opc opc;
    uint64_t sqn; /* SQN_MS: the highest accepted so far */
    char *path;   /* the file it came from, without symbolic links; NULL: none */
};

#endif
