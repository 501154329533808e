/* The steps of the load generator: each measures one thing and says it as one line of JSON on standard output. */
#ifndef STEPS_H
#define STEPS_H

#include "fleet.h"

#define STEP_ARGUMENTS 4

struct bench {
    struct fleet fleet;
    int server_pid;
    size_t payload; /* octets of each message */
    struct ledger *ledger;
};

/** register TARGET: UEs until TARGET of them are registered. */
void step_register(struct bench *bench, const double *arguments);
/** deregister: all of them, sessions closed. */
void step_deregister(struct bench *bench, const double *arguments);
/** single COUNT: messages one at a time, the generator spinning. */
void step_single(struct bench *bench, const double *arguments);
/** closed PAIRS SECONDS: each pair has one message on its way, the next leaves when it has arrived. */
void step_closed(struct bench *bench, const double *arguments);
/**
 * open PAIRS SECONDS RATE NEWCOMERS: RATE messages a second in all, on time whatever happens, and NEWCOMERS
 * registrations a second begin beside them.
 */
void step_open(struct bench *bench, const double *arguments);
/**
 * store PAIRS OUTSTANDING: UE i sends to UE i + PAIRS messages with sfFlag, OUTSTANDING without an answer, until
 * another line comes; through ends of the server, too. Say `register PAIRS` before, and the recipients are away.
 */
void step_store(struct bench *bench, const double *arguments);
/** settle PAIRS: register the recipients, wait until all that was acknowledged has arrived, or nothing arrives. */
void step_settle(struct bench *bench, const double *arguments);
/** NULL is allowed. */
void ledger_free(struct ledger *ledger);

/** push UES SECONDS: so many UEs have one message each on its way to the application server FLEET_AS, closed loops. */
void step_push(struct bench *bench, const double *arguments);
/** subscribe TARGET: the first TARGET UEs, to one topic. */
void step_subscribe(struct bench *bench, const double *arguments);
/** publish TO: one message of the first UE, 0: to the topic, 1: to the group; says when it left. */
void step_publish(struct bench *bench, const double *arguments);
/** arrived: how many messages came to this fleet since the last time it was asked, and when the last one did. */
void step_arrived(struct bench *bench, const double *arguments);

#endif
