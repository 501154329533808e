/* A UE at the command line: the library's context nested in the program's own loop, keys from a USIM file or from
 * options. */
#ifndef UE_H
#define UE_H

#include "options.h"

#include "base/loop.h"

struct tls_context;
struct ue;

/** The parts, for whoever has many UEs in one context; each prints what is wrong and returns EXIT_CODE_OK or the code
 * to end with. @p max_clients 0: the library's default. */
int ue_context_create(const struct options *options, size_t max_clients, struct msgin5g_context **out);
int ue_client_create(const struct options *options, struct msgin5g_context *context, const char *service_id,
    const struct msgin5g_client_events *events, void *ctx, struct msgin5g_client **out);
/** Towards the AUSF; *@p out stays NULL without https. */
int ue_tls_create(const struct settings *settings, struct tls_context **out);

/** Build everything; prints what is wrong. @return EXIT_CODE_OK or the code to end with; release *@p out either way. */
int ue_create(struct loop *loop, const struct options *options, const struct msgin5g_client_events *events, void *ctx,
    struct ue **out);
void ue_free(struct ue *ue);
struct msgin5g_client *ue_client(struct ue *ue);
/** Get a key (primary authentication when there is a USIM), then register. */
void ue_start(struct ue *ue);
/** The row need_key of the library: run primary authentication again. @return false when there is no USIM to do it
 * with. */
bool ue_refresh_key(struct ue *ue);
/** Let the library work; after calls to it from outside of its own callbacks. */
void ue_pump(struct ue *ue);
/** Told once when no key can be had. */
void ue_on_key_failure(struct ue *ue, void (*failed)(void *ctx, enum msgin5g_err err));

#endif
