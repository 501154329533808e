"""What an authenticated but broken or hostile UE sends: a clear answer, a counter, no harm to others (section 10.3)."""

import json
import re
import uuid

import pytest

import foreign_ue
import testbed
from foreign_session import Session

MSG = {"msgIden": "urn:3gpp:msgin5g", "msgType": "MSG", "sfFlag": False}


@pytest.fixture(scope="module")
def session(lab):
    made = Session(lab, lab.subscribers[0]).register()
    yield made
    made.close()


def message(lab, **members):
    return {**MSG, "oriAddr": {"oriAddrType": "UE", "addr": lab.subscribers[0].service_id},
            "destAddr": {"destAddrType": "UE", "addr": lab.subscribers[1].service_id}, "msgId": str(uuid.uuid4()), **members}


BROKEN = {
    "not JSON": b"}{",
    "empty": b"",
    "two values": b"{}{}",
    "array": b"[]",
    "depth 20": b'{"a":' * 20 + b"1" + b"}" * 20,
    "invalid UTF-8": b'{"msgIden":"\xff\xfe"}',
    "duplicate member": b'{"msgIden":"urn:3gpp:msgin5g","msgIden":"urn:3gpp:msgin5g","msgType":"REG"}',
    "no members": b"{}",
}


@pytest.mark.proves("33.117-4.4.4")
@pytest.mark.parametrize("name", BROKEN)
def test_broken_bodies(session, name):
    assert session.post(BROKEN[name])[0] == "4.00"


@pytest.mark.parametrize("change, expected", [
    ({"msgIden": "urn:other"}, "4.00"),
    ({"msgType": "NOPE"}, "4.00"),
    ({"msgType": 7}, "4.00"),
    ({"msgId": "not a uuid"}, "4.00"),
    ({"msgId": None}, "4.00"),
    ({"destAddr": None}, "4.00"),
    ({"destAddr": {"destAddrType": "UE"}}, "4.00"),
    ({"destAddr": {"destAddrType": "MOON", "addr": "im:x@y"}}, "4.00"),
    ({"destAddr": [{"destAddrType": "UE", "addr": "im:x@y"}, {"destAddrType": "UE", "addr": "im:z@y"}]}, "4.00"),
    ({"destAddr": {"destAddrType": "UE", "addr": "im:x\u0000@y"}}, "4.00"),
    ({"isDelivStatReq": "yes"}, "4.00"),
    ({"priority": "URGENT"}, "4.00"),
    ({"payload": {"a": 1}}, "4.00"),
    ({"oriAddr": {"oriAddrType": "UE", "addr": "im:ue-0002@lab.example"}}, "4.03"),
    ({"oriAddr": {"oriAddrType": "AS", "addr": "im:scada@lab.example"}}, "4.03"),
    ({"somethingNew": [1, 2, {"a": None}]}, "2.04"),
    ({"payload": "Ü\t\\u20ac"}, "2.04"),
])
def test_members(lab, session, change, expected):
    body = {key: value for key, value in message(lab, **change).items() if value is not None}
    assert session.post(body)[0] == expected


@pytest.mark.parametrize("length, expected", [(2048, "2.04"), (2049, "4.13")])
def test_payload_limit_block_wise(lab, session, length, expected):
    """A message of more than 1024 octets comes in blocks (RFC 7959); its payload counts after reassembly."""
    body = json.dumps(message(lab, payload="x" * length)).encode()
    blocks = [body[at:at + 1024] for at in range(0, len(body), 1024)]
    for number, block in enumerate(blocks[:-1]):
        assert session.post(block, block1=(number, 1))[0] == "2.31"
    assert session.post(blocks[-1], block1=(len(blocks) - 1, 0))[0] == expected


def test_diagnostic_names_the_member(lab, session):
    code, payload = session.post(message(lab, priority="URGENT"))
    assert code == "4.00" and b"priority" in payload


def test_content_format_other_than_json(lab, session):
    assert session.post(message(lab), content_format=60)[0] == "4.15"
    assert session.post(message(lab), content_format=None)[0] == "2.04"


def test_paths(lab, session):
    assert session.post(message(lab), path=b"elsewhere")[0] == "4.04"
    assert session.post(message(lab), path=b"msgin5g")[0] == "2.04"


def test_other_methods(lab, session):
    post = foreign_ue.coap_post(b"", 0x7001, b"\x70\x01", content_format=None)
    for method, expected in ((0x03, "4.05"), (0x04, "4.05"), (0x01, "4.04")):
        assert session.exchange(post[:1] + bytes([method]) + b"\x70" + bytes([method]) + post[4:])[0] in (expected, "4.05")


def test_unknown_critical_option(lab, session):
    post = foreign_ue.coap_post(b"", 0x7101, b"\x71\x01")
    assert session.exchange(post + bytes([0xD0 + 1, 0xE0, 0x00]))[0] == "4.02"  # option 249 or so: odd, so critical


