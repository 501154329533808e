/*
 * UE Service IDs this server has assigned itself, to UEs that asked for their configuration and have none (TS 23.554
 * 8.1.2): the same UE always gets the same one, also after a restart.
 */
#ifndef ASSIGNMENTS_H
#define ASSIGNMENTS_H

#include "base/log.h"
#include "store.h"

#include <stdbool.h>

struct assignments;

/** Text that stands for what is different in each UE Service ID of the template. */
#define ASSIGNMENTS_TEMPLATE_RANDOM "{random}"

/** "" or a URI with {random} in it exactly once. */
bool assignments_template_valid(const char *text);
/**
 * @param template_text "" assigns nothing new. Borrowed, as is @p door.
 * @return MSGIN5G_OK or ERR_NO_MEMORY.
 */
enum msgin5g_err assignments_create(
    struct loop *loop, struct store_door *door, const char *template_text, struct assignments **out);
/** Read what was assigned before the restart, over the next rounds of the loop. @return as store_records_read(). */
enum msgin5g_err assignments_load(struct assignments *assignments);
/** NULL is allowed. */
void assignments_free(struct assignments *assignments);

/** True when @p id was assigned to @p identity. */
bool assignments_owns(const struct assignments *assignments, const char *identity, const struct msgin5g_service_id *id);
/** True when @p id was assigned to anybody. */
bool assignments_known(const struct assignments *assignments, const struct msgin5g_service_id *id);
/** Runs once, on the loop: MSGIN5G_OK with the UE Service ID, now also on the disk, or ERR_STORE and the like. */
typedef void assignments_done_fn(void *ctx, enum msgin5g_err err, const struct msgin5g_service_id *id);
/**
 * The UE Service ID of @p identity (at most 253 octets).
 *
 * @return MSGIN5G_OK: it is in @p out; ERR_NOT_CACHED: a new one is being written, @p done follows; ERR_NOT_FOUND:
 *         nothing is assigned here; ERR_OVERLOADED, ERR_NO_MEMORY.
 */
enum msgin5g_err assignments_take(struct assignments *assignments, const char *identity, struct msgin5g_service_id *out,
    assignments_done_fn *done, void *ctx);

#endif
