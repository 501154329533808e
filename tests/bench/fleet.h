/* Many simulated UEs in one process: one msgin5g_client each, driven by the benchmark's own loop. */
#ifndef FLEET_H
#define FLEET_H

#include "base/loop.h"
#include "msgin5g/client.h"
#include "samples.h"
#include "tls/psk.h"
#include "tls/stream.h"

#define FLEET_TOPIC "bench"
#define FLEET_GROUP "im:bench@lab.example"
#define FLEET_AS    "im:bench@iot.example"

struct fleet_ue {
    struct fleet *fleet;
    struct msgin5g_client *client;
    char service_id[64];
    size_t peer; /* index of the UE it sends to */
    int64_t started_ns;
    bool registered;
};

struct fleet {
    struct msgin5g_context *context;
    struct fleet_ue *ues;
    size_t count;
    size_t registered;
    size_t busy;   /* under way: to being registered, or to being idle again */
    size_t next;   /* first UE not yet started */
    size_t window; /* under way at most */
    unsigned long failures;
    struct samples registering; /* from the first datagram to the answer to REG */
    size_t subscribed;
    uint64_t arrived;   /* messages, as long as nobody set on_message */
    int64_t arrived_ns; /* the last of them */
    bool leaving;       /* de-registering */
    bool spin;          /* never sleep: the generator's own wake-up must not count as latency */
    void (*on_message)(void *ctx, struct fleet_ue *ue, struct msgin5g_str payload);
    void (*on_sent)(void *ctx, struct fleet_ue *ue, const char *msg_id, enum msgin5g_err err);
    void *ctx;
};

struct fleet_config {
    const char *server;
    const char *server_name;
    const char *aanf_url;
    struct tls_context *tls; /* towards the AAnF, with a certificate that may register keys */
    uint16_t suite;          /* 0x1301: DTLS 1.3; else this one of DTLS 1.2 */
    size_t first;            /* number of the first UE; IMSI and Service ID follow from it */
    size_t count;
    size_t window;
    bool impatient; /* notice soon that the server is gone, come back at once */
};

/** Build the fleet and register its keys at the AAnF (AnchorKey_Register). @return 0, or -1 after saying why. */
int fleet_create(const struct fleet_config *config, struct fleet *out);
/** Run the library once, at most until @p deadline_ns. */
void fleet_wait(struct fleet *fleet, int64_t deadline_ns);
/** Start registering the next UE, whatever the window. @return false when all are started. */
bool fleet_start_one(struct fleet *fleet);
/** Register UEs until @p target of them are, or until @p deadline_ns. @return true when all are. */
bool fleet_register(struct fleet *fleet, size_t target, int64_t deadline_ns);
/** De-register every UE and close its session. @return true when all are idle before @p deadline_ns. */
bool fleet_deregister(struct fleet *fleet, int64_t deadline_ns);
/** UE @p from sends @p length octets to its peer. @return false when it could not. */
bool fleet_send(struct fleet_ue *from, const char *payload, size_t length);
/** Subscribe the first @p target UEs to FLEET_TOPIC. @return true when all are, before @p deadline_ns. */
bool fleet_subscribe(struct fleet *fleet, size_t target, int64_t deadline_ns);
/** UE @p from sends to a group or topic. @return false when it could not. */
bool fleet_publish(
    struct fleet_ue *from, enum msgin5g_addr_type type, const char *to, const char *payload, size_t length);
void fleet_free(struct fleet *fleet);

#endif
