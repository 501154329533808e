/* AKMA contexts on the management port: look at them without their keys, expire what was given out, remove. */
#ifndef AANF_CONTEXTS_API_H
#define AANF_CONTEXTS_API_H

#include "http/route.h"

/* ctx is a struct management; docs/aanf-management.yaml describes them. */
http_handler_fn contexts_api_list;   /* GET /contexts */
http_handler_fn contexts_api_remove; /* DELETE /contexts/{subscriber} */
http_handler_fn contexts_api_expire; /* POST /contexts/{subscriber}/expire */

#endif
