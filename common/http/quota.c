#include "quota.h"

#include "base/rate_bucket.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define KEY_MAX       (TLS_PEER_NAME_MAX + 1)
#define SUBNET_OCTETS 8 /* of an IPv6 address: whoever has one has the whole /64 */

struct quota_client {
    UT_hash_handle hh;
    struct quota_client *prev, *next; /* among those without a connection, the one that left first at the head */
    struct rate_bucket bucket;
    unsigned connections;
    size_t key_length;
    char key[];
};

struct quota {
    int64_t per_second, burst;
    size_t max_idle, idle_count;
    struct quota_client *table, *idle;
};

enum msgin5g_err quota_create(int64_t per_second, int64_t burst, size_t clients, struct quota **out)
{
    struct quota *quota = calloc(1, sizeof *quota);
    if (quota == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *quota = (struct quota){ .per_second = per_second, .burst = burst, .max_idle = clients };
    *out = quota;
    return MSGIN5G_OK;
}

static void forget(struct quota *quota, struct quota_client *client)
{
    DL_DELETE(quota->idle, client);
    quota->idle_count--;
    HASH_DEL(quota->table, client); /* NOLINT(clang-analyzer-core.NullDereference): cannot follow utlist */
    free(client);
}

void quota_free(struct quota *quota)
{
    if (quota == NULL)
        return;
    while (quota->idle != NULL)
        forget(quota, quota->idle);
    free(quota);
}

/* "[2001:db8::1]:40000" and "192.0.2.1:40000" to the octets that count; a name stands for itself. */
static size_t make_key(const struct peer *peer, char out[KEY_MAX])
{
    char text[PEER_TEXT_MAX];
    bool bracket = peer->remote[0] == '[';
    const char *from = peer->remote + (bracket ? 1 : 0);
    size_t length = bracket ? strcspn(from, "]") : strcspn(from, ":");
    if (peer->names != NULL && peer->names->count > 0) {
        length = strlen(peer->names->names[0]);
        memcpy(out, peer->names->names[0], length);
        return length;
    }
    memcpy(text, from, length);
    text[length] = '\0';
    if (bracket && inet_pton(AF_INET6, text, out) == 1)
        return SUBNET_OCTETS;
    memcpy(out, text, length);
    return length;
}

struct quota_client *quota_enter(struct quota *quota, const struct peer *peer)
{
    char key[KEY_MAX];
    size_t length = make_key(peer, key);
    struct quota_client *client = NULL;
    HASH_FIND(hh, quota->table, key, length, client);
    if (client != NULL) {
        if (client->connections++ == 0) {
            DL_DELETE(quota->idle, client);
            quota->idle_count--;
        }
        return client;
    }
    if ((client = calloc(1, sizeof *client + length)) == NULL)
        return NULL;
    memcpy(client->key, key, length);
    client->key_length = length;
    HASH_ADD_KEYPTR(hh, quota->table, client->key, length, client);
    if (client->hh.tbl == NULL) {
        free(client);
        return NULL;
    }
    client->connections = 1;
    return client;
}

void quota_leave(struct quota *quota, struct quota_client *client)
{
    if (client == NULL || --client->connections > 0)
        return;
    DL_APPEND(quota->idle, client); /* still remembered, or a new connection would bring a new burst */
    if (++quota->idle_count > quota->max_idle)
        forget(quota, quota->idle);
}

bool quota_take(struct quota *quota, struct quota_client *client, int64_t now_ms)
{
    return rate_bucket_take(&client->bucket, quota->per_second, quota->burst, now_ms);
}