def test_spoofed_originator_delivers_nothing(lab, session):
    """4.03, MSGRESP UNAUTHORIZED_ORIGINATOR, a counter, a log line; the victim hears nothing."""
    victim = lab.listen(lab.subscribers[2])
    victim.event("registered")
    before = lab.server.metric("msgin5g_spoofed_originators_total")
    spoofed = message(lab, oriAddr={"oriAddrType": "UE", "addr": lab.subscribers[1].service_id},
                      destAddr={"destAddrType": "UE", "addr": lab.subscribers[2].service_id}, payload="spoof")
    assert session.post(spoofed)[0] == "4.03"
    assert lab.server.metric("msgin5g_spoofed_originators_total") == before + 1
    assert session.post(message(lab, destAddr={"destAddrType": "UE", "addr": lab.subscribers[2].service_id},
                                payload="genuine"))[0] == "2.04"
    assert victim.event("message")["payload"] == "genuine"
    assert victim.stop() == 0


def test_ids_of_a_registered_ue_stay_its_own(lab, session):
    """Nor can a UE Service ID be used, taken over or ended while its owner is registered; the log names nobody."""
    owner = Session(lab, lab.subscribers[1]).register()
    address = {"oriAddrType": "UE", "addr": lab.subscribers[1].service_id}
    spoofed = message(lab, oriAddr=address, destAddr={"destAddrType": "UE", "addr": lab.subscribers[0].service_id})
    assert session.post(spoofed)[0] == "4.03"
    assert session.post(foreign_ue.registration(lab.subscribers[1].service_id))[0] == "4.03"
    assert session.post({"msgIden": "urn:3gpp:msgin5g", "msgType": "DEREG", "oriAddr": address})[0] == "4.03"
    genuine = str(uuid.uuid4())
    assert session.post(message(lab, msgId=genuine, payload="still yours"))[0] == "2.04"
    assert owner.post(message(lab, oriAddr=address, destAddr={"destAddrType": "UE",
                                                              "addr": lab.subscribers[0].service_id}))[0] == "2.04"
    assert [request for request in owner.requests if genuine.encode() in request]
    owner.close()
    assert "belongs to somebody else" in lab.server.log()
    assert lab.subscribers[0].supi not in lab.server.log()


def test_report_nobody_asked_for(lab, session):
    """EC-32: an IMDN must answer a message that asked for it."""
    imdn = {"msgIden": "urn:3gpp:msgin5g", "msgType": "IMDN", "msgId": str(uuid.uuid4()), "DelSta": "success",
            "oriAddr": {"oriAddrType": "UE", "addr": lab.subscribers[0].service_id},
            "destAddr": {"destAddrType": "UE", "addr": lab.subscribers[1].service_id}}
    assert session.post(imdn)[0] == "4.03"


def test_duplicates(lab, session):
    """EC-11: the same message again is answered and not delivered again; another body under its id is refused."""
    receiver = lab.listen(lab.subscribers[3])
    receiver.event("registered")
    body = message(lab, destAddr={"destAddrType": "UE", "addr": lab.subscribers[3].service_id}, payload="once")
    assert session.post(body)[0] == "2.04"
    assert session.post(body)[0] == "2.04"
    assert session.post({**body, "payload": "other"})[0] == "4.00"
    last = message(lab, destAddr={"destAddrType": "UE", "addr": lab.subscribers[3].service_id}, payload="last")
    assert session.post(last)[0] == "2.04"
    assert receiver.event("message")["payload"] == "once"
    assert receiver.event("message")["payload"] == "last"
    assert receiver.stop() == 0


def test_unregistered_sender(lab):
    stranger = Session(lab, lab.subscribers[4])
    body = message(lab, oriAddr={"oriAddrType": "UE", "addr": lab.subscribers[4].service_id})
    assert stranger.post(body)[0] == "4.03"
    stranger.close()


def test_deregistration_of_what_is_not_registered(lab):
    """EC-29b: 2.04 with result false."""
    stranger = Session(lab, lab.subscribers[5])
    code, payload = stranger.post({"msgIden": "urn:3gpp:msgin5g", "msgType": "DEREG",
                                   "oriAddr": {"oriAddrType": "UE", "addr": lab.subscribers[5].service_id}})
    assert code == "2.04"
    assert json.loads(payload) == {"oriAddr": {"oriAddrType": "UE", "addr": lab.subscribers[5].service_id},
                                   "result": False, "cause": "NOT_REGISTERED"}
    stranger.close()


@pytest.mark.parametrize("asked, granted", [(None, 3600), (120, 120), (1, 1), (10**7, 604800)])
def test_lifetimes_are_clamped(lab, asked, granted):
    """EC-9; the lab allows one second."""
    peer = Session(lab, lab.subscribers[6])
    body = json.loads(foreign_ue.registration(lab.subscribers[6].service_id))
    if asked is not None:
        body["regExpTime"] = asked
    code, payload = peer.post(body)
    assert code in ("2.01", "2.04")
    assert json.loads(payload)["regExpTime"] == granted
    peer.close()


def test_second_registration_is_2_04(lab):
    peer = Session(lab, lab.subscribers[7])
    assert peer.post(foreign_ue.registration(lab.subscribers[7].service_id))[0] in ("2.01", "2.04")
    assert peer.post(foreign_ue.registration(lab.subscribers[7].service_id))[0] == "2.04"
    peer.close()


def test_refusals_are_counted(lab, session):
    session.post(b"}{")
    text = testbed.http_get(lab.server.port("management"), "/metrics")[1]
    assert re.search(r'msgin5g_requests_total\{type="other",result="MALFORMED"\} [1-9]', text)
