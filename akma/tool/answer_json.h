/* What the management port answers, for people. */
#ifndef AKMA_TOOL_ANSWER_JSON_H
#define AKMA_TOOL_ANSWER_JSON_H

#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>

/** What a problem's body says (detail, else cause); "" when it says nothing. */
void answer_json_detail(struct msgin5g_str body, char *out, size_t size);
/** Print subscribers, or one, as a table. @return false when @p body is none of that. */
bool answer_json_print_subscribers(struct msgin5g_str body);
/** Print contexts and the AF_IDs that got a K_AF, as a table. @return as above. */
bool answer_json_print_contexts(struct msgin5g_str body);

#endif
