"""The coaps+tcp port towards peers without a key: slow ones, noisy ones, many; nobody else suffers (decision D3)."""

import os
import socket
import time

import pytest

import foreign_ue
import testbed
import tls_peer
from openssl_tls import TLS_1_3, CSM, coap_post, connected, s_client

A_KID = b"0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % (b"C" * 42 + b"A")
IDENTITY = b"3GPP-AKMA;" + A_KID
HALF_OPEN_S = 1


@pytest.fixture(scope="module")
def lab(bed):
    """Handshakes may last a second, so that their end can be awaited."""
    bed.add_subscribers(4)
    bed.start_aanf()
    bed.start_server(limits={"half_open": "%ds" % HALF_OPEN_S})
    bed.server_uri = bed.uri("coaps+tcp")
    return bed


def port(lab):
    return lab.server.port("coaps+tcp")


def half_open(lab):
    return lab.server.metric('msgin5g_sessions{state="handshake"}')


def good_ue_registers(lab):
    begin = time.monotonic()
    code, events = lab.run_client(lab.subscribers[0], "register")
    assert code == 0, events
    assert time.monotonic() - begin < 2


def test_peer_that_says_nothing(lab):
    with tls_peer.Peer(port(lab), "127.10.0.1") as peer:
        testbed.wait_for(lambda: half_open(lab) == 1)
        assert peer.ended()
    testbed.wait_for(lambda: half_open(lab) == 0)


def test_slow_loris(lab):
    """A hello octet by octet: the time limit is for the handshake, not for a pause in it."""
    hello = tls_peer.record(22, tls_peer.client_hello(identity=IDENTITY))
    begin = time.monotonic()
    with tls_peer.Peer(port(lab), "127.10.0.2") as peer:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for octet in hello * 50:
                peer.send(bytes([octet]))
                time.sleep(0.02)
    assert HALF_OPEN_S * 0.5 < time.monotonic() - begin < HALF_OPEN_S + 3


def test_hello_octet_by_octet_is_understood(lab):
    with tls_peer.Peer(port(lab), "127.10.0.3") as peer:
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in tls_peer.record(22, tls_peer.client_hello(identity=IDENTITY)):
            peer.send(bytes([octet]))
        assert peer.alert() == 115


@pytest.mark.proves("33.117-4.4.4")
@pytest.mark.parametrize("octets", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x00\xe1\x41\x02\x42\xb7msgin5g",                              # CoAP without TLS
    b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10",                 # hello of SSL 2
    b"\x16\x03\x03\x40\x01" + bytes(0x4001),                         # a record longer than 2^14
    b"\x16\x03\x03\x00\x04\x01\xff\xff\xff",                         # a hello of 16 MB
    b"\x16\x03\x03\x00\x00" * 100,                                   # empty records
    b"\x17\x03\x03\x00\x20" + bytes(32),                             # data before any handshake
    b"\x15\x03\x03\x00\x02\x02\x28",                                 # an alert
    b"\x14\x03\x03\x00\x01\x01" * 1000,                              # ChangeCipherSpec for ever
    b"\x16\xfe\xfd" + bytes(10) + b"\x00\x04\x01\x00\x00\x00",       # DTLS
    os.urandom(3000),
], ids=["http", "coap", "ssl2", "long record", "long hello", "empty", "data", "alert", "ccs", "dtls", "noise"])
def test_garbage(lab, octets):
    """Not TLS: the connection ends at once, well before the time limit."""
    begin = time.monotonic()
    with tls_peer.Peer(port(lab), "127.10.0.4") as peer:
        try:
            peer.send(octets)
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert peer.ended()
    assert time.monotonic() - begin < HALF_OPEN_S + 1
    testbed.wait_for(lambda: half_open(lab) == 0)
    assert lab.server.process.poll() is None


