"""Topics (TS 24.538 6.6, TS 23.554 8.8): subscribe, publish, unsubscribe, and subscriptions that outlive their session."""

import contextlib
import sqlite3

import pytest

import testbed


def names(events):
    return [event["event"] for event in events]


def subscribe(lab, subscriber, topic, *arguments, **options):
    """A client that observes @p topic."""
    client = lab.subscribe(subscriber, topic, *arguments, **options)
    client.event("subscription")
    return client


def publish(lab, subscriber, topic, payload, *arguments, **options):
    return lab.run_client(subscriber, "send", "--to", topic, "--topic", "--payload", payload, *arguments, **options)


def unsubscribe(lab, subscriber, topic):
    code, events = lab.run_client(subscriber, "unsubscribe", topic)
    assert (code, events[-1]["event"], events[-1]["status"]) == (0, "subscription", "DELETED")


def causes(events):
    return [event["cause"] for event in events if event["event"] == "response"]


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_e13_subscribers_get_what_is_published(lab, scheme, version):
    meter, valve, pump = lab.subscribers[:3]
    uri = lab.uri(scheme)
    listeners = [subscribe(lab, subscriber, "alarms/ä", "--tls", version, uri=uri) for subscriber in (valve, pump)]
    code, events = publish(lab, meter, "alarms/ä", "leak", "--tls", version, uri=uri)
    assert (code, names(events)) == (0, ["authenticated", "registered", "sent"])
    for listener in listeners:
        message = listener.event("message")
        assert (message["from"], message["topic"], message["payload"]) == (meter.service_id, "alarms/ä", "leak")
        assert listener.stop() == 0
    for subscriber in (valve, pump):
        unsubscribe(lab, subscriber, "alarms/ä")


def test_report_and_store_flag_over_tcp(lab):
    """What has to be acknowledged comes by POST over TCP: a notification is not acknowledged there (RFC 8323)."""
    meter, valve = lab.subscribers[:2]
    listener = subscribe(lab, valve, "alarms", uri=lab.uri("coaps+tcp"))
    code, events = publish(lab, meter, "alarms", "leak", "--report", "--store")
    assert (code, names(events)[-1], events[-1]["from"]) == (0, "report", valve.service_id)
    assert listener.event("message")["topic"] == "alarms"
    assert listener.stop() == 0
    unsubscribe(lab, valve, "alarms")


def test_large_payload_comes_by_post(lab):
    meter, valve = lab.subscribers[:2]
    listener = subscribe(lab, valve, "alarms")
    text = "x" * 2048
    assert publish(lab, meter, "alarms", text)[0] == 0
    message = listener.event("message")
    assert (message["topic"], message["payload"]) == ("alarms", text)
    assert listener.stop() == 0
    unsubscribe(lab, valve, "alarms")


def test_e14_unsubscribe_is_idempotent(lab):
    valve = lab.subscribers[1]
    unsubscribe(lab, valve, "never-subscribed")
    unsubscribe(lab, valve, "never-subscribed")


def test_ec8_lifetimes(lab):
    valve = lab.subscribers[1]
    listener = lab.subscribe(valve, "short", "--expires", "2s")
    assert listener.event("subscription")["status"] == "ADDED"
    gone = listener.event("subscription", status="DELETED", timeout_s=10)
    assert gone["cause"] == "EXPIRED"
    assert listener.process.wait(10) == 0
    testbed.wait_for(lambda: lab.server.metric("msgin5g_subscriptions") == 0, what="expiry at the server")


def test_publisher_that_subscribed_hears_no_echo(lab):
    """10.3; EC-38: whoever is alone with a topic has no subscribers."""
    meter = lab.subscribers[0]
    listener = subscribe(lab, meter, "own")
    assert listener.stop() == 0
    code, events = publish(lab, meter, "own", "echo?", "--report")
    assert (code, causes(events)) == (9, ["NO_SUBSCRIBERS"])
    unsubscribe(lab, meter, "own")


@pytest.mark.parametrize("report, code", [((), 0), (("--report",), 9)])
def test_ec38_topic_nobody_subscribed_to(lab, report, code):
    result, events = publish(lab, lab.subscribers[0], "never-was", "hello?", *report)
    assert (result, causes(events)) == (code, ["NO_SUBSCRIBERS"] if report else [])


