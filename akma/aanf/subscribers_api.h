/* Provisioning while running: subscribers over the management port, without their keys (GET, POST, PATCH, DELETE). */
#ifndef AANF_SUBSCRIBERS_API_H
#define AANF_SUBSCRIBERS_API_H

#include "http/route.h"

/* All take the struct management; docs/aanf-management.yaml describes them. */
http_handler_fn subscribers_api_list, subscribers_api_show, subscribers_api_add, subscribers_api_change,
    subscribers_api_remove;

#endif
