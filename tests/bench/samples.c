#include "samples.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void samples_init(struct samples *samples, size_t capacity)
{
    samples->microseconds = calloc(capacity, sizeof *samples->microseconds);
    samples->capacity = samples->microseconds != NULL ? capacity : 0;
    samples->count = 0;
}

void samples_add(struct samples *samples, int64_t nanoseconds)
{
    if (samples->count < samples->capacity)
        samples->microseconds[samples->count++] = (uint32_t)(nanoseconds / 1000);
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

double samples_quantile(struct samples *samples, double fraction)
{
    if (samples->count == 0)
        return 0;
    qsort(samples->microseconds, samples->count, sizeof *samples->microseconds, compare);
    return samples->microseconds[(size_t)(fraction * (double)(samples->count - 1))];
}

void samples_free(struct samples *samples)
{
    free(samples->microseconds);
    memset(samples, 0, sizeof *samples);
}

int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t thread_cpu_ns(int pid, const char *tid)
{
    char path[300];
    long long value = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, tid);
    if ((file = fopen(path, "r")) == NULL)
        return 0;
    if (fscanf(file, "%lld", &value) != 1)
        value = 0;
    fclose(file);
    return value;
}

int64_t process_cpu_ns(int pid)
{
    char path[64];
    struct dirent *entry;
    int64_t total = 0;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    if ((folder = opendir(path)) == NULL)
        return 0;
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            total += thread_cpu_ns(pid, entry->d_name);
    closedir(folder);
    return total;
}

long process_rss_kib(int pid)
{
    char path[64], line[256];
    long value = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if ((file = fopen(path, "r")) == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmRSS: %ld", &value) == 1)
            break;
    fclose(file);
    return value;
}
