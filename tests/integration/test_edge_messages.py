"""Edge cases of section 10.3 and conflicts of section 11 of the MSGin5G digest: messages between two UEs.

docs/msgin5g-conformance.md says which row each test proves.
"""

import contextlib
import datetime
import json
import uuid

import pytest

import openssl_dtls
import testbed
from raw_ue import NON, RawUe

STORED = ("stored for deferred delivery", None)


@pytest.fixture()
def sender(lab):
    with RawUe(lab, lab.subscribers[0]).register() as made:
        yield made


@pytest.fixture()
def receiver(lab):
    with RawUe(lab, lab.subscribers[1]).register() as made:
        yield made
        with contextlib.suppress(openssl_dtls.Failed):  # another session of this UE may have taken its place
            made.deregister()


def instant(seconds):
    """So many seconds from now, as MSGin5G writes it."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def away(lab, number, **members):
    """A subscriber that is registered, and whose session has ended."""
    with RawUe(lab, lab.subscribers[number]).register(**members):
        pass
    return lab.subscribers[number]


def test_edge_recipient_not_registered(lab, sender):
    body = sender.message(lab.subscribers[2])
    assert sender.post(body)[0] == "2.04"
    sender.listen(1)
    assert sender.responses(body) == [("failure", "RECIPIENT_UNAVAILABLE")]


@pytest.mark.parametrize("store", [False, True])
def test_edge_recipient_unknown(lab, sender, store):
    body = sender.message("im:nobody@lab.example", sfFlag=store)
    assert sender.post(body)[0] == "2.04"
    sender.listen(1)
    assert sender.responses(body) == [("failure", "UNKNOWN_RECIPIENT")]


def test_edge_recipient_opted_out(lab, sender):
    profile = {"comAvail": {"schTime": "2026-01-01T00:00:00Z", "durTime": "PT1S", "storeForward": "OPTOUT"}}
    recipient = away(lab, 3, cliProfile=profile)
    body = sender.message(recipient, sfFlag=True)
    assert sender.post(body)[0] == "2.04"
    sender.listen(1)
    assert sender.responses(body) == [("failure", "RECIPIENT_OPTED_OUT")]


def test_edge_expiry_already_past(lab, sender):
    body = sender.message(away(lab, 3), sfFlag=True, sfParam={"expireTime": "2026-01-01T00:00:00Z"})
    assert sender.post(body)[0] == "2.04"
    sender.listen(1)
    assert sender.responses(body) == [("failure", "EXPIRED")]


def test_edge_expiry_while_queued(lab, sender):
    recipient = away(lab, 3)
    body = sender.message(recipient, sfFlag=True, sfParam={"expireTime": instant(2)})
    assert sender.post(body)[0] == "2.04"
    sender.listen(2)
    assert sender.responses(body) == [STORED, ("failure", "EXPIRED")]
    with RawUe(lab, recipient).register() as late:
        assert late.silence() and late.payloads() == []


def test_edge_registration_expires_while_queued(lab, sender):
    recipient = away(lab, 3, regExpTime=1)
    assert sender.post(sender.message(recipient, "patience", sfFlag=True))[0] == "2.04"
    before = lab.server.metric("msgin5g_registrations_expired_total")
    testbed.wait_for(lambda: lab.server.metric("msgin5g_registrations_expired_total") > before, 10, "the end")
    with RawUe(lab, recipient).register() as back:
        back.listen(1)
        assert back.payloads() == ["patience"]


def test_edge_imdn_twice(lab, sender, receiver):
    """EC-32: the second report on one message is answered and not handed on."""
    assert sender.post(sender.message(receiver, isDelivStatReq=True))[0] == "2.04"
    receiver.listen(1)
    report = receiver.report(receiver.requests[0])
    assert receiver.post(report)[0] == "2.04"
    assert receiver.post(report)[0] == "2.04"
    sender.listen(1)
    assert sender.silence() and len(sender.requests) == 1


def test_edge_imdn_with_a_foreign_id(lab, sender, receiver):
    """A report in somebody else's name: 4.03, UNAUTHORIZED_ORIGINATOR, nothing delivered."""
    assert sender.post(sender.message(receiver, isDelivStatReq=True))[0] == "2.04"
    receiver.listen(1)
    with RawUe(lab, lab.subscribers[4]).register() as stranger:
        assert stranger.post(receiver.report(receiver.requests[0]))[0] == "4.03"
        stranger.listen(1)
        assert stranger.requests[0]["Cause"] == "UNAUTHORIZED_ORIGINATOR"
    assert sender.silence()


