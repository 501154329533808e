/* Messages that are to be stored, counted one by one: which were acknowledged, which arrived, which arrived twice. */
#include "steps.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS       INT64_C(1000000000)
#define LOOK_NS         (SECOND_NS / 50)
#define GIVE_UP_NS      (60 * SECOND_NS) /* without anything arriving */
#define MESSAGES_MAX    4000000
#define OUTSTANDING_MAX 16
#define NUMBER_LEN      8 /* decimal digits at the start of every payload */
#define ACKNOWLEDGED    0x80
#define ARRIVED         0x7f /* how often */

/* A message whose acknowledgement is awaited; number 0: none. */
struct awaited {
    char msg_id[MSGIN5G_UUID_LEN + 1];
    uint32_t number;
};

struct ledger {
    size_t pairs;
    struct awaited (*awaited)[OUTSTANDING_MAX]; /* of each sender */
    uint8_t *messages;                          /* by number */
    uint32_t sent, acknowledged, refused, unknown, arrived, twice, owed;
    int64_t last_arrival_ns;
};

static void on_sent(void *ctx, struct fleet_ue *sender, const char *msg_id, enum msgin5g_err err)
{
    struct ledger *ledger = ctx;
    struct awaited *awaited = ledger->awaited[sender - sender->fleet->ues];

    for (size_t i = 0; i < OUTSTANDING_MAX; i++) {
        if (awaited[i].number == 0 || strcmp(awaited[i].msg_id, msg_id) != 0)
            continue;
        uint8_t *message = &ledger->messages[awaited[i].number];
        awaited[i].number = 0;
        if (err == MSGIN5G_OK) {
            ledger->acknowledged++;
            ledger->owed += *message == 0;
            *message |= ACKNOWLEDGED;
        } else if (err == MSGIN5G_ERR_PEER) {
            ledger->refused++;
        } else {
            ledger->unknown++;
        }
        return;
    }
}

static void on_message(void *ctx, struct fleet_ue *receiver, struct msgin5g_str payload)
{
    struct ledger *ledger = ctx;
    char digits[NUMBER_LEN + 1] = "";

    (void)receiver;
    if (payload.length < NUMBER_LEN)
        return;
    memcpy(digits, payload.octets, NUMBER_LEN);
    unsigned long number = strtoul(digits, NULL, 10);
    if (number == 0 || number > ledger->sent)
        return;
    uint8_t *message = &ledger->messages[number];
    ledger->owed -= *message == ACKNOWLEDGED;
    ledger->arrived += (*message & ARRIVED) == 0;
    ledger->twice += (*message & ARRIVED) == 1;
    if ((*message & ARRIVED) < ARRIVED)
        ++*message;
    ledger->last_arrival_ns = now_ns();
}

static struct ledger *ledger_of(struct bench *bench, size_t pairs)
{
    struct ledger *ledger = bench->ledger;

    if (ledger == NULL) {
        ledger = calloc(1, sizeof *ledger);
        if (ledger == NULL)
            abort();
        ledger->pairs = pairs;
        ledger->awaited = calloc(bench->fleet.count, sizeof *ledger->awaited);
        ledger->messages = calloc(MESSAGES_MAX + 1, 1);
        if (ledger->awaited == NULL || ledger->messages == NULL)
            abort();
        for (size_t i = 0; i < pairs; i++)
            bench->fleet.ues[i].peer = i + pairs;
        bench->ledger = ledger;
        bench->fleet.on_message = on_message;
        bench->fleet.on_sent = on_sent;
        bench->fleet.ctx = ledger;
    }
    return ledger;
}

static void send_one(struct bench *bench, struct ledger *ledger, struct fleet_ue *sender, struct awaited *awaited)
{
    char payload[MSGIN5G_PAYLOAD_MAX + 1];
    const struct msgin5g_outgoing message = { .to_type = MSGIN5G_ADDR_UE,
        .to = bench->fleet.ues[sender->peer].service_id,
        .payload = payload,
        .payload_length = bench->payload,
        .priority = MSGIN5G_PRIORITY_NORMAL,
        .store_forward = true };

    memset(payload, 'x', sizeof payload);
    snprintf(payload, sizeof payload, "%0*u", NUMBER_LEN, (unsigned)ledger->sent + 1);
    payload[NUMBER_LEN] = 'x';
    if (msgin5g_client_send(sender->client, &message, awaited->msg_id) == MSGIN5G_OK)
        awaited->number = ++ledger->sent;
}

static void top_up(struct bench *bench, struct ledger *ledger, size_t outstanding)
{
    for (size_t i = 0; i < ledger->pairs; i++) {
        struct fleet_ue *sender = &bench->fleet.ues[i];
        for (size_t k = 0; k < outstanding && sender->registered && ledger->sent < MESSAGES_MAX; k++)
            if (ledger->awaited[i][k].number == 0)
                send_one(bench, ledger, sender, &ledger->awaited[i][k]);
    }
}

static bool told_to_stop(void)
{
    struct pollfd input = { STDIN_FILENO, POLLIN, 0 };

    return poll(&input, 1, 0) > 0;
}

/* What a step cost, from where it began; all other figures are of the whole run. */
struct cost {
    int64_t start_ns, server_ns;
};

static struct cost cost_begin(const struct bench *bench)
{
    return (struct cost){ now_ns(), process_cpu_ns(bench->server_pid) };
}

static void print(const struct bench *bench, const char *step, const struct cost *since)
{
    const struct ledger *ledger = bench->ledger;

    printf("{\"step\":\"%s\",\"seconds\":%.3f,\"server_cpu_us\":%.1f,\"sent\":%u,\"acknowledged\":%u,\"refused\":%u,"
           "\"unknown\":%u,"
           "\"arrived\":%u,"
           "\"twice\":%u,\"lost\":%u}\n",
        step, (double)(now_ns() - since->start_ns) / 1e9,
        (double)(process_cpu_ns(bench->server_pid) - since->server_ns) / 1e3, ledger->sent, ledger->acknowledged,
        ledger->refused, ledger->unknown, ledger->arrived, ledger->twice, ledger->owed);
    fflush(stdout);
}

void step_store(struct bench *bench, const double *arguments)
{
    struct ledger *ledger = ledger_of(bench, (size_t)arguments[0]);
    size_t outstanding = (size_t)arguments[1];
    struct cost cost = cost_begin(bench);

    if (outstanding > OUTSTANDING_MAX)
        outstanding = OUTSTANDING_MAX;
    while (!told_to_stop()) {
        top_up(bench, ledger, outstanding);
        fleet_wait(&bench->fleet, now_ns() + LOOK_NS);
    }
    print(bench, "store", &cost);
}

void step_settle(struct bench *bench, const double *arguments)
{
    struct ledger *ledger = ledger_of(bench, (size_t)arguments[0]);
    struct fleet *fleet = &bench->fleet;
    struct cost cost = cost_begin(bench);

    ledger->last_arrival_ns = cost.start_ns;
    while (ledger->owed > 0 && now_ns() < ledger->last_arrival_ns + GIVE_UP_NS) {
        while (fleet->next < fleet->count && fleet->busy < fleet->window)
            (void)fleet_start_one(fleet);
        fleet_wait(fleet, now_ns() + LOOK_NS);
    }
    print(bench, "settle", &cost);
}

void ledger_free(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    free(ledger->awaited);
    free(ledger->messages);
    free(ledger);
}
