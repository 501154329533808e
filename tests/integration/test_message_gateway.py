"""MSGin5G-2, -4, -7: message gateways and the UEs and areas behind them (TS 29.538 6, TS 23.554 8.2.3, 8.6, 8.7.6; EC-19)."""

import json
import subprocess
import uuid

import pytest

from api import Api, problems
from application_server import ApplicationServer, api_config, make_certs
from testbed import Testbed, program, wait_for

DELIVERY = "/msgs-msgdelivery/v1"
REGISTRATIONS = "/msgs-ueregistration/v1/registrations"
PHONE = "im:phone@iot.example"      # behind the L3G by configuration
RCS = "im:rcs-1@iot.example"        # the N3G may register it
L3G, N3G, BMG = "im:l3g@iot.example", "im:n3g@iot.example", "im:bmg@iot.example"
AS_ID = "im:scada@iot.example"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Testbed(tmp_path_factory.mktemp("gateway")) as bed:
        names = ("l3g", "n3g", "bmg", "as")
        make_certs(bed, *("%s:DNS:%s.example,DNS:localhost,IP:127.0.0.1" % (name, name) for name in names))
        bed.add_subscribers(2)
        bed.start_aanf()
        bed.gateways = {name: ApplicationServer(bed.certs, name) for name in ("l3g", "n3g", "bmg")}
        url = {name: gateway.url() for name, gateway in bed.gateways.items()}
        bed.start_server(api=api_config(bed), gateways=[
            {"id": L3G, "kind": "l3g", "certificates": ["l3g.example"], "url": url["l3g"], "ues": [PHONE]},
            {"id": N3G, "kind": "n3g", "certificates": ["n3g.example"], "url": url["n3g"] + "/root/",
             "allowed_ues": [RCS, bed.subscribers[0].service_id]},
            {"id": BMG, "kind": "bmg", "certificates": ["bmg.example"], "url": url["bmg"], "areas": ["area-7"],
             "senders": [bed.subscribers[1].service_id]}],
            application_servers=[{"id": AS_ID, "certificates": ["as.example"]}])
        yield bed
        for gateway in bed.gateways.values():
            gateway.close()


@pytest.fixture(autouse=True)
def nothing_before(lab):
    for gateway in lab.gateways.values():
        gateway.requests.clear()
        gateway.answers.clear()


def ue_message(ori, to, **members):
    return {"oriAddr": {"addrType": "UE", "addr": ori}, "destAddr": {"addrType": "UE", "addr": to},
            "msgId": str(uuid.uuid4()), "stoAndFwInd": False, "payload": "hello", **members}


def test_to_a_legacy_ue_with_report(lab):
    """MSGin5G-2: what a UE sends to a phone goes to the L3G, whose report reaches the UE."""
    ue = lab.subscribers[0]
    sender = lab.send(ue, "--to", PHONE, "--payload", "ring", "--report")
    (path, message), = lab.gateways["l3g"].wait_for(1)
    assert path == "/msgg-l3gdelivery/v1/deliver-message"
    assert problems("TS29538_MSGG_L3GDelivery.yaml", "L3gMessageDelivery", message) == []
    assert message == {"oriAddr": {"addrType": "UE", "addr": ue.service_id},
                       "destAddr": {"addrType": "UE", "addr": PHONE}, "msgId": message["msgId"],
                       "delivStReqInd": True, "payload": "ring"}
    report = {"oriAddr": {"addrType": "UE", "addr": PHONE}, "destAddr": {"addrType": "UE", "addr": ue.service_id},
              "msgId": message["msgId"], "delivSt": "REPT_DELY_FAILED", "failureCause": "ABSENT"}
    assert problems("TS29538_MSGS_MSGDelivery.yaml", "DeliveryStatusReport", report) == []
    assert Api(lab, name="l3g").call("POST", DELIVERY + "/deliver-report", report)[0] == 200
    assert sender.process.wait(15) == 9
    assert sender.event("report", status="failure")["cause"] == "ABSENT"


