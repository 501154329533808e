/* A loop with a clock that tests move, and a server on it whose handlers do what the path says. */
#ifndef UNIT_HTTP_RIG_H
#define UNIT_HTTP_RIG_H

#include "virtual_clock.h"

#include "base/loop.h"
#include "http/client.h"
#include "http/server.h"

#define HELD_MAX 256

struct rig {
    struct virtual_clock clock;
    struct loop *loop;
    struct http_server *server;
    bool ran; /* something, in this round of the loop */
    size_t handled;
    struct http_request *held[HELD_MAX]; /* requests to /hold, not answered yet */
    size_t held_count;
};

void rig_open(struct rig *rig);
void rig_close(struct rig *rig);
/** Start a server: GET /hello, POST /echo, GET /hold, GET /big. @p port 0: any; else it must be free. */
void rig_serve(struct rig *rig, struct tls_context *tls, uint16_t port, const struct http_limits *limits);
void rig_stop_serving(struct rig *rig);
/** Run the loop until @p done says so; the test fails after some real seconds. */
void rig_run_until(struct rig *rig, bool (*done)(void *ctx), void *ctx);
/** Run the loop until nothing happens any more. */
void rig_settle(struct rig *rig);
/** Let time pass on the loop's clock, and run what that makes due. */
void rig_pass(struct rig *rig, int64_t ms);
/** Answer every held request with 204. */
void rig_release(struct rig *rig);

/** A plain socket connected to the rig's server, blocking with a time limit. */
int rig_socket(const struct rig *rig);

#endif
