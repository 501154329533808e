"""Messages larger than a segment: UE to UE in segments (TS 23.554 8.5, TS 24.538 6.5; EC-14, EC-33 to EC-35; rows of
10.3)."""

import json
import uuid

import pytest

import testbed
import udp_relay
from foreign_session import Session

GROUP = "im:pumps@lab.example"


@pytest.fixture(scope="module")
def lab(bed):
    """As conftest.py's, impatient about segments."""
    bed.add_subscribers(8)
    bed.start_aanf()
    bed.start_server(segments={"wait": "300ms"},
                     groups=[{"id": GROUP, "members": [s.service_id for s in bed.subscribers[:3]]}])
    return bed


@pytest.fixture
def foreign(lab):
    """Makes sessions of a UE that is not ours, registered with these members."""
    made = []

    def make(subscriber, **members):
        made.append(Session(lab, subscriber).register(**members))
        return made[-1]
    yield make
    for session in made:
        session.close()


def text_of(octets):
    """So many octets of text with characters of one, two, three and four octets."""
    unit = "aé€😀"
    text = unit * (octets // len(unit.encode()))
    return text + "x" * (octets - len(text.encode()))


def send_large(lab, sender, to, octets, *arguments, **options):
    """Exit code, events and payload of `send --payload @file --report`."""
    text = text_of(octets)
    payload = lab.write("payload-%d.txt" % octets, text)
    code, events = lab.run_client(sender, "send", "--to", to, "--payload", "@%s" % payload, "--report", *arguments, **options)
    return code, events, text


class Segments:
    """A message cut by the test, as in E8."""

    def __init__(self, sender, to, payloads):
        self.set_id, self.msg_id = str(uuid.uuid4()), str(uuid.uuid4())
        self.head = {"msgIden": "urn:3gpp:msgin5g", "msgType": "MSG", "msgId": self.msg_id, "sfFlag": False,
                     "oriAddr": {"oriAddrType": "UE", "addr": sender.service_id},
                     "destAddr": {"destAddrType": "UE", "addr": to}, "isSegmented": True}
        self.payloads = payloads

    def body(self, number, total=None):
        total = total or len(self.payloads)
        place = {"segId": self.set_id, "totalSegCount": total, "segNumb": number}
        if number == total:
            place["lastSegFlag"] = "true"
        return dict(self.head, segParams=place, payload=self.payloads[number - 1],
                    **({"isDelivStatReq": True} if number == 1 else {}))


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp"])
@pytest.mark.parametrize("octets", [2049, 20000, 50000])
def test_large_payload_goes_in_segments(lab, scheme, octets):
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve, uri=lab.uri(scheme))
    listener.event("registered")
    code, events, text = send_large(lab, meter, valve.service_id, octets, uri=lab.uri(scheme))
    message = listener.event("message")
    assert message["payload"] == text
    assert message["report_requested"] is True
    assert [event["event"] for event in events] == ["authenticated", "registered", "sent", "report"]
    assert events[3]["status"] == "success"
    assert code == 0
    assert listener.stop() == 0


def test_largest_message(lab):
    """256 KiB (EC-34); its recipient's pipe is read while it comes."""
    meter, valve = lab.subscribers[:2]
    text = text_of(262144)
    payload = lab.write("largest.txt", text)
    listener = lab.listen(valve)
    listener.event("registered")
    code, _ = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "@%s" % payload)
    assert listener.event("message")["payload"] == text
    assert code == 0
    assert listener.stop() == 0


def test_e8_e9_any_order_and_confirmation(lab, foreign):
    """Segments 3, 1, 1 (again), 2 of E8: one message, one report, SEGCONFIR true to the sender."""
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve)
    listener.event("registered")
    sender = foreign(meter)
    segments = Segments(meter, valve.service_id, ["A" * 64, "B" * 64, "C" * 12])
    for number in (3, 1, 1, 2):
        assert sender.post(segments.body(number))[0] == "2.04"
    assert listener.event("message")["payload"] == "A" * 64 + "B" * 64 + "C" * 12
    assert sender.wait_type("SEGCONFIR") == {"msgIden": "urn:3gpp:msgin5g", "msgType": "SEGCONFIR",
                                            "segId": segments.set_id, "result": True}
    report = sender.wait_type("IMDN")
    assert (report["msgId"], report["DelSta"]) == (segments.msg_id, "success")
    assert listener.stop() == 0


