/* USIM emulation: AUTN check, RES*, K_AUSF (TS 33.501 6.1.3.2, TS 35.206). No network, no files beyond usim_load(). */
#ifndef AKMA_USIM_H
#define AKMA_USIM_H

#include "akma/a_kid.h"
#include "akma/keys.h"

struct usim; /* K, OPc, SQN, SUPI, RID */

struct usim_config {
    const char *supi; /* "imsi-..." */
    struct usim_k k;
    struct usim_opc opc;
    uint64_t sqn;    /* highest accepted so far, 48 bits */
    const char *rid; /* 1 to 4 digits; "0" when none is configured */
    int mnc_digits;  /* 2 or 3 */
};
/** @p config is copied. @return MSGIN5G_OK, ERR_INVALID (SUPI without a home realm, RID, SQN, MNC digits),
 * ERR_NO_MEMORY. */
enum msgin5g_err usim_create(const struct usim_config *config, struct usim **out);
/**
 * Read a USIM file: YAML with supi, k, op or opc, sqn, and optionally rid and mnc_digits.
 *
 * @param problem what is wrong and how to mend it, one line a problem, cut at @p problem_size; only set on failure.
 * @return MSGIN5G_OK; ERR_CONFIG (also for a file that its group or others may use: it holds K); ERR_NO_MEMORY.
 */
enum msgin5g_err usim_load(const char *path, struct usim **out, char *problem, size_t problem_size);
/**
 * Write SQN back to the file the USIM came from: only its twelve digits change, and never backwards. Replaces the file
 * atomically and waits for the disk, so keep it off an event loop's path. Nothing to do for one made by usim_create().
 *
 * @return MSGIN5G_OK, ERR_IO (errno set), ERR_CONFIG (no sqn line any more), ERR_LIMIT, ERR_NO_MEMORY.
 */
enum msgin5g_err usim_save(const struct usim *usim);
/** Wipe the keys and release. NULL is allowed. */
void usim_free(struct usim *usim);
const char *usim_supi(const struct usim *usim);
const char *usim_rid(const struct usim *usim);
int usim_mnc_digits(const struct usim *usim);
/** SQN_MS: the highest sequence number accepted so far, 48 bits. */
uint64_t usim_sqn(const struct usim *usim);

/** Answer to a challenge. Wipe with usim_answer_wipe(). K_AUSF counts only after the network confirmed
 * (TS 33.501 6.2.2.2). */
struct usim_answer {
    struct res_star res_star;
    struct k_ausf k_ausf;
    uint8_t auts[14]; /* only with ERR_SYNC_FAILURE */
};
static inline void usim_answer_wipe(struct usim_answer *answer)
{
    secret_wipe(answer, sizeof *answer);
}
/**
 * Check AUTN (MAC, separation bit, then SQN: above the highest accepted so far and at most 2^28 ahead) and compute the
 * answer; on success SQN moves on, so that no challenge is taken twice.
 *
 * @return MSGIN5G_OK, ERR_MAC_FAILURE, ERR_SEPARATION_BIT, ERR_SYNC_FAILURE (@p out->auts is set), ERR_INVALID
 * (sn_name), ERR_INTERNAL. @p out is wiped on failure.
 */
enum msgin5g_err usim_challenge(
    struct usim *usim, const uint8_t rand[16], const uint8_t autn[16], const char *sn_name, struct usim_answer *out);

#endif
