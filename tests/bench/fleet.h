/* Many simulated UEs in one process: keys made here and registered at the AAnF, one msgin5g_client each. */
#ifndef FLEET_H
#define FLEET_H

#include "base/loop.h"
#include "msgin5g/client.h"
#include "tls/stream.h"

struct fleet_ue {
    struct fleet *fleet;
    struct msgin5g_client *client;
    char service_id[64];
    size_t peer; /* index of the UE it sends to */
    int64_t sent_ns;
    bool registered;
    bool receives; /* in the measured traffic */
};

struct fleet {
    struct msgin5g_context *context;
    struct fleet_ue *ues;
    size_t count;
    size_t registered;
    size_t starting; /* handshakes under way */
    size_t next;     /* first UE not yet started */
    size_t window;   /* handshakes at once */
    unsigned long failures;
    void (*on_message)(struct fleet_ue *ue);
    void *ctx;
};

struct fleet_config {
    const char *server;
    const char *server_name;
    const char *aanf_url;
    struct tls_context *tls;       /* towards the AAnF, with a certificate that may register keys */
    const char *service_id_format; /* with one %zu */
    enum msgin5g_version version;
    bool ccm8;
    size_t count;
    size_t window;
};

/** Build the fleet and register its keys at the AAnF (AnchorKey_Register). @return 0, or -1 after saying why. */
int fleet_create(const struct fleet_config *config, struct fleet *out);
/** Register UEs until @p target of them are, or until @p deadline_ns. @return true when all are. */
bool fleet_register(struct fleet *fleet, size_t target, int64_t deadline_ns);
/** Run the library until @p deadline_ns or until *done. */
void fleet_run(struct fleet *fleet, int64_t deadline_ns, const bool *done);
/** UE @p from sends @p length octets to its peer. @return false when it could not. */
bool fleet_send(struct fleet_ue *from, const char *payload, size_t length);
void fleet_free(struct fleet *fleet);

#endif
