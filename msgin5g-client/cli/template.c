#include "template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_MAX 15

/* Length of the place at the beginning of @p text, 0: there is none; its width in @p width. */
static size_t place_at(const char *text, int *width)
{
    char *end;
    long digits;

    *width = 0;
    if (strncmp(text, "{n}", 3) == 0)
        return 3;
    if (strncmp(text, "{n:", 3) != 0)
        return 0;
    digits = strtol(text + 3, &end, 10);
    if (end == text + 3 || *end != '}' || digits < 1 || digits > WIDTH_MAX)
        return 0;
    *width = (int)digits;
    return (size_t)(end + 1 - text);
}

bool template_has_number(const char *text)
{
    int width;

    for (; *text != '\0'; text++)
        if (place_at(text, &width) > 0)
            return true;
    return false;
}

char *template_expand(const char *text, size_t number)
{
    char *out = NULL;
    size_t length = 0, place;
    FILE *stream = open_memstream(&out, &length);
    int width;

    if (stream == NULL)
        abort();
    while (*text != '\0') {
        if ((place = place_at(text, &width)) > 0)
            fprintf(stream, "%0*zu", width, number);
        else
            fputc(*text, stream);
        text += place > 0 ? place : 1;
    }
    if (fclose(stream) != 0)
        abort();
    return out;
}
