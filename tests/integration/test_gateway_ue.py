"""A Gateway UE at the server: bulk (de-)registration, and messages of and for the UEs behind it (TS 24.538 6.3.4.4; E16)."""

import json

import pytest

import foreign_ue
import raw_ue
import testbed

SENSORS = ["im:sens-%d@lab.example" % number for number in range(1, 101)]
HEAD = {"msgIden": "urn:3gpp:msgin5g"}


def ue(service_id):
    return {"oriAddrType": "UE", "addr": service_id}


def reg(service_id, **members):
    return {**HEAD, "msgType": "REG", "oriAddr": ue(service_id), "urgentTag": False, **members}


def granted(service_id, lifetime_s=3600):
    return {"oriAddr": ue(service_id), "result": True, "regExpTime": lifetime_s}


def refused(service_id, cause):
    return {"oriAddr": ue(service_id), "result": False, "cause": cause}


@pytest.fixture(scope="module")
def lab(bed):
    gateway, meter, _ = bed.add_subscribers(3)
    bed.start_aanf()
    bed.start_server(bindings=[{"identity": s.supi, "service_ids": [s.service_id],
                                **({"gateway_ues": SENSORS} if s is gateway else {})} for s in bed.subscribers])
    return bed


@pytest.fixture
def gateway(lab):
    with raw_ue.RawUe(lab, lab.subscribers[0]) as opened:
        yield opened.register()


@pytest.fixture
def meter(lab):
    with raw_ue.RawUe(lab, lab.subscribers[1]) as opened:
        yield opened.register()


def breg(gateway, *entries, **members):
    return {**HEAD, "msgType": "BREG", "oriAddr": ue(gateway.service_id), "indRegCount": len(entries),
            "indRegs": list(entries), **members}


def bulk_dereg(gateway, *ids):
    return {**HEAD, "msgType": "DEREG", "oriAddr": ue(gateway.service_id), "indDeregCount": len(ids),
            "indDeregs": [{**HEAD, "msgType": "DEREG", "oriAddr": ue(service_id)} for service_id in ids]}


def from_sensor(gateway, sensor, to, **members):
    return {**gateway.message(to, **members), "oriAddr": ue(sensor)}


def post_in_blocks(gateway, body):
    """Block1 of 1024 octets (RFC 7959): the answer to the last one."""
    octets = json.dumps(body).encode()
    blocks = [octets[at:at + 1024] for at in range(0, len(octets), 1024)]
    for number, block in enumerate(blocks):
        more = number + 1 < len(blocks)
        code, answer = gateway.post(block, block1=(number, more))
        assert code == "2.31" or not more, (code, answer)
    return code, answer


def test_e16_on_the_wire(gateway):
    code, answer = gateway.post(breg(gateway, reg(SENSORS[0], reqExpTime=30), reg("im:ue-0002@lab.example")))
    assert code == "2.01"
    assert answer == {"indRegCount": 2, "indRegs": [granted(SENSORS[0]),
                                                    refused("im:ue-0002@lab.example", "UNAUTHORIZED_ORIGINATOR")]}
    assert gateway.post(breg(gateway, reg(SENSORS[0], regExpTime=120)))[1]["indRegs"] == [granted(SENSORS[0], 120)]
    code, answer = gateway.post(bulk_dereg(gateway, SENSORS[0], SENSORS[1]))
    assert (code, answer) == ("2.04", {"indDeregCount": 2, "indDeregs": [
        {"oriAddr": ue(SENSORS[0]), "result": True}, refused(SENSORS[1], "NOT_REGISTERED")]})


def test_a_body_of_many_blocks(gateway):
    before = gateway.bed.server.metric("msgin5g_registrations")
    code, answer = post_in_blocks(gateway, breg(gateway, *(reg(sensor) for sensor in SENSORS)))
    assert code == "2.01", answer
    testbed.wait_for(lambda: gateway.bed.server.metric("msgin5g_registrations") == before + 100, what="registrations")
    assert post_in_blocks(gateway, bulk_dereg(gateway, *SENSORS))[0] == "2.04"
    testbed.wait_for(lambda: gateway.bed.server.metric("msgin5g_registrations") == before, what="de-registrations")


