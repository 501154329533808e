/* Who may do what, by the names in the client's certificate (TS 33.535 6.2.1 step 2); bearer.c judges tokens before. */
#ifndef AANF_POLICY_H
#define AANF_POLICY_H

#include "akma/ua_id.h"
#include "config.h"
#include "tls/stream.h"

/** What one AF gets. */
struct af_grant {
    enum identity_kind identity;
    int64_t k_af_lifetime_s;
    const struct config_strings *notif_uris; /* borrowed from the configuration */
};

/**
 * May the owner of this certificate have K_AF for this AF_ID? The first fitting row of the table decides.
 *
 * @param peer NULL: no certificate; then only rows for "*" fit.
 * @param fqdn lower case
 */
bool policy_af(const struct aanf_config *config, const struct tls_peer_names *peer, const char *fqdn,
    const struct ua_id *ua_id, struct af_grant *out);
/** Is there any row for the owner of this certificate (@p supi: one that gives the SUPI)? */
bool policy_is_af(const struct aanf_config *config, const struct tls_peer_names *peer, bool supi);
/**
 * Is the owner of this certificate the NF instance @p nf_instance_id: by a URI urn:uuid:... in it, or by
 * oauth.instances (TS 33.501 13.4.1.1)?
 *
 * @param nf_type as it claims, "" for no claim; must be that of the row in oauth.instances, if there is one.
 */
bool policy_is_instance(const struct aanf_config *config, const struct tls_peer_names *peer, const char *nf_instance_id,
    const char *nf_type);
/** Rest of @p uri when it lies under @p base ("https://host:port", compared without regard to case): "/...", or NULL.
 */
const char *policy_uri_path(const char *base, const char *uri);
/** May the AF have notices sent to @p uri? */
bool policy_may_notify(const struct af_grant *grant, const char *uri);
/** May register and remove AKMA contexts. */
bool policy_may_anchor(const struct aanf_config *config, const struct tls_peer_names *peer);
/** May run primary authentications. */
bool policy_may_authenticate(const struct aanf_config *config, const struct tls_peer_names *peer);
/** May the serving network authenticate subscribers of ours (TS 33.501 6.1.2)? */
bool policy_serving_network(const struct aanf_config *config, const char *sn_name);

#endif
