/* Who sent and who gets which set of segments (EC-15), and what of it is kept. Private to segments.c and
 * segments_collect.c. */
#ifndef SEGMENT_TABLE_H
#define SEGMENT_TABLE_H

#include "hash.h"
#include "segments.h"

/** A message kept whole for those who get it in segments of the server's own. */
struct whole {
    unsigned users;
    struct segment_set *storage;
    struct msgin5g_message message;
    struct sender *sender;
};

/** Who puts messages into our memory. */
struct sender {
    UT_hash_handle hh;
    struct segment_budget budget;
    size_t users; /* sets and wholes */
    size_t open;  /* sets being put together */
    char id[];
};

/** One recipient of a set. */
struct receiver {
    UT_hash_handle hh;
    bool waits;                    /* for the whole message, which is being put together */
    bool confirmed;                /* by SEGCONFIR */
    struct segment_numbers wanted; /* asked for, to be passed on when they come again */
    char id[];
};

struct set {
    UT_hash_handle hh;
    struct segments *segments;
    char id[MSGIN5G_UUID_LEN + 1];
    struct msgin5g_service_id originator;
    enum msgin5g_addr_type originator_type;
    char msg_id[MSGIN5G_UUID_LEN + 1];
    uint32_t total; /* 0: not known yet */
    struct receiver *receivers;
    size_t unconfirmed;
    bool all_good; /* every confirmation so far */
    bool closed;   /* contradicted, given up, or put together: what still comes of it is of no use */
    bool rejected; /* SEGCONFIR is owed: false */

    struct segment_set *collected; /* NULL: nobody waits for the whole */
    struct sender *sender;         /* whose budget that uses */
    unsigned attempts;
    struct loop_timer timer;

    struct whole *whole;       /* not NULL: the server made this set out of it, */
    struct segment_cuts *cuts; /* so */

    int64_t touched_ms;
    struct set *prev, *next; /* by touched_ms */
};

/** A whole message on its way to those who waited for it. */
struct handover {
    struct segments *segments;     /* NULL: nobody is interested any more */
    enum msgin5g_err err;          /* why there is not even one copy */
    char id[MSGIN5G_UUID_LEN + 1]; /* of the set it came in */
    struct handover *prev, *next;
};

struct segments {
    struct loop *loop;
    struct segments_config config;
    const struct router *router;
    struct delivery *delivery;
    struct server_metrics *metrics;
    struct set *by_id;
    struct set *oldest;
    size_t count;
    struct sender *senders;
    struct segment_budget budget;
    struct loop_timer expiry;
    struct handover *handovers;
    bool emitting; /* copies made here pass */
};

/** NULL when there is none. */
struct set *set_find(const struct segments *segments, struct msgin5g_str id);
/** A set of @p originator; the oldest ones go when there are too many. @return NULL when memory is short. */
struct set *set_create(struct segments *segments, struct msgin5g_str id, const struct submission *submission);
void set_touch(struct set *set);
void set_free(struct set *set);
/** Drop what was put together so far. */
void set_drop_collected(struct set *set);
/** @return NULL when there is none, or memory is short. */
struct receiver *set_receiver(const struct set *set, const char *id);
struct receiver *set_add_receiver(struct set *set, const char *id);

/** The account of @p id, counted once more as used. @return NULL when memory is short. */
struct sender *sender_use(struct segments *segments, const char *id);
void sender_release(struct segments *segments, struct sender *sender);

void whole_release(struct segments *segments, struct whole *whole);

#endif
