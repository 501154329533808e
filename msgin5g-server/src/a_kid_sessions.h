/* Which sessions stand on the K_AF of an A-KID, so that all of them can be ended at once when the AAnF disables the
 * UE's service (TS 29.535 v19.5.0). */
#ifndef A_KID_SESSIONS_H
#define A_KID_SESSIONS_H

#include "akma/a_kid.h"

struct a_kid_sessions;
struct a_kid_entry;

/** A session's place in the table, embedded in its owner; zero it before use. Members are the table's. */
struct a_kid_member {
    struct a_kid_member *prev, *next;
    struct a_kid_entry *entry; /* NULL: in no table */
};

enum msgin5g_err a_kid_sessions_create(struct a_kid_sessions **out);
/** All members must have left. NULL is allowed. */
void a_kid_sessions_free(struct a_kid_sessions *sessions);
/** Put @p member under @p a_kid (realms compare without regard to case), wherever it was before.
 * @return MSGIN5G_OK, ERR_MALFORMED_A_KID or ERR_NO_MEMORY; then it is nowhere. */
enum msgin5g_err a_kid_sessions_join(
    struct a_kid_sessions *sessions, struct a_kid_member *member, struct msgin5g_str a_kid);
/** A member that is in no table is left alone. */
void a_kid_sessions_leave(struct a_kid_sessions *sessions, struct a_kid_member *member);
/** Call @p run for each other member of @p member's A-KID, in the order they joined; it may make that one leave. */
void a_kid_sessions_each_other(
    struct a_kid_member *member, void (*run)(void *ctx, struct a_kid_member *other), void *ctx);
/** Call @p run for each member of @p a_kid; it may make that member leave, but no other. @return how many there were.
 */
size_t a_kid_sessions_each(struct a_kid_sessions *sessions, struct msgin5g_str a_kid,
    void (*run)(void *ctx, struct a_kid_member *member), void *ctx);

#endif
