"""Datagrams no honest client sends: nothing of them reaches the AAnF, and nobody else suffers (decision D3, N2, N13)."""

import os
import socket

import pytest

import dtls_octets
import testbed

IDENTITY = b"3GPP-AKMA;0." + b"A" * 43 + b"@5gc.mnc001.mcc001.3gppnetwork.org"
BOTH = (dtls_octets.DTLS_1_3, dtls_octets.DTLS_1_2)


@pytest.fixture
def peer(lab):
    """A UDP socket towards the server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.connect(("127.0.0.1", lab.server.port("coaps")))
        made.settimeout(5)
        yield made


def asked(lab):
    return lab.server.metric("msgin5g_aanf_requests_total")


def good_ue_registers(lab, place=0):
    assert lab.run_client(lab.subscribers[place], "register")[0] == 0


def test_hello_without_cookie_asks_nobody(lab, peer):
    before = asked(lab)
    peer.send(dtls_octets.record(1, dtls_octets.client_hello()))
    assert peer.recv(2048)[13] == 3  # HelloVerifyRequest
    peer.send(dtls_octets.record(1, dtls_octets.client_hello(identity=IDENTITY, versions=BOTH), 1))
    good_ue_registers(lab)
    assert asked(lab) - before == 1  # for the good one


@pytest.mark.proves("N13", on="dtls1.2 dtls1.3")
def test_invented_cookies_ask_nobody(lab, peer):
    before = asked(lab)
    bad = lab.server.metric("msgin5g_gate_bad_cookies_total")
    peer.send(dtls_octets.record(1, dtls_octets.client_hello(identity=IDENTITY, versions=BOTH, cookie=os.urandom(67)),
                                 message_sequence=1))
    testbed.wait_for(lambda: lab.server.metric("msgin5g_gate_bad_cookies_total") == bad + 1)
    peer.send(dtls_octets.record(1, dtls_octets.client_hello(legacy_cookie=os.urandom(32)), 1, 1))
    peer.send(dtls_octets.record(16, dtls_octets.vector(2, IDENTITY), 2, 2))
    good_ue_registers(lab, 1)
    assert asked(lab) - before == 1


@pytest.mark.proves("N16", on="dtls1.2")
@pytest.mark.parametrize("server_name, alert", [(None, 109), ("other.example", 112)])
def test_server_name_is_judged_with_the_cookie(lab, peer, server_name, alert):
    """The first ClientHello is answered with a cookie whatever it says; the second one with an alert."""
    peer.send(dtls_octets.record(1, dtls_octets.client_hello(server_name)))
    verify_request = peer.recv(2048)
    assert verify_request[13] == 3
    cookie = verify_request[28:28 + verify_request[27]]
    peer.send(dtls_octets.record(1, dtls_octets.client_hello(server_name, legacy_cookie=cookie), 1, 1))
    assert dtls_octets.alert_of(peer.recv(2048)) == alert


def test_garbage_of_every_kind(lab, peer):
    """No crash, no answer that helps anybody, and a good UE comes through."""
    hello = dtls_octets.record(1, dtls_octets.client_hello(identity=IDENTITY, versions=BOTH, cookie=b"c" * 40))
    for length in range(0, len(hello), 7):
        peer.send(hello[:length])
    for place in range(13, len(hello), 3):
        peer.send(hello[:place] + bytes([hello[place] ^ 0xFF]) + hello[place + 1:])
    for length in (1, 13, 25, 100, 1400, 9000):
        peer.send(os.urandom(length))
    good_ue_registers(lab, 2)
    assert lab.server.process.poll() is None


def test_fragments_for_ever(lab, peer):
    """Pieces of messages that never become whole cost a bounded amount and nobody's session."""
    body = dtls_octets.client_hello(identity=IDENTITY, versions=BOTH, cookie=b"c" * 40)
    for sequence in range(300):
        peer.send(dtls_octets.record(1, body, sequence, sequence % 7, sequence % 100, 10))
    good_ue_registers(lab, 3)


def test_many_peers_in_the_middle_of_a_handshake(lab):
    """Half-open handshakes of one source are limited, and end; a UE with a key is in at once."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(500)]
    try:
        for made in sockets:
            made.connect(("127.0.0.1", lab.server.port("coaps")))
            made.send(dtls_octets.record(1, dtls_octets.client_hello(legacy_cookie=os.urandom(32)), 0, 1))
        good_ue_registers(lab, 4)
    finally:
        for made in sockets:
            made.close()
    testbed.wait_for(lambda: lab.server.metric('msgin5g_sessions{state="handshake"}') == 0, 15)