def test_edge_new_address(lab, sender, receiver):
    """Latest wins; what was under way to the old address goes out again to the new one, in order."""
    receiver.hold()
    for payload in ("one", "two"):
        assert sender.post(sender.message(receiver, payload))[0] == "2.04"
    receiver.listen(1)
    with RawUe(lab, lab.subscribers[1], receiver.keys).register() as moved:
        assert sender.post(sender.message(moved, "three"))[0] == "2.04"
        moved.listen(3)
        assert moved.payloads() == ["one", "two", "three"]


def test_edge_deregistration_with_messages_in_flight(lab, sender, receiver):
    """The exchange under way ends; what waits behind it finds the UE gone."""
    receiver.hold()
    bodies = [sender.message(receiver, payload) for payload in ("under way", "after")]
    assert sender.post(bodies[0])[0] == "2.04"
    receiver.listen(1)
    assert receiver.deregister()[0] == "2.04"
    assert sender.post(bodies[1])[0] == "2.04"
    sender.listen(1)
    assert sender.responses(bodies[1]) == [("failure", "RECIPIENT_UNAVAILABLE")]
    receiver.answer(receiver.messages[0])
    assert sender.silence() and sender.responses(bodies[0]) == []


def test_edge_dead_client(lab, sender, receiver):
    """No acknowledgement comes: the sender hears "stored" after 2 s, the UE gets the message when it is back."""
    receiver.hold()
    body = sender.message(receiver, "alive?", sfFlag=True)
    assert sender.post(body)[0] == "2.04"
    sender.listen(1)
    assert sender.responses(body) == [STORED]
    with RawUe(lab, lab.subscribers[1]).register() as back:
        back.listen(1)
        assert back.payloads() == ["alive?"]
        assert back.silence() and back.payloads() == ["alive?"]


def test_edge_non_with_report_request(lab, sender, receiver):
    """The sender violated T=0: accepted all the same, and the copy is confirmable."""
    token = sender.send(sender.message(receiver, isDelivStatReq=True), confirmable=False)
    assert sender.result(token)[0] == "2.04"
    receiver.listen(1)
    assert receiver.messages[0].type != NON
    assert receiver.post(receiver.report(receiver.requests[0]))[0] == "2.04"
    sender.listen(1)
    assert sender.requests[0]["msgType"] == "IMDN"


def test_edge_windows(lab, sender):
    """Messages wait for the window of comAvail, with sfFlag in the store, without in memory."""
    profile = {"comAvail": {"schTime": instant(3), "durTime": 600}}
    with RawUe(lab, lab.subscribers[5]).register(cliProfile=profile) as later:
        assert sender.post(sender.message(later, "memory"))[0] == "2.04"
        stored = sender.message(later, "disk", sfFlag=True)
        assert sender.post(stored)[0] == "2.04"
        sender.listen(1)
        assert sender.responses(stored) == [STORED]
        assert later.silence(1)
        later.listen(2)
        assert sorted(later.payloads()) == ["disk", "memory"]
        later.deregister()


def test_edge_delivery_time(lab, sender, receiver):
    """EC-16: not before appSpecSf.deliveryTime, and it holds up nobody."""
    body = sender.message(receiver, "then", sfFlag=True, sfParam={"appSpecSf": {"deliveryTime": instant(2)}})
    assert sender.post(body)[0] == "2.04"
    assert sender.post(sender.message(receiver, "now"))[0] == "2.04"
    receiver.listen(2)
    assert receiver.payloads() == ["now", "then"]


def test_edge_quota_of_a_recipient(bed, tmp_path):
    """EC-16: the queue is full: 2.04 and QUEUE_FULL; what is stored stays."""
    with testbed.Testbed(tmp_path) as home:
        home.add_subscribers(2)
        home.start_aanf()
        home.start_server(limits={"queue_messages": 2})
        with RawUe(home, home.subscribers[0]).register() as sender:
            bodies = [sender.message(home.subscribers[1], str(i), sfFlag=True) for i in range(3)]
            for body in bodies:
                assert sender.post(body)[0] == "2.04"
            sender.listen(3)
            assert [sender.responses(body)[0] for body in bodies] == [STORED, STORED, ("failure", "QUEUE_FULL")]
        with RawUe(home, home.subscribers[1]).register() as receiver:
            receiver.listen(2)
            assert receiver.silence() and receiver.payloads() == ["0", "1"]


