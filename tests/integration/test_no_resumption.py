"""No resumption and no early data on MSGin5G-1 (section 4.3 of the AKMA digest): each session begins with the PSK.

What `openssl s_client -sess_out` and `-sess_in` see is in test_interop_dtls.py and test_interop_tls.py.
"""

import ctypes
import os

import pytest

import dtls12_peer
import dtls13_peer
import foreign_ue
import openings
import profiles
import tls_peer
from dtls_octets import extension, vector
from openssl_tls import CSM, TLS_1_3, alert, coap_post, connected, s_client

SESSION_TICKET, EARLY_DATA = 35, 42
SERVER_HELLO, SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE = 2, 12, 14


def test_session_id_in_dtls_1_2(lab):
    """A hello that wants to resume gets a full handshake: after ServerHelloDone the server waits for the PSK identity."""
    peer = dtls12_peer.Peer(lab.server.port("coaps"))
    session_id = os.urandom(32)
    peer.hello(session_id=session_id)
    peer.hello(peer.cookie(), session_id=session_id)
    assert peer.handshake_types(3) == [SERVER_HELLO, SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE]
    peer.close()


@pytest.mark.parametrize("session_id", [b"", b"s" * 32], ids=["ticket", "ticket and session id"])
def test_ticket_in_1_2(lab, session_id):
    """A ticket, of us or not, means nothing: the same over TLS and DTLS."""
    ticket = extension(SESSION_TICKET, os.urandom(180))
    with tls_peer.Peer(lab.server.port("coaps+tcp")) as peer:
        peer.hello(versions=None, session_id=session_id, more=ticket)
        assert peer.handshake_types(3) == [SERVER_HELLO, SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE]
    peer = dtls12_peer.Peer(lab.server.port("coaps"))
    peer.hello(session_id=session_id, more=ticket)
    peer.hello(peer.cookie(), session_id=session_id, more=ticket)
    assert peer.handshake_types(3) == [SERVER_HELLO, SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE]
    peer.close()


@profiles.each_of(profiles.DTLS_1_3, profiles.TLS_1_3)
def test_ticket_in_1_3(lab, profile):
    """A ticket is an identity like any other, and no A-KID."""
    assert openings.attempt(lab, profile, "ticket-" + "x" * 180) == (False, 115)


def test_no_ticket_comes(lab):
    """TLS 1.3: neither after the handshake nor later, so there is nothing to come back with."""
    subscriber = lab.subscribers[0]
    identity, key = foreign_ue.keys(lab, subscriber, "0100000007")
    output = s_client(lab.server.port("coaps+tcp"), identity, key, TLS_1_3, until=rb'"regExpTime"',
                      request=CSM + coap_post(foreign_ue.registration(subscriber.service_id)))
    assert connected(output) and b'"result":true' in output, output
    assert b"NewSessionTicket" not in output and b"New Session Ticket arrived" not in output


def write_psk_session(path, key):
    """A session for `s_client -psk_session`: an external PSK that permits early data."""
    ssl, crypto = ctypes.CDLL("libssl.so.3"), ctypes.CDLL("libcrypto.so.3")
    for function in (ssl.TLS_client_method, ssl.SSL_CTX_new, ssl.SSL_new, ssl.SSL_SESSION_new, ssl.SSL_CIPHER_find,
                     crypto.BIO_new_file):
        function.restype = ctypes.c_void_p
    context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
    connection = ctypes.c_void_p(ssl.SSL_new(context))
    session = ctypes.c_void_p(ssl.SSL_SESSION_new())
    cipher = ctypes.c_void_p(ssl.SSL_CIPHER_find(connection, b"\x13\x01"))
    assert ssl.SSL_SESSION_set1_master_key(session, key, ctypes.c_size_t(len(key))) == 1
    assert ssl.SSL_SESSION_set_cipher(session, cipher) == 1
    assert ssl.SSL_SESSION_set_protocol_version(session, 0x0304) == 1
    assert ssl.SSL_SESSION_set_max_early_data(session, ctypes.c_uint32(16384)) == 1
    file = ctypes.c_void_p(crypto.BIO_new_file(str(path).encode(), b"w"))
    assert ssl.PEM_write_bio_SSL_SESSION(file, session) == 1
    crypto.BIO_free(file)
    ssl.SSL_SESSION_free(session)
    ssl.SSL_free(connection)
    ssl.SSL_CTX_free(context)


def test_early_data_of_tls_1_3(lab, tmp_path):
    """0-RTT can be replayed: what comes before the Finished is not read, even from the holder of the key."""
    subscriber = lab.subscribers[1]
    identity, key = foreign_ue.keys(lab, subscriber, "0100000007")
    write_psk_session(tmp_path / "session.pem", key)
    early = tmp_path / "early"
    early.write_bytes(CSM + coap_post(foreign_ue.registration(subscriber.service_id)))
    before = lab.server.metric("msgin5g_registrations")
    output = s_client(lab.server.port("coaps+tcp"), identity, key, TLS_1_3, "-psk_identity", identity, "-psk_session",
                      str(tmp_path / "session.pem"), "-early_data", str(early), until=rb"Verify return code", psk=False)
    # wolfSSL takes a record of early data for a broken one of the handshake (alert 20), when it is there already.
    assert connected(output) and b"Early data was rejected" in output or alert(output) == 20, output
    assert lab.server.metric("msgin5g_registrations") == before


def test_early_data_of_dtls_1_3(lab):
    """The extension is not taken up, and a record of epoch 1 before the Finished changes nothing."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[2], "0100000009")
    completed = lab.server.metric('msgin5g_handshakes_total{result="completed"}')
    with dtls13_peer.Peer(lab.server.port("coaps"), identity.encode(), key, more=extension(EARLY_DATA, b"")) as peer:
        assert peer.retry() is None
        peer.socket.send(peer.second)
        peer.socket.send(b"\x2d\0\0" + vector(2, os.urandom(64)))
        assert peer.answer() is None  # a ServerHello: an ordinary handshake goes on
    assert lab.server.metric('msgin5g_handshakes_total{result="completed"}') == completed
    assert lab.run_client(lab.subscribers[2], "register")[0] == 0
