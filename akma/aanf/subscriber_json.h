/* A subscriber as the management API receives it: the members of the configuration file, as a JSON object. */
#ifndef AANF_SUBSCRIBER_JSON_H
#define AANF_SUBSCRIBER_JSON_H

#include "msgin5g/ids.h"
#include "subscriber_config.h"

/**
 * Change in @p config what @p body (any octets) names; the rest stays. The whole must then be a right subscriber.
 *
 * @param config strings are owned; release it with config_free() and subscriber_config_keys in any case.
 * @return MSGIN5G_OK; ERR_MALFORMED with *@p problem set (member NULL: the body as a whole); ERR_NO_MEMORY.
 */
enum msgin5g_err subscriber_json_decode(
    struct msgin5g_str body, struct subscriber_config *config, struct subscriber_problem *problem);

#endif
