/* Nausf_UEAuthentication as a producer, 5G AKA only (TS 29.509; TS 33.501 6.1.3.2): HTTP handlers; their ctx is the
 * struct aanf. */
#ifndef AANF_NAUSF_H
#define AANF_NAUSF_H

#include "http/route.h"

http_handler_fn nausf_authenticate;
http_handler_fn nausf_confirm;
http_handler_fn nausf_deregister;

#endif
