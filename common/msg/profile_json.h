/* The MSGin5G Client Profile of REG (TS 24.538 7.3.3.1). Private to this folder. */
#ifndef MSG_PROFILE_JSON_H
#define MSG_PROFILE_JSON_H

#include "msgin5g/message.h"

#include <cjson/cJSON.h>

struct profile {
    uint32_t max_segment_size;
    struct msgin5g_availability availability;
    const cJSON *triggering; /* NULL: absent */
};

/**
 * Read @p json, the value of cliProfile.
 *
 * @param out zeroed by the caller.
 * @return NULL when it is well formed, else a constant: the path of the wrong member.
 */
const char *profile_read(const cJSON *json, struct profile *out);

#endif
