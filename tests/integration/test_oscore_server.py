"""OSCORE from K_AF at msgin5g-server, driven by a UE that shares no code with it (TS 33.535 Annex D, RFC 8613)."""

import json
import uuid

import pytest

import foreign_ue
import oscore_peer
import sbi
import testbed

NOT_PROTECTED = (False, "4.01")


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(6)
    bed.start_aanf()
    bed.start_server(listen=testbed.OSCORE)
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    return bed


@pytest.fixture()
def ues(net):
    """Makes UEs of subscribers with a context, closed at the end."""
    made = []

    def make(number, **options):
        ue = new_ue(net, net.subscribers[number], **options)
        made.append(ue)
        return ue

    yield make
    for ue in made:
        ue.close()


def new_ue(net, subscriber, server=None, **options):
    ue = oscore_peer.Ue((server or net.server).port("coap"), **options)
    ue.service_id = subscriber.service_id
    ue.a_kid, ue.key = oscore_peer.keys(net, subscriber)
    assert ue.establish(ue.a_kid, ue.key).status == "2.01"
    return ue


def register(ue):
    answer = ue.request("msgin5g", foreign_ue.registration(ue.service_id))
    assert answer.protected and json.loads(answer.payload)["result"], answer.payload
    return answer.status


def message(ue, to, payload, report=False):
    return {"msgIden": "urn:3gpp:msgin5g", "msgType": "MSG", "oriAddr": {"oriAddrType": "UE", "addr": ue.service_id},
            "destAddr": {"destAddrType": "UE", "addr": to}, "msgId": str(uuid.uuid4()), "isDelivStatReq": report,
            "payload": payload}


def send(ue, to, payload, **options):
    return ue.request("msgin5g", json.dumps(message(ue, to, payload, **options)).encode())


def refused(answer):
    return (answer.protected, answer.status)


def test_first_request_shows_that_it_is_fresh(net, ues):
    """Half-open until a request verifies, and that one has to repeat an Echo (RFC 9175): the server's clock, not the UE's."""
    half_open = net.server.metric('msgin5g_oscore_contexts{state="half_open"}')
    confirmed = net.server.metric('msgin5g_oscore_contexts_total{event="confirmed"}')
    ue = ues(0)
    assert net.server.metric('msgin5g_oscore_contexts{state="half_open"}') == half_open + 1
    challenge = ue.request("msgin5g", foreign_ue.registration(ue.service_id), echo=False)
    assert challenge.protected and challenge.status == "4.01" and challenge.option(oscore_peer.ECHO)
    assert challenge.payload == b""
    assert net.server.metric('msgin5g_oscore_contexts_total{event="confirmed"}') == confirmed
    assert register(ue) in ("2.01", "2.04")
    assert net.server.metric('msgin5g_oscore_contexts_total{event="confirmed"}') == confirmed + 1
    assert net.server.metric('msgin5g_oscore_contexts{state="half_open"}') == half_open
    assert register(ue) == "2.04"


def test_messages_both_ways(net, ues):
    """To a UE over DTLS and back, with a delivery report; what the server sends is protected with the same context."""
    ue, other = ues(0), net.subscribers[1]
    register(ue)
    listener = net.listen(other)
    listener.event("registered")
    assert send(ue, other.service_id, "from OSCORE").status == "2.04"
    listener.event("message", payload="from OSCORE")
    sender = testbed.Client(net.client_argv(net.subscribers[2], "send", "--to", ue.service_id, "--payload",
                                            "to OSCORE", "--report"), net.folder)
    net.clients.append(sender)
    received = ue.server_request()
    body = json.loads(received.payload)
    assert received.protected and received.option(oscore_peer.URI_PATH) == b"msgin5g"
    assert body["msgType"] == "MSG" and body["payload"] == "to OSCORE"
    report = {"msgIden": "urn:3gpp:msgin5g", "msgType": "IMDN", "msgId": body["msgId"],
              "oriAddr": {"oriAddrType": "UE", "addr": ue.service_id},
              "destAddr": {"destAddrType": "UE", "addr": net.subscribers[2].service_id}, "DelSta": "success"}
    assert ue.request("msgin5g", json.dumps(report).encode()).status == "2.04"
    assert sender.process.wait(10) == 0
    assert listener.stop() == 0


