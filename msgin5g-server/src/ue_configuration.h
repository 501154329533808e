/*
 * The MSGin5G configuration function (TS 23.554 8.1.2, TS 24.538 6.2): a UE that has authenticated asks for its UE
 * Service ID and for where to register, with GET su-uc/v1/val-services/{service}/ue-configurations (TS 24.546 C.3).
 */
#ifndef UE_CONFIGURATION_H
#define UE_CONFIGURATION_H

#include "assignments.h"
#include "coap/transport.h"
#include "config.h"
#include "identity.h"
#include "peer.h"

struct ue_configuration;

/** Everything is borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err ue_configuration_create(const struct server_config *config, const struct identity_map *map,
    struct assignments *assignments, struct ue_configuration **out);
/** NULL is allowed. */
void ue_configuration_free(struct ue_configuration *configuration);
/** Use @p map from now on. */
void ue_configuration_set_map(struct ue_configuration *configuration, const struct identity_map *map);
/** What UEs are told when the configuration says nothing else; copied. */
void ue_configuration_set_address(struct ue_configuration *configuration, const char *server_address);
/** Is @p path (NULL: too long) one of this function's? */
bool ue_configuration_serves(const char *path);
/** Answer @p request of @p peer, whose @p path is one of these, at once or later. */
void ue_configuration_request(struct ue_configuration *configuration, const struct peer *peer, const char *path,
    struct transport_request *request);

#endif
