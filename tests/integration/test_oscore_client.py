"""Our client over OSCORE: messages, loss, another address, keys that expire, a server that forgot; and what is on the wire."""

import collections
import random
import secrets
import time

import pytest

import oscore_peer
import testbed
import udp_relay

pytestmark = pytest.mark.proves(on="oscore")
PROTECTION = "OSCORE AES-CCM-16-64-128"


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(6)
    bed.start_aanf()
    bed.start_server(listen=testbed.OSCORE)
    bed.coap = bed.uri("coap")
    return bed


def send(net, sender, receiver, text, uri, *more):
    return net.run_client(sender, "send", "--to", receiver.service_id, "--payload", text, "--report", *more, uri=uri)


def names(events):
    return [event["event"] for event in events]


@pytest.mark.parametrize("schemes", [("coap", "coap"), ("coap", "coaps"), ("coaps+tcp", "coap")], ids=" to ".join)
def test_message_and_report(net, schemes):
    """Whatever protects the other side: the message arrives, and its report comes back."""
    meter, valve = net.subscribers[:2]
    listener = net.listen(valve, "--count", 1, uri=net.uri(schemes[1]))
    registered = listener.event("registered")
    assert (registered["protection"] == PROTECTION) == (schemes[1] == "coap")
    code, events = send(net, meter, valve, "over %s" % schemes[0], net.uri(schemes[0]))
    assert code == 0, events
    assert listener.event("message", payload="over %s" % schemes[0])["from"] == meter.service_id
    assert listener.process.wait(10) == 0


def test_large_message(net):
    """Segments, and each of them in blocks (RFC 7959): inside of OSCORE."""
    meter, valve = net.subscribers[:2]
    text = "0123456789abcdef" * 1000
    listener = net.listen(valve, "--count", 1, uri=net.coap)
    listener.event("registered")
    assert send(net, meter, valve, text, net.coap)[0] == 0
    listener.event("message", payload=text)


def test_coap_alone_is_refused(net):
    """Before anything is sent."""
    argv = net.client_argv(net.subscribers[0], "register", uri=net.coap)
    argv.remove("--oscore")
    asked = net.server.metric("msgin5g_oscore_unprotected_total")
    assert net._run(argv, 20)[0] == 2
    assert net._run(argv + ["--oscore", "--server", net.uri("coaps")], 20)[0] == 2
    assert net.server.metric("msgin5g_oscore_unprotected_total") == asked


def test_n1_unknown_a_kid(net):
    """4.01 to POST /akma: a fresh key is asked for; with none to be had, exit code 5."""
    a_kid = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
    key = net.write("unknown.key", secrets.token_hex(32))
    code, events = net.run_plain("register", "--service-id", net.subscribers[0].service_id, "--a-kid", a_kid, "--k-akma",
                                 "@%s" % key, uri=net.coap)
    assert code == 5, events


def test_n5_another_key(net):
    """The right A-KID, another K_AKMA: what it protects is not verified, and nobody is registered."""
    a_kid, _ = oscore_peer.keys(net, net.subscribers[5])
    key = net.write("wrong.key", secrets.token_hex(32))
    code, events = net.run_plain("register", "--service-id", net.subscribers[5].service_id, "--a-kid", a_kid, "--k-akma",
                                 "@%s" % key, uri=net.coap)
    assert code == 5, events
    assert "registered" not in names(events)


def test_n15_service_id_of_another_ue(net):
    code, events = net.run_client(net.subscribers[0], "register", service_id=net.subscribers[1].service_id, uri=net.coap)
    assert code == 6, events


def test_nobody_listens(net):
    started = time.monotonic()
    assert net.run_client(net.subscribers[0], "register", uri="coap://localhost:1")[0] == 4
    assert time.monotonic() - started < 10


# ---- the path ----

def through(relay):
    return "coap://localhost:%d" % relay.port


def test_only_akma_goes_unprotected(net):
    """TS 33.535 D.3: all but the first exchange has an OSCORE option, and says nothing to who listens."""
    meter, valve = net.subscribers[:2]
    with udp_relay.Relay(net.server.port("coap")) as relay:
        listener = net.listen(valve, "--count", 1, uri=through(relay))
        listener.event("registered")
        assert send(net, meter, valve, "for nobody else", through(relay))[0] == 0
        assert listener.process.wait(10) == 0
        seen = [(direction, oscore_peer.decode(octets)) for direction, octets in relay.in_order]
    in_clear = [(direction, message) for direction, message in seen
                if message.code != oscore_peer.EMPTY and message.option(oscore_peer.OSCORE) is None]
    assert {direction for direction, _ in in_clear} == {"up", "down"}
    for direction, message in in_clear:
        if direction == "up":
            assert message.code == oscore_peer.POST and message.option(oscore_peer.URI_PATH) == b"akma"
            assert message.option(oscore_peer.URI_HOST) == testbed.FQDN.encode()
        else:
            assert message.status == "2.01"
    assert len([1 for direction, _ in in_clear if direction == "up"]) == 2  # one each
    everything = b"".join(octets for _, octets in relay.in_order)
    assert b"for nobody else" not in everything and meter.service_id.encode() not in everything
    assert sum(message.option(oscore_peer.OSCORE) is not None for _, message in seen) >= 12