def test_from_a_legacy_ue_with_report(lab):
    """The gateway speaks for the UEs behind it; the recipient's report is pushed to it."""
    ue = lab.subscribers[0]
    client = lab.listen(ue)
    client.event("registered")
    message = ue_message(PHONE, ue.service_id, delivStReqInd=True)
    assert problems("TS29538_MSGS_MSGDelivery.yaml", "UEMessageDelivery", message) == []
    status, ack = Api(lab, name="l3g").call("POST", DELIVERY + "/deliver-ue-message", message)
    assert (status, ack) == (200, {"oriAddr": message["oriAddr"], "msgId": message["msgId"]})
    assert client.event("message", msg_id=message["msgId"])["from"] == PHONE
    (path, report), = lab.gateways["l3g"].wait_for(1)
    assert path == "/msgg-l3gdelivery/v1/deliver-report"
    assert report == {"oriAddr": {"addrType": "UE", "addr": ue.service_id}, "destAddr": {"addrType": "UE", "addr": PHONE},
                      "msgId": message["msgId"], "delivSt": "REPT_DELY_SUCCESS"}
    client.stop()


def test_a_gateway_speaks_for_its_own_ues_only(lab):
    """Somebody else's UE, a UE with a SIM of its own, an application server: 403, nothing delivered."""
    ue = lab.subscribers[1]
    client = lab.listen(ue)
    client.event("registered")
    for name, originator in (("n3g", PHONE), ("l3g", lab.subscribers[0].service_id), ("l3g", "im:nobody@iot.example")):
        status, problem = Api(lab, name=name).call("POST", DELIVERY + "/deliver-ue-message",
                                                   ue_message(originator, ue.service_id))
        assert (status, problem["cause"]) == (403, "UNAUTHORIZED_ORIGINATOR")
    status, _ = Api(lab, name="l3g").call("POST", DELIVERY + "/deliver-ue-message",
                                          ue_message(PHONE, ue.service_id, payload="genuine"))
    assert status == 200
    client.event("message", payload="genuine")
    assert [event["payload"] for event in client.events if event["event"] == "message"] == ["genuine"]
    client.stop()


def test_registration_by_the_gateway(lab):
    """TS 23.554 8.2.3, 8.2.4: before it the UE is unknown, with it reached through the gateway, after it unknown."""
    ue, api = lab.subscribers[0], Api(lab, name="n3g")
    assert lab.run_client(ue, "send", "--to", RCS, "--payload", "0")[0] == 9
    status, answer = api.call("POST", REGISTRATIONS, {"ueSvcId": RCS, "mgwSvcId": N3G, "regExpTime": 600})
    assert (status, answer) == (201, {"ueSvcId": RCS, "result": True, "regExpTime": 600})
    assert lab.run_client(ue, "send", "--to", RCS, "--payload", "1")[0] == 0
    path, message = lab.gateways["n3g"].wait_for(1)[0]
    assert path == "/root/msgg-n3gdelivery/v1/deliver-message"
    assert problems("TS29538_MSGG_N3GDelivery.yaml", "N3gMessageDelivery", message) == []
    assert Api(lab, name="l3g").call("DELETE", REGISTRATIONS + "/" + RCS)[0] == 404
    assert api.call("DELETE", REGISTRATIONS + "/" + RCS)[0] == 204
    assert api.call("DELETE", REGISTRATIONS + "/" + RCS)[0] == 404
    assert lab.run_client(ue, "send", "--to", RCS, "--payload", "2")[0] == 9
    assert len(lab.gateways["n3g"].requests) == 1


def test_registration_ends_by_itself(lab):
    ue, api = lab.subscribers[0], Api(lab, name="n3g")
    assert api.call("POST", REGISTRATIONS, {"ueSvcId": RCS, "mgwSvcId": N3G, "regExpTime": 1})[0] == 201
    wait_for(lambda: lab.run_client(ue, "send", "--to", RCS, "--payload", "x")[0] == 9, what="the registration's end")


def test_bulk_registration_is_answered_entry_by_entry(lab):
    """TS 23.554 8.2.9: the good ones are taken. A UE with a SIM of its own is nobody's to register."""
    sim = lab.subscribers[0].service_id
    body = {"indRegCount": 4, "indRegs": [
        {"ueSvcId": RCS, "mgwSvcId": N3G}, {"ueSvcId": sim, "mgwSvcId": N3G},
        {"ueSvcId": "im:else@iot.example", "mgwSvcId": N3G}, {"ueSvcId": RCS, "mgwSvcId": L3G}]}
    status, answer = Api(lab, name="n3g").call("POST", "/msgs-ueregistration/v1/bulk-registrations", body)
    assert status == 200
    assert answer == {"indRegCount": 4, "indRegs": [
        {"ueSvcId": RCS, "result": True, "regExpTime": 3600},
        {"ueSvcId": sim, "result": False, "cause": "NOT_AUTHORIZED"},
        {"ueSvcId": "im:else@iot.example", "result": False, "cause": "NOT_AUTHORIZED"},
        {"ueSvcId": RCS, "result": False, "cause": "UNAUTHORIZED_ORIGINATOR"}]}
    assert Api(lab, name="n3g").call("DELETE", REGISTRATIONS + "/" + RCS)[0] == 204


