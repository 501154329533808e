/*
 * What is remembered about messages that are gone: that they were taken (duplicates.h) and who may report on them
 * (reports.h). Marks of stored messages are in the store too, so that they survive a restart.
 */
#ifndef MARKS_H
#define MARKS_H

#include "base/loop.h"
#include "duplicates.h"
#include "reports.h"
#include "store.h"

struct marks;
/** @p door is borrowed, NULL: nothing is stored. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err marks_create(
    struct loop *loop, struct store_door *door, size_t duplicates, size_t reports, struct marks **out);
/** NULL is allowed. */
void marks_free(struct marks *marks);
/** The tables; times are those of marks_now_s(). */
struct recent *marks_duplicates(struct marks *marks);
struct recent *marks_reports(struct marks *marks);
int64_t marks_now_s(const struct marks *marks);

/** Add the mark of a message that was taken, or is when @p write is committed. */
void marks_write_duplicate(struct marks *marks, struct store_write *write, struct recent_key key);
/** Add a report that is awaited or, by now, has arrived. */
void marks_write_report(struct marks *marks, struct store_write *write, struct recent_key key, bool arrived);
/** Load what is stored; before anything is remembered. @p done runs once, on the loop. */
void marks_load(struct marks *marks, store_done_fn *done, void *ctx);

#endif
