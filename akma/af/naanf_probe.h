/* Looks whether an AAnF that did not answer does so again, so that nobody has to wait for a UE to find out. */
#ifndef AKMA_NAANF_PROBE_H
#define AKMA_NAANF_PROBE_H

#include "http/client.h"
#include "token_client.h"

struct naanf_probe;

/** Runs once after naanf_probe_start(), on the loop, as soon as the AAnF answers. */
typedef void naanf_probe_fn(void *ctx);

/** @p http and @p tokens (NULL: none are used) are borrowed and freed before the probe. @return MSGIN5G_OK or
 * ERR_NO_MEMORY. */
enum msgin5g_err naanf_probe_create(struct loop *loop, struct http_client *http, struct token_client *tokens,
    naanf_probe_fn *alive, void *ctx, struct naanf_probe **out);
#define NAANF_PROBE_FIRST_MS   1000
#define NAANF_PROBE_LONGEST_MS 30000
/** Ask in at most @p first_ms, then at growing intervals of up to NAANF_PROBE_LONGEST_MS; nothing new when it is at it
 * already. */
void naanf_probe_start(struct naanf_probe *probe, int64_t first_ms);
/** The AAnF has answered somebody else, or the end is near. NULL is allowed, here and below. */
void naanf_probe_stop(struct naanf_probe *probe);
void naanf_probe_free(struct naanf_probe *probe);

#endif
