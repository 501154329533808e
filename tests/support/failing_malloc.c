#include "failing_malloc.h"

#include <errno.h>
#include <stddef.h>

/* What the linker's --wrap leaves: __real_x is the library's function, __wrap_x is called in its place. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

static _Thread_local struct {
    bool armed;
    bool failed;
    unsigned int left;
} state;

void failing_malloc_after(unsigned int allocations)
{
    state.armed = true;
    state.failed = false;
    state.left = allocations;
}

bool failing_malloc_stop(void)
{
    state.armed = false;
    return state.failed;
}

static bool fails_now(void)
{
    if (!state.armed)
        return false;
    if (state.left > 0) {
        state.left--;
        return false;
    }
    state.armed = false;
    state.failed = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails_now() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return fails_now() ? NULL : __real_strndup(text, length);
}
