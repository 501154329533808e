/* A store in a folder of its own, with a door on a loop, and calls that wait for their answer. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "store.h"

#define FIXTURE_ITEMS_MAX 4096

struct fixture {
    char folder[64];
    const char *key_file; /* NULL: not sealed */
    int64_t quota_octets;
    struct metrics *metrics;
    struct loop *loop;
    struct store *store;
    struct store_door *door;

    /* what the callbacks saw */
    size_t done;
    enum msgin5g_err err; /* of the last one */
    uint64_t ids[FIXTURE_ITEMS_MAX];
    size_t count;
    char text[1024]; /* body or value of the last row; of summaries: "recipient count octets" */
    bool more;
    struct store_next next;
};

/** Setup and teardown of cmocka: a fixture in *state, opened. */
int fixture_create(void **state);
int fixture_destroy(void **state);
enum msgin5g_err fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/** A file of the folder. */
const char *fixture_path(const struct fixture *fixture, const char *name);
/** Process the loop until @p done callbacks have run in all. */
void fixture_wait(struct fixture *fixture, size_t done);
/** Counts and keeps the error; ctx is the fixture. */
void fixture_on_done(void *ctx, enum msgin5g_err err);

/** Store one message for @p recipient, wait. */
enum msgin5g_err fixture_put(
    struct fixture *fixture, uint64_t id, int64_t rank, const char *recipient, const char *body);
enum msgin5g_err fixture_page(struct fixture *fixture, const char *recipient, int64_t after_rank, uint64_t after_id);
enum msgin5g_err fixture_query(struct fixture *fixture, const struct store_query *query);
enum msgin5g_err fixture_summaries(struct fixture *fixture);
/** As fixture_records(), without waiting. */
enum msgin5g_err fixture_read_records(struct fixture *fixture, enum store_kind kind);
enum msgin5g_err fixture_records(struct fixture *fixture, enum store_kind kind);
/** Store one record, wait. */
enum msgin5g_err fixture_record(struct fixture *fixture, enum store_kind kind, const char *key, const char *value);
/** Value of a metric, found by its name and labels as exposed. */
uint64_t fixture_metric(struct fixture *fixture, const char *name);

#endif
