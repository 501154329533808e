/* Who waits for a key, and the datagrams held for them meanwhile: bounded by peer and in all (decision D3). */
#ifndef PSK_PENDING_H
#define PSK_PENDING_H

#include "msgin5g/error.h"
#include "server_metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PSK_PENDING_DATAGRAMS 16    /* held for one peer */
#define PSK_PENDING_OCTETS    16384 /* likewise */

struct psk_pending; /* all of them */
struct psk_wait;    /* one peer */

/** @p metrics is borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err psk_pending_create(
    size_t max_peers, size_t max_octets, struct server_metrics *metrics, struct psk_pending **out);
/** Every wait must have ended. NULL is allowed. */
void psk_pending_free(struct psk_pending *pending);
/** Somebody waits from now on. @return NULL when too many do, or memory is short. */
struct psk_wait *psk_wait_begin(struct psk_pending *pending, void *owner);
/** Who waits; NULL after psk_wait_abandon(). */
void *psk_wait_owner(const struct psk_wait *wait);
/** Keep a copy of a datagram. @return false when it was dropped: the UE will send it again. */
bool psk_wait_hold(struct psk_wait *wait, const uint8_t *octets, size_t length);
/** The peer has gone: forget the owner and the datagrams; the wait itself ends when the key is there. */
void psk_wait_abandon(struct psk_wait *wait);
/** Take out the oldest datagram. @return octets for the caller to free(), or NULL when there is none. */
uint8_t *psk_wait_take(struct psk_wait *wait, size_t *length);
/** Take out everything, joined in order. @return octets for the caller to free(), or NULL: nothing, or no memory. */
uint8_t *psk_wait_take_all(struct psk_wait *wait, size_t *length);
/** Release @p wait with everything in it. */
void psk_wait_end(struct psk_wait *wait);

#endif
