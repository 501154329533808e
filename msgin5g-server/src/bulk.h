/* Bulk registration and de-registration by a Gateway UE (TS 24.538 6.3.4.4; EC-5): every entry is judged by itself. */
#ifndef BULK_H
#define BULK_H

#include "request.h"

/** Handlers of BREG and of DEREG with a list; see request.h. Only for gateways (bindings with gateway_ues). */
request_handler_fn bulk_on_breg;
request_handler_fn bulk_on_dereg;

#endif