def test_broken_hellos(lab):
    hello = tls_peer.record(22, tls_peer.client_hello(identity=IDENTITY))
    for place in range(0, len(hello), 5):
        with tls_peer.Peer(port(lab), "127.11.0.%d" % (place % 200 + 1)) as peer:
            peer.send(hello[:place] + bytes([hello[place] ^ 0xFF]) + hello[place + 1:])
            peer.socket.shutdown(socket.SHUT_WR)
            assert peer.ended()
    good_ue_registers(lab)


def test_second_hello_while_the_first_waits(lab):
    """The server owes an answer: whoever goes on talking is not listened to."""
    unknown = IDENTITY.replace(b"CCC", b"DDD", 1)
    hello = tls_peer.record(22, tls_peer.client_hello(identity=unknown))
    with tls_peer.Peer(port(lab), "127.10.0.5") as peer:
        peer.send(hello + hello)
        assert peer.alert() in (50, 115)
    testbed.wait_for(lambda: lab.server.metric("msgin5g_gate_pending") == 0)
    assert lab.server.metric("msgin5g_gate_held_bytes") == 0


def test_peer_that_leaves_while_it_waits(lab):
    for count in range(20):
        with tls_peer.Peer(port(lab), "127.10.0.6") as peer:
            peer.hello(identity=IDENTITY.replace(b"CCC", b"%03d" % count, 1))
    testbed.wait_for(lambda: half_open(lab) == 0)
    testbed.wait_for(lambda: lab.server.metric("msgin5g_gate_pending") == 0)
    good_ue_registers(lab)


@pytest.mark.proves("33.117-4.2.3.3")
@pytest.mark.parametrize("source", [
    lambda number: "127.12.%d.%d" % (number // 250, number % 250 + 1),
    lambda number: "127.13.0.1",
], ids=["many sources", "one source"])
def test_400_silent_connections_keep_nobody_out(lab, source):
    peers = [tls_peer.Peer(port(lab), source(number)) for number in range(400)]
    try:
        good_ue_registers(lab)
    finally:
        for peer in peers:
            peer.socket.close()
    testbed.wait_for(lambda: half_open(lab) == 0, 15)


def test_one_source_has_16_handshakes_under_way(lab):
    """The oldest goes when another one comes."""
    peers = [tls_peer.Peer(port(lab), "127.14.0.1") for _ in range(40)]
    testbed.wait_for(lambda: 0 < half_open(lab) <= 16, 5)
    for peer in peers:
        peer.socket.close()


@pytest.mark.proves(on="tls1.3")
def test_n13_unknown_identities_ask_once_each(lab):
    before = lab.server.metric("msgin5g_aanf_requests_total")
    unknown = IDENTITY.replace(b"CCC", b"EEE", 1)
    for number in range(10):
        with tls_peer.Peer(port(lab), "127.15.0.%d" % (number + 1)) as peer:
            peer.hello(identity=unknown)
            assert peer.alert() == 115
    assert lab.server.metric("msgin5g_aanf_requests_total") - before == 1


def test_ue_that_sends_half_a_message(lab):
    """Authenticated, then stuck in the middle of a frame: its own session waits, nobody else's."""
    subscriber = lab.subscribers[2]
    identity, key = foreign_ue.keys(lab, subscriber, "0100000007")
    request = CSM + coap_post(foreign_ue.registration(subscriber.service_id))[:-20]
    output = s_client(port(lab), identity, key, TLS_1_3, request=request, until=rb"Verify return code")
    assert connected(output), output
    good_ue_registers(lab)


def test_frame_that_claims_to_be_huge(lab):
    """A length of 4 GB is beyond the Max-Message-Size of our CSM: the session ends, nothing is reserved for it."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[2], "0100000007")
    begin = time.monotonic()
    output = s_client(port(lab), identity, key, TLS_1_3, request=CSM + b"\xf1\xff\xff\xff\xff\x02\x42", timeout_s=5)
    assert connected(output), output
    assert time.monotonic() - begin < 4, "the server did not close"
    good_ue_registers(lab)
