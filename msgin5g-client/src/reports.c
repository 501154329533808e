/* Delivery status reports owed to originators (TS 24.538 6.4.1.1.4): kept until the server has answered them. */
#include "bootstrap.h"
#include "client_internal.h"

#include <stdlib.h>
#include <string.h>

#define REPORTS_MAX 256 /* owed at once; beyond that the oldest is dropped, the sender's own time limit tells it */
#define CAUSE_MAX   63

struct report {
    struct msgin5g_client *client; /* NULL: no longer owed */
    char msg_id[MSGIN5G_UUID_LEN + 1];
    enum msgin5g_addr_type dest_type;
    struct msgin5g_service_id dest;
    char cause[CAUSE_MAX + 1]; /* "" for success */
    bool in_flight;
    struct report *prev, *next;
};

static void drop(struct msgin5g_client *client, struct report *report)
{
    DL_DELETE(client->reports.list, report);
    client->reports.count--;
    if (report->in_flight)
        report->client = NULL; /* on_answer() releases it */
    else
        free(report);
}

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct report *report = ctx;
    struct msgin5g_client *client = report->client;

    report->in_flight = false;
    if (client == NULL) {
        free(report);
        return;
    }
    if (err == MSGIN5G_ERR_TIMEOUT || err == MSGIN5G_ERR_CLOSED)
        return; /* goes out again after the next registration */
    if (bootstrap_needed(client, err, result) && client->state != MSGIN5G_CLIENT_DEREGISTERING) {
        if (client->state == MSGIN5G_CLIENT_REGISTERED)
            bootstrap_again(client, result); /* likewise */
        return;
    }
    drop(client, report);
    if (client->state == MSGIN5G_CLIENT_REGISTERED)
        reports_flush(client);
}

static bool transmit(struct report *report)
{
    struct msgin5g_message imdn = msgin5g_message_init(MSGIN5G_TYPE_IMDN);

    imdn.dest.type = report->dest_type;
    imdn.dest.addr = (struct msgin5g_str){ report->dest.text, report->dest.length };
    imdn.msg_id = msgin5g_str(report->msg_id);
    imdn.delivery_status = report->cause[0] == '\0' ? MSGIN5G_DELIVERY_SUCCESS : MSGIN5G_DELIVERY_FAILURE;
    if (report->cause[0] != '\0')
        imdn.cause = msgin5g_str(report->cause);
    report->in_flight = client_post(report->client, &imdn, on_answer, report) == MSGIN5G_OK;
    return report->in_flight;
}

void reports_add(struct msgin5g_client *client, const struct msgin5g_message *message, const char *cause)
{
    struct report *report;

    if (client->reports.count >= REPORTS_MAX)
        drop(client, client->reports.list);
    if ((report = calloc(1, sizeof *report)) == NULL)
        return;
    if (msgin5g_service_id_parse(message->ori.addr, &report->dest) != MSGIN5G_OK) {
        free(report);
        return;
    }
    report->client = client;
    report->dest_type = message->ori.type;
    memcpy(report->msg_id, message->msg_id.octets, MSGIN5G_UUID_LEN);
    if (cause != NULL)
        strncpy(report->cause, cause[0] != '\0' ? cause : "APP_REJECTED", CAUSE_MAX);
    DL_APPEND(client->reports.list, report);
    client->reports.count++;
    if (client->state == MSGIN5G_CLIENT_REGISTERED || client->state == MSGIN5G_CLIENT_DEREGISTERING)
        (void)transmit(report);
}

void reports_flush(struct msgin5g_client *client)
{
    struct report *report;

    DL_FOREACH (client->reports.list, report)
        if (!report->in_flight && !transmit(report))
            return; /* no room now; the answer to one under way calls again */
}

void reports_abandon(struct msgin5g_client *client)
{
    struct report *report, *next;

    DL_FOREACH_SAFE (client->reports.list, report, next)
        drop(client, report);
}
