/* Messages handed over to an outbox: in order, over restarts, until the server has taken them. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ID(digit) "00000000-0000-4000-8000-00000000000" digit

static char path[80];

static int setup(void **state)
{
    char folder[] = "/tmp/msgin5g-outbox-XXXXXX";

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/outbox", folder);
    return fixture_setup(state);
}

static int teardown(void **state)
{
    int result = fixture_teardown(state);

    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    return result;
}

static struct msgin5g_client_config config(void)
{
    return (struct msgin5g_client_config){ .outbox_file = path };
}

static enum msgin5g_err hand_over(struct fixture *fixture, const char *id, const char *text)
{
    const struct msgin5g_outgoing message = {
        .to_type = MSGIN5G_ADDR_UE,
        .to = FIXTURE_PEER,
        .payload = text,
        .payload_length = strlen(text),
        .app_id = "gauge",
        .priority = MSGIN5G_PRIORITY_HIGH,
        .report_requested = true,
        .store_forward = true,
        .msg_id = id,
    };
    char msg_id[MSGIN5G_UUID_LEN + 1];

    return msgin5g_client_send(fixture->client, &message, msg_id);
}

static size_t waiting(const struct fixture *fixture)
{
    struct msgin5g_outbox_facts facts;

    assert_int_equal(msgin5g_client_outbox(fixture->client, &facts), MSGIN5G_OK);
    assert_int_equal(facts.damaged, 0);
    return facts.messages;
}

/* As a process that dies and is started again. */
static void restart(struct fixture *fixture)
{
    msgin5g_client_free(fixture->client);
    memset(&fixture->told, 0, sizeof fixture->told);
    fixture_create(fixture, config());
}

static void begin(struct fixture *fixture)
{
    assert_int_equal(msgin5g_client_set_akma(fixture->client, FAKE_A_KID, fixture->k_akma.octets), MSGIN5G_OK);
    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_OK);
}

static const struct fake_entry *msg(const struct fixture *fixture, unsigned number)
{
    for (unsigned i = 0; i < fixture->server.logged; i++)
        if (fixture->server.log[i].type == MSGIN5G_TYPE_MSG && number-- == 0)
            return &fixture->server.log[i];
    fail_msg("so many did not come");
    return NULL;
}

static void goes_out_after_a_restart_in_order(void **state)
{
    static const char *const ids[] = { ID("1"), ID("2"), ID("3") };
    static const char *const texts[] = { "one", "two", "three" };
    struct fixture *fixture = *state;

    fixture_create(fixture, config());
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(hand_over(fixture, ids[i], texts[i]), MSGIN5G_OK);
    restart(fixture);
    assert_int_equal(waiting(fixture), 3);
    begin(fixture);
    fixture_until(fixture, fixture->told.sent == 3);
    assert_int_equal(waiting(fixture), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(msg(fixture, i)->msg_id, ids[i]);
        assert_string_equal(msg(fixture, i)->payload, texts[i]);
        assert_string_equal(msg(fixture, i)->dest, FIXTURE_PEER);
        assert_true(msg(fixture, i)->report_requested);
    }
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    restart(fixture);
    assert_int_equal(waiting(fixture), 0);
}

static void what_is_under_way_goes_out_again(void **state)
{
    struct fixture *fixture = *state;

    fixture_create(fixture, config());
    begin(fixture);
    fixture->server.hold[MSGIN5G_TYPE_MSG] = true;
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    assert_int_equal(hand_over(fixture, ID("2"), "two"), MSGIN5G_OK);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG) == 1);
    restart(fixture);
    fixture->server.hold[MSGIN5G_TYPE_MSG] = false;
    begin(fixture);
    fixture_until(fixture, fixture->told.sent == 2);
    assert_string_equal(msg(fixture, 1)->msg_id, ID("1")); /* the same id: the server knows it again */
    assert_string_equal(msg(fixture, 2)->msg_id, ID("2"));
}

static void loss_of_the_session_is_no_loss_of_a_message(void **state)
{
    struct fixture *fixture = *state;

    fixture_create(fixture, config());
    begin(fixture);
    fixture->server.hold[MSGIN5G_TYPE_MSG] = true;
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG) == 1);
    fixture->server.hold[MSGIN5G_TYPE_MSG] = false;
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_int_equal(fixture->told.registered, 2);
}

static void a_full_server_is_asked_again(void **state)
{
    struct fixture *fixture = *state;
    int64_t began_ms;

    fixture_create(fixture, config());
    begin(fixture);
    fixture->server.code[MSGIN5G_TYPE_MSG] = MSGIN5G_COAP_CODE(5, 3);
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG) == 1);
    began_ms = fixture_now_ms();
    assert_int_equal(hand_over(fixture, ID("2"), "two"), MSGIN5G_OK); /* waits as well */
    fixture->server.code[MSGIN5G_TYPE_MSG] = 0;
    fixture_until(fixture, fixture->told.sent == 2);
    assert_true(fixture_now_ms() - began_ms >= 900);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_string_equal(msg(fixture, 1)->msg_id, ID("1"));
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 3);
}

static void a_refusal_is_the_last_word(void **state)
{
    struct fixture *fixture = *state;

    fixture_create(fixture, config());
    begin(fixture);
    fixture->server.code[MSGIN5G_TYPE_MSG] = MSGIN5G_COAP_CODE(4, 3);
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_ERR_PEER);
    assert_int_equal(fixture->told.sent_code, MSGIN5G_COAP_CODE(4, 3));
    assert_int_equal(waiting(fixture), 0);
}

