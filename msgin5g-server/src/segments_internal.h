/* What the files of segments share: segments.c (who gets what how), segments_collect.c (putting together),
 * segments_recovery.c (SEGREC and SEGCONFIR). */
#ifndef SEGMENTS_INTERNAL_H
#define SEGMENTS_INTERNAL_H

#include "segment_table.h"

/* ---- segments.c ---- */

/** Let delivery make one copy of @p message, as large as it is. */
enum msgin5g_err segments_emit(struct segments *segments, const struct submission *like,
    const struct msgin5g_message *message, const struct route_target *target, struct delivery_pending *pending);
/** Send @p whole to @p target, in segments if it must. */
enum msgin5g_err segments_send_whole(struct segments *segments, const struct submission *submission,
    struct whole *whole, const struct route_target *target, struct delivery_pending *pending);
/** How @p id is reached now, as a recipient of @p message. */
void segments_target(
    const struct segments *segments, const struct msgin5g_message *message, const char *id, struct route_target *out);

/* ---- segments_collect.c ---- */

/** Keep the segment of @p submission for @p receiver, who gets the message when it is whole. */
enum msgin5g_err collect_add(struct set *set, struct receiver *receiver, const struct submission *submission);
/** A segment that came before; it may be news for what is put together since. */
enum msgin5g_err collect_again(struct set *set, const struct submission *submission);
/** The set contradicts itself: nothing more is done with it, and its sender hears so. */
void collect_close(struct set *set);

/* ---- segments_recovery.c ---- */

/** SEGREC to the sender of @p set. */
void recovery_ask(const struct set *set, const struct segment_numbers *missing);
/** SEGCONFIR to the sender of @p set. */
void recovery_confirm(const struct set *set, bool result);
/** One receiver has it, or not; when all have said so, the sender hears it. */
void recovery_confirmed_by(struct set *set, struct receiver *receiver, bool result);
/** MSGRESP "failure" about @p set. */
void recovery_tell(const struct set *set, enum msgin5g_err err);

#endif
