/* Messages larger than one segment on their way out, and kept for whoever misses some of them (TS 23.554 8.5.2,
 * TS 24.538 6.4.1.1.2, 6.5.1.1, EC-34). */
#include "bootstrap.h"
#include "client_internal.h"
#include "msg/segment.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW         4 /* segments of one message not yet answered */
#define KEEP_MS        120000
#define KEEP_OCTETS    (4 * (size_t)MSGIN5G_WHOLE_MAX) /* of all messages kept */
#define PAUSE_MS       1000                            /* after 4.29 and 5.03 */
#define PAUSES_IN_LINE 30

struct flight {
    struct sent_set *set;
    unsigned number; /* 0: not in use */
};

struct sent_set {
    struct msgin5g_client *client; /* NULL once the client is gone */
    char set_id[MSGIN5G_UUID_LEN + 1], msg_id[MSGIN5G_UUID_LEN + 1];
    struct msgin5g_message whole; /* its texts stand behind the set */
    struct segment_cuts cuts;
    size_t octets;
    unsigned unsent;              /* number that goes out next for the first time */
    struct segment_numbers again; /* asked for, or to be tried again */
    struct flight flights[WINDOW];
    unsigned in_flight;
    unsigned pauses; /* since the last answer that was none */
    bool told;       /* sent() has run */
    bool confirmed;  /* nobody will ask for more */
    struct loop_timer timer;
    struct sent_set *prev, *next;
    char texts[];
};

static void release(struct sent_set *set)
{
    struct msgin5g_client *client = set->client;

    if (client != NULL) {
        DL_DELETE(client->sent_sets, set);
        client->sent_octets -= set->octets;
        loop_timer_cancel(client->context->loop, &set->timer);
        if (!set->told)
            client->pending_count--;
    }
    if (set->in_flight == 0)
        free(set);
    else
        set->client = NULL; /* on_answer() releases it */
}

/* The owner hears of a message once: when all of it was taken, or of the first thing that went wrong. */
static void tell(struct sent_set *set, enum msgin5g_err err, uint8_t code)
{
    struct msgin5g_client *client = set->client;
    char msg_id[sizeof set->msg_id];

    memcpy(msg_id, set->msg_id, sizeof msg_id);
    set->told = true;
    client->pending_count--;
    if (err != MSGIN5G_OK || set->confirmed)
        release(set);
    else
        (void)loop_timer_set(client->context->loop, &set->timer, KEEP_MS);
    client_tell_sent(client, msg_id, err, code, -1); /* a pause was made already */
}

static transport_done_fn on_answer;

static enum msgin5g_err transmit(struct sent_set *set, unsigned number)
{
    struct msgin5g_message segment = segment_of(&set->whole, &set->cuts, msgin5g_str(set->set_id), number);
    struct flight *flight = set->flights;
    enum msgin5g_err err;

    while (flight->number != 0)
        flight++;
    if ((err = client_post(set->client, &segment, on_answer, flight)) != MSGIN5G_OK)
        return err;
    flight->set = set;
    flight->number = number;
    set->in_flight++;
    segment_numbers_remove(&set->again, number);
    return MSGIN5G_OK;
}

/* What was asked for goes first; 0: nothing is left. */
static unsigned next_number(const struct sent_set *set)
{
    for (unsigned number = 1; number < set->unsent; number++)
        if (segment_numbers_has(&set->again, number))
            return number;
    return set->unsent <= set->cuts.count ? set->unsent : 0;
}

/* Keeps the window full. An error only when nothing is on its way that would call again. */
static enum msgin5g_err pump(struct sent_set *set)
{
    enum msgin5g_err err = MSGIN5G_OK;

    while (err == MSGIN5G_OK && set->in_flight < WINDOW) {
        unsigned number = next_number(set);

        if (number == 0)
            break;
        if ((err = transmit(set, number)) == MSGIN5G_OK && number == set->unsent)
            set->unsent++;
    }
    return set->in_flight > 0 ? MSGIN5G_OK : err;
}

static void go_on(struct sent_set *set)
{
    enum msgin5g_err err = pump(set);
    bool all = set->in_flight == 0 && next_number(set) == 0;

    if (set->told) { /* a message that was sent, on which somebody asked; who misses it still asks again */
        if (err == MSGIN5G_OK && all && set->confirmed)
            release(set);
    } else if (err != MSGIN5G_OK) {
        tell(set, err, 0);
    } else if (all) {
        tell(set, MSGIN5G_OK, MSGIN5G_COAP_CODE(2, 4));
    }
}

/* The time to keep it is over, or the pause the server asked for. */
static void on_timer(void *ctx)
{
    struct sent_set *set = ctx;

    if (set->told && next_number(set) == 0)
        release(set);
    else
        go_on(set);
}

static bool asks_for_a_pause(uint8_t code)
{
    return code == MSGIN5G_COAP_CODE(4, 29) || code == MSGIN5G_COAP_CODE(5, 3);
}

