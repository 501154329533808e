#include "msgin5g/client.h"

const char *msgin5g_version(void)
{
    return MSGIN5G_VERSION;
}
