/* Two ends of the transport in one loop, over loopback sockets. */
#ifndef TEST_COAP_FIXTURE_H
#define TEST_COAP_FIXTURE_H

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "coap/transport.h"

#include <stdbool.h>

#define FIXTURE_IDENTITY "3GPP-AKMA;alice@akma.example"
#define FIXTURE_BODY_MAX 65536

struct fixture;

/* One end. */
struct end {
    struct fixture *fixture;
    struct transport *transport;
    unsigned opened, closed, requests, gate_calls;
    struct transport_session *last;  /* opened last */
    struct transport_session *gated; /* asked about last */
    enum transport_end last_end;
    int last_alert;
    uint16_t last_suite;
    bool last_1_3;
    char path[64];
    uint8_t body[FIXTURE_BODY_MAX];
    size_t body_length;
    int format;
    uint8_t key[16];
    bool defer; /* keep the answer owed in `deferred` */
    bool close_in_request;
    bool ask_when_opened; /* into fixture->answer */
    struct transport_deferred *deferred;
    struct transport_session *asker; /* of the last request */
    bool last_protected;             /* it was, by OSCORE */
    const char *demanded_echo;       /* 4.01 with it to a request without it; NULL: none */
    const void *answer_body;
    size_t answer_length;
    enum transport_gate_verdict verdict;
    int refuse_alert; /* in the gate; 0: do not */
    uint8_t held[16][1500];
    size_t held_length[16];
    size_t held_count;
    uint16_t psk_suite; /* as the client's key was asked for */
    char psk_hint[32];
    char server_name[32];           /* as the server's key was asked for */
    enum transport_observe observe; /* of the last request */
    enum msgin5g_err observe_err;   /* expected when it begins */
    struct transport_observation observation;
    unsigned observations_ended;
    enum transport_observe_end last_observe_end;
};

struct answer {
    unsigned count;
    enum msgin5g_err err;
    uint8_t code;
    int format;
    bool is_protected;
    size_t length;
    uint8_t body[FIXTURE_BODY_MAX];
};

struct fixture {
    struct loop *loop;
    struct end server, client;
    uint16_t port;
    struct answer answer;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/** Set up with other values than the defaults; in a test that needs them, before anything else. */
void fixture_restart(
    struct fixture *fixture, const struct transport_config *server, const struct transport_config *client);
void fixture_listen(struct fixture *fixture, enum transport_scheme scheme);
/** Run the loop until @p done says so; false after @p limit_ms. */
bool fixture_run(struct fixture *fixture, bool (*done)(struct fixture *fixture), int limit_ms);
struct transport_session *fixture_connect(
    struct fixture *fixture, enum transport_scheme scheme, enum tls_psk_versions versions);
/** As above, and wait until it is open at both ends. */
struct transport_session *fixture_open(
    struct fixture *fixture, enum transport_scheme scheme, enum tls_psk_versions versions);
/** Send from @p session and wait for the answer (or the failure) in fixture->answer. */
void fixture_ask(struct fixture *fixture, struct transport_session *session, const void *body, size_t length);
transport_done_fn fixture_on_answer;

bool both_open(struct fixture *fixture);
bool answered(struct fixture *fixture);
bool client_closed(struct fixture *fixture);
bool server_closed(struct fixture *fixture);

#endif
