"""MSGin5G-8: two servers, each the home of its domain (TS 23.554 5.3.2.1, 8.7.5; EC-18)."""

import uuid

import pytest

from api import Api
from application_server import api_config, free_port, make_certs
from testbed import Testbed

DELIVERY = "/msgs-msgdelivery/v1"
AS_ID = "im:scada@a.example"


class Pair:
    """Server A with the bed's first UE, server B with the second; each knows the other."""

    def __init__(self, bed):
        self.bed = bed
        make_certs(bed, "server-a:DNS:a.example,DNS:localhost,IP:127.0.0.1",
                   "server-b:DNS:b.example,DNS:localhost,IP:127.0.0.1", "as:DNS:as.example")
        self.ue_a, self.ue_b = bed.add_subscribers(2)
        self.ue_a.service_id, self.ue_b.service_id = "im:meter@a.example", "im:valve@b.example"
        bed.start_aanf()
        self.ports = {"a": free_port(), "b": free_port()}
        self.servers, self.uris = {}, {}
        self.start("a", "b", self.ue_a)
        self.start("b", "a", self.ue_b)

    def start(self, own, other, ue):
        certs, bed = self.bed.certs, self.bed
        config = bed.server_config(
            api={**api_config(bed, port=self.ports[own], server_id="im:server@%s.example" % own),
                 "certificate": str(certs / ("server-%s.pem" % own)), "key": str(certs / ("server-%s.key" % own))},
            peers=[{"id": "im:server@%s.example" % other, "domains": ["%s.example" % other],
                    "certificates": ["%s.example" % other], "url": "https://localhost:%d" % self.ports[other]}],
            bindings=[{"identity": ue.supi, "service_ids": [ue.service_id]}],
            store={"folder": str(bed.folder / ("store-" + own))},
            application_servers=[{"id": AS_ID, "certificates": ["as.example"]}] if own == "a" else [])
        folder = bed.folder / own
        folder.mkdir(exist_ok=True)
        self.servers[own] = bed.start("msgin5g-server", config)
        self.uris[own] = "coaps://localhost:%d" % self.servers[own].port("coaps")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    with Testbed(tmp_path_factory.mktemp("peers")) as bed:
        yield Pair(bed)


def test_ue_to_ue_with_report(pair):
    """Both ways: the message over one server to the other, the report back the same way."""
    bed = pair.bed
    listener = bed.listen(pair.ue_b, uri=pair.uris["b"])
    listener.event("registered")
    code, events = bed.run_client(pair.ue_a, "send", "--to", pair.ue_b.service_id, "--payload", "over there", "--report",
                                  uri=pair.uris["a"])
    assert code == 0, events
    got = listener.event("message", payload="over there")
    assert got["from"] == pair.ue_a.service_id
    assert [event["status"] for event in events if event["event"] == "report"] == ["success"]
    listener.stop()


def test_as_to_a_ue_of_the_other_domain(pair):
    bed = pair.bed
    listener = bed.listen(pair.ue_b, uri=pair.uris["b"])
    listener.event("registered")
    body = {"oriAddr": {"addrType": "AS", "addr": AS_ID}, "destAddr": {"addrType": "UE", "addr": pair.ue_b.service_id},
            "msgId": str(uuid.uuid4()), "stoAndFwInd": False, "payload": "from far"}
    assert Api(bed, port=pair.ports["a"]).call("POST", DELIVERY + "/deliver-as-message", body)[0] == 200
    assert listener.event("message", payload="from far")["from"] == AS_ID
    listener.stop()


def test_what_the_other_server_says_reaches_the_sender(pair):
    """A UE that is not registered there: the peer's failure is the sender's."""
    code, events = pair.bed.run_client(pair.ue_a, "send", "--to", "im:nobody@b.example", "--payload", "x", "--store",
                                       uri=pair.uris["a"])
    assert code == 9
    assert [event["cause"] for event in events if event["event"] == "response"] == ["RECIPIENT_UNAVAILABLE"]


def forged(originator, to):
    return {"oriAddr": {"addrType": "UE", "addr": originator}, "destAddr": {"addrType": "UE", "addr": to},
            "msgId": str(uuid.uuid4()), "stoAndFwInd": False, "payload": "forged"}


def test_a_peer_speaks_for_its_own_domain_only(pair):
    api = Api(pair.bed, name="server-b", port=pair.ports["a"])
    for originator in (pair.ue_a.service_id, "im:x@c.example", "im:x@evil-b.example"):
        status, problem = api.call("POST", DELIVERY + "/deliver-ue-message", forged(originator, pair.ue_a.service_id))
        assert (status, problem["cause"]) == (403, "UNAUTHORIZED_ORIGINATOR")


def test_loop(pair):
    """EC-18: its own id in the way it came, or too many servers: 508, and it goes nowhere."""
    api = Api(pair.bed, name="server-b", port=pair.ports["a"])
    message = forged("im:x@b.example", pair.ue_a.service_id)
    many = ", ".join("im:server@%d.example" % number for number in range(9))
    for via in ("im:server@b.example, im:server@a.example", many):
        status, problem = api.call("POST", DELIVERY + "/deliver-ue-message", message, headers=["x-msgin5g-via: " + via])
        assert (status, problem["cause"]) == (508, "LOOP_DETECTED")


def test_nothing_is_passed_on(pair):
    """What a peer sends for a third domain, or for its own, ends here."""
    api = Api(pair.bed, name="server-b", port=pair.ports["a"])
    for to, cause in (("im:y@b.example", "NO_ROUTE"), ("im:y@c.example", "UNKNOWN_RECIPIENT")):
        status, ack = api.call("POST", DELIVERY + "/deliver-ue-message", forged("im:x@b.example", to))
        assert (status, ack["status"], ack["failureCause"]) == (200, "DELY_FAILED", cause)


def test_peer_that_is_down_and_comes_back(pair):
    """What is to be stored waits here and goes out when the peer answers again; all else finds it again, too."""
    bed = pair.bed
    bed.daemons.remove(pair.servers["b"])
    assert pair.servers["b"].stop() == 0
    code, events = bed.run_client(pair.ue_a, "send", "--to", pair.ue_b.service_id, "--payload", "stored", "--store",
                                  uri=pair.uris["a"])
    assert code == 0, events
    assert [event["status"] for event in events if event["event"] == "response"] == ["stored for deferred delivery"]
    pair.start("b", "a", pair.ue_b)
    listener = bed.listen(pair.ue_b, uri=pair.uris["b"])
    listener.event("registered")
    listener.event("message", payload="stored", timeout_s=60)
    assert bed.run_client(pair.ue_a, "send", "--to", pair.ue_b.service_id, "--payload", "again", "--store",
                          uri=pair.uris["a"])[0] == 0
    listener.event("message", payload="again")
    listener.stop()
