/* Registrations on the management port: listed page by page, and ended. */
#ifndef ADMIN_REGISTRATIONS_H
#define ADMIN_REGISTRATIONS_H

#include "http/route.h"
#include "registration.h"

/** Answer with a page; the query's limit, after and prefix choose it. */
void admin_registrations_list(struct registrations *registrations, struct http_request *request);
/** End the registration of the UE Service ID in {id}. */
void admin_registrations_end(struct registrations *registrations, struct http_request *request);

#endif