def test_e9_missing_segment_is_asked_for_and_sent_again(lab, foreign):
    """SEGREC of the recipient reaches the sender unchanged; what it sends again is no duplicate (TS 24.538 6.5.3.4)."""
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve, "--segment-wait", 300)
    listener.event("registered")
    sender = foreign(meter)
    segments = Segments(meter, valve.service_id, ["A" * 64, "B" * 64, "C" * 12])
    for number in (1, 3):
        assert sender.post(segments.body(number))[0] == "2.04"
    assert sender.wait_type("SEGREC") == {"msgIden": "urn:3gpp:msgin5g", "msgType": "SEGREC", "segId": segments.set_id,
                                         "segNoList": "(2-2)"}
    assert sender.post(segments.body(2))[0] == "2.04"
    assert listener.event("message")["payload"] == "A" * 64 + "B" * 64 + "C" * 12
    assert sender.wait_type("SEGCONFIR")["result"] is True
    assert listener.stop() == 0


def test_recipient_gives_up(lab, foreign):
    """Three SEGREC, then SEGCONFIR false, a report of failure, and a word to the application."""
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve, "--segment-wait", 100)
    listener.event("registered")
    sender = foreign(meter)
    segments = Segments(meter, valve.service_id, ["A" * 64, "B" * 64])
    assert sender.post(segments.body(1))[0] == "2.04"
    assert [sender.wait_type("SEGREC")["segNoList"] for _ in range(3)] == ["(2-2)"] * 3
    seen = [sender.wait_request() for _ in range(2)]
    kinds = {body["msgType"]: body for body in seen}
    assert kinds["SEGCONFIR"]["result"] is False
    assert (kinds["IMDN"]["DelSta"], kinds["IMDN"]["Cause"]) == ("failure", "SEGMENT_MISSING")
    incomplete = listener.event("incomplete")
    assert (incomplete["msg_id"], incomplete["cause"]) == (segments.msg_id, "SEGMENT_MISSING")
    assert listener.stop() == 0


def test_segment_bigger_than_recipient_limit(lab, foreign):
    """Reassembled and cut anew with a segId of its own; SEGREC and SEGCONFIR about it end at the server (6.5.3.2)."""
    meter, valve = lab.subscribers[:2]
    receiver = foreign(valve, cliProfile={"maxSegSize": 64})
    sender = foreign(meter)
    segments = Segments(meter, valve.service_id, ["A" * 70, "B" * 60, "C" * 10])
    for number in (3, 2, 1):
        assert sender.post(segments.body(number))[0] == "2.04"
    got = [receiver.wait_type("MSG") for _ in range(3)]
    assert "".join(body["payload"] for body in got) == "A" * 70 + "B" * 60 + "C" * 10
    own = {body["segParams"]["segId"] for body in got}
    assert len(own) == 1 and own != {segments.set_id}
    assert [body["segParams"]["segNumb"] for body in got] == [1, 2, 3]
    assert [len(body["payload"]) for body in got] == [64, 64, 12]
    assert [body.get("isDelivStatReq", False) for body in got] == [True, False, False]
    assert got[2]["segParams"]["lastSegFlag"] == "true"
    assert sender.wait_type("SEGCONFIR") == {"msgIden": "urn:3gpp:msgin5g", "msgType": "SEGCONFIR",
                                            "segId": segments.set_id, "result": True}
    head = {"msgIden": "urn:3gpp:msgin5g", "segId": own.pop()}
    assert receiver.post(dict(head, msgType="SEGREC", segNoList="(2-2)"))[0] == "2.04"
    assert receiver.wait_type("MSG")["payload"] == got[1]["payload"]
    assert receiver.post(dict(head, msgType="SEGCOFIR", result=True))[0] == "2.04"  # so spelt in TS 24.538 6.5.3.5
    assert receiver.post(dict(head, msgType="SEGREC", segNoList="(2-2)"))[0] == "4.04"


