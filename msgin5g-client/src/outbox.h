/* Messages handed over that survive the process: on the disk before msgin5g_client_send() returns, there until the
 * server has taken them. Also remembers which messages the application has had. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "msgin5g/client.h"

struct outbox; /* of one client */

/** Read the file at @p path and write it anew. @return as msgin5g_client_create(). */
enum msgin5g_err outbox_open(
    struct msgin5g_client *client, const char *path, size_t messages_max, size_t octets_max, struct outbox **out);
/** NULL is allowed. */
void outbox_free(struct outbox *outbox);
/** Take over @p message (its texts are copied). @return as msgin5g_client_send() with an outbox. */
enum msgin5g_err outbox_put(struct outbox *outbox, const struct msgin5g_message *message);
/** Registered: go on sending. */
void outbox_resume(struct outbox *outbox);
/** How an exchange ended. @p max_age_s: what the server asked for, 0 or less: nothing. @return true when the owner is
 * to hear of it: it is the last word on the message. */
bool outbox_ended(struct outbox *outbox, const char *msg_id, enum msgin5g_err err, uint8_t code, int64_t max_age_s);
/** The application has had the message of @p hash. */
void outbox_seen(struct outbox *outbox, uint64_t hash);
void outbox_facts(const struct outbox *outbox, struct msgin5g_outbox_facts *out);

/** The record of a message, cut into its parts; for the reader and its tests. @return false: it makes no sense. */
bool outbox_record_parse(struct msgin5g_str record, struct msgin5g_message *out);

#endif
