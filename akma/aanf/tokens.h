/* The built-in token endpoint: OAuth 2.0 client credentials as the NRF offers them (TS 29.510 5.4.2.2, 6.3). */
#ifndef AANF_TOKENS_H
#define AANF_TOKENS_H

#include "http/route.h"

#define TOKENS_PATH "/oauth2/token"

#define SCOPE_NAANF       "naanf-akma"
#define SCOPE_ANCHOR_KEY  "naanf-akma:anchorkey"
#define SCOPE_KEY_GET     "naanf-akma:applicationkeyget"
#define SCOPE_SUPI_ACCESS "naanf-akma:applicationkeyget:supi-access"

http_handler_fn tokens_issue;

#endif
