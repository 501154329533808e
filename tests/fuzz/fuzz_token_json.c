/* Answers of a token endpoint: any octets; a token that is taken is safe in a header. */
#include "token_json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static struct token_answer answer;
    enum msgin5g_err err = token_answer_decode((struct msgin5g_str){ (const char *)data, length }, &answer);
    size_t token = strlen(answer.token);
    if (err != MSGIN5G_OK && (token > 0 || answer.lifetime_s != 0))
        abort();
    if (err == MSGIN5G_OK && (token == 0 || token > TOKEN_MAX || answer.lifetime_s < 0))
        abort();
    for (size_t i = 0; i < token; i++)
        if (answer.token[i] <= ' ' || answer.token[i] >= 0x7f)
            abort();
    return 0;
}
