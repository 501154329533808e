/* The storage actor by itself: durable messages a second by how many are outstanding, drain of a full store, time to
 * open one. Usage: bench_store FOLDER [--sealed KEYFILE] [--seconds S] [--messages N] [--recipients N] */
#include "store.h"

#include "base/log.h"
#include "base/secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BODY_OCTETS 400 /* a MSG with 64 octets of payload, as it is stored */
#define PAGE        32
#define EXPIRES_S   INT64_C(4000000000)

struct bench {
    struct store_config config;
    struct metrics *metrics;
    struct loop *loop;
    struct store *store;
    struct store_door *door;
    uint64_t next_id;
    unsigned recipients, messages;
    double seconds;
    bool with_mark; /* a duplicate mark goes along with each message */
    bool stop;
    size_t outstanding, done;
    size_t recipient; /* being drained */
    size_t rows;
};

static char body[BODY_OCTETS];

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
}

static void check(enum msgin5g_err err, const char *what)
{
    if (err == MSGIN5G_OK)
        return;
    (void)fprintf(stderr, "bench_store: %s: %s\n", what, msgin5g_err_text(err));
    exit(1);
}

static void open_store(struct bench *bench)
{
    check(metrics_create(&bench->metrics), "metrics");
    check(store_open(&bench->config, bench->metrics, &bench->store), "open");
    check(store_door_create(bench->store, bench->loop, &bench->door), "door");
    bench->next_id = store_highest_id(bench->store) + 1;
}

/* Mean and number of what a histogram counted since the store was opened. */
static void print_times(const struct bench *bench, const char *name, const char *what)
{
    struct buffer text;
    char line[96];
    double sum = 0, count = 0;
    buffer_init(&text, 1 << 20);
    check(metrics_render(bench->metrics, &text), "metrics");
    check(buffer_append(&text, "", 1), "metrics");
    (void)snprintf(line, sizeof line, "\n%s_sum ", name);
    const char *found = strstr((const char *)text.data, line);
    if (found != NULL)
        sum = strtod(found + strlen(line), NULL);
    (void)snprintf(line, sizeof line, "\n%s_count ", name);
    found = strstr((const char *)text.data, line);
    if (found != NULL)
        count = strtod(found + strlen(line), NULL);
    printf("%s: %.0f, %.2f ms each\n", what, count, count > 0 ? sum / count * 1e3 : 0);
    buffer_free(&text);
}

static void close_store(struct bench *bench)
{
    print_times(bench, "msgin5g_store_commit_seconds", "commits");
    print_times(bench, "msgin5g_store_checkpoint_seconds", "checkpoints");
    store_door_free(bench->door);
    store_close(bench->store);
    metrics_free(bench->metrics);
}

static struct msgin5g_str recipient_name(const struct bench *bench, uint64_t number, char out[64])
{
    /* in an order that has nothing to do with that of the ids */
    uint64_t place = number * UINT64_C(2654435761) % bench->recipients;
    int length = snprintf(out, 64, "im:ue-%08" PRIu64 "@iot.operator.example", place);
    return (struct msgin5g_str){ out, (size_t)length };
}

static void put(struct bench *bench);

static void on_put(void *ctx, enum msgin5g_err err)
{
    struct bench *bench = ctx;
    check(err, "put");
    bench->done++;
    bench->outstanding--;
    if (!bench->stop)
        put(bench);
}

static void put(struct bench *bench)
{
    char name[64];
    uint64_t id = bench->next_id++;
    struct store_write *write = store_write_create(bench->door);
    struct store_copy copy = {
        .id = id, .rank = 1, .expires_s = EXPIRES_S, .recipient = recipient_name(bench, id, name)
    };
    store_write_body(write, body, sizeof body);
    store_write_copy(write, &copy);
    if (bench->with_mark) {
        uint64_t key = __builtin_bswap64(id);
        store_write_record(write, STORE_DUPLICATE, (struct msgin5g_str){ (char *)&key, 8 }, body, 80, 0);
    }
    check(store_write_commit(write, on_put, bench), "commit");
    bench->outstanding++;
}

static void run_puts(struct bench *bench, unsigned outstanding)
{
    double begin = now_s(), cpu = cpu_s();
    bench->stop = false;
    bench->done = 0;
    for (unsigned i = 0; i < outstanding; i++)
        put(bench);
    while (now_s() - begin < bench->seconds)
        check(loop_process(bench->loop, 100), "loop");
    bench->stop = true;
    while (bench->outstanding > 0)
        check(loop_process(bench->loop, 100), "loop");
    double elapsed = now_s() - begin;
    printf("puts%s, %3u outstanding, %u recipients: %.0f/s, %.1f us CPU each\n", bench->with_mark ? " with a mark" : "",
        outstanding, bench->recipients, (double)bench->done / elapsed, (cpu_s() - cpu) * 1e6 / (double)bench->done);
}

/* ---- a full store ------------------------------------------------------------------------------------------------ */