def test_whole_message_larger_than_recipient_limit(lab, foreign):
    """The 140 octets of E8 for a recipient that takes 64."""
    meter, valve = lab.subscribers[:2]
    receiver = foreign(valve, cliProfile={"maxSegSize": 64})
    code, _ = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "x" * 140)
    got = [receiver.wait_type("MSG") for _ in range(3)]
    assert [body["segParams"]["totalSegCount"] for body in got] == [3, 3, 3]
    assert "".join(body["payload"] for body in got) == "x" * 140
    assert code == 0


def test_our_client_with_a_smaller_limit(lab):
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve, "--max-segment", 128)
    listener.event("registered")
    code, _, text = send_large(lab, meter, valve.service_id, 10000)
    assert listener.event("message")["payload"] == text
    assert code == 0
    assert listener.stop() == 0


def test_more_than_255_segments_for_a_small_recipient(lab):
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve, "--max-segment", 64)
    listener.event("registered")
    code, events, _ = send_large(lab, meter, valve.service_id, 20000)
    response = [event for event in events if event["event"] == "response"]
    assert [event["cause"] for event in response] == ["PAYLOAD_TOO_LARGE"]
    assert code == 9
    assert listener.stop() == 0


def test_missing_segments_for_the_server(lab, foreign):
    """The server asks three times, then tells why (EC-6b) and confirms false."""
    meter, valve = lab.subscribers[:2]
    foreign(valve, cliProfile={"maxSegSize": 64})
    sender = foreign(meter)
    segments = Segments(meter, valve.service_id, ["A" * 100, "B" * 100, "C"])
    assert sender.post(segments.body(2))[0] == "2.04"
    assert [sender.wait_type("SEGREC")["segNoList"] for _ in range(3)] == ["(1-1, 3-3)"] * 3
    response = sender.wait_type("MSGRESP")
    assert (response["msgId"], response["segId"]) == (segments.msg_id, segments.set_id)
    assert (response["DelSta"], response["Cause"]) == ("failure", "SEGMENT_MISSING")
    assert sender.wait_type("SEGCONFIR")["result"] is False


def test_contradictory_segments(lab, foreign):
    meter, valve = lab.subscribers[:2]
    foreign(valve)
    sender = foreign(meter)
    segments = Segments(meter, valve.service_id, ["A" * 64, "B" * 64, "C" * 12])
    assert sender.post(segments.body(1))[0] == "2.04"
    assert sender.post(segments.body(2, total=2))[0] == "2.04"
    response = sender.wait_type("MSGRESP")
    assert (response["segId"], response["Cause"]) == (segments.set_id, "BAD_SEGMENT")
    assert sender.wait_type("SEGCONFIR")["result"] is False


def test_same_number_with_another_payload(lab, foreign):
    meter, valve = lab.subscribers[:2]
    foreign(valve)
    sender = foreign(meter)
    segments = Segments(meter, valve.service_id, ["A" * 64, "B" * 64])
    assert sender.post(segments.body(1))[0] == "2.04"
    assert sender.post(dict(segments.body(1), payload="Z"))[0] == "2.04"
    assert sender.wait_type("MSGRESP")["Cause"] == "BAD_SEGMENT"
    assert sender.wait_type("SEGCONFIR")["result"] is False