@pytest.mark.parametrize("body, member", [
    ({"mgwSvcId": N3G}, "/ueSvcId"), ({"ueSvcId": RCS}, "/mgwSvcId"),
    ({"ueSvcId": RCS, "mgwSvcId": N3G, "regExpTime": -1}, "/regExpTime"), ({"ueSvcId": 7, "mgwSvcId": N3G}, "/ueSvcId")])
def test_bad_registrations_name_the_member(lab, body, member):
    status, problem = Api(lab, name="n3g").call("POST", REGISTRATIONS, body)
    assert (status, problem["invalidParams"][0]["param"]) == (400, member)


@pytest.mark.parametrize("body, member", [
    ({"indRegCount": 1, "indRegs": []}, "/indRegs"), ({"indRegCount": 2, "indRegs": [{"ueSvcId": RCS, "mgwSvcId": N3G}]},
                                                      "/indRegCount"),
    ({"indRegCount": 1, "indRegs": [{"ueSvcId": RCS}]}, "/indRegs")])
def test_bad_bulk_registrations_name_the_member(lab, body, member):
    status, problem = Api(lab, name="n3g").call("POST", "/msgs-ueregistration/v1/bulk-registrations", body)
    assert (status, problem["invalidParams"][0]["param"]) == (400, member)


def test_somebody_elses_gateway_id(lab):
    status, problem = Api(lab, name="l3g").call("POST", REGISTRATIONS, {"ueSvcId": RCS, "mgwSvcId": N3G})
    assert (status, problem["cause"]) == (403, "UNAUTHORIZED_ORIGINATOR")


def test_broadcast(lab):
    """MSGin5G-7: application servers may broadcast, and the UEs that the configuration names."""
    message = {"oriAddr": {"addrType": "AS", "addr": AS_ID}, "destAddr": {"addrType": "BC", "addr": "area-7"},
               "msgId": str(uuid.uuid4()), "stoAndFwInd": False, "payload": "flood"}
    status, ack = Api(lab).call("POST", DELIVERY + "/deliver-as-message", message)
    assert (status, ack) == (200, {"oriAddr": message["oriAddr"], "msgId": message["msgId"]})
    assert lab.run_client(lab.subscribers[1], "send", "--area", "--to", "area-7", "--payload", "too")[0] == 0
    wait_for(lambda: len(lab.gateways["bmg"].requests) == 2, what="both broadcasts")
    path, got = lab.gateways["bmg"].requests[0]
    assert path == "/msgg-bgdelivery/v1/deliver-message"
    assert problems("TS29538_MSGG_BGDelivery.yaml", "BgMessageDelivery", got) == []
    assert got == {"oriAddr": message["oriAddr"], "destAddr": message["destAddr"], "msgId": message["msgId"],
                   "payload": "flood"}
    assert lab.gateways["bmg"].requests[1][1]["payload"] == "too"


def test_broadcast_not_allowed(lab):
    code, events = lab.run_client(lab.subscribers[0], "send", "--area", "--to", "area-7", "--payload", "x")
    assert code == 9
    assert [event["cause"] for event in events if event["event"] == "response"] == ["NOT_AUTHORIZED"]
    assert lab.gateways["bmg"].requests == []


def test_broadcast_to_an_area_nobody_serves(lab):
    """EC-17b."""
    code, events = lab.run_client(lab.subscribers[1], "send", "--area", "--to", "area-8", "--payload", "x")
    assert code == 9
    assert [event["cause"] for event in events if event["event"] == "response"] == ["NO_ROUTE"]


def test_configuration_is_checked(lab):
    config = lab.server_config(gateways=[{"id": "x", "kind": "bmg", "certificates": ["a"], "url": "nowhere-at-all"}],
                               peers=[{"id": "y", "domains": ["b.example"], "certificates": ["b"], "url": "ftp://b.example"}])
    path = lab.write("bad.yaml", json.dumps(config))
    done = subprocess.run([program("msgin5g-server"), "--config", str(path), "--check-config"], capture_output=True)
    text = done.stderr.decode() + done.stdout.decode()
    assert done.returncode == 3
    for place in ("gateways[0].id", "gateways[0].url", "gateways[0].areas", "peers[0].id", "peers[0].url",
                  "api.certificate"):
        assert place in text
