/* Fault injection for tests of AFs: key requests that are late, refused or left unanswered. Labs only. */
#ifndef AANF_FAULTS_H
#define AANF_FAULTS_H

#include "base/buffer.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "http/route.h"

#define FAULTS_LATENCY_MAX_MS 60000
#define FAULTS_LOCATION_MAX   255   /* octets */
#define FAULTS_HELD_MAX       10000 /* requests waiting at most; more are served at once */

struct faults;

/* What a key request gets instead of an answer, and what is wrong with the answer. Names: faults_names. */
enum faults_reset { FAULTS_RESET_NONE, FAULTS_RESET_STREAM, FAULTS_RESET_GOAWAY, FAULTS_RESET_CONNECTION };
enum faults_key { FAULTS_KEY_RIGHT, FAULTS_KEY_OTHER, FAULTS_KEY_ZERO, FAULTS_KEY_SHORT };
enum faults_expiry { FAULTS_EXPIRY_RIGHT, FAULTS_EXPIRY_PAST, FAULTS_EXPIRY_UNPARSABLE };
enum faults_body { FAULTS_BODY_WHOLE, FAULTS_BODY_TRUNCATED, FAULTS_BODY_ANONYMOUS };
/** Values of the four as texts, each list ends with NULL. */
extern const char *const faults_resets[], *const faults_keys[], *const faults_expiries[], *const faults_bodies[];

struct faults_setting {
    int64_t latency_ms;                     /* 0 to FAULTS_LATENCY_MAX_MS */
    int64_t status;                         /* 0, or 200 to 599 */
    char location[FAULTS_LOCATION_MAX + 1]; /* Location of a status from 300 to 399; "": none */
    bool drop;
    int reset;  /* enum faults_reset */
    int key;    /* enum faults_key */
    int expiry; /* enum faults_expiry */
    int body;   /* enum faults_body */
};

/** True for what may stand in a header: visible ASCII, at most FAULTS_LOCATION_MAX octets. */
bool faults_location_valid(const char *text);
/** @param held gauge of the requests that wait; NULL: none. */
enum msgin5g_err faults_create(
    struct loop *loop, bool enabled, const struct faults_setting *setting, struct metric *held, struct faults **out);
/** Requests still held are answered with 503. NULL is allowed. */
void faults_free(struct faults *faults);
/** False: nothing here does anything. */
bool faults_enabled(const struct faults *faults);
struct faults_setting faults_setting(const struct faults *faults);
void faults_set(struct faults *faults, const struct faults_setting *setting);
/** @return true when the fault took the request over; @p serve (with @p ctx) gets it later, unless it is answered here.
 */
bool faults_take(struct faults *faults, struct http_request *request, http_handler_fn *serve, void *ctx);

/** Spoil the body of a 200 to a key request as key, expiry and body say. */
void faults_spoil(const struct faults *faults, struct buffer *body);

/** Change the members that @p body (JSON) names: {"latency_ms":400,"status":0,"location":"","drop":false,
 * "reset":"none","key":"right","expiry":"right","body":"whole"}. @return MSGIN5G_OK or
 * ERR_MALFORMED. */
enum msgin5g_err faults_json_decode(struct msgin5g_str body, struct faults_setting *setting);

#endif
