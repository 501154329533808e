"""Peers without a key cost the AAnF nothing and keep nobody out (decision D3)."""

import os
import socket
import time

import pytest

import dtls12_peer
import foreign_ue
import testbed
import udp_relay

A_KID = b"3GPP-AKMA;0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % (b"B" * 42 + b"A")


@pytest.fixture(scope="module")
def hello_1_3(lab):
    """Datagrams of a real DTLS 1.3 handshake of our client: both ClientHellos."""
    with udp_relay.Relay(lab.server.port("coaps")) as relay:
        real, lab.server_uri = lab.server_uri, "coaps://localhost:%d" % relay.port
        assert lab.run_client(lab.subscribers[0], "register", "--tls", "1.3")[0] == 0
        lab.server_uri = real
        hellos = [datagram for datagram in relay.passed["up"] if datagram[0] == 22 and datagram[13] == 1]
        assert len(hellos) >= 2, "the server did not ask for its cookie"
        return hellos


def asked(lab):
    return lab.server.metric("msgin5g_aanf_requests_total")


def send_from(source, lab, octets):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((source, 0))
        peer.settimeout(2)
        peer.sendto(octets, ("127.0.0.1", lab.server.port("coaps")))
        try:
            return peer.recv(4096)
        except TimeoutError:
            return b""


def test_hello_without_cookie_never_reaches_the_aanf(lab, hello_1_3):
    before = asked(lab)
    for number in range(50):
        answer = send_from("127.0.3.%d" % (number + 1), lab, hello_1_3[0])
        assert answer[:1] == b"\x16", "a HelloRetryRequest was expected"
    assert asked(lab) == before


@pytest.mark.proves("N13", on="dtls1.3")
def test_cookie_of_somebody_else_is_worth_nothing(lab, hello_1_3):
    """N13: a ClientHello with a cookie, sent again from another address and port."""
    before, bad = asked(lab), lab.server.metric("msgin5g_gate_bad_cookies_total")
    for number in range(20):
        send_from("127.0.4.%d" % (number + 1), lab, hello_1_3[1])
    assert lab.server.metric("msgin5g_gate_bad_cookies_total") >= bad + 20
    assert asked(lab) == before


@pytest.mark.proves("N14", on="dtls1.2")
@pytest.mark.parametrize("source", [
    lambda number: "127.1.%d.%d" % (number // 250, number % 250 + 1),  # everywhere
    lambda number: "127.2.0.1",                                          # one address
], ids=["many sources", "one source"])
def test_1000_peers_with_a_wrong_key_keep_nobody_out(lab, source):
    identity, _ = foreign_ue.keys(lab, lab.subscribers[1], foreign_ue.UA_ID_CCAC)
    peers = []
    for start in range(0, 1000, 100):
        chunk = [dtls12_peer.Peer(lab.server.port("coaps"), source(start + number)) for number in range(100)]
        for peer in chunk:
            peer.socket.settimeout(0.05)
            peer.hello()
        for peer in chunk:
            try:
                peer.hello(peer.cookie())
                peer.socket.recv(4096)
                peer.key_exchange(identity.encode())
                peer.garbage_finish()
            except TimeoutError:
                pass  # refused by a limit; that is one peer less to bear
        peers += chunk
    half_open = lab.server.metric('msgin5g_sessions{state="handshake"}')
    assert half_open > 0
    begin = time.monotonic()
    code, _ = lab.run_client(lab.subscribers[0], "register", "--tls", "1.2")
    seconds = time.monotonic() - begin
    assert code == 0
    assert seconds < 1.0
    testbed.wait_for(lambda: lab.server.metric('msgin5g_sessions{state="handshake"}') == 0, 15,
                     "the age limit of half-open handshakes")
    for peer in peers:
        peer.close()


@pytest.mark.proves("N1", "N13", on="dtls1.2")
def test_unknown_identities_ask_once_each_and_are_bounded(lab):
    """Single flight and refusals remembered: one A-KID from many peers is one request."""
    before = asked(lab)
    lines, begin = lab.server.log().count("handshake refused"), time.monotonic()
    for number in range(20):
        peer = dtls12_peer.Peer(lab.server.port("coaps"), "127.5.0.%d" % (number + 1))
        peer.hello()
        peer.hello(peer.cookie())
        peer.socket.recv(4096)
        peer.key_exchange(A_KID)
        assert peer.alert() == 115
        peer.close()
    assert asked(lab) - before == 1
    # Nor do they fill the log: one line a second.
    assert lab.server.log().count("handshake refused") - lines <= time.monotonic() - begin + 1


@pytest.mark.proves("N2", on="dtls1.2")
@pytest.mark.parametrize("identity, number", [
    (b"3GPP-AKMA;0.abc\0def@realm.example", 115),
    (b"", 115),
    (b"ticket-like octets \xff\xfe\xfd", 115),
    (b"3GPP-AKMA;" + b"a" * 1000, 115),
])
def test_hostile_identities(lab, identity, number):
    peer = dtls12_peer.Peer(lab.server.port("coaps"), "127.6.0.1")
    peer.hello()
    peer.hello(peer.cookie())
    peer.socket.recv(4096)
    peer.key_exchange(identity)
    assert peer.alert() == number
    peer.close()


@pytest.mark.proves("33.117-4.4.4")
def test_garbage_is_dropped_and_others_do_not_notice(lab):
    """Random octets, truncated and contradictory records, at the port and inside of handshakes."""
    meter, valve = lab.subscribers[2:4]
    listener = lab.listen(valve)
    listener.event("registered")
    good = dtls12_peer.record(22, 0, dtls12_peer.handshake(1, 0, dtls12_peer.client_hello(os.urandom(32))))
    for number in range(400):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.7.0.%d" % (number % 200 + 1), 0))
            octets = bytearray(good if number % 2 else os.urandom(1 + number))
            octets[number % len(octets)] ^= 1 << number % 8
            peer.sendto(octets[:len(octets) - number % 7], ("127.0.0.1", lab.server.port("coaps")))
    code, _ = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "undisturbed", "--report")
    assert code == 0
    assert listener.event("message")["payload"] == "undisturbed"
    assert listener.stop() == 0
