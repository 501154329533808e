/* What the command line and the configuration file say (decision D10). */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/buffer.h"
#include "msgin5g/client.h"
#include "settings.h"

#include <stdbool.h>
#include <stdint.h>

enum command {
    COMMAND_REGISTER,
    COMMAND_DEREGISTER,
    COMMAND_SEND,
    COMMAND_LISTEN,
    COMMAND_SUBSCRIBE,
    COMMAND_UNSUBSCRIBE,
    COMMAND_BENCH,
    COMMAND_GATEWAY
};

/** Does it go on until somebody ends it? */
bool command_stays(enum command command);

struct k_akma;

struct options {
    enum command command;
    struct settings settings;
    const char *topic; /* of subscribe and unsubscribe */
    int64_t expires_s; /* --expires, from now; 0: not given */
    const char *a_kid;
    struct k_akma *k_akma; /* NULL without --k-akma and --behind-gateway; wiped by options_free() */
    bool behind_gateway, urgent;
    int64_t hold_s;        /* 0: not given */
    const char *listen_on; /* gateway: where, and the file of UEs; NULL: not given */
    const char *ues_path;
    int64_t batch; /* 0: not given */
    const char *key_log_path;
    bool json;
    int64_t timeout_s; /* 0: none */
    int64_t count;     /* listen, subscribe: messages to wait for; 0: no end */
    int64_t backoff_min_ms;
    bool no_store;            /* nothing is to be stored for this UE */
    int64_t max_segment_size; /* 0: not given */
    int64_t segment_wait_ms;
    int64_t aggregate_wait_ms;
    struct msgin5g_outgoing outgoing;
    struct buffer payload;

    /* Many UEs in one process, and bench. */
    const char *service_ids; /* template of their UE Service IDs; NULL: one UE that is not bench */
    int64_t ues, first;
    struct buffer keys; /* --keys: lines of A-KID and K_AKMA; wiped by options_free() */
    int64_t messages;   /* end after as many; 0: not given */
    int64_t rate;       /* messages a second of all UEs together; 0: each sends as soon as its last one was answered */
    int64_t size;       /* octets of a payload */
    int64_t duration_s;
};

/** Read argv and the configuration file; ends the process with EXIT_CODE_USAGE or EXIT_CODE_CONFIG and a message that
 * says what to mend. */
void options_read(int argc, char **argv, struct options *out);
void options_free(struct options *options);

#endif
