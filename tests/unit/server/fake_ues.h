/* The message path of the server with UEs played by the test: requests in, answers out, what is sent to whom recorded.
 */
#ifndef FAKE_UES_H
#define FAKE_UES_H

#include "dispatch.h"
#include "fake_store.h"
#include "groups_local.h"
#include "identity.h"
#include "registration_records.h"
#include "segments.h"
#include "topics.h"
#include "virtual_clock.h"
#include "way_ue.h"

#define FAKE_UES_COUNT 4
#define FAKE_CROWD     1000 /* members of im:crowd@lab.example whom nobody knows, before UE 2 */
#define FAKE_SENT_MAX  256
#define FAKE_BODY_MAX  4096

/** What the server handed to the transport. */
struct fake_sent {
    struct transport_session *session;
    char body[FAKE_BODY_MAX]; /* NUL-terminated */
    bool confirmable;
    bool notification; /* 2.05, not POST */
    transport_done_fn *done;
    void *ctx;
};

/** A session; its peer is reached through it. */
struct transport_session {
    struct fake_ues *all;
    struct peer peer;
    bool closed;
};

struct fake_ues {
    struct virtual_clock clock;
    struct loop *loop;
    struct metrics *registry;
    struct server_metrics *metrics;
    struct identity_map *map;
    struct directory *directory;
    struct registrations *registrations;
    struct registration_records registration_records;
    struct neighbours neighbours; /* none */
    struct store_door *door;      /* fake_store.h; what is asked of it happens when the loop goes round */
    struct router *router;
    struct groups *groups; /* im:pumps@lab.example: UEs 1 to 3; im:alone@lab.example: UE 1 */
    struct topics *topics;
    struct delivery *delivery;
    struct segments *segments;
    struct dispatch *dispatch;
    struct transport_session sessions[FAKE_UES_COUNT]; /* 0 to 2: imsi-00101000000000<1 to 3>, of which 2 is a
                                                          gateway for im:sens-<1 to 4>@lab.example; 3: nobody */
    struct fake_sent sent[FAKE_SENT_MAX];
    size_t sent_count;
    enum msgin5g_err notify_err; /* of notifications alone */
    enum msgin5g_err send_err;   /* what the transport says from now on */
    struct peer *superseded;
    struct transport_answer answer; /* given last */
    size_t owed;                    /* answers that come later */
    bool defer_fails;
};

/** For cmocka_unit_test_setup_teardown(); *state is a struct fake_ues. */
int fake_ues_set_up(void **state);
int fake_ues_tear_down(void **state);
/** POST @p json over session @p ue. @return the answer's code as 100 * class + detail (204 is 2.04); 0: it comes later.
 */
int fake_ues_post(struct fake_ues *ues, size_t ue, const char *json);
/** As fake_ues_post(), everything settable. */
int fake_ues_request(struct fake_ues *ues, size_t ue, const struct incoming *incoming);
/** Register @p ue (0 to 2) as im:ue-<ue + 1>@lab.example, for an hour. */
void fake_ues_register(struct fake_ues *ues, size_t ue);
/** Let the exchange of sent[@p index] end: with MSGIN5G_OK and @p code, or with an error. */
void fake_ues_finish(struct fake_ues *ues, size_t index, enum msgin5g_err err, uint8_t code);
/** Let what is due happen: the store, timers. */
void fake_ues_process(struct fake_ues *ues);
/** kill -9 and a new start: sessions are gone, what was asked of the store and did not happen yet is too. */
void fake_ues_restart(struct fake_ues *ues);
/** The session ends, with all its exchanges. It is as new for the next request. */
void fake_ues_close(struct fake_ues *ues, size_t ue);
/** Let time pass and timers run. */
void fake_ues_wait_s(struct fake_ues *ues, int64_t seconds);
/** Code of the answer given last, as of fake_ues_post(). */
int fake_ues_answer_code(const struct fake_ues *ues);
/** Body of the last answer as text. */
const char *fake_ues_answer_text(const struct fake_ues *ues);

#endif
