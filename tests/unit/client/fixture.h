/* A client of the library and a server of the tests in one process, driven together. */
#ifndef TEST_CLIENT_FIXTURE_H
#define TEST_CLIENT_FIXTURE_H

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "fake_server.h"
#include "msgin5g/client.h"

#define FIXTURE_UE   "im:ue-0001@lab.example"
#define FIXTURE_PEER "im:ue-0002@lab.example"
#define FIXTURE_ID   "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"

struct fixture;

/** What the client told its owner, and what the owner does then. */
struct told {
    unsigned states[MSGIN5G_CLIENT_DEREGISTERING + 1]; /* times of each */
    enum msgin5g_err last_err;
    int64_t waiting_at_ms, waits_ms[16]; /* from WAITING to the next attempt */
    unsigned wait_count;
    unsigned registered, messages, reports, responses, sent, keys_needed, incomplete, subscriptions;
    enum msgin5g_sub_status sub_status; /* told last, with its topic in msg_id and its end in lifetime_s */
    int64_t lifetime_s;
    char msg_id[64], from[64], payload[64], cause[64];
    size_t payload_length;
    enum msgin5g_delivery_status status;
    enum msgin5g_err sent_err;
    unsigned char sent_code;
    /** Runs in every callback, by name ("state", "message", ...); NULL: nothing. */
    void (*react)(struct fixture *fixture, const char *what);
    const char *reject; /* what the message callback returns */
};

struct fixture {
    struct fake_server server;
    struct msgin5g_context *context;
    struct msgin5g_client *client; /* NULL once a test has freed it */
    struct k_akma k_akma;
    struct told told;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/** Make the client; NULL members get values of the fixture. */
void fixture_create(struct fixture *fixture, struct msgin5g_client_config config);
/** fixture_create(), key, register. */
void fixture_begin(struct fixture *fixture, struct msgin5g_client_config config);
/** fixture_begin() and wait until it is registered. */
void fixture_register(struct fixture *fixture, struct msgin5g_client_config config);
/** Drive both ends until @p condition; fails the test after 10 s. */
#define fixture_until(fixture, condition)                                                                              \
    do {                                                                                                               \
        int64_t end_ms_ = fixture_now_ms() + 10000;                                                                    \
        while (!(condition)) {                                                                                         \
            if (fixture_now_ms() > end_ms_)                                                                            \
                fail_msg("%s did not come true", #condition);                                                          \
            fixture_turn(fixture);                                                                                     \
        }                                                                                                              \
    } while (0)
void fixture_turn(struct fixture *fixture);
int64_t fixture_now_ms(void);
enum msgin5g_client_state fixture_state(const struct fixture *fixture);
/** Let the time pass that the client waits for. */
void fixture_skip_wait(struct fixture *fixture);
/** A message from FIXTURE_PEER, as the server sends it. */
struct msgin5g_message fixture_message(const char *payload, bool report_requested);
/** Send "hello" to FIXTURE_PEER; the message id is in told.msg_id. */
enum msgin5g_err fixture_send(struct fixture *fixture, bool report_requested);

#endif
