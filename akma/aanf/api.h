/* All service operations as rows, and the answers to what fits no row. */
#ifndef AANF_API_H
#define AANF_API_H

#include "http/route.h"

extern const struct http_route api_routes[];
/** For requests no row fits (TS 29.500 5.2.7.2): 400 INVALID_API, 404, 405, 501. */
http_handler_fn api_fallback;

#endif
