/*
 * Segmentation (TS 23.554 8.5, TS 24.538 6.5): cutting a payload, collecting the segments of a set, naming what is
 * missing. No clock and no sockets: time limits are the caller's. Bounds are those of EC-34.
 */
#ifndef MSG_SEGMENT_H
#define MSG_SEGMENT_H

#include "msgin5g/message.h"

#define SEGMENTS_MAX 255 /* of one set */

/** A set of segment numbers, 1 to SEGMENTS_MAX. */
struct segment_numbers {
    uint64_t bits[4];
};

/** @p number is 1 to SEGMENTS_MAX. */
void segment_numbers_add(struct segment_numbers *numbers, unsigned number);
void segment_numbers_remove(struct segment_numbers *numbers, unsigned number);
bool segment_numbers_has(const struct segment_numbers *numbers, unsigned number);
unsigned segment_numbers_count(const struct segment_numbers *numbers);

/**
 * Read a segNoList (TS 24.538 6.5.1.2): "(5-7, 10-10)", ranges of 1 to SEGMENTS_MAX in any order, at most as many as
 * can be apart, blanks only behind commas.
 *
 * @return MSGIN5G_OK with at least one number, or ERR_MALFORMED, @p out then undefined.
 */
enum msgin5g_err segment_ranges_parse(struct msgin5g_str text, struct segment_numbers *out);
/** Write @p numbers (at least one) as a segNoList. @return it, in @p out. */
struct msgin5g_str segment_ranges_format(const struct segment_numbers *numbers, char out[MSGIN5G_SEG_NO_LIST_MAX]);

/** Where a payload is cut: segment n is [offset[n - 1], offset[n]). */
struct segment_cuts {
    uint32_t offset[SEGMENTS_MAX + 1];
    unsigned count; /* at least 1 */
};

/**
 * Cut @p payload (UTF-8) into as few segments of at most @p limit octets as can be, between characters (EC-35).
 *
 * @param limit at least MSGIN5G_SEGMENT_SIZE_MIN.
 * @return MSGIN5G_OK; ERR_PAYLOAD_TOO_LARGE: more than SEGMENTS_MAX segments or MSGIN5G_WHOLE_MAX octets; ERR_INVALID:
 * a smaller limit, or not UTF-8.
 */
enum msgin5g_err segment_cut(struct msgin5g_str payload, size_t limit, struct segment_cuts *out);
/**
 * Segment @p number of @p whole, borrowing from all arguments: total in every one, the report asked for in the first,
 * the last flag in the last (TS 23.554 8.5.2, EC-14).
 */
struct msgin5g_message segment_of(
    const struct msgin5g_message *whole, const struct segment_cuts *cuts, struct msgin5g_str set_id, unsigned number);

/** Memory that sets share; members other than the limit start as 0. */
struct segment_budget {
    size_t limit; /* octets of all sets together */
    size_t used;
    struct segment_budget *parent; /* what is taken here is taken there, too; NULL: none */
};

struct segment_set;

/** What became of a segment. */
enum segment_verdict {
    SEGMENT_TAKEN,
    SEGMENT_COMPLETE, /* taken, and it was the last one missing */
    SEGMENT_REPEATED, /* the same was here before */
    SEGMENT_BAD,      /* it contradicts the others, or the set outgrows its bounds: the set is of no use any more */
    SEGMENT_NO_ROOM   /* budget or memory is short; the set is as before */
};

/**
 * An empty set for what @p segment belongs to; the segment itself is still to be added. @p budget is borrowed until the
 * set is freed.
 *
 * @return MSGIN5G_OK; ERR_LIMIT (budget), ERR_NO_MEMORY, ERR_INVALID (not a segment that can be encoded).
 */
enum msgin5g_err segment_set_create(
    const struct msgin5g_message *segment, struct segment_budget *budget, struct segment_set **out);
/** Give back to the budget what it holds. NULL is allowed. */
void segment_set_free(struct segment_set *set);
enum segment_verdict segment_set_add(struct segment_set *set, const struct msgin5g_message *segment);
/** Numbers to ask for: the first alone as long as nobody knows how many there are (TS 23.554 8.5.2 NOTE 2), unless it
 * is there: then the gaps and the one behind. Empty when complete. */
void segment_set_missing(const struct segment_set *set, struct segment_numbers *out);
/** segParams.segId, NUL-terminated, and everything but payload and place of the message; the set's. */
const char *segment_set_id(const struct segment_set *set);
const struct msgin5g_message *segment_set_message(const struct segment_set *set);
/**
 * The whole message of a complete set, not segmented, its payload in one piece. Borrowed from the set; the segments are
 * gone from it afterwards.
 *
 * @return MSGIN5G_OK or ERR_NO_MEMORY.
 */
enum msgin5g_err segment_set_join(struct segment_set *set, struct msgin5g_message *out);
/**
 * Keep a message that is whole already as if it had been joined: @p out holds the copy that @p copy borrows from.
 *
 * @return MSGIN5G_OK; ERR_LIMIT (budget), ERR_NO_MEMORY, ERR_INVALID (it cannot be encoded).
 */
enum msgin5g_err segment_set_keep(const struct msgin5g_message *whole, struct segment_budget *budget,
    struct segment_set **out, struct msgin5g_message *copy);

#endif
