#include "policy.h"

#include <string.h>
#include <strings.h>

#define ANYBODY      "*"
#define INSTANCE_URI "urn:uuid:" /* TS 33.310 6.1.3c.3 */

static bool peer_is(const struct tls_peer_names *peer, const char *name)
{
    if (strcmp(name, ANYBODY) == 0)
        return true;
    for (size_t i = 0; peer != NULL && i < peer->count; i++)
        if (strcasecmp(peer->names[i], name) == 0)
            return true;
    return false;
}

static bool peer_in(const struct tls_peer_names *peer, const struct config_strings *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (peer_is(peer, names->values[i]))
            return true;
    return false;
}

static bool fqdn_allowed(const struct af_config *af, const char *fqdn)
{
    for (size_t i = 0; i < af->fqdns.count; i++)
        if (strcasecmp(af->fqdns.values[i], fqdn) == 0)
            return true;
    return false;
}

static bool ua_id_allowed(const struct af_config *af, const struct ua_id *ua_id)
{
    for (size_t i = 0; i < af->ua_ids.count; i++) {
        struct ua_id allowed;
        if (ua_id_parse(msgin5g_str(af->ua_ids.values[i]), &allowed) == MSGIN5G_OK &&
            memcmp(allowed.octets, ua_id->octets, UA_ID_LEN) == 0)
            return true;
    }
    return af->ua_ids.count == 0;
}

bool policy_af(const struct aanf_config *config, const struct tls_peer_names *peer, const char *fqdn,
    const struct ua_id *ua_id, struct af_grant *out)
{
    const struct af_config *afs = config->afs.values;
    for (size_t i = 0; i < config->afs.count; i++) {
        const struct af_config *af = &afs[i];
        if (!peer_is(peer, af->certificate) || !fqdn_allowed(af, fqdn) || !ua_id_allowed(af, ua_id))
            continue;
        int64_t lifetime_ms = af->k_af_lifetime_ms > 0 ? af->k_af_lifetime_ms : config->k_af_lifetime_ms;
        *out = (struct af_grant){ .identity = (enum identity_kind)af->identity,
            .k_af_lifetime_s = lifetime_ms / 1000,
            .notif_uris = &af->notif_uris };
        return true;
    }
    return false;
}

bool policy_is_af(const struct aanf_config *config, const struct tls_peer_names *peer, bool supi)
{
    const struct af_config *afs = config->afs.values;
    for (size_t i = 0; i < config->afs.count; i++)
        if (peer_is(peer, afs[i].certificate) && (!supi || afs[i].identity == IDENTITY_SUPI))
            return true;
    return false;
}

bool policy_is_instance(const struct aanf_config *config, const struct tls_peer_names *peer, const char *nf_instance_id,
    const char *nf_type)
{
    const struct instance_config *rows = config->oauth_instances.values;
    size_t prefix = strlen(INSTANCE_URI);
    for (size_t i = 0; i < config->oauth_instances.count; i++)
        if (peer_is(peer, rows[i].certificate) && strcasecmp(rows[i].nf_instance_id, nf_instance_id) == 0)
            return nf_type[0] == '\0' || strcmp(nf_type, rows[i].nf_type) == 0;
    for (size_t i = 0; peer != NULL && i < peer->count; i++)
        if (strncasecmp(peer->names[i], INSTANCE_URI, prefix) == 0 &&
            strcasecmp(peer->names[i] + prefix, nf_instance_id) == 0)
            return true;
    return false;
}

/* What follows the base must begin a path: "https://af.example:8445" does not allow "https://af.example:84450/", nor
 * "https://af.example:8445@elsewhere/". */
const char *policy_uri_path(const char *base, const char *uri)
{
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    return strncasecmp(base, uri, length) == 0 && uri[length] == '/' && strchr(uri, '#') == NULL ? uri + length : NULL;
}

bool policy_may_notify(const struct af_grant *grant, const char *uri)
{
    for (size_t i = 0; grant->notif_uris != NULL && i < grant->notif_uris->count; i++)
        if (policy_uri_path(grant->notif_uris->values[i], uri) != NULL)
            return true;
    return false;
}

bool policy_may_anchor(const struct aanf_config *config, const struct tls_peer_names *peer)
{
    return peer_in(peer, &config->anchor_key_consumers);
}

bool policy_may_authenticate(const struct aanf_config *config, const struct tls_peer_names *peer)
{
    return peer_in(peer, &config->authentication_consumers);
}

bool policy_serving_network(const struct aanf_config *config, const char *sn_name)
{
    for (size_t i = 0; i < config->serving_networks.count; i++)
        if (strcmp(config->serving_networks.values[i], sn_name) == 0)
            return true;
    return config->serving_networks.count == 0;
}
