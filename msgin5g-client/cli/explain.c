#include "explain.h"

#include <stddef.h>

static const struct {
    enum msgin5g_err err;
    const char *text;
} rows[] = {
    { MSGIN5G_ERR_CONNECT, "nothing answered there: check the address, that the server runs, and the way to it" },
    { MSGIN5G_ERR_TIMEOUT, "check the way to it, and with --tls 1.2 the key (servers do not say that it is wrong); "
                           "--timeout gives more time" },
    { MSGIN5G_ERR_CLOSED, "it ended the session, perhaps to restart: try again" },
    { MSGIN5G_ERR_AUTHENTICATION,
        "A-KID and K_AKMA were not accepted: check --server-name (the FQDN is part of the key), or run primary "
        "authentication again" },
    { MSGIN5G_ERR_MALFORMED_A_KID, "an A-KID is RID.A-TID@realm, as 'akma derive' prints it" },
    { MSGIN5G_ERR_MAC_FAILURE, "K or OPc of the USIM file and of the home network differ" },
    { MSGIN5G_ERR_SYNC_FAILURE, "the sequence number of the USIM file does not fit even after resynchronisation" },
    { MSGIN5G_ERR_NOT_AUTHORIZED, "this subscriber may not act for this UE Service ID: check the server's bindings" },
    { MSGIN5G_ERR_PEER, "look at the log of the server" },
    { MSGIN5G_ERR_OVERLOADED, "try again later" },
    { MSGIN5G_ERR_RATE_LIMITED, "try again later" },
};

const char *explain(enum msgin5g_err err)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].err == err)
            return rows[i].text;
    return NULL;
}
