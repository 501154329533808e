#include "party.h"

#include <strings.h>

void party_init(struct party *party, const char *id, const struct config_strings *certificates,
    const struct way_http_config *way_config, const struct way_http_service *service)
{
    *party = (struct party){ .certificates = certificates };
    (void)msgin5g_service_id_parse(msgin5g_str(id), &party->id);
    way_http_init(&party->way, way_config, service);
}

bool party_is(const struct party *party, const struct tls_peer_names *names)
{
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        for (size_t k = 0; k < party->certificates->count; k++) {
            if (strcasecmp(names->names[i], party->certificates->values[k]) == 0)
                return true;
        }
    }
    return false;
}

void party_aim(struct party *party, const struct origins *origins, const struct target_uri *target)
{
    if (target == NULL)
        way_http_aim(&party->way, NULL, "");
    else
        way_http_aim(&party->way, origins_client(origins, target), target->path);
}