static void answered(struct sent_set *set, unsigned number, enum msgin5g_err err, const struct transport_result *result)
{
    struct msgin5g_client *client = set->client;
    uint8_t code = result != NULL ? result->code : 0;
    bool context_gone = bootstrap_needed(client, err, result);

    if (err == MSGIN5G_OK && (asks_for_a_pause(code) || context_gone) && ++set->pauses <= PAUSES_IN_LINE) {
        segment_numbers_add(&set->again, number);
        (void)loop_timer_set(client->context->loop, &set->timer, PAUSE_MS);
        if (context_gone && client->state == MSGIN5G_CLIENT_REGISTERED)
            bootstrap_again(client, result);
        return;
    }
    if (err == MSGIN5G_OK && code != MSGIN5G_COAP_CODE(2, 4))
        err = MSGIN5G_ERR_PEER;
    if (err == MSGIN5G_OK)
        set->pauses = 0;
    if (err != MSGIN5G_OK && !set->told)
        tell(set, err, code);
    else if (set->pauses == 0)
        go_on(set);
}

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct flight *flight = ctx;
    struct sent_set *set = flight->set;
    unsigned number = flight->number;

    flight->number = 0;
    set->in_flight--;
    if (set->client != NULL)
        answered(set, number, err, result);
    else if (set->in_flight == 0)
        free(set);
}

static struct msgin5g_str keep(char **at, struct msgin5g_str text)
{
    struct msgin5g_str kept = { *at, text.length };

    if (text.octets == NULL)
        return text;
    memcpy(*at, text.octets, text.length);
    *at += text.length;
    return kept;
}

static struct sent_set *set_new(struct msgin5g_client *client, const struct msgin5g_message *whole)
{
    size_t octets = whole->dest.addr.length + whole->app_id.length + whole->payload.length;
    struct sent_set *set = calloc(1, sizeof *set + octets);
    unsigned char random[16];
    char *at;

    if (set == NULL)
        return NULL;
    at = set->texts;
    set->client = client;
    set->octets = octets;
    set->unsent = 1;
    set->whole = *whole;
    set->whole.dest.addr = keep(&at, whole->dest.addr);
    set->whole.app_id = keep(&at, whole->app_id);
    set->whole.payload = keep(&at, whole->payload);
    memcpy(set->msg_id, whole->msg_id.octets, MSGIN5G_UUID_LEN);
    set->whole.msg_id = msgin5g_str(set->msg_id);
    secret_random(random, sizeof random);
    msgin5g_uuid_format(random, set->set_id);
    loop_timer_init(&set->timer, on_timer, set);
    return set;
}

/* Room by forgetting what was sent longest ago. */
static bool make_room(struct msgin5g_client *client, size_t octets)
{
    struct sent_set *set, *next;

    DL_FOREACH_SAFE (client->sent_sets, set, next) {
        if (client->sent_octets + octets <= KEEP_OCTETS)
            break;
        if (set->told)
            release(set);
    }
    return client->sent_octets + octets <= KEEP_OCTETS;
}

enum msgin5g_err segments_send(struct msgin5g_client *client, const struct msgin5g_message *whole)
{
    struct segment_cuts cuts;
    struct sent_set *set;
    enum msgin5g_err err = segment_cut(whole->payload, client->segment_size, &cuts);

    if (err != MSGIN5G_OK)
        return err;
    if ((set = set_new(client, whole)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (!make_room(client, set->octets)) {
        free(set);
        return MSGIN5G_ERR_LIMIT;
    }
    set->cuts = cuts;
    DL_APPEND(client->sent_sets, set);
    client->sent_octets += set->octets;
    client->pending_count++;
    if ((err = pump(set)) != MSGIN5G_OK)
        release(set);
    return err;
}

static struct sent_set *find(const struct msgin5g_client *client, struct msgin5g_str set_id)
{
    struct sent_set *set;

    DL_FOREACH (client->sent_sets, set)
        if (msgin5g_str_equal(msgin5g_str(set->set_id), set_id))
            return set;
    return NULL;
}

void segments_on_recovery(struct msgin5g_client *client, const struct msgin5g_message *segrec)
{
    struct sent_set *set = find(client, segrec->segment.set_id);
    struct segment_numbers wanted;

    if (set == NULL || segment_ranges_parse(segrec->seg_no_list, &wanted) != MSGIN5G_OK)
        return;
    for (unsigned number = 1; number < set->unsent; number++) /* the others are still to come */
        if (segment_numbers_has(&wanted, number))
            segment_numbers_add(&set->again, number);
    if (set->pauses == 0)
        go_on(set);
}

void segments_on_confirmation(struct msgin5g_client *client, const struct msgin5g_message *segconfir)
{
    struct sent_set *set = find(client, segconfir->segment.set_id);
    char msg_id[sizeof set->msg_id];

    if (set == NULL)
        return;
    if (segconfir->result) {
        set->confirmed = true;
        if (set->told)
            release(set);
        return;
    }
    memcpy(msg_id, set->msg_id, sizeof msg_id);
    if (segments_failed(client, segconfir->segment.set_id))
        return;
    if (client->events.response != NULL)
        client->events.response(client->ctx, client, msgin5g_str(msg_id), MSGIN5G_DELIVERY_FAILURE,
            msgin5g_str(msgin5g_err_cause(MSGIN5G_ERR_SEGMENT_MISSING)));
}

bool segments_failed(struct msgin5g_client *client, struct msgin5g_str set_id)
{
    struct msgin5g_str own = { client->id.text, client->id.length };
    struct sent_set *set;

    if (recent_known(&client->finished_sets, own, set_id))
        return true;
    recent_add(&client->finished_sets, own, set_id);
    if ((set = find(client, set_id)) == NULL)
        return false;
    set->confirmed = true; /* nobody wants the rest of it */
    if (set->told)
        release(set);
    else
        tell(set, MSGIN5G_OK, MSGIN5G_COAP_CODE(2, 4));
    return false;
}

void segments_out_abandon(struct msgin5g_client *client)
{
    struct sent_set *set, *next;

    DL_FOREACH_SAFE (client->sent_sets, set, next)
        release(set);
}
