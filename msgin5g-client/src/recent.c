#include "recent.h"

/* FNV-1a. */
static uint64_t hash(uint64_t value, struct msgin5g_str text)
{
    for (size_t i = 0; i < text.length; i++)
        value = (value ^ (unsigned char)text.octets[i]) * 0x100000001b3u;
    return value;
}

bool recent_seen(struct recent *recent, const struct msgin5g_message *message)
{
    uint64_t value = hash(hash(0xcbf29ce484222325u, message->ori.addr), message->msg_id);

    for (unsigned i = 0; i < RECENT_MESSAGES; i++)
        if (recent->hashes[i] == value)
            return true;
    recent->hashes[recent->next] = value;
    recent->next = (recent->next + 1) % RECENT_MESSAGES;
    return false;
}
