/* OSCORE in libcoap with our patches (decision D2): the examples of RFC 8613 Appendix C on the wire, contexts by the
 * thousand, the replay window, both directions, and what comes without protection. */
#include <coap3/coap.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define DATAGRAM_MAX 512
#define PATIENCE_MS  3000

struct datagram {
    uint8_t octets[DATAGRAM_MAX];
    size_t length;
};

/* One end with libcoap, and a bare socket that stands for the other one or for the path. */
struct end {
    coap_context_t *coap;
    uint16_t port;
    int wire;
    int requests;        /* handled */
    void *last_app_data; /* of the context of the last one, or NULL */
    char last_path[32];
    int answers;
    int last_code;
    bool last_protected;
    bool defer; /* answer with an empty acknowledgement */
    coap_session_t *last_session;
    int misses;
};

static struct end *end_of(coap_session_t *session)
{
    return coap_context_get_app_data(coap_session_get_context(session));
}

static void on_request(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
    const coap_string_t *query, coap_pdu_t *response)
{
    struct end *end = end_of(session);
    coap_oscore_context_t *current = coap_oscore_current(end->coap);
    coap_opt_iterator_t iterator;
    const coap_opt_t *path = coap_check_option(request, COAP_OPTION_URI_PATH, &iterator);
    (void)resource;
    (void)query;
    end->requests++;
    end->last_app_data = current != NULL ? coap_oscore_get_app_data(current) : NULL;
    (void)snprintf(end->last_path, sizeof end->last_path, "%.*s", path != NULL ? (int)coap_opt_length(path) : 0,
        path != NULL ? (const char *)coap_opt_value(path) : "");
    end->last_session = session;
    if (end->defer)
        return;
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    assert_int_equal(coap_add_data(response, 12, (const uint8_t *)"Hello World!"), 1);
}

static coap_response_t on_answer(
    coap_session_t *session, const coap_pdu_t *sent, const coap_pdu_t *received, const coap_mid_t mid)
{
    struct end *end = end_of(session);
    (void)sent;
    (void)mid;
    end->answers++;
    end->last_code = coap_pdu_get_code(received);
    end->last_protected = coap_oscore_current(end->coap) != NULL;
    return COAP_RESPONSE_OK;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = { 0 };
    socklen_t length = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
    };
}

static coap_address_t coap_loopback(uint16_t port)
{
    coap_address_t address;
    coap_address_init(&address);
    address.addr.sin = loopback(port);
    address.size = sizeof address.addr.sin;
    return address;
}

static struct end *end_new(void)
{
    struct end *end = calloc(1, sizeof *end);
    struct sockaddr_in any = loopback(0);
    coap_address_t address = coap_loopback(0);
    assert_non_null(end);
    coap_startup();
    coap_set_log_level(COAP_LOG_EMERG);
    end->coap = coap_new_context(NULL);
    assert_non_null(end->coap);
    coap_context_set_app_data(end->coap, end);
    coap_context_set_block_mode(end->coap, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
    coap_resource_t *resource = coap_resource_unknown_init2(on_request, 0);
    for (unsigned method = COAP_REQUEST_GET; method <= COAP_REQUEST_IPATCH; method++)
        coap_register_request_handler(resource, (coap_request_t)method, on_request);
    coap_add_resource(end->coap, resource);
    coap_register_response_handler(end->coap, on_answer);
    coap_endpoint_t *endpoint = coap_new_endpoint(end->coap, &address, COAP_PROTO_UDP);
    assert_non_null(endpoint);
    end->port = port_of(coap_endpoint_get_fd(endpoint));
    end->wire = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(end->wire, (struct sockaddr *)&any, sizeof any), 0);
    return end;
}

