/* What a fleet sends and what becomes of it: who sends to whom, times from sending to the answer and to the recipient.
 */
#ifndef LOAD_H
#define LOAD_H

#include "fleet.h"
#include "histogram.h"

#define LOAD_SIZE_MIN 34 /* octets of a payload that says which run it belongs to and when it was sent */

struct load_counts {
    int64_t sent;
    int64_t taken;         /* 2.04 */
    int64_t refused;       /* another answer */
    int64_t unknown;       /* no answer, or the session was lost */
    int64_t held;          /* not sent when due: the UE was away, or too many were not answered yet */
    int64_t stored;        /* MSGRESP stored for deferred delivery */
    int64_t not_delivered; /* MSGRESP or report failure */
    int64_t reported;      /* report success */
    int64_t received;      /* by UEs of this process */
    unsigned char refusal; /* the last code other than 2.04 */
};

struct load;

/** @p options are borrowed. @return NULL when memory is short. */
struct load *load_create(const struct options *options);
void load_free(struct load *load);
/** Before the first message: the fleet that sends, as large as the options say. */
void load_use(struct load *load, struct fleet *fleet);
/** One message from @p ue to whom it sends. @return MSGIN5G_OK or as msgin5g_client_send(). */
enum msgin5g_err load_send(struct load *load, struct fleet_ue *ue);
/** Messages of @p ue that the server has not answered yet. */
unsigned load_open(const struct load *load, const struct fleet_ue *ue);
/** Of all UEs. */
int64_t load_open_all(const struct load *load);
/** True when UEs of this process are all the recipients there are, one a message. */
bool load_in_pairs(const struct load *load);

void load_on_sent(struct load *load, struct fleet_ue *ue, const char *msg_id, enum msgin5g_err err, unsigned char code);
void load_on_message(struct load *load, const struct msgin5g_message *message);
void load_on_status(struct load *load, enum msgin5g_delivery_status status);
struct load_counts *load_counts(struct load *load);
/** Microseconds from sending to the answer; from sending to the recipient's callback. */
const struct histogram *load_answer_us(const struct load *load);
const struct histogram *load_delivery_us(const struct load *load);
/** Monotonic microseconds. */
int64_t load_now_us(void);

#endif