def test_two_ues_over_oscore(net, ues):
    one, two = ues(0), ues(1)
    register(one)
    register(two)
    for number in range(3):
        assert send(one, two.service_id, "number %d" % number).status == "2.04"
        received = two.server_request()
        assert json.loads(received.payload)["payload"] == "number %d" % number


def test_failure_is_told_by_msgresp(net, ues):
    ue = ues(0)
    register(ue)
    assert send(ue, net.subscribers[5].service_id, "nobody home").status == "2.04"
    told = ue.server_request()
    assert told.protected and json.loads(told.payload)["msgType"] == "MSGRESP"


def test_a_ue_moves(net, ues):
    """The context is the UE, not the address: requests go on, and deliveries follow it to where it spoke last."""
    ue, other = ues(0), ues(1)
    register(ue)
    register(other)
    ue.rebind("127.0.0.77")
    registrations = net.server.metric("msgin5g_registrations")
    assert send(ue, other.service_id, "from elsewhere").status == "2.04"
    assert json.loads(other.server_request().payload)["payload"] == "from elsewhere"
    assert send(other, ue.service_id, "to elsewhere").status == "2.04"
    assert json.loads(ue.server_request().payload)["payload"] == "to elsewhere"
    assert net.server.metric("msgin5g_registrations") == registrations


def test_a_newer_context_takes_over_once_confirmed(net, ues):
    """The old one serves until the new one has been used; what is registered needs no new REG (choice C14)."""
    old, other = ues(0), ues(1)
    register(old)
    register(other)
    newer = oscore_peer.Ue(net.server.port("coap"))
    newer.service_id = old.service_id
    replaced = net.server.metric('msgin5g_oscore_contexts_total{event="replaced"}')
    assert newer.establish(old.a_kid, old.key).status == "2.01"
    assert register(old) == "2.04"
    assert newer.request("other/path", b"").status == "4.04"
    assert net.server.metric('msgin5g_oscore_contexts_total{event="replaced"}') == replaced + 1
    assert refused(old.request("msgin5g", foreign_ue.registration(old.service_id))) == NOT_PROTECTED
    assert send(other, newer.service_id, "to the new context").status == "2.04"
    assert json.loads(newer.server_request().payload)["payload"] == "to the new context"
    newer.close()


def test_bootstraps_again_after_the_server_has_forgotten(net, ues):
    """A UE whose context is gone (here: the server closed it) hears it without protection and makes a new one."""
    ue = ues(3)
    register(ue)
    net.ausf.remove(net.subscribers[3].supi)  # and with it K_AKMA
    first = refused(ue.request("msgin5g", foreign_ue.registration(ue.service_id)))
    assert first == (True, "2.04")  # no notice was asked for in this configuration (see N12)
    ue.a_kid, ue.key = oscore_peer.keys(net, net.subscribers[3])
    assert ue.establish(ue.a_kid, ue.key).status == "2.01"
    assert register(ue) == "2.04"


@pytest.mark.parametrize("path, code", [("msgin5g", 2), ("", 2), ("akmax", 2), ("akma/x", 2), ("msgin5g", 1), ("msgin5g", 4)])
def test_nothing_else_goes_without_protection(net, path, code):
    ue = oscore_peer.Ue(net.server.port("coap"))
    answer = ue.plain(path, foreign_ue.registration(net.subscribers[0].service_id), code=code, content_format=50)
    assert refused(answer) == NOT_PROTECTED
    ue.close()


def test_registration_without_protection_changes_nothing(net, ues):
    """In the same address as a UE with a context: no context, no rights."""
    ue = ues(0)
    register(ue)
    answer = ue.plain("msgin5g", json.dumps({"msgIden": "urn:3gpp:msgin5g", "msgType": "DEREG", "oriAddr": {
        "oriAddrType": "UE", "addr": ue.service_id}}).encode(), content_format=50)
    assert refused(answer) == NOT_PROTECTED
    assert register(ue) == "2.04"


def test_blocks_without_protection_are_not_assembled(net):
    """Strangers get no memory for it (RFC 7959 2.9.3): none for messages, a kilobyte for POST /akma."""
    ue = oscore_peer.Ue(net.server.port("coap"))
    for path, block1, status in (("msgin5g", b"\x0e", "4.01"), ("msgin5g", b"\x1e", "4.01"), ("akma", b"\x1e", "4.13")):
        answer = ue.plain(path, bytes(1024), content_format=60, options=[(oscore_peer.BLOCK1, block1)])
        assert refused(answer) == (False, status)
    ue.close()


