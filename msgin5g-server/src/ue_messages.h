/* MSG and IMDN from UEs over MSGin5G-1: handed to delivery, answered with 2.04 and MSGRESP (EC-4, digest 5.3). */
#ifndef UE_MESSAGES_H
#define UE_MESSAGES_H

#include "request.h"

/** Handler of MSG and IMDN; see request.h. */
request_handler_fn ue_messages_on_message;

#endif
