/* Texts with a number in them, one a simulated UE: im:ue-{n}@lab.example, or {n:4} with leading zeros. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

/** True when @p text has a place for the number. */
bool template_has_number(const char *text);
/** @p text with @p number in every such place, for the caller to free; ends the process when memory is short. */
char *template_expand(const char *text, size_t number);

#endif