def test_uri_host_chooses_the_name(net):
    """Uri-Host is the FQDN of AF_ID; without one, or by address, the only one we have (choice C14)."""
    for host in ("localhost", "LOCALHOST", "", "127.0.0.1"):
        ue = oscore_peer.Ue(net.server.port("coap"), host=host)
        a_kid, key = oscore_peer.keys(net, net.subscribers[4])
        assert ue.establish(a_kid, key).status == "2.01"
        assert ue.request("msgin5g", foreign_ue.registration(net.subscribers[4].service_id)).protected
        ue.close()
    ue = oscore_peer.Ue(net.server.port("coap"), host="elsewhere.example")
    answer = ue.akma(oscore_peer.akma_request(a_kid))
    assert (answer.status, answer.payload) == ("4.00", b"BAD_REQUEST")
    ue.close()


def test_a_repeated_post_gets_the_same_answer(net):
    """The same message: the same octets again, no second context (RFC 7252 4.2)."""
    ue = oscore_peer.Ue(net.server.port("coap"))
    a_kid, _ = oscore_peer.keys(net, net.subscribers[4])
    body = oscore_peer.akma_request(a_kid)
    sent = oscore_peer.Message(oscore_peer.CON, oscore_peer.POST, ue.next_mid(), b"tk", [
        (oscore_peer.URI_HOST, b"localhost"), (oscore_peer.URI_PATH, b"akma"), (oscore_peer.CONTENT_FORMAT, b"\x3c")], body)
    created = net.server.metric('msgin5g_oscore_establishments_total{result="created"}')
    ue.send(sent)
    first = ue.answer_to(sent.token)
    assert first.status == "2.01"
    ue.send(sent)
    ue.receive()  # the answer again, or only an acknowledgement when it was given in a message of its own
    assert net.server.metric('msgin5g_oscore_establishments_total{result="created"}') == created + 1
    ue.close()


@pytest.fixture(scope="module")
def strict(net):
    """A server with small limits."""
    server = net.start("msgin5g-server", net.server_config(
        listen=testbed.OSCORE, store={"folder": "strict"}, limits={"session_idle": "2s", "oscore_half_open": "2s", "sessions": 3}))
    return server


def test_half_open_contexts_time_out(net, strict):
    """30 s by default; here 2 s."""
    ue = new_ue(net, net.subscribers[0], strict)
    assert strict.metric('msgin5g_oscore_contexts{state="half_open"}') == 1
    testbed.wait_for(lambda: strict.metric('msgin5g_oscore_contexts_total{event="timed_out"}') == 1, what="the end of its patience")
    assert strict.metric('msgin5g_oscore_contexts{state="half_open"}') == 0
    answer = ue.request("msgin5g", foreign_ue.registration(ue.service_id))
    assert refused(answer) == NOT_PROTECTED and answer.uint(oscore_peer.MAX_AGE) == 0
    ue.close()


def test_idle_contexts_are_closed(net, strict):
    ue = new_ue(net, net.subscribers[0], strict)
    register(ue)
    assert strict.metric('msgin5g_oscore_contexts{state="open"}') == 1
    testbed.wait_for(lambda: strict.metric('msgin5g_oscore_contexts{state="open"}') == 0, what="the end of an idle context")
    assert strict.metric("msgin5g_registrations") == 1  # it waits for the UE to come back (EC-2)
    assert refused(ue.request("msgin5g", foreign_ue.registration(ue.service_id))) == NOT_PROTECTED
    assert ue.establish(ue.a_kid, ue.key).status == "2.01"
    assert register(ue) == "2.04"
    ue.close()


def test_limit_of_sessions(net, strict):
    testbed.wait_for(lambda: strict.metric("msgin5g_sessions") == 0, what="a server without sessions")
    some = [new_ue(net, subscriber, strict) for subscriber in net.subscribers[:3]]
    for ue in some:
        register(ue)
    late = oscore_peer.Ue(strict.port("coap"))
    a_kid, key = oscore_peer.keys(net, net.subscribers[3])
    answer = late.establish(a_kid, key)
    assert (answer.status, answer.payload, answer.uint(oscore_peer.MAX_AGE)) == ("5.03", b"OVERLOADED", 30)
    assert register(some[0]) == "2.04"
    for ue in [*some, late]:
        ue.close()