def test_ec29c_subscription_outlives_deregistration(lab):
    """Muted while its UE is away; when it is back messages come, by POST until it observes again (section 11, row 5)."""
    meter, valve = lab.subscribers[:2]
    assert subscribe(lab, valve, "alarms").stop() == 0  # de-registers
    assert lab.server.metric("msgin5g_subscriptions") == 1
    code, events = publish(lab, meter, "alarms", "while away")
    assert (code, causes(events)) == (9, ["RECIPIENT_UNAVAILABLE"])
    listener = lab.listen(valve)
    listener.event("registered")
    assert publish(lab, meter, "alarms", "back again")[0] == 0
    message = listener.event("message")
    assert (message["topic"], message["payload"]) == ("alarms", "back again")
    assert listener.stop() == 0
    unsubscribe(lab, valve, "alarms")


def test_stored_for_a_subscriber_that_is_away(lab):
    """EC-29c with store-and-forward: what is published meanwhile waits, and says through which topic it came."""
    meter, valve = lab.subscribers[:2]
    assert subscribe(lab, valve, "alarms").stop() == 0
    code, events = publish(lab, meter, "alarms", "while away", "--store")
    responses = [event["status"] for event in events if event["event"] == "response"]
    assert (code, responses) == (0, ["stored for deferred delivery"])
    listener = lab.listen(valve)
    message = listener.event("message")
    assert (message["topic"], message["payload"]) == ("alarms", "while away")
    assert listener.stop() == 0
    unsubscribe(lab, valve, "alarms")


def records(lab):
    """(topic, subscriber) of every record of a subscription in the store, as an operator would see them."""
    with contextlib.closing(sqlite3.connect("file:%s/store/store.db?mode=ro" % lab.folder, uri=True)) as store:
        return [bytes(row[0]).decode().split("\n") for row in store.execute("SELECT key FROM record WHERE kind = 2")]


def restart(lab, how):
    """End the server with this signal and start it again at its port."""
    server, port = lab.server, lab.server.port("coaps")
    server.process.send_signal(how)
    server.process.wait(20)
    lab.daemons.remove(server)
    lab.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port},
                             "coaps_tcp": {"host": "127.0.0.1", "port": 0}})


def test_subscription_survives_kill_9(lab):
    """Nobody waits for the disk, which comes within 50 ms; what is on it is there again, and no more."""
    meter, valve = lab.subscribers[:2]
    subscribe(lab, valve, "ended").stop()
    unsubscribe(lab, valve, "ended")
    subscribe(lab, valve, "kept").stop()
    testbed.wait_for(lambda: [topic for topic, _ in records(lab)] == ["kept"], what="the record on the disk")
    restart(lab, testbed.signal.SIGKILL)
    testbed.wait_for(lambda: "subscriptions read count=1" in lab.server.log(), what="records")
    assert lab.server.metric("msgin5g_subscriptions") == 1
    listener = lab.listen(valve)
    listener.event("registered")
    assert publish(lab, meter, "kept", "after kill -9")[0] == 0
    assert listener.event("message")["topic"] == "kept"
    assert listener.stop() == 0
    unsubscribe(lab, valve, "kept")
    restart(lab, testbed.signal.SIGTERM)
    testbed.wait_for(lambda: "subscriptions read count=0" in lab.server.log(), what="records")


def test_subscription_survives_a_new_connection(lab):
    """The server restarts; the client comes back and subscribes anew by itself."""
    meter, valve = lab.subscribers[:2]
    listener = subscribe(lab, valve, "alarms", "--backoff", "100")
    restart(lab, testbed.signal.SIGTERM)
    listener.event("registered", timeout_s=30)
    listener.event("registered", timeout_s=30)
    listener.event("subscription", timeout_s=30)
    assert publish(lab, meter, "alarms", "after the restart")[0] == 0
    assert listener.event("message")["payload"] == "after the restart"
    assert listener.stop() == 0
    unsubscribe(lab, valve, "alarms")