static void end_free(struct end *end)
{
    coap_free_context(end->coap);
    (void)close(end->wire);
    free(end);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Let @p one (and @p other, if any) run until @p counter reaches @p target. */
static void run_until(struct end *one, struct end *other, const int *counter, int target)
{
    int64_t end_ms = now_ms() + PATIENCE_MS;
    while (*counter < target && now_ms() < end_ms) {
        (void)coap_io_process(one->coap, 5);
        if (other != NULL)
            (void)coap_io_process(other->coap, 5);
    }
    assert_int_equal(*counter, target);
}

static void send_wire(struct end *end, uint16_t port, const struct datagram *datagram)
{
    struct sockaddr_in to = loopback(port);
    ssize_t sent = sendto(end->wire, datagram->octets, datagram->length, 0, (struct sockaddr *)&to, sizeof to);
    assert_int_equal(sent, datagram->length);
}

/* The next datagram on the bare socket, while libcoap runs. */
static struct datagram receive_wire(struct end *end, struct sockaddr_in *from)
{
    struct datagram datagram;
    socklen_t length = sizeof *from;
    for (int64_t end_ms = now_ms() + PATIENCE_MS; now_ms() < end_ms;) {
        ssize_t received = recvfrom(end->wire, datagram.octets, sizeof datagram.octets, MSG_DONTWAIT,
            (struct sockaddr *)from, from != NULL ? &length : NULL);
        if (received >= 0) {
            datagram.length = (size_t)received;
            return datagram;
        }
        assert_int_equal(errno, EAGAIN);
        (void)coap_io_process(end->coap, 5);
    }
    fail_msg("nothing came");
    return datagram;
}

static struct datagram from_hex(const char *hex)
{
    struct datagram datagram = { .length = strlen(hex) / 2 };
    for (size_t i = 0; i < datagram.length; i++) {
        unsigned octet;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &octet), 1);
        datagram.octets[i] = (uint8_t)octet;
    }
    return datagram;
}

static coap_bin_const_t bin(const char *octets, size_t length)
{
    return (coap_bin_const_t){ length, (const uint8_t *)octets };
}

/* ---- RFC 8613 Appendix C ---- */