def test_messages_to_and_from_a_ue_behind_it(gateway, meter):
    gateway.post(breg(gateway, reg(SENSORS[0]), reg(SENSORS[1])))
    down = meter.message(SENSORS[1], "open", isDelivStatReq=True)
    assert meter.post(down)[0] == "2.04"
    copy = gateway.listen(1)[-1]
    assert (copy["destAddr"]["addr"], copy["payload"]) == (SENSORS[1], "open")  # says which of its UEs is meant
    assert gateway.post({**gateway.report(copy), "oriAddr": ue(SENSORS[1])})[0] == "2.04"
    assert meter.listen(1)[-1]["oriAddr"] == ue(SENSORS[1])
    assert gateway.post(from_sensor(gateway, SENSORS[0], meter, payload="21 C"))[0] == "2.04"
    assert (meter.listen(2)[-1]["oriAddr"], meter.requests[-1]["payload"]) == (ue(SENSORS[0]), "21 C")


def test_failures_are_told_to_the_ue_behind_it(gateway):
    gateway.post(breg(gateway, reg(SENSORS[0])))
    message = from_sensor(gateway, SENSORS[0], "im:ue-0003@lab.example")
    assert gateway.post(message)[0] == "2.04"
    told = gateway.listen(1)[-1]
    assert (told["msgType"], told["oriAddr"], told["Cause"]) == ("MSGRESP", ue(SENSORS[0]), "RECIPIENT_UNAVAILABLE")


def test_spoofed_originators(lab, gateway, meter):
    """Digest 10.3: only for IDs registered through this gateway's session."""
    spoofed = lab.server.metric("msgin5g_spoofed_originators_total")
    assert gateway.post(bulk_dereg(gateway, SENSORS[2]))[0] == "2.04"
    assert gateway.post(from_sensor(gateway, SENSORS[2], meter))[0] == "4.03"  # not registered
    assert gateway.post(from_sensor(gateway, meter.service_id, lab.subscribers[2]))[0] == "4.03"
    gateway.post(breg(gateway, reg(SENSORS[2])))
    assert meter.post({**meter.message(gateway), "oriAddr": ue(SENSORS[2])})[0] == "4.03"
    assert lab.server.metric("msgin5g_spoofed_originators_total") == spoofed + 2
    assert "refused: originator is somebody else type=MSG" in lab.server.log()


def test_only_gateways_register_others(lab, meter):
    assert meter.post(breg(meter, reg(SENSORS[0])))[0] == "4.03"
    assert meter.post(breg(meter, reg(meter.service_id)))[0] == "4.03"
    assert meter.post(bulk_dereg(meter, meter.service_id))[0] == "4.03"
    assert meter.post(reg(SENSORS[0]))[0] == "4.03"


def test_a_gateway_that_comes_back(lab, meter):
    """Its UEs are away with it; what was stored for them waits for the next bulk registration."""
    with raw_ue.RawUe(lab, lab.subscribers[0]) as gateway:
        gateway.register().post(breg(gateway, reg(SENSORS[3])))
    kept = meter.message(SENSORS[3], "later", sfFlag=True)
    testbed.wait_for(lambda: meter.post(meter.message(SENSORS[3]))[0] == "2.04" and meter.responses(), what="MSGRESP")
    assert meter.post(kept)[0] == "2.04"
    testbed.wait_for(lambda: meter.silence(0.05) and meter.responses(kept), what="stored")
    assert meter.responses(kept) == [("stored for deferred delivery", None)]
    with raw_ue.RawUe(lab, lab.subscribers[0]) as gateway:
        gateway.register()
        assert gateway.silence(0.2)
        gateway.post(breg(gateway, reg(SENSORS[3])))
        assert gateway.listen(1)[-1]["payload"] == "later"


HOSTILE = {
    "no list": {"indRegCount": 1, "indRegs": None},
    "count too small": {"indRegCount": 1},
    "count too large": {"indRegCount": 3},
    "not a number": {"indRegCount": "2"},
    "numbers": {"indRegs": [1, 2]},
    "nobody": {"indRegs": [{}, {}]},
    "a list in the list": {"indRegs": [[], []]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lists(gateway, name):
    code, text = gateway.post(breg(gateway, reg(SENSORS[0]), reg(SENSORS[1]), **HOSTILE[name]))
    assert code == "4.00" and "indReg" in text


def test_hostile_entries(gateway):
    """What is wrong with one is its own business."""
    nested = breg(gateway, reg(SENSORS[5]))
    nested["oriAddr"] = ue(SENSORS[6])
    code, answer = gateway.post(breg(gateway, reg(SENSORS[4], regExpTime=-1), nested, reg(SENSORS[7])))
    assert (code, answer["indRegs"]) == ("2.01", [refused(SENSORS[4], "MALFORMED"), refused(SENSORS[6], "MALFORMED"),
                                                  granted(SENSORS[7])])
    assert gateway.post(foreign_ue.registration(gateway.service_id))[0] == "2.04"
