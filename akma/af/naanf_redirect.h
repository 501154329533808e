/* Where an AAnF may send its consumer on to with 307 or 308 (TS 29.500 6.10.9.1): hosts of the configuration alone. */
#ifndef AKMA_NAANF_REDIRECT_H
#define AKMA_NAANF_REDIRECT_H

#include "akma/af.h"
#include "http/client.h"

#define NAANF_REDIRECT_PATH_MAX 512

struct naanf_redirect;

/** One HTTP client for each of the configuration's redirect_urls; nothing is connected yet. @return MSGIN5G_OK,
 * ERR_INVALID (URL) or ERR_NO_MEMORY. @p http is what they have in common. */
enum msgin5g_err naanf_redirect_create(struct loop *loop, const struct akma_af_config *config,
    const struct http_client_config *http, struct naanf_redirect **out);
void naanf_redirect_renew(struct naanf_redirect *redirect);
/** Open calls end with ERR_CLOSED during this call. NULL is allowed. */
void naanf_redirect_free(struct naanf_redirect *redirect);
/**
 * Where @p location, any octets, leads: a path alone stays at the AAnF's URL, which is always allowed.
 *
 * @param here the client of the AAnF's URL.
 * @return NULL when nobody may be asked there.
 */
struct http_client *naanf_redirect_find(const struct naanf_redirect *redirect, const char *location,
    struct http_client *here, char path[NAANF_REDIRECT_PATH_MAX + 1]);

#endif
