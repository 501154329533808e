/* What the server counts (decision D10): the metrics themselves, registered once. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/metrics.h"
#include "msgin5g/message.h"

/** What became of a message the server sent. */
#define SERVER_OUTCOMES(X)                                                                                             \
    X(SENT, "sent")           /* non-confirmable: nobody will tell */                                                  \
    X(DELIVERED, "delivered") /* acknowledged by the recipient */                                                      \
    X(STORED, "stored")       /* kept until the recipient can be reached */                                            \
    X(RETRIED, "retried")                                                                                              \
    X(EXPIRED, "expired")                                                                                              \
    X(FAILED, "failed")

enum server_outcome {
#define SERVER_OUTCOME_ENUM(name, text) SERVER_OUTCOME_##name,
    SERVER_OUTCOMES(SERVER_OUTCOME_ENUM)
#undef SERVER_OUTCOME_ENUM
        SERVER_OUTCOME_COUNT
};

/** Member, metrics_counter or metrics_gauge, name, labels, help. */
#define SERVER_METRICS(X)                                                                                              \
    X(registrations, gauge, "msgin5g_registrations", "", "UE Service IDs registered now.")                             \
    X(registrations_expired, counter, "msgin5g_registrations_expired_total", "", "Registrations that ran out.")        \
    X(sessions_open, gauge, "msgin5g_sessions", "state=\"open\"", "Sessions of UEs.")                                  \
    X(sessions_half_open, gauge, "msgin5g_sessions", "state=\"handshake\"", "Sessions of UEs.")                        \
    X(sessions_disabled, counter, "msgin5g_sessions_disabled_total", "",                                               \
        "Sessions closed because the AAnF disabled the UE's service.")                                                 \
    X(sessions_key_expired, counter, "msgin5g_sessions_key_expired_total", "",                                         \
        "Sessions closed because K_AF expired.")                                                                       \
    X(spoofed, counter, "msgin5g_spoofed_originators_total", "", "Requests in somebody else's name.")                  \
    X(duplicates, counter, "msgin5g_duplicates_total", "", "Messages that came a second time.")                        \
    X(topics, gauge, "msgin5g_topics", "", "Topics with a subscriber, or that had one lately.")                        \
    X(subscriptions, gauge, "msgin5g_subscriptions", "", "Subscriptions of UEs to topics.")                            \
    X(subscriptions_expired, counter, "msgin5g_subscriptions_expired_total", "", "Subscriptions that ran out.")        \
    X(subscriptions_refused, counter, "msgin5g_subscriptions_refused_total", "",                                       \
        "Wishes to subscribe that were not granted: a limit, or an end that is past.")                                 \
    X(observations_refused, counter, "msgin5g_observations_refused_total", "",                                         \
        "Observations their observer ended with a Reset: the subscription stays, muted (EC-37).")                      \
    X(pushes_delivered, counter, "msgin5g_pushes_total", "result=\"delivered\"",                                       \
        "Messages and reports pushed to application servers, each try.")                                               \
    X(pushes_failed, counter, "msgin5g_pushes_total", "result=\"failed\"",                                             \
        "Messages and reports pushed to application servers, each try.")                                               \
    X(latency_missed, counter, "msgin5g_latency_missed_total", "",                                                     \
        "Messages delivered later than their sender wished.")                                                          \
    X(sets_joined, counter, "msgin5g_segment_sets_total", "result=\"joined\"",                                         \
        "Sets of segments the server put together.")                                                                   \
    X(sets_rejected, counter, "msgin5g_segment_sets_total", "result=\"rejected\"",                                     \
        "Sets of segments the server put together.")                                                                   \
    X(recoveries, counter, "msgin5g_segment_recoveries_total", "", "Requests of recipients for missing segments.")     \
    X(aggregates_trimmed, counter, "msgin5g_aggregates_trimmed_total", "",                                             \
        "Aggregated messages from which items were removed for a recipient.")                                          \
    X(handshakes_completed, counter, "msgin5g_handshakes_total", "result=\"completed\"", "(D)TLS handshakes ended.")   \
    X(handshakes_failed, counter, "msgin5g_handshakes_total", "result=\"failed\"", "(D)TLS handshakes ended.")         \
    X(gate_malformed, counter, "msgin5g_gate_malformed_total", "", "Octets of handshakes that are no (D)TLS.")         \
    X(gate_bad_cookie, counter, "msgin5g_gate_bad_cookies_total", "", "ClientHellos with a cookie that is not ours.")  \
    X(gate_pending, gauge, "msgin5g_gate_pending", "", "Handshakes that wait for a key.")                              \
    X(gate_held_octets, gauge, "msgin5g_gate_held_bytes", "", "Datagrams held for handshakes that wait.")              \
    X(gate_dropped, counter, "msgin5g_gate_dropped_total", "", "Datagrams dropped: too many were held.")               \
    X(gate_rate_limited, counter, "msgin5g_gate_rate_limited_total", "", "Key requests one source caused too often.")  \
    X(refused_access, counter, "msgin5g_gate_refused_total", "alert=\"access_denied\"",                                \
        "Handshakes the gate refused.")                                                                                \
    X(refused_internal, counter, "msgin5g_gate_refused_total", "alert=\"internal_error\"",                             \
        "Handshakes the gate refused.")                                                                                \
    X(refused_no_name, counter, "msgin5g_gate_refused_total", "alert=\"missing_extension\"",                           \
        "Handshakes the gate refused.")                                                                                \
    X(refused_no_psk, counter, "msgin5g_gate_refused_total", "alert=\"handshake_failure\"",                            \
        "Handshakes the gate refused.")                                                                                \
    X(refused_name, counter, "msgin5g_gate_refused_total", "alert=\"unrecognized_name\"",                              \
        "Handshakes the gate refused.")                                                                                \
    X(refused_identity, counter, "msgin5g_gate_refused_total", "alert=\"unknown_psk_identity\"",                       \
        "Handshakes the gate refused.")                                                                                \
    X(akma_created, counter, "msgin5g_oscore_establishments_total", "result=\"created\"", "Answers to POST /akma.")    \
    X(akma_bad_request, counter, "msgin5g_oscore_establishments_total", "result=\"bad_request\"",                      \
        "Answers to POST /akma.")                                                                                      \
    X(akma_unknown, counter, "msgin5g_oscore_establishments_total", "result=\"k_akma_not_present\"",                   \
        "Answers to POST /akma.")                                                                                      \
    X(akma_not_allowed, counter, "msgin5g_oscore_establishments_total", "result=\"af_not_allowed\"",                   \
        "Answers to POST /akma.")                                                                                      \
    X(akma_echo, counter, "msgin5g_oscore_establishments_total", "result=\"echo_required\"", "Answers to POST /akma.") \
    X(akma_rate_limited, counter, "msgin5g_oscore_establishments_total", "result=\"rate_limited\"",                    \
        "Answers to POST /akma.")                                                                                      \
    X(akma_unavailable, counter, "msgin5g_oscore_establishments_total", "result=\"aanf_unavailable\"",                 \
        "Answers to POST /akma.")                                                                                      \
    X(akma_overloaded, counter, "msgin5g_oscore_establishments_total", "result=\"overloaded\"",                        \
        "Answers to POST /akma.")                                                                                      \
    X(akma_waiting, gauge, "msgin5g_oscore_waiting", "", "POST /akma that wait for a key.")                            \
    X(contexts_half_open, gauge, "msgin5g_oscore_contexts", "state=\"half_open\"",                                     \
        "OSCORE contexts; half_open: no request has verified yet.")                                                    \
    X(contexts_open, gauge, "msgin5g_oscore_contexts", "state=\"open\"",                                               \
        "OSCORE contexts; half_open: no request has verified yet.")                                                    \
    X(contexts_confirmed, counter, "msgin5g_oscore_contexts_total", "event=\"confirmed\"",                             \
        "What became of OSCORE contexts.")                                                                             \
    X(contexts_timed_out, counter, "msgin5g_oscore_contexts_total", "event=\"timed_out\"",                             \
        "What became of OSCORE contexts.")                                                                             \
    X(contexts_evicted, counter, "msgin5g_oscore_contexts_total", "event=\"evicted\"",                                 \
        "What became of OSCORE contexts.")                                                                             \
    X(contexts_replaced, counter, "msgin5g_oscore_contexts_total", "event=\"replaced\"",                               \
        "What became of OSCORE contexts.")

struct server_metrics {
    struct metrics *registry;
#define SERVER_METRIC_MEMBER(member, kind, name, labels, help) struct metric *member;
    SERVER_METRICS(SERVER_METRIC_MEMBER)
#undef SERVER_METRIC_MEMBER
    /* Registered when first needed (NULL until then): most pairs of type and result never happen. */
    struct metric *requests[MSGIN5G_TYPE_COUNT + 1][MSGIN5G_ERR_COUNT];
    struct metric *deliveries[MSGIN5G_TYPE_COUNT][SERVER_OUTCOME_COUNT];
};

/** @p registry is borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err server_metrics_create(struct metrics *registry, struct server_metrics **out);
/** NULL is allowed. */
void server_metrics_free(struct server_metrics *metrics);
/** A request of @p type (MSGIN5G_TYPE_COUNT: not readable) was answered with @p err. */
void server_metrics_request(struct server_metrics *metrics, enum msgin5g_type type, enum msgin5g_err err);
/** A message of @p type that the server sent met @p outcome. */
void server_metrics_delivery(struct server_metrics *metrics, enum msgin5g_type type, enum server_outcome outcome);

#endif
