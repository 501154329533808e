/* Messages that come twice (TS 24.538 leaves it open; EC-11): same originator, message id and segment within 10
 * minutes. */
#ifndef DUPLICATES_H
#define DUPLICATES_H

#include "msgin5g/message.h"
#include "recent.h"

#define DUPLICATES_WINDOW_S INT64_C(600) /* for recent_create() */

enum duplicates_verdict {
    DUPLICATES_NEW,
    DUPLICATES_SAME,      /* taken before, octet by octet: answer, do not deliver again */
    DUPLICATES_UNDER_WAY, /* likewise, but what became of it is not known yet */
    DUPLICATES_CHANGED    /* the message id was used for another body */
};

/** What makes @p message a duplicate. */
struct recent_key duplicates_key(const struct recent *duplicates, const struct msgin5g_service_id *originator,
    const struct msgin5g_message *message);
/** @param body the whole body as received. @param now_s any clock that does not go back. */
enum duplicates_verdict duplicates_check(
    struct recent *duplicates, struct recent_key key, struct msgin5g_str body, int64_t now_s);
/** Remember a message that was taken or, @p under_way, may be: duplicates_settle() follows then. */
void duplicates_add(
    struct recent *duplicates, struct recent_key key, struct msgin5g_str body, bool under_way, int64_t now_s);
/** What was under way was taken; or it was rejected, and may be sent again. */
void duplicates_settle(struct recent *duplicates, struct recent_key key, bool taken, int64_t now_s);
/** What is remembered under @p key, to be remembered again after a restart with recent_add(); 0: nothing. */
uint64_t duplicates_value(struct recent *duplicates, struct recent_key key, int64_t now_s);

#endif
