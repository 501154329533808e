/* Fault injection for tests of AFs: key requests that are late, refused or left unanswered. Labs only. */
#ifndef AANF_FAULTS_H
#define AANF_FAULTS_H

#include "base/loop.h"
#include "http/route.h"

#define FAULTS_LATENCY_MAX_MS 60000
#define FAULTS_HELD_MAX       10000 /* requests waiting at most; more are served at once */

struct faults;

struct faults_setting {
    int64_t latency_ms; /* 0 to FAULTS_LATENCY_MAX_MS */
    int64_t status;     /* 0, or 200 to 599 */
    bool drop;
};

enum msgin5g_err faults_create(
    struct loop *loop, bool enabled, const struct faults_setting *setting, struct faults **out);
/** Requests still held are answered with 503. NULL is allowed. */
void faults_free(struct faults *faults);
/** False: nothing here does anything. */
bool faults_enabled(const struct faults *faults);
struct faults_setting faults_setting(const struct faults *faults);
void faults_set(struct faults *faults, const struct faults_setting *setting);
/** @return true when the fault took the request over; @p serve (with @p ctx) gets it later, unless it is answered here.
 */
bool faults_take(struct faults *faults, struct http_request *request, http_handler_fn *serve, void *ctx);

/** Change the members that @p body (JSON) names: {"latency_ms":400,"status":0,"drop":false}. @return MSGIN5G_OK or
 * ERR_MALFORMED. */
enum msgin5g_err faults_json_decode(struct msgin5g_str body, struct faults_setting *setting);

#endif
