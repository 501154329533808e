/* What application servers, message gateways and other servers are sent (TS 29.538 5.3, 6; EC-18, EC-43). */
#ifndef HTTP_SERVICES_H
#define HTTP_SERVICES_H

#include "way_http.h"

/** Pushes to an application server: its targetUri and one of two operations (EC-43). */
extern const struct way_http_service http_service_as;
/** MSGG_L3GDelivery and MSGG_N3GDelivery. */
extern const struct way_http_service http_service_l3g, http_service_n3g;
/** MSGG_BGDelivery. */
extern const struct way_http_service http_service_bmg;
/** MSGS_MSGDelivery of the server of another domain (MSGin5G-8, EC-18). */
extern const struct way_http_service http_service_peer;

#endif
