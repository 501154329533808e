"""DTLS 1.3 between our two ends, judged by the octets that pass (RFC 9147, RFC 8446): version, suite, psk_dhe_ke, no ticket."""

import struct

import pytest

import udp_relay

SUPPORTED_VERSIONS, PRE_SHARED_KEY, PSK_MODES, KEY_SHARE, COOKIE, SERVER_NAME = 43, 41, 45, 51, 44, 0


@pytest.fixture(scope="module")
def passed(lab):
    """Everything that passed while a UE registered and sent a message to one that listens elsewhere."""
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve)
    listener.event("registered")
    with udp_relay.Relay(lab.server.port("coaps")) as relay:
        real, lab.server_uri = lab.server_uri, "coaps://localhost:%d" % relay.port
        code, _ = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "CLEARTEXT-MARKER", "--report",
                                 "--tls", "1.3")
        lab.server_uri = real
        assert code == 0
        listener.event("message", payload="CLEARTEXT-MARKER")
        assert listener.stop() == 0
        return relay.passed


def hellos(datagrams, kind):
    """Bodies of ClientHello (1) or ServerHello (2) in plaintext records, fragments not expected."""
    found = []
    for datagram in datagrams:
        at = 0
        while at + 13 <= len(datagram) and datagram[at] == 22:
            length = struct.unpack(">H", datagram[at + 11:at + 13])[0]
            body = datagram[at + 13:at + 13 + length]
            if body[0] == kind:
                found.append(body[12:])
            at += 13 + length
    return found


def extensions(body, client):
    at = 34
    at += 1 + body[at]  # session id
    if client:
        at += 1 + body[at]  # legacy cookie
        at += 2 + struct.unpack(">H", body[at:at + 2])[0]  # suites
        at += 1 + body[at]  # compression
    else:
        at += 3
    end = at + 2 + struct.unpack(">H", body[at:at + 2])[0]
    at += 2
    found = {}
    while at < end:
        kind, length = struct.unpack(">HH", body[at:at + 4])
        found[kind] = body[at + 4:at + 4 + length]
        at += 4 + length
    return found


def test_hello_retry_request_brings_the_cookie(passed):
    first, second = hellos(passed["up"], 1)[:2]
    assert COOKIE not in extensions(first, True)
    assert COOKIE in extensions(second, True)


def test_client_offers_what_24_109_k_3_3_wants(passed):
    hello = extensions(hellos(passed["up"], 1)[-1], True)
    assert hello[SERVER_NAME].endswith(b"localhost")
    assert b"3GPP-AKMA;0." in hello[PRE_SHARED_KEY]
    assert hello[PSK_MODES] == b"\x01\x01"  # psk_dhe_ke alone
    assert hello[SUPPORTED_VERSIONS] == b"\x02\xfe\xfc"


def test_server_chooses_dtls_1_3_with_key_share(passed):
    body = hellos(passed["down"], 2)[-1]
    hello = extensions(body, False)
    assert hello[SUPPORTED_VERSIONS] == b"\xfe\xfc"
    assert hello[PRE_SHARED_KEY] == b"\0\0"  # the AKMA identity
    assert KEY_SHARE in hello
    suite_at = 35 + body[34]
    assert body[suite_at:suite_at + 2] == b"\x13\x01"


def test_everything_after_the_hellos_is_protected(passed):
    for datagram in passed["up"] + passed["down"]:
        assert b"CLEARTEXT-MARKER" not in datagram
        assert datagram[0] == 22 or datagram[0] & 0xE0 == 0x20, datagram[:16].hex()
    assert any(datagram[0] & 0xE0 == 0x20 for datagram in passed["down"])