def test_edge_refusals_are_audited(tmp_path):
    """Issue 5 item 8: one line a refusal in a file of its own, without payload or whole identities; SIGHUP opens it anew."""
    with testbed.Testbed(tmp_path) as home:
        home.add_subscribers(2)
        home.start_aanf()
        path = tmp_path / "audit.json"
        home.start_server(audit={"file": str(path), "lines_per_second": 2})
        with RawUe(home, home.subscribers[0]).register() as sender:
            spoofed = {**sender.message(home.subscribers[1], "secret words"),
                       "oriAddr": {"oriAddrType": "UE", "addr": home.subscribers[1].service_id}}
            for _ in range(5):
                assert sender.post({**spoofed, "msgId": str(uuid.uuid4())})[0] == "4.03"
            assert sender.post(b"}{")[0] == "4.00"
        text = path.read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        assert {line["cause"] for line in lines} == {"UNAUTHORIZED_ORIGINATOR", "MALFORMED"}
        assert 2 <= sum(line["cause"] == "UNAUTHORIZED_ORIGINATOR" for line in lines) < 5
        assert "secret words" not in text and home.subscribers[0].supi not in text
        assert path.stat().st_mode & 0o777 == 0o600
        path.rename(tmp_path / "audit.json.1")
        home.server.reload()
        testbed.wait_for(path.exists, 10, "the new file")


# Conflicts of section 11.


def test_conflict_1_registration_without_sec_cred(lab):
    """msgIden, msgType and oriAddr are needed; secCred, which the schema wants, is not."""
    with RawUe(lab, lab.subscribers[6]) as ue:
        assert ue.register()
        address = {"oriAddrType": "UE", "addr": ue.service_id}
        for missing in ("msgIden", "msgType", "oriAddr"):
            body = {"msgIden": "urn:3gpp:msgin5g", "msgType": "REG", "oriAddr": address}
            del body[missing]
            assert ue.post(body)[0] == "4.00"


def test_conflict_2_sf_params(lab, sender):
    """Both spellings are read."""
    body = sender.message(away(lab, 3), sfFlag=True, sfParams={"expireTime": "2026-01-01T00:00:00Z"})
    assert sender.post(body)[0] == "2.04"
    sender.listen(1)
    assert sender.responses(body) == [("failure", "EXPIRED")]


def test_conflict_6_priority_is_for_the_server(lab, sender, receiver):
    """Priority and store-and-forward members do not reach the recipient (TS 24.538 6.4.1.2.6 c)."""
    body = sender.message(receiver, priority="HIGH", sfFlag=True, sfParam={"expireTime": instant(60)})
    assert sender.post(body)[0] == "2.04"
    receiver.listen(1)
    assert not {"priority", "sfFlag", "sfParam"} & set(receiver.requests[0])


def test_conflict_7_8_response_is_sent_with_a_status(lab, sender):
    body = sender.message(lab.subscribers[2])
    assert sender.post(body)[0] == "2.04"
    sender.listen(1)
    assert sender.requests[0] == {"msgIden": "urn:3gpp:msgin5g", "msgType": "MSGRESP", "oriAddr": body["oriAddr"],
                                  "msgId": body["msgId"], "DelSta": "failure", "Cause": "RECIPIENT_UNAVAILABLE"}


def test_conflict_10_stored_only_when_asked_for(lab, sender):
    """sfFlag absent is not asked for."""
    body = sender.message(lab.subscribers[2])
    del body["sfFlag"]
    before = lab.server.metric("msgin5g_store_messages")
    assert sender.post(body)[0] == "2.04"
    sender.listen(1)
    assert sender.responses(body) == [("failure", "RECIPIENT_UNAVAILABLE")]
    assert lab.server.metric("msgin5g_store_messages") == before


@pytest.mark.parametrize("duration", ["PT2H", "7200", 7200, "2030-01-01T00:00:00Z"])
def test_conflict_12_durations(lab, duration):
    """EC-13: each form opens the window, and a window that is open delivers."""
    profile = {"comAvail": {"schTime": instant(-1), "durTime": duration, "periIndi": True, "periInterval": duration}}
    with RawUe(lab, lab.subscribers[6]).register(cliProfile=profile) as ue:
        assert ue.post(ue.message(ue, "to myself"))[0] == "2.04"
        ue.listen(1)
        assert ue.payloads() == ["to myself"]
        ue.deregister()


@pytest.mark.parametrize("protocol", ["Protocol", "protocol"])
def test_conflict_13_protocol(lab, protocol):
    profile = {"triInfo": {"ueId": "tel:+861380000001", "cliPorts": [{"portNum": 49200, protocol: "SMS"}]}}
    with RawUe(lab, lab.subscribers[6]) as ue:
        ue.register(cliProfile=profile)
        code, _ = ue.post({"msgIden": "urn:3gpp:msgin5g", "msgType": "REG",
                           "oriAddr": {"oriAddrType": "UE", "addr": ue.service_id},
                           "cliProfile": {"triInfo": {"ueId": "x", "cliPorts": [{"portNum": "1", protocol: "SMS"}]}}})
        assert code == "4.00"
