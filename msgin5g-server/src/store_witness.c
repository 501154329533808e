#include "store_witness.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The check tells a number of ours from anything else. */
struct page {
    volatile uint64_t commits, check;
};

struct store_witness {
    struct page *page;
};

static uint64_t check_of(uint64_t commits)
{
    return commits * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* Blocks are reserved: writing to the page must never find the disk full. */
static enum msgin5g_err map(struct store_witness *witness, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return MSGIN5G_ERR_IO;
    void *place = MAP_FAILED;
    if (posix_fallocate(fd, 0, sizeof *witness->page) == 0)
        place = mmap(NULL, sizeof *witness->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (place == MAP_FAILED)
        return MSGIN5G_ERR_IO;
    witness->page = place;
    return MSGIN5G_OK;
}

enum msgin5g_err store_witness_open(const char *folder, struct store_witness **out)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/" STORE_WITNESS_FILE, folder) >= (int)sizeof path)
        return MSGIN5G_ERR_IO;
    struct store_witness *witness = calloc(1, sizeof *witness);
    if (witness == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = map(witness, path);
    if (err != MSGIN5G_OK) {
        free(witness);
        return err;
    }
    *out = witness;
    return MSGIN5G_OK;
}

void store_witness_close(struct store_witness *witness)
{
    if (witness == NULL)
        return;
    (void)munmap(witness->page, sizeof *witness->page);
    free(witness);
}

uint64_t store_witness_commits(const struct store_witness *witness)
{
    uint64_t commits = witness->page->commits;
    return witness->page->check == check_of(commits) ? commits : 0;
}

/* Killed between the two, the pair does not fit and says nothing: no false alarm. */
void store_witness_set(struct store_witness *witness, uint64_t commits)
{
    witness->page->commits = commits;
    witness->page->check = check_of(commits);
}