static const char c_secret[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

struct example {
    const char *salt, *sender_id, *recipient_id, *id_context; /* of the server; NULL: none */
    size_t salt_length, sender_length, recipient_length, id_context_length;
    const char *request;
};

static const struct example c_4 = { "\x9e\x7c\xa9\x22\x23\x78\x63\x40", "\1", "", NULL, 8, 1, 0, 0,
    "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e" };
static const struct example c_5 = { "", "\1", "\0", NULL, 0, 1, 1, 0,
    "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0" };
static const struct example c_6 = { "\x9e\x7c\xa9\x22\x23\x78\x63\x40", "\1", "", "\x37\xcb\xf3\x21\x00\x17\xa2\xd3", 8,
    1, 0, 8, "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff72cd7273fd331ac45cffbe55c3" };

static coap_oscore_context_t *add_example(struct end *end, const struct example *example)
{
    coap_oscore_setup_t setup = { .master_secret = bin(c_secret, sizeof c_secret),
        .master_salt = bin(example->salt, example->salt_length),
        .sender_id = bin(example->sender_id, example->sender_length),
        .recipient_id = bin(example->recipient_id, example->recipient_length),
        .id_context = bin(example->id_context, example->id_context_length) };
    return coap_oscore_add(end->coap, &setup, (void *)example);
}

static void a_server_reads_the_requests_of_c_4_to_c_6(void **state)
{
    static const struct example *const examples[] = { &c_4, &c_5, &c_6 };
    (void)state;
    struct end *server = end_new();
    for (size_t i = 0; i < 3; i++)
        assert_non_null(add_example(server, examples[i]));
    for (int i = 0; i < 3; i++) {
        struct datagram request = from_hex(examples[i]->request);
        send_wire(server, server->port, &request);
        run_until(server, NULL, &server->requests, i + 1);
        assert_string_equal(server->last_path, "tv1");
        assert_ptr_equal(server->last_app_data, examples[i]);
    }
    end_free(server);
}

/* libcoap answers in a message of its own, so that the header differs. */
static void a_server_answers_as_in_c_7(void **state)
{
    static const char expected[] = "dbaad1e9a7e7b2a813d3c31524378303cdafae119106";
    (void)state;
    struct end *server = end_new();
    struct datagram request = from_hex(c_4.request), octets = from_hex(expected);
    assert_non_null(add_example(server, &c_4));
    send_wire(server, server->port, &request);
    struct datagram answer = receive_wire(server, NULL);
    if (answer.length == 4) /* an empty acknowledgement */
        answer = receive_wire(server, NULL);
    assert_int_equal(answer.octets[1], COAP_RESPONSE_CODE_CHANGED);
    assert_true(answer.length > octets.length);
    assert_memory_equal(answer.octets + answer.length - octets.length, octets.octets, octets.length);
    end_free(server);
}

/* ---- two ends ---- */

static const char ue_id[] = "\xc0\0\0\1";

static coap_oscore_context_t *add(struct end *end, bool is_ue, bool echo, void *app_data)
{
    coap_bin_const_t ue = bin(ue_id, 4), af = bin("\1", 1);
    coap_oscore_setup_t setup = { .master_secret = bin(c_secret, sizeof c_secret),
        .master_salt = bin("salt", 4),
        .sender_id = is_ue ? ue : af,
        .recipient_id = is_ue ? af : ue,
        .echo = echo };
    coap_oscore_context_t *context = coap_oscore_add(end->coap, &setup, app_data);
    assert_non_null(context);
    return context;
}

static coap_session_t *connect_to(struct end *ue, uint16_t port)
{
    coap_address_t address = coap_loopback(port);
    coap_session_t *session = coap_new_client_session(ue->coap, NULL, &address, COAP_PROTO_UDP);
    assert_non_null(session);
    coap_oscore_use(session, add(ue, true, false, ue));
    return session;
}

static void send_request(coap_session_t *session, coap_pdu_type_t type, const char *token)
{
    coap_pdu_t *pdu = coap_new_pdu(type, COAP_REQUEST_CODE_POST, session);
    assert_non_null(pdu);
    assert_int_equal(coap_add_token(pdu, strlen(token), (const uint8_t *)token), 1);
    assert_true(coap_add_option(pdu, COAP_OPTION_URI_PATH, 1, (const uint8_t *)"m") > 0);
    assert_int_not_equal(coap_send(session, pdu), COAP_INVALID_MID);
}

/* Requests with sequence numbers 0, 1, 2 ... that never reached anybody. */
static void capture(struct end *ue, struct datagram *out, int count)
{
    coap_session_t *session = connect_to(ue, port_of(ue->wire));
    for (int i = 0; i < count; i++) {
        char token[2] = { (char)('a' + i), '\0' };
        send_request(session, COAP_MESSAGE_NON, token);
        out[i] = receive_wire(ue, NULL);
    }
    coap_session_release(session);
}

static bool holds(const struct datagram *datagram, const char *text)
{
    return memmem(datagram->octets, datagram->length, text, strlen(text)) != NULL;
}

struct step {
    int sequence;
    bool taken;
};

static void replay(const struct step *steps, size_t count)
{
    struct datagram requests[8];
    struct end *ue = end_new(), *server = end_new();
    capture(ue, requests, 8);
    (void)add(server, false, false, server);
    for (size_t i = 0; i < count; i++) {
        int before = server->requests;
        send_wire(server, server->port, &requests[steps[i].sequence]);
        struct datagram answer = receive_wire(server, NULL);
        assert_int_equal(server->requests - before, steps[i].taken);
        assert_int_equal(holds(&answer, "Replay detected"), !steps[i].taken);
    }
    end_free(ue);
    end_free(server);
}

static void every_request_is_taken_once(void **state)
{
    static const struct step steps[] = { { 0, true }, { 0, false }, { 1, true }, { 1, false }, { 0, false } };
    (void)state;
    replay(steps, sizeof steps / sizeof steps[0]);
}

static void requests_may_change_places_but_not_come_twice(void **state)
{
    static const struct step steps[] = { { 0, true }, { 2, true }, { 1, true }, { 2, false }, { 1, false },
        { 0, false }, { 7, true }, { 4, true }, { 7, false }, { 4, false }, { 6, true }, { 5, true }, { 6, false },
        { 5, false }, { 3, true }, { 3, false } };
    (void)state;
    replay(steps, sizeof steps / sizeof steps[0]);
}

static void a_forged_request_changes_nothing(void **state)
{
    struct datagram requests[2];
    (void)state;
    struct end *ue = end_new(), *server = end_new();
    capture(ue, requests, 2);
    (void)add(server, false, false, server);
    struct datagram forged = requests[1];
    forged.octets[forged.length - 1] ^= 1;
    send_wire(server, server->port, &forged);
    struct datagram answer = receive_wire(server, NULL);
    assert_true(holds(&answer, "Decryption failed"));
    assert_int_equal(server->requests, 0);
    send_wire(server, server->port, &requests[0]);
    run_until(server, NULL, &server->requests, 1);
    send_wire(server, server->port, &requests[1]);
    run_until(server, NULL, &server->requests, 2);
    end_free(ue);
    end_free(server);
}

static void the_first_request_is_repeated_with_an_echo(void **state)
{
    (void)state;
    struct end *ue = end_new(), *server = end_new();
    coap_session_t *session = connect_to(ue, server->port);
    (void)add(server, false, true, server);
    send_request(session, COAP_MESSAGE_CON, "first");
    run_until(ue, server, &ue->answers, 1);
    assert_int_equal(ue->last_code, COAP_RESPONSE_CODE_CONTENT);
    assert_true(ue->last_protected);
    assert_int_equal(server->requests, 1);
    send_request(session, COAP_MESSAGE_CON, "second");
    run_until(ue, server, &ue->answers, 2);
    assert_int_equal(server->requests, 2);
    coap_session_release(session);
    end_free(ue);
    end_free(server);
}

static void a_replayed_first_request_gets_no_further_than_the_echo(void **state)
{
    struct datagram requests[1];
    (void)state;
    struct end *ue = end_new(), *server = end_new();
    capture(ue, requests, 1);
    (void)add(server, false, true, server);
    for (int i = 0; i < 3; i++) {
        send_wire(server, server->port, &requests[0]);
        (void)receive_wire(server, NULL);
    }
    assert_int_equal(server->requests, 0);
    end_free(ue);
    end_free(server);
}

static void both_ends_may_choose_the_same_token(void **state)
{
    (void)state;
    struct end *ue = end_new(), *server = end_new();
    coap_session_t *session = connect_to(ue, server->port);
    (void)add(server, false, false, server);
    server->defer = true;
    send_request(session, COAP_MESSAGE_CON, "same");
    run_until(server, ue, &server->requests, 1);
    send_request(server->last_session, COAP_MESSAGE_CON, "same");
    run_until(server, ue, &server->answers, 1);
    assert_int_equal(server->last_code, COAP_RESPONSE_CODE_CONTENT);
    assert_true(server->last_protected);
    assert_ptr_equal(ue->last_app_data, ue);
    coap_pdu_t *owed = coap_new_pdu(COAP_MESSAGE_CON, COAP_RESPONSE_CODE_CHANGED, server->last_session);
    assert_int_equal(coap_add_token(owed, 4, (const uint8_t *)"same"), 1);
    assert_int_not_equal(coap_send(server->last_session, owed), COAP_INVALID_MID);
    run_until(ue, server, &ue->answers, 1);
    assert_int_equal(ue->last_code, COAP_RESPONSE_CODE_CHANGED);
    assert_true(ue->last_protected);
    coap_session_release(session);
    end_free(ue);
    end_free(server);
}

/* ---- without protection ---- */

static void a_request_without_protection_is_answered_without(void **state)
{
    (void)state;
    struct end *server = end_new();
    struct datagram protected_request = from_hex(c_4.request), answer;
    struct datagram plain = from_hex("420212346162b16d"); /* CON POST, token "ab", Uri-Path "m" */
    assert_non_null(add_example(server, &c_4));
    send_wire(server, server->port, &protected_request);
    run_until(server, NULL, &server->requests, 1);
    send_wire(server, server->port, &plain);
    run_until(server, NULL, &server->requests, 2);
    assert_null(server->last_app_data);
    do {
        answer = receive_wire(server, NULL);
    } while (!(answer.octets[2] == 0x12 && answer.octets[3] == 0x34));
    assert_int_equal(answer.octets[1], COAP_RESPONSE_CODE_CONTENT);
    assert_true(holds(&answer, "Hello World!"));
    end_free(server);
}

static struct datagram plain_answer(const struct datagram *request, uint8_t code)
{
    size_t token_length = request->octets[0] & 15;
    struct datagram answer = { .length = 4 + token_length };
    memcpy(answer.octets, request->octets, answer.length);
    answer.octets[0] = (uint8_t)(0x60 | token_length);
    answer.octets[1] = code;
    return answer;
}

static void an_answer_without_protection_is_not_taken_but_an_error_is(void **state)
{
    struct sockaddr_in from = { 0 };
    (void)state;
    struct end *ue = end_new();
    coap_session_t *session = connect_to(ue, port_of(ue->wire));
    send_request(session, COAP_MESSAGE_NON, "t");
    struct datagram request = receive_wire(ue, &from);
    struct datagram answer = plain_answer(&request, COAP_RESPONSE_CODE_CONTENT);
    answer.octets[0] = 0x51; /* NON */
    send_wire(ue, ntohs(from.sin_port), &answer);
    answer.octets[1] = COAP_RESPONSE_CODE_UNAUTHORIZED;
    answer.octets[3] ^= 1;
    send_wire(ue, ntohs(from.sin_port), &answer);
    run_until(ue, NULL, &ue->answers, 1);
    assert_int_equal(ue->last_code, COAP_RESPONSE_CODE_UNAUTHORIZED);
    assert_false(ue->last_protected);
    coap_session_release(session);
    end_free(ue);
}

/* N22: somebody on the path changes the answer; the request is sent again, and the genuine answer is taken. */
static void a_forged_answer_does_not_end_the_request(void **state)
{
    struct sockaddr_in from = { 0 };
    (void)state;
    struct end *ue = end_new(), *server = end_new();
    coap_session_t *session = connect_to(ue, port_of(ue->wire));
    coap_session_set_ack_timeout(session, (coap_fixed_point_t){ 0, 500 });
    (void)add(server, false, false, server);
    send_request(session, COAP_MESSAGE_CON, "t");
    struct datagram request = receive_wire(ue, &from);
    send_wire(server, server->port, &request);
    struct datagram answer = receive_wire(server, NULL);
    if (answer.length == 4) /* an empty acknowledgement, which the path loses */
        answer = receive_wire(server, NULL);
    struct datagram forged = answer;
    forged.octets[forged.length - 1] ^= 1;
    forged.octets[0] = (uint8_t)(0x60 | (forged.octets[0] & 15)); /* in the acknowledgement */
    memcpy(forged.octets + 2, request.octets + 2, 2);
    send_wire(ue, ntohs(from.sin_port), &forged);
    struct datagram again = receive_wire(ue, &from);
    assert_int_equal(again.length, request.length);
    assert_memory_equal(again.octets, request.octets, request.length);
    assert_int_equal(ue->answers, 0);
    send_wire(ue, ntohs(from.sin_port), &answer);
    run_until(ue, NULL, &ue->answers, 1);
    assert_int_equal(ue->last_code, COAP_RESPONSE_CODE_CONTENT);
    assert_true(ue->last_protected);
    coap_session_release(session);
    end_free(ue);
    end_free(server);
}

/* ---- many ---- */

static coap_oscore_context_t *add_number(struct end *end, uint32_t number)
{
    char id[4] = { (char)(number >> 24), (char)(number >> 16), (char)(number >> 8), (char)number };
    coap_oscore_setup_t setup = { .master_secret = bin(c_secret, sizeof c_secret),
        .master_salt = bin("", 0),
        .sender_id = bin("\1", 1),
        .recipient_id = bin(id, 4) };
    coap_oscore_context_t *context = coap_oscore_add(end->coap, &setup, end);
    assert_non_null(context);
    return context;
}

static int add_on_miss(
    coap_session_t *session, const coap_bin_const_t *kid, const coap_bin_const_t *kid_context, void *arg)
{
    struct end *end = arg;
    (void)session;
    assert_int_equal(kid->length, 0);
    assert_int_equal(kid_context->length, 0);
    end->misses++;
    return add_example(end, &c_4) != NULL;
}

static void contexts_come_and_go(void **state)
{
    coap_oscore_context_t *contexts[1000];
    (void)state;
    struct end *server = end_new();
    struct datagram request = from_hex(c_4.request);
    for (uint32_t i = 0; i < 1000; i++)
        contexts[i] = add_number(server, i);
    assert_true(coap_oscore_has_recipient(server->coap, bin("\0\0\0\7", 4)));
    coap_oscore_context_t *one = add_example(server, &c_4);
    send_wire(server, server->port, &request);
    run_until(server, NULL, &server->requests, 1);
    for (uint32_t i = 0; i < 1000; i += 2)
        coap_oscore_remove(server->coap, contexts[i]);
    assert_true(coap_oscore_has_recipient(server->coap, bin("\0\0\0\7", 4)));
    assert_false(coap_oscore_has_recipient(server->coap, bin("\0\0\0\6", 4)));
    coap_oscore_remove(server->coap, one);
    struct datagram answer;
    send_wire(server, server->port, &request);
    do {
        answer = receive_wire(server, NULL);
    } while (!holds(&answer, "Security context not found"));
    coap_context_set_oscore_miss(server->coap, add_on_miss, server);
    send_wire(server, server->port, &request);
    run_until(server, NULL, &server->requests, 2);
    assert_int_equal(server->misses, 1);
    assert_ptr_equal(server->last_app_data, &c_4);
    end_free(server);
}

/* Removed while the answer is owed: it goes out, and the context with it. */
static void what_is_owed_under_a_removed_context_is_still_answered(void **state)
{
    (void)state;
    struct end *ue = end_new(), *server = end_new();
    coap_session_t *session = connect_to(ue, server->port);
    coap_oscore_context_t *context = add(server, false, false, server);
    server->defer = true;
    send_request(session, COAP_MESSAGE_CON, "last");
    run_until(server, ue, &server->requests, 1);
    coap_oscore_remove(server->coap, context);
    coap_pdu_t *owed = coap_new_pdu(COAP_MESSAGE_CON, COAP_RESPONSE_CODE_UNAUTHORIZED, server->last_session);
    assert_int_equal(coap_add_token(owed, 4, (const uint8_t *)"last"), 1);
    assert_int_not_equal(coap_send(server->last_session, owed), COAP_INVALID_MID);
    run_until(ue, server, &ue->answers, 1);
    assert_int_equal(ue->last_code, COAP_RESPONSE_CODE_UNAUTHORIZED);
    assert_true(ue->last_protected);
    coap_pdu_t *request = coap_new_pdu(COAP_MESSAGE_CON, COAP_REQUEST_CODE_POST, server->last_session);
    assert_int_equal(coap_add_token(request, 1, (const uint8_t *)"x"), 1);
    assert_int_equal(coap_send(server->last_session, request), COAP_INVALID_MID);
    coap_session_release(session);
    end_free(ue);
    end_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_reads_the_requests_of_c_4_to_c_6),
        cmocka_unit_test(a_server_answers_as_in_c_7),
        cmocka_unit_test(every_request_is_taken_once),
        cmocka_unit_test(requests_may_change_places_but_not_come_twice),
        cmocka_unit_test(a_forged_request_changes_nothing),
        cmocka_unit_test(the_first_request_is_repeated_with_an_echo),
        cmocka_unit_test(a_replayed_first_request_gets_no_further_than_the_echo),
        cmocka_unit_test(both_ends_may_choose_the_same_token),
        cmocka_unit_test(a_request_without_protection_is_answered_without),
        cmocka_unit_test(an_answer_without_protection_is_not_taken_but_an_error_is),
        cmocka_unit_test(a_forged_answer_does_not_end_the_request),
        cmocka_unit_test(contexts_come_and_go),
        cmocka_unit_test(what_is_owed_under_a_removed_context_is_still_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
