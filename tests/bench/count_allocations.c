/* Preloaded into a program: counts its calls of malloc() and relatives, all threads, as a 64-bit number in the file
 * that MSGIN5G_BENCH_ALLOCATIONS names, where run.py reads it while the program runs. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* glibc's own names of what is replaced here: dlsym() would allocate itself. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic uint64_t *allocations; /* NULL: not counted yet. Global, for malloc() has no context. */

__attribute__((constructor)) static void map_counter(void)
{
    const char *path = getenv("MSGIN5G_BENCH_ALLOCATIONS");
    int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    if (ftruncate(fd, sizeof *allocations) == 0) {
        void *page = mmap(NULL, sizeof *allocations, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED)
            allocations = page;
    }
    (void)close(fd);
}

static void count(void)
{
    if (allocations != NULL)
        atomic_fetch_add_explicit(allocations, 1, memory_order_relaxed);
}

EXPORTED void *malloc(size_t size)
{
    count();
    return __libc_malloc(size);
}

EXPORTED void *calloc(size_t number, size_t size)
{
    count();
    return __libc_calloc(number, size);
}

EXPORTED void *realloc(void *block, size_t size)
{
    count();
    return __libc_realloc(block, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}
