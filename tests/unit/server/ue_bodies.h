/* Bodies that the UEs of fake_ues.h send; each call overwrites what the one before gave. UEs are counted from 1. */
#ifndef UE_BODIES_H
#define UE_BODIES_H

#include <stdio.h>

#define ID_1 "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"
#define ID_2 "9c0e5a7d-6b21-4f10-93c4-2f6e8d1a0b3c"

/** MSG of UE @p from; @p more are further members, each with a comma before it. */
static inline const char *ue_msg(int from, const char *to, const char *id, const char *more)
{
    static char json[2048];
    snprintf(json, sizeof json,
        "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSG\","
        "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-%d@lab.example\"},"
        "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"%s\"},\"msgId\":\"%s\"%s,\"payload\":\"open\"}",
        from, to, id, more);
    return json;
}

static inline const char *ue_imdn(int from, int to, const char *id)
{
    static char json[1024];
    snprintf(json, sizeof json,
        "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"IMDN\","
        "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-%d@lab.example\"},"
        "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:ue-%d@lab.example\"},\"msgId\":\"%s\",\"DelSta\":"
        "\"success\"}",
        from, to, id);
    return json;
}

#endif