def test_who_has_nothing_to_do_with_a_set(lab, foreign):
    meter, valve, stranger = lab.subscribers[:3]
    foreign(valve)
    sender, other = foreign(meter), foreign(stranger)
    segments = Segments(meter, valve.service_id, ["A" * 64, "B" * 64])
    assert sender.post(segments.body(1))[0] == "2.04"
    head = {"msgIden": "urn:3gpp:msgin5g", "segId": segments.set_id}
    assert other.post(dict(head, msgType="SEGREC", segNoList="(1-2)"))[0] == "4.03"
    assert other.post(dict(head, msgType="SEGCONFIR", result=False))[0] == "4.03"
    assert other.post(dict(head, segId=str(uuid.uuid4()), msgType="SEGREC", segNoList="(1-2)"))[0] == "4.04"
    assert other.post(dict(head, msgType="SEGREC", segNoList="(1-256)"))[0] == "4.00"
    forged = dict(segments.body(2), oriAddr={"oriAddrType": "UE", "addr": stranger.service_id})
    assert other.post(forged)[0] == "2.04"
    assert other.wait_type("MSGRESP")["Cause"] == "BAD_SEGMENT"


def test_memory_is_bounded_under_hostile_sets(lab, foreign):
    """64 messages of one sender are put together at a time (EC-34); others are not in the way of that."""
    meter, valve, pump = lab.subscribers[:3]
    foreign(valve, cliProfile={"maxSegSize": 64})
    hostile = foreign(meter)
    codes = []
    for _ in range(70):
        codes.append(hostile.post(Segments(meter, valve.service_id, ["A" * 100, "B"]).body(1))[0])
    assert codes == ["2.04"] * 64 + ["5.03"] * 6
    code, _ = lab.run_client(pump, "send", "--to", valve.service_id, "--payload", "z" * 500)
    assert code == 0
    rejected = 'msgin5g_segment_sets_total{result="rejected"}'
    testbed.wait_for(lambda: lab.server.metric(rejected) >= 64, what="the hostile sets are given up")
    assert hostile.post(Segments(meter, valve.service_id, ["A" * 100, "B"]).body(1))[0] == "2.04"


def test_group_members_with_different_limits(lab):
    """TS 23.554 8.5.5: per recipient."""
    meter, valve, pump = lab.subscribers[:3]
    small = lab.listen(valve, "--max-segment", 200)
    large = lab.listen(pump)
    for listener in (small, large):
        listener.event("registered")
    code, events, text = send_large(lab, meter, GROUP, 9000, "--group")
    for listener in (small, large):
        assert listener.event("message")["payload"] == text
    assert code == 0
    for listener in (small, large):
        assert listener.stop() == 0


@pytest.mark.parametrize("arguments", [(), ("--max-segment", "500")])
def test_every_tenth_datagram_is_lost(lab, arguments):
    """Both ways, at both ends; what CoAP does not mend, SEGREC does."""
    meter, valve = lab.subscribers[:2]

    def treat(direction, number, octets):
        return [] if number > 20 and number % 10 == 7 else [(0, octets)]
    with udp_relay.Relay(lab.server.port("coaps"), treat) as relay:
        uri = "coaps://localhost:%d" % relay.port
        listener = lab.listen(valve, uri=uri)
        listener.event("registered")
        code, _, text = send_large(lab, meter, valve.service_id, 6000, "--timeout", 80, *arguments, uri=uri, timeout_s=90)
        assert listener.event("message", timeout_s=60)["payload"] == text
        assert code == 0
        assert listener.stop(timeout_s=30) == 0


def test_segments_for_somebody_away_are_stored(lab):
    """With sfFlag each segment is stored, and all of them are delivered when the recipient is back (TS 23.554 8.3.6)."""
    meter, away = lab.subscribers[0], lab.subscribers[7]
    text = text_of(9000)
    payload = lab.write("stored.txt", text)
    code, events = lab.run_client(meter, "send", "--to", away.service_id, "--payload", "@%s" % payload, "--store")
    assert "stored for deferred delivery" in [event.get("status") for event in events]
    assert code == 0
    listener = lab.listen(away)
    listener.event("registered")
    assert listener.event("message")["payload"] == text
    assert listener.stop() == 0