def test_every_sixth_datagram_is_lost(net):
    meter, valve = net.subscribers[2:4]
    lost = []
    dice = random.Random(2)

    def lose(direction, number, octets):
        if dice.randrange(6) == 0:
            lost.append(octets)
            return []
        return [(0, octets)]

    with udp_relay.Relay(net.server.port("coap"), lose) as relay:
        listener = net.listen(valve, uri=through(relay))
        listener.event("registered", timeout_s=40)
        code, events = net.run_client(meter, "send", "--to", valve.service_id, "--payload", "in spite of all", "--report",
                                      "--timeout", 50, uri=through(relay), timeout_s=60)
        assert code == 0, events
        listener.event("message", payload="in spite of all")
        listener.stop(30)
    assert lost
    assert sum(event["event"] == "message" for event in listener.events) == 1


def test_everything_comes_twice(net):
    meter, valve = net.subscribers[:2]
    with udp_relay.Relay(net.server.port("coap"), lambda direction, number, octets: [(0, octets), (0.01, octets)]) as relay:
        listener = net.listen(valve, uri=through(relay))
        listener.event("registered")
        for number in range(3):
            assert send(net, meter, valve, "twice %d" % number, through(relay))[0] == 0
            listener.event("message", payload="twice %d" % number)
        assert listener.stop() == 0
    assert sum(event["event"] == "message" for event in listener.events) == 3


def establishments(relay):
    return sum(oscore_peer.decode(octets).option(oscore_peer.URI_PATH) == b"akma" for octets in relay.passed["up"])


def test_another_address(net):
    """A NAT forgets: with the next message of the UE the server knows where it is, without a new context."""
    meter, valve = net.subscribers[:2]
    with udp_relay.Relay(net.server.port("coap")) as relay:
        listener = net.listen(valve, "--lifetime", "2s", uri=through(relay))
        listener.event("registered")
        for _ in range(3):
            relay.move()
            passed = len(relay.passed["up"])
            testbed.wait_for(lambda: len(relay.passed["up"]) > passed + 1, what="a refresh from another address")
            assert send(net, meter, valve, "where you are now", net.coap)[0] == 0
            listener.event("message", payload="where you are now")
        assert establishments(relay) == 1
        assert listener.stop() == 0


# ---- contexts that go ----

@pytest.fixture
def short_lived(tmp_path):
    """Keys that live for three seconds."""
    with testbed.Testbed(tmp_path) as made:
        made.add_subscribers(2)
        made.start_aanf(k_af_lifetime="3s")
        made.start_server(listen=testbed.OSCORE)
        made.coap = made.uri("coap")
        yield made


def test_messages_around_the_rollover(short_lived):
    """Over several lives of the listener's K_AF each message arrives exactly once, or its sender hears that it did not."""
    net = short_lived
    meter, valve = net.subscribers
    with udp_relay.Relay(net.server.port("coap")) as relay:
        listener = net.listen(valve, "--backoff", "50", uri=through(relay))
        listener.event("registered")
        told = {}
        deadline = time.monotonic() + 60
        while establishments(relay) < 4:
            assert time.monotonic() < deadline
            payload = "rollover %d" % len(told)
            told[payload] = send(net, meter, valve, payload, net.coap, "--timeout", 4)[0]
            assert told[payload] in (0, 4, 9)  # delivered, or the sender hears that it knows nothing, or that it was not
        assert listener.stop() == 0
    arrived = collections.Counter(event["payload"] for event in listener.events if event["event"] == "message")
    for payload, code in told.items():
        assert arrived[payload] == 1 if code == 0 else arrived[payload] <= 1, (payload, code, arrived[payload])
    assert sum(code == 0 for code in told.values()) > len(told) / 2


def test_server_that_was_started_again(tmp_path):
    """It knows no context any more: the client hears so at its next refresh, and establishes another one."""
    port = testbed.free_port()
    listen = {"oscore": {"enabled": True, "host": "127.0.0.1", "port": port}}
    with testbed.Testbed(tmp_path) as net:
        meter, valve = net.add_subscribers(2)
        net.start_aanf()
        net.start_server(listen=listen)
        listener = net.listen(valve, "--lifetime", "2s", "--backoff", "50", uri=net.uri("coap"))
        listener.event("registered")
        net.daemons.remove(net.server)
        assert net.server.stop() == 0
        net.start_server(listen=listen)
        listener.event("registered")
        assert send(net, meter, valve, "back again", net.uri("coap"))[0] == 0
        listener.event("message", payload="back again")
        assert listener.stop() == 0
