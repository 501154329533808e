/* The command `gateway`: the UE of the command line as Gateway Client for others. */
#ifndef CLI_GATEWAY_H
#define CLI_GATEWAY_H

#include "options.h"

/** Listen for the UEs of --ues on behalf of @p client; the gateway goes with it. @return EXIT_CODE_OK, or another one
 * after saying on standard error what is wrong. */
int gateway_open(struct msgin5g_client *client, const struct options *options);

#endif
