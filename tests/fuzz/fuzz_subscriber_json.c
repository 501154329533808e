/* A subscriber as the management port receives it: what is accepted is right, and is kept as it was said. */
#include "base/secret.h"
#include "subscriber_json.h"
#include "subscriber_store.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct subscriber_config config = { 0 };
    struct subscriber_problem problem = { 0 };
    struct subscriber_store *store = NULL;
    if (config_defaults(subscriber_config_keys, &config) != MSGIN5G_OK)
        abort();
    enum msgin5g_err err = subscriber_json_decode((struct msgin5g_str){ (const char *)data, size }, &config, &problem);
    if (err == MSGIN5G_ERR_MALFORMED && problem.what == NULL)
        abort();
    if (err == MSGIN5G_OK) {
        if (secret_setup() != MSGIN5G_OK || subscriber_store_create(1, &store) != MSGIN5G_OK ||
            subscriber_store_put(store, &config) != MSGIN5G_OK || subscriber_store_find(store, config.supi) == NULL)
            abort();
        subscriber_store_free(store);
    }
    config_free(subscriber_config_keys, &config);
    return 0;
}
