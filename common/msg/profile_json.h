/* Check of the MSGin5G Client Profile of REG (TS 24.538 7.3.3.1). Private to this folder. */
#ifndef MSG_PROFILE_JSON_H
#define MSG_PROFILE_JSON_H

#include <cjson/cJSON.h>

/** @return NULL when @p profile (the value of cliProfile) is well formed, else a constant: the path of the wrong
 * member. */
const char *profile_problem(const cJSON *profile);

#endif
