/*
 * Whose UE Service ID is it? The association of SUPI or GPSI with UE Service IDs (TS 33.501 Y.2, decision D14).
 * Answered from the configuration here; SEAL configuration management can answer the same questions.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "assignments.h"
#include "config.h"
#include "msgin5g/ids.h"

struct identity_map;

/** Text that stands for the digits of an IMSI in a template. */
#define IDENTITY_TEMPLATE_DIGITS "{digits}"

/** "" or a URI with {digits} in it exactly once. */
bool identity_template_valid(const char *text);
/** Build from a configuration that was checked; it is copied. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err identity_map_create(const struct server_config *config, struct identity_map **out);
/** UE Service IDs assigned at run time count, too. @p assignments is borrowed. */
void identity_map_use(struct identity_map *map, const struct assignments *assignments);
/** The first UE Service ID the configuration gives @p identity. @return false when it gives none. */
bool identity_first(const struct identity_map *map, const char *identity, struct msgin5g_service_id *out);
/** NULL is allowed. */
void identity_map_free(struct identity_map *map);
/** True when @p id is assigned to @p identity ("imsi-...", "msisdn-...", as the AAnF gave it). */
bool identity_owns(const struct identity_map *map, const char *identity, const struct msgin5g_service_id *id);
/** True when @p identity is a gateway: it may vouch for other UEs, all of which it owns (TS 33.501 Y.6). */
bool identity_is_gateway(const struct identity_map *map, const char *identity);
/** True when @p id is assigned to anybody: a recipient that exists, registered or not. */
bool identity_known(const struct identity_map *map, const struct msgin5g_service_id *id);

#endif