static void handed_over_twice_goes_out_once(void **state)
{
    struct fixture *fixture = *state;

    fixture_create(fixture, config());
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    restart(fixture);
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    assert_int_equal(waiting(fixture), 1);
    assert_int_equal(hand_over(fixture, "no UUID", "one"), MSGIN5G_ERR_INVALID);
    assert_int_equal(hand_over(fixture, ID("2"), "\xff"), MSGIN5G_ERR_INVALID);
    assert_int_equal(waiting(fixture), 1);
}

static void is_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_client_config small = { .outbox_file = path, .outbox_messages = 2 };
    struct msgin5g_outbox_facts facts;
    struct msgin5g_client *other;

    fixture_create(fixture, small);
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    assert_int_equal(hand_over(fixture, ID("2"), "two"), MSGIN5G_OK);
    assert_int_equal(hand_over(fixture, ID("3"), "three"), MSGIN5G_ERR_LIMIT);
    small.server = "coaps://localhost";
    small.ue_service_id = FIXTURE_UE;
    assert_int_equal(msgin5g_client_create(fixture->context, &small, NULL, NULL, &other), MSGIN5G_ERR_LIMIT);
    small.outbox_messages = 10001;
    assert_int_equal(msgin5g_client_create(fixture->context, &small, NULL, NULL, &other), MSGIN5G_ERR_INVALID);
    small.outbox_file = NULL;
    assert_int_equal(msgin5g_client_create(fixture->context, &small, NULL, NULL, &other), MSGIN5G_OK);
    assert_int_equal(msgin5g_client_outbox(other, &facts), MSGIN5G_ERR_INVALID);
}

static void what_expired_is_not_sent(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_outgoing message = { .to_type = MSGIN5G_ADDR_UE,
        .to = FIXTURE_PEER,
        .payload = "late",
        .payload_length = 4,
        .priority = MSGIN5G_PRIORITY_NORMAL,
        .store_forward = true,
        .expire_time_s = 1 };
    char msg_id[MSGIN5G_UUID_LEN + 1];

    fixture_create(fixture, config());
    assert_int_equal(msgin5g_client_send(fixture->client, &message, msg_id), MSGIN5G_OK);
    begin(fixture);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_ERR_EXPIRED);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 0);
}

static void large_messages_too(void **state)
{
    static char text[5001];
    struct fixture *fixture = *state;

    memset(text, 'x', sizeof text - 1);
    fixture_create(fixture, config());
    assert_int_equal(hand_over(fixture, ID("1"), text), MSGIN5G_OK);
    assert_int_equal(hand_over(fixture, ID("2"), "after"), MSGIN5G_OK);
    restart(fixture);
    begin(fixture);
    fixture_until(fixture, fixture->told.sent == 2);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 4);
    assert_string_equal(msg(fixture, 3)->payload, "after");
}

static void what_came_in_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = fixture_message("open", false);

    fixture_create(fixture, config());
    begin(fixture);
    fixture_until(fixture, fixture->told.registered == 1);
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fixture->server.answered == 1);
    assert_int_equal(fixture->told.messages, 1);
    restart(fixture);
    begin(fixture);
    fixture_until(fixture, fixture->told.registered == 1);
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fixture->server.answered == 2);
    assert_int_equal(fixture->server.last_answer, MSGIN5G_COAP_CODE(2, 4));
    assert_int_equal(fixture->told.messages, 0);
}

static void limit_files(rlim_t octets)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = octets;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A disk that is full for a while: what was not written was not taken over, what was is still there. */
static void a_full_disk_is_said(void **state)
{
    struct fixture *fixture = *state;

    fixture_create(fixture, config());
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    limit_files(64);
    assert_int_equal(hand_over(fixture, ID("2"), "two"), MSGIN5G_ERR_STORE);
    assert_int_equal(hand_over(fixture, ID("2"), "two"), MSGIN5G_ERR_STORE);
    limit_files(RLIM_INFINITY);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(waiting(fixture), 1);
    assert_int_equal(hand_over(fixture, ID("3"), "three"), MSGIN5G_OK);
    restart(fixture);
    begin(fixture);
    fixture_until(fixture, fixture->told.sent == 2);
    assert_string_equal(msg(fixture, 0)->msg_id, ID("1"));
    assert_string_equal(msg(fixture, 1)->msg_id, ID("3"));
}

static unsigned ended;

static void free_when_sent(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "sent") != 0)
        return;
    ended++;
    msgin5g_client_free(fixture->client);
    fixture->client = NULL;
}

static void owner_may_free_the_client(void **state)
{
    struct fixture *fixture = *state;

    ended = 0;
    fixture_create(fixture, config());
    fixture->told.react = free_when_sent;
    assert_int_equal(hand_over(fixture, ID("1"), "one"), MSGIN5G_OK);
    assert_int_equal(hand_over(fixture, ID("2"), "two"), MSGIN5G_OK);
    begin(fixture);
    fixture_until(fixture, ended == 1);
    restart(fixture);
    assert_int_equal(waiting(fixture), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(goes_out_after_a_restart_in_order),
        TEST(what_is_under_way_goes_out_again),
        TEST(loss_of_the_session_is_no_loss_of_a_message),
        TEST(a_full_server_is_asked_again),
        TEST(a_refusal_is_the_last_word),
        TEST(handed_over_twice_goes_out_once),
        TEST(is_bounded),
        TEST(what_expired_is_not_sent),
        TEST(large_messages_too),
        TEST(what_came_in_is_remembered),
        TEST(a_full_disk_is_said),
        TEST(owner_may_free_the_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
