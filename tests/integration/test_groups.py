"""Messages to groups (TS 23.554 8.7.4): members and nobody else, each for itself. Rows of the digest's 10.3 and 12 named."""

import pytest

import schemas
import testbed

PUMPS = "im:pumps@lab.example"


def groups(bed, pumps):
    ids = [subscriber.service_id for subscriber in bed.subscribers]
    return [{"id": PUMPS, "members": [ids[i] for i in pumps]},
            {"id": "im:alone@lab.example", "members": ids[:1]},
            {"id": "im:open@lab.example", "members": ids[1:2], "senders": "anyone"},
            {"id": "im:orders@lab.example", "members": ids[1:2], "senders": "list", "allowed": ids[:1]}]


@pytest.fixture(scope="module")
def lab(bed):
    bed.add_subscribers(6)
    bed.start_aanf()
    bed.start_server(groups=groups(bed, [0, 1, 2, 3]))
    return bed


@pytest.fixture
def listeners(lab):
    """The second and third UE, listening."""
    started = [lab.listen(subscriber) for subscriber in lab.subscribers[1:3]]
    for listener in started:
        listener.event("registered")
    yield started
    for listener in started:
        assert listener.stop() == 0


def send(lab, number, group, *arguments):
    """(exit code, events about this message but that it was sent; reports on earlier ones were stored for the sender)"""
    code, events = lab.run_client(lab.subscribers[number], "send", "--to", group, "--group", "--payload", "STOP", *arguments)
    own = [event["msg_id"] for event in events if event["event"] == "sent"]
    return code, [event for event in events if event["event"] not in ("authenticated", "registered", "sent")
                  and (event["event"] != "report" or event["msg_id"] in own)]


def test_e12_every_member_but_the_originator(lab, listeners):
    code, events = send(lab, 0, "IM:pumps@LAB.example")
    assert (code, events) == (0, [])
    for listener, subscriber in zip(listeners, lab.subscribers[1:3]):
        message = listener.event("message", payload="STOP")
        assert (message["from"], message["group"]) == (lab.subscribers[0].service_id, PUMPS)


def test_originator_hears_no_echo(lab, listeners):
    """Its own command prints every message that comes before it ends, 0.3 s after the answer."""
    code, events = send(lab, 0, PUMPS)
    assert (code, events) == (0, [])
    for listener in listeners:
        assert listener.event("message")["from"] == lab.subscribers[0].service_id


def test_group_with_only_the_originator(lab):
    assert send(lab, 0, "im:alone@lab.example") == (0, [])


def test_group_with_unregistered_members(lab, listeners):
    """10.3: the fourth member is away; for it alone that is a failure, which nobody is told (EC-31)."""
    code, events = send(lab, 0, PUMPS)
    assert (code, events) == (0, [])
    for listener in listeners:
        listener.event("message")


def test_ec31_every_member_away(lab):
    code, events = send(lab, 0, PUMPS)
    assert [(event["status"], event["cause"]) for event in events] == [("failure", "RECIPIENT_UNAVAILABLE")]
    assert code == 9


def test_ec31_stored_for_those_who_are_away(lab, listeners):
    """One "stored" whatever the number of members it is stored for; each gets it when it is back."""
    code, events = send(lab, 0, PUMPS, "--store")
    assert [(event["event"], event["status"]) for event in events] == [("response", "stored for deferred delivery")]
    assert code == 0
    for listener in listeners:
        listener.event("message", group=PUMPS)
    away = lab.listen(lab.subscribers[3])
    message = away.event("message")
    assert (message["group"], message["payload"]) == (PUMPS, "STOP")
    assert away.stop() == 0


def test_reports_come_from_each_member(lab, listeners):
    code, events = send(lab, 0, PUMPS, "--report")
    assert code == 0
    assert events[0]["event"] == "report"
    assert events[0]["from"] in [subscriber.service_id for subscriber in lab.subscribers[1:3]]


def test_unknown_group(lab):
    code, events = send(lab, 0, "im:nobody@lab.example")
    assert [(event["status"], event["cause"]) for event in events] == [("failure", "UNKNOWN_GROUP")]
    assert code == 9


@pytest.mark.parametrize("number, group, allowed", [
    (4, PUMPS, False), (4, "im:open@lab.example", True), (0, "im:orders@lab.example", True),
    (4, "im:orders@lab.example", False)])
def test_ec36_who_may_send(lab, listeners, number, group, allowed):
    code, events = send(lab, number, group)
    if allowed:
        assert (code, events) == (0, [])
        listeners[0].event("message", group=group)
    else:
        assert [(event["status"], event["cause"]) for event in events] == [("failure", "NOT_AUTHORIZED")]
        assert code == 9


def test_reload_changes_members(lab, listeners):
    config = lab.server_config(groups=groups(lab, [0, 2]))
    lab.write("msgin5g-server.yaml", testbed.json.dumps(config, indent=1))
    lab.server.reload()
    testbed.wait_for(lambda: "groups read again groups=4" in lab.server.log(), what="reload")
    assert send(lab, 0, PUMPS)[0] == 0
    listeners[1].event("message", group=PUMPS)
    assert send(lab, 0, "im:open@lab.example")[0] == 0
    listeners[0].event("message", group="im:open@lab.example")
    assert not [event for event in listeners[0].events if event.get("group") == PUMPS]


def test_copies_follow_the_schema():
    """E12, from our table of members."""
    copy = (b'{"msgIden":"urn:3gpp:msgin5g","msgType":"MSG","oriAddr":{"oriAddrType":"UE","addr":"im:m@iot.example"},'
            b'"destAddr":{"destAddrType":"UE","addr":"im:v@iot.example"},"grpSrvId":"im:g@iot.example",'
            b'"msgId":"55555555-5555-4555-8555-555555555555","payload":"STOP"}')
    assert schemas.problems("msg_delivered", copy) == []
