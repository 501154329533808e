/* One response to REG or DEREG, alone or in the list of a bulk response. Private to this folder. */
#ifndef MSG_RESPONSE_JSON_H
#define MSG_RESPONSE_JSON_H

#include "base/json_writer.h"
#include "msgin5g/message.h"

#include <cjson/cJSON.h>

/** Read one that has a result; @p out borrows from the tree. @return false when it is none; @p out may have changed. */
bool response_read(const cJSON *root, struct msgin5g_reg_response *out);
void response_write(struct json_writer *w, const struct msgin5g_reg_response *response);
/** As json_writer_finish(), with ERR_PAYLOAD_TOO_LARGE for what does not fit. */
enum msgin5g_err response_finish(const struct json_writer *w, size_t *length);

#endif
