/* Naanf_AKMA as a producer (TS 29.535 4.2.2): the three operations as HTTP handlers; their ctx is the struct aanf. */
#ifndef AANF_NAANF_H
#define AANF_NAANF_H

#include "http/route.h"

http_handler_fn naanf_register;
http_handler_fn naanf_retrieve;
http_handler_fn naanf_remove;

#endif
