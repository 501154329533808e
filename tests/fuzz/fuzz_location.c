/* Location of a redirect, any text: whoever is asked there is the AAnF itself, and the path is fit for a request. */
#include "naanf_redirect.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_client *const here = (struct http_client *)&(int){ 0 }; /* only compared */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct akma_af_config config = { .aanf_url = "https://aanf.example:443" };
    struct naanf_redirect *redirect = NULL;
    char location[1024] = "", path[NAANF_REDIRECT_PATH_MAX + 1];
    if (size >= sizeof location)
        return 0;
    if (size > 0)
        memcpy(location, data, size);
    if (naanf_redirect_create(NULL, &config, &(struct http_client_config){ 0 }, &redirect) != MSGIN5G_OK)
        abort();
    const struct http_client *found = naanf_redirect_find(redirect, location, here, path);
    if (found != NULL && (found != here || path[0] != '/' || path[1] == '/' || strpbrk(path, " \r\n\t#") != NULL))
        abort();
    naanf_redirect_free(redirect);
    return 0;
}
