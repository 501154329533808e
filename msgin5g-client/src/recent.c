#include "recent.h"

/* FNV-1a. */
static uint64_t hash(uint64_t value, struct msgin5g_str text)
{
    for (size_t i = 0; i < text.length; i++)
        value = (value ^ (unsigned char)text.octets[i]) * 0x100000001b3u;
    return value;
}

static bool has(const struct recent *recent, uint64_t value)
{
    for (unsigned i = 0; i < RECENT_MESSAGES; i++)
        if (recent->hashes[i] == value)
            return true;
    return false;
}

void recent_put(struct recent *recent, uint64_t value)
{
    recent->hashes[recent->next] = value;
    recent->next = (recent->next + 1) % RECENT_MESSAGES;
}

uint64_t recent_hash(struct msgin5g_str originator, struct msgin5g_str id)
{
    return hash(hash(0xcbf29ce484222325u, originator), id);
}

bool recent_known(const struct recent *recent, struct msgin5g_str originator, struct msgin5g_str id)
{
    return has(recent, recent_hash(originator, id));
}

void recent_add(struct recent *recent, struct msgin5g_str originator, struct msgin5g_str id)
{
    recent_put(recent, recent_hash(originator, id));
}

bool recent_seen(struct recent *recent, const struct msgin5g_message *message)
{
    uint64_t value = recent_hash(message->ori.addr, message->msg_id);

    if (has(recent, value))
        return true;
    recent_put(recent, value);
    return false;
}