static void fill(struct bench *bench)
{
    char key[64];
    for (unsigned i = 0; i < bench->messages; i++) {
        struct store_write *write = store_write_create(bench->door);
        int length = snprintf(key, sizeof key, "im:ue-%08u@iot.operator.example", i);
        store_write_record(
            write, STORE_REGISTRATION, (struct msgin5g_str){ key, (size_t)length }, body, 200, EXPIRES_S);
        check(store_write_commit(write, NULL, NULL), "record");
        bench->stop = true;
        put(bench);
        while (bench->outstanding >= 1000)
            check(loop_process(bench->loop, 100), "loop");
    }
    while (bench->outstanding > 0)
        check(loop_process(bench->loop, 100), "loop");
}

static void on_summaries(void *ctx, enum msgin5g_err err, const struct store_summary *rows, size_t count, bool last)
{
    struct bench *bench = ctx;
    (void)rows;
    check(err, "summaries");
    bench->rows += count;
    bench->stop = last;
}

static void on_records(void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last)
{
    struct bench *bench = ctx;
    (void)rows;
    check(err, "records");
    bench->rows += count;
    bench->stop = last;
}

static void run_open(struct bench *bench)
{
    double begin = now_s();
    open_store(bench);
    double opened = now_s();
    bench->rows = 0;
    bench->stop = false;
    check(store_summaries_read(bench->door, on_summaries, bench), "summaries");
    while (!bench->stop)
        check(loop_process(bench->loop, 100), "loop");
    size_t recipients = bench->rows;
    double summed = now_s();
    bench->stop = false;
    check(store_records_read(bench->door, STORE_REGISTRATION, on_records, bench), "records");
    while (!bench->stop)
        check(loop_process(bench->loop, 100), "loop");
    printf("open with %u messages and as many registrations: %.0f ms; %zu recipients summed up: %.0f ms; records read: "
           "%.0f ms\n",
        bench->messages, (opened - begin) * 1e3, recipients, (summed - opened) * 1e3, (now_s() - summed) * 1e3);
}

static void read_page(struct bench *bench);

static void on_page(void *ctx, enum msgin5g_err err, const struct store_page *page)
{
    struct bench *bench = ctx;
    check(err, "page");
    for (size_t i = 0; i < page->count; i++)
        store_remove(bench->door, page->items[i].copy.id);
    bench->done += page->count;
    bench->outstanding--;
    if (!page->more)
        bench->recipient++;
    if (bench->recipient < bench->recipients)
        read_page(bench);
}

static void read_page(struct bench *bench)
{
    char name[64];
    struct store_query query = { .recipient = recipient_name(bench, bench->recipient, name),
        .due_by_s = INT64_MAX,
        .count = PAGE,
        .octets = 1 << 20 };
    query.expires_by_s = INT64_MAX;
    check(store_page_read(bench->door, &query, on_page, bench), "page");
    bench->outstanding++;
}

static void run_drain(struct bench *bench)
{
    double begin = now_s(), cpu = cpu_s();
    bench->done = bench->recipient = 0;
    read_page(bench);
    while (bench->outstanding > 0)
        check(loop_process(bench->loop, 100), "loop");
    double elapsed = now_s() - begin;
    printf("drain of %zu messages, one recipient at a time, pages of %d: %.0f/s, %.1f us CPU each\n", bench->done, PAGE,
        (double)bench->done / elapsed, (cpu_s() - cpu) * 1e6 / (double)bench->done);
}

static bool read_options(struct bench *bench, int argc, char **argv)
{
    if (argc < 2)
        return false;
    bench->config.folder = argv[1];
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--sealed") == 0)
            bench->config.key_file = argv[i + 1];
        else if (strcmp(argv[i], "--seconds") == 0)
            bench->seconds = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--messages") == 0)
            bench->messages = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--recipients") == 0)
            bench->recipients = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else
            return false;
    }
    return argc % 2 == 0 && bench->recipients > 0;
}

int main(int argc, char **argv)
{
    static const unsigned outstanding[] = { 1, 16, 64, 100, 1000 };
    struct bench bench = {
        .config = { .quota_octets = INT64_C(1) << 40 }, .recipients = 10000, .messages = 100000, .seconds = 3
    };
    if (!read_options(&bench, argc, argv)) {
        (void)fprintf(
            stderr, "usage: bench_store FOLDER [--sealed KEYFILE] [--seconds S] [--messages N] [--recipients N]\n");
        return 2;
    }
    log_set_level(LOG_LEVEL_WARNING);
    memset(body, 'b', sizeof body);
    check(secret_setup(), "libsodium");
    check(loop_create(clock_system(), &bench.loop), "loop");
    open_store(&bench);
    for (size_t i = 0; i < 2 * sizeof outstanding / sizeof outstanding[0]; i++) {
        bench.with_mark = i % 2 != 0;
        run_puts(&bench, outstanding[i / 2]);
    }
    bench.recipient = 0;
    run_drain(&bench);
    bench.with_mark = false;
    fill(&bench);
    close_store(&bench);
    run_open(&bench);
    run_drain(&bench);
    close_store(&bench);
    loop_free(bench.loop);
    return 0;
}
