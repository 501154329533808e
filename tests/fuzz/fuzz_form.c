/* Forms of token requests: any octets; what is taken is bounded text, and the parser always ends. */
#include "form.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct msgin5g_str body = { (const char *)data, length };
    struct form_pair pair;
    size_t left = length + 1;
    while (form_next(&body, &pair) == MSGIN5G_OK) {
        CHECK(body.length < left);
        CHECK(strlen(pair.name) <= FORM_NAME_MAX && strlen(pair.value) <= FORM_VALUE_MAX && pair.name[0] != '\0');
        left = body.length;
    }
    return 0;
}
