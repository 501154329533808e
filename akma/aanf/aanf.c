#include "aanf.h"

#include "base/log.h"

#include <string.h>

#define LABELS(operation)                                                                                              \
    {                                                                                                                  \
        [AANF_SUCCESS] = ("operation=\"" operation "\",result=\"ok\""),                                                \
        [AANF_NO_CONTEXT] = ("operation=\"" operation "\",result=\"not_found\""),                                      \
        [AANF_NOT_ALLOWED] = ("operation=\"" operation "\",result=\"not_allowed\""),                                   \
        [AANF_BAD_REQUEST] = ("operation=\"" operation "\",result=\"bad_request\""),                                   \
        [AANF_UNVERIFIED] = ("operation=\"" operation "\",result=\"unverified\""),                                     \
        [AANF_FAILED] = ("operation=\"" operation "\",result=\"failed\""),                                             \
    }

static const char *const labels[AANF_OPERATIONS][AANF_RESULTS] = {
    [AANF_REGISTER] = LABELS("register_anchorkey"),
    [AANF_RETRIEVE] = LABELS("retrieve_applicationkey"),
    [AANF_REMOVE] = LABELS("remove_context"),
    [AANF_AUTHENTICATE] = LABELS("ue_authentications"),
    [AANF_CONFIRM] = LABELS("5g_aka_confirmation"),
    [AANF_DEREGISTER] = LABELS("deregister"),
    [AANF_TOKEN] = LABELS("oauth2_token"),
};

static const double seconds_bounds[] = { 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.01, 0.1 };

void aanf_register_metrics(struct aanf *aanf, struct metrics *metrics)
{
    for (size_t i = 0; i < AANF_OPERATIONS; i++)
        for (size_t j = 0; j < AANF_RESULTS; j++)
            aanf->results[i][j] = metrics_counter(metrics, "msgin5g_aanf_operations_total",
                "Service operations of the AAnF and the AUSF emulation, by result", labels[i][j]);
    aanf->retrieve_seconds = metrics_histogram(metrics, "msgin5g_aanf_retrieve_seconds",
        "Time to answer a key request, fault injection apart", "", seconds_bounds,
        sizeof seconds_bounds / sizeof *seconds_bounds);
    aanf->held_requests =
        metrics_gauge(metrics, "msgin5g_aanf_held_requests", "Key requests that fault injection holds back", "");
    aanf->context_count = metrics_gauge(metrics, "msgin5g_aanf_contexts", "AKMA contexts", "");
}

void aanf_count(struct aanf *aanf, enum aanf_operation operation, enum aanf_result result)
{
    metric_add(aanf->results[operation][result], 1);
}

bool aanf_may_log(struct aanf *aanf, enum aanf_operation operation, unsigned *left_out)
{
    return log_limit_take(&aanf->refusal_lines[operation], loop_now_ms(aanf->loop), left_out);
}

void aanf_context_ended(void *ctx, const char *a_kid, const char *notif_uri)
{
    const struct aanf *aanf = ctx;
    notifier_send(aanf->notifier, notif_uri, a_kid);
}

enum msgin5g_err aanf_register_anchor_key(struct aanf *aanf, const struct anchor_key *key)
{
    char shown[LOG_A_KID_LEN];
    unsigned left_out;
    enum msgin5g_err err = context_store_register(aanf->contexts, key);
    metric_set(aanf->context_count, (int64_t)context_store_count(aanf->contexts));
    if (err == MSGIN5G_OK)
        log_debug("anchor key registered a_kid=%s", log_a_kid(key->a_kid, shown));
    else if (aanf_may_log(aanf, AANF_REGISTER, &left_out))
        log_warning("anchor key refused a_kid=%s reason=%s left_out=%u", log_a_kid(key->a_kid, shown),
            err == MSGIN5G_ERR_DUPLICATE ? "the A-KID belongs to another subscriber" : msgin5g_err_text(err), left_out);
    return err;
}

enum msgin5g_err aanf_remove_context(struct aanf *aanf, const char *supi)
{
    enum msgin5g_err err = context_store_remove(aanf->contexts, supi);
    metric_set(aanf->context_count, (int64_t)context_store_count(aanf->contexts));
    return err;
}

enum msgin5g_err aanf_end_context(struct aanf *aanf, const char *subscriber)
{
    enum msgin5g_err err = context_store_end(aanf->contexts, subscriber);
    metric_set(aanf->context_count, (int64_t)context_store_count(aanf->contexts));
    return err;
}
