#include "load.h"

#include "base/secret.h"
#include "template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OPEN_MAX 16 /* the library's own limit on messages not yet answered */

struct flight {
    char msg_id[MSGIN5G_UUID_LEN + 1]; /* "": not in use */
    int64_t sent_us;
};

struct sender {
    struct flight flights[OPEN_MAX];
    unsigned open;
    char *to; /* NULL: its partner */
};

struct load {
    const struct options *options;
    struct fleet *fleet;
    struct sender *senders;
    char run_id[17];
    char *payload; /* of bench; NULL: what the command line says */
    int64_t open;
    struct load_counts counts;
    struct histogram answer_us, delivery_us;
};

int64_t load_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct load *load_create(const struct options *options)
{
    struct load *load = calloc(1, sizeof *load);
    unsigned char random[8];

    if (load == NULL)
        return NULL;
    load->options = options;
    secret_random(random, sizeof random);
    secret_to_hex(random, sizeof random, load->run_id);
    if ((load->senders = calloc((size_t)options->ues, sizeof *load->senders)) == NULL ||
        (options->command == COMMAND_BENCH && (load->payload = malloc((size_t)options->size + 1)) == NULL)) {
        load_free(load);
        return NULL;
    }
    if (load->payload != NULL)
        memset(load->payload, 'x', (size_t)options->size);
    for (int64_t i = 0; options->outgoing.to != NULL && i < options->ues; i++)
        load->senders[i].to = template_expand(options->outgoing.to, (size_t)(options->first + i));
    return load;
}

void load_free(struct load *load)
{
    if (load == NULL)
        return;
    for (int64_t i = 0; load->senders != NULL && i < load->options->ues; i++)
        free(load->senders[i].to);
    free(load->senders);
    free(load->payload);
    free(load);
}

void load_use(struct load *load, struct fleet *fleet)
{
    load->fleet = fleet;
}

/* Neighbours by two; the last of an odd number sends to the first. */
static const char *recipient_of(const struct load *load, const struct fleet_ue *ue)
{
    size_t partner = (ue->index ^ 1) < fleet_size(load->fleet) ? ue->index ^ 1 : 0;

    if (load->senders[ue->index].to != NULL)
        return load->senders[ue->index].to;
    return fleet_ue(load->fleet, partner)->service_id;
}

static void stamp(struct load *load, int64_t now_us)
{
    char text[LOAD_SIZE_MIN + 1];

    snprintf(text, sizeof text, "%s %016llx ", load->run_id, (unsigned long long)now_us);
    memcpy(load->payload, text, LOAD_SIZE_MIN);
}

static struct flight *find_flight(struct sender *sender, const char *msg_id)
{
    for (unsigned i = 0; i < OPEN_MAX; i++)
        if (strcmp(sender->flights[i].msg_id, msg_id) == 0)
            return &sender->flights[i];
    return NULL;
}

enum msgin5g_err load_send(struct load *load, struct fleet_ue *ue)
{
    struct sender *sender = &load->senders[ue->index];
    struct flight *flight = find_flight(sender, "");
    struct msgin5g_outgoing message = load->options->outgoing;
    int64_t now_us = load_now_us();
    enum msgin5g_err err;

    if (flight == NULL)
        return MSGIN5G_ERR_LIMIT;
    message.to = recipient_of(load, ue);
    if (load->payload != NULL) {
        stamp(load, now_us);
        message.payload = load->payload;
        message.payload_length = (size_t)load->options->size;
    }
    if ((err = msgin5g_client_send(ue->client, &message, flight->msg_id)) != MSGIN5G_OK) {
        flight->msg_id[0] = '\0';
        return err;
    }
    flight->sent_us = now_us;
    sender->open++;
    load->open++;
    load->counts.sent++;
    return MSGIN5G_OK;
}

unsigned load_open(const struct load *load, const struct fleet_ue *ue)
{
    return load->senders[ue->index].open;
}

int64_t load_open_all(const struct load *load)
{
    return load->open;
}

bool load_in_pairs(const struct load *load)
{
    return load->options->outgoing.to == NULL;
}

void load_on_sent(struct load *load, struct fleet_ue *ue, const char *msg_id, enum msgin5g_err err, unsigned char code)
{
    struct sender *sender = &load->senders[ue->index];
    struct flight *flight = find_flight(sender, msg_id);

    if (flight == NULL)
        return;
    flight->msg_id[0] = '\0';
    sender->open--;
    load->open--;
    if (err == MSGIN5G_OK) {
        load->counts.taken++;
        histogram_add(&load->answer_us, load_now_us() - flight->sent_us);
    } else if (err == MSGIN5G_ERR_PEER) {
        load->counts.refused++;
        load->counts.refusal = code;
    } else {
        load->counts.unknown++;
    }
}

void load_on_message(struct load *load, const struct msgin5g_message *message)
{
    char time[17];

    load->counts.received++;
    if (load->payload == NULL || message->payload.length < LOAD_SIZE_MIN ||
        memcmp(message->payload.octets, load->run_id, 16) != 0)
        return;
    memcpy(time, message->payload.octets + 17, 16);
    time[16] = '\0';
    histogram_add(&load->delivery_us, load_now_us() - (int64_t)strtoull(time, NULL, 16));
}

void load_on_status(struct load *load, enum msgin5g_delivery_status status)
{
    if (status == MSGIN5G_DELIVERY_SUCCESS)
        load->counts.reported++;
    else if (status == MSGIN5G_DELIVERY_STORED)
        load->counts.stored++;
    else if (status == MSGIN5G_DELIVERY_FAILURE)
        load->counts.not_delivered++;
}

struct load_counts *load_counts(struct load *load)
{
    return &load->counts;
}

const struct histogram *load_answer_us(const struct load *load)
{
    return &load->answer_us;
}

const struct histogram *load_delivery_us(const struct load *load)
{
    return &load->delivery_us;
}
