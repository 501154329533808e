"""coaps+tcp with peers we did not write: they get in with a real A-KID and K_AF, and are refused with the right alert."""

import json
import re
import subprocess

import pytest

import foreign_ue
import tls_peer
from openssl_tls import CSM, TLS_1_2, TLS_1_3, alert, coap_post, connected, s_client

UA_ID_TLS_1_3 = "0100000007"
VERSIONS = pytest.mark.parametrize("version, ua_id", [(TLS_1_2, foreign_ue.UA_ID_CCAC), (TLS_1_3, UA_ID_TLS_1_3)],
                                   ids=["1.2", "1.3"])
A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
SOME_KEY = b"\x01" * 32

pytestmark = pytest.mark.proves(on="tls{version}")


def port(lab):
    return lab.server.port("coaps+tcp")


@VERSIONS
def test_openssl_registers(lab, version, ua_id):
    subscriber = lab.subscribers[0]
    identity, key = foreign_ue.keys(lab, subscriber, ua_id)
    output = s_client(port(lab), identity, key, version, until=rb'"regExpTime":3600',
                      request=CSM + coap_post(foreign_ue.registration(subscriber.service_id)))
    assert connected(output), output
    assert b'"result":true' in output, output
    assert (b"PSK identity hint: 3GPP-AKMA" in output) == (version == TLS_1_2)


@pytest.mark.parametrize("program", ["coap-client-openssl", "coap-client-gnutls"])
def test_coap_client_registers(lab, program):
    """Their -k is text, so K_AF must not hold a zero octet; they always exit with 0, so the answer counts."""
    subscriber = lab.subscribers[1]
    identity, key = foreign_ue.keys(lab, subscriber, foreign_ue.UA_ID_CCAC, text=True)
    body = lab.write("reg.json", foreign_ue.registration(subscriber.service_id).decode())
    done = subprocess.run([program.encode(), b"-m", b"post", b"-t", b"50", b"-B", b"5", b"-f", str(body).encode(), b"-u",
                           identity.encode(), b"-k", key, (lab.uri("coaps+tcp") + "/msgin5g").encode()],
                          capture_output=True, timeout=20)
    answer = re.search(rb"\{.*\}", done.stdout)
    assert answer, (done.stdout, done.stderr)
    assert json.loads(answer.group(0)) == {"oriAddr": {"oriAddrType": "UE", "addr": subscriber.service_id},
                                           "result": True, "regExpTime": 3600}


def gnutls(lab, identity, key, priority):
    """True when gnutls-cli took the server's Finished, else what it printed. Its word for people is of no use: with the
    hint of TLS 1.2 it crashes while it prints the session (GnuTLS 3.7.9)."""
    done = subprocess.run(["gnutls-cli", "-p", str(port(lab)), "--pskusername", identity, "--pskkey", key.hex(),
                           "--priority", priority, "--sni-hostname", "localhost", "-d", "4", "127.0.0.1"],
                          input=b"", capture_output=True, timeout=15)
    output = done.stdout + done.stderr
    return True if b"FINISHED (20) was received" in output and b"alert" not in output.lower() else output


@pytest.mark.parametrize("priority, ua_id", [
    ("NONE:+VERS-TLS1.2:+CHACHA20-POLY1305:+AEAD:+SHA256:+ECDHE-PSK:+GROUP-ALL:+COMP-NULL:+SIGN-ALL",
     foreign_ue.UA_ID_CCAC),
    ("NONE:+VERS-TLS1.3:+AES-128-GCM:+AEAD:+ECDHE-PSK:+GROUP-ALL:+SIGN-ALL", UA_ID_TLS_1_3),
], ids=["1.2", "1.3"])
def test_gnutls_handshake(lab, priority, ua_id):
    """In with the key of its Ua* id, out without; the alert for an identity nobody has is understood."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[2], ua_id)
    assert gnutls(lab, identity, key, priority) is True
    assert gnutls(lab, identity, SOME_KEY, priority) is not True
    assert b"[115]" in gnutls(lab, "3GPP-AKMA;" + A_KID, SOME_KEY, priority)


@pytest.mark.proves(on="tls1.2")
@pytest.mark.parametrize("cipher", ["PSK-AES128-CCM8", "PSK-AES128-GCM-SHA256", "ECDHE-PSK-AES128-CBC-SHA256",
                                    "DHE-PSK-AES128-GCM-SHA256", "PSK-CHACHA20-POLY1305", "PSK-NULL-SHA256",
                                    "ECDHE-ECDSA-AES128-GCM-SHA256"])
def test_n16_no_other_suite_of_1_2(lab, cipher):
    output = s_client(port(lab), "3GPP-AKMA;x", SOME_KEY, ("-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"))
    assert alert(output) == 40 and not connected(output), output


@pytest.mark.proves(on="tls1.3")
@pytest.mark.parametrize("suite", ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_n16_no_other_suite_of_1_3(lab, suite):
    """TLS_AES_128_GCM_SHA256 alone: SHA-384 cannot go with this PSK, and wolfSSL's server takes no other with one."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[3], UA_ID_TLS_1_3)
    output = s_client(port(lab), identity, key, ("-tls1_3", "-ciphersuites", suite))
    assert alert(output) is not None and not connected(output), output


@pytest.mark.proves(on="tls1.2 tls1.3")
@pytest.mark.parametrize("options", [("-tls1_3",), ("-tls1_2",), ("-no_tls1_3", "-no_tls1_2", "-cipher",
                                                                  "DEFAULT:@SECLEVEL=0"), ()],
                         ids=["1.3", "1.2", "older", "all"])
def test_n16_no_psk_offered(lab, options):
    output = s_client(port(lab), None, None, options, psk=False)
    assert not connected(output), output
    assert alert(output) is not None, output


@pytest.mark.proves(on="tls1.3")
def test_n16_psk_ke_alone(lab):
    """Without (EC)DHE there is no forward secrecy; no stack at hand offers psk_ke alone, so octets by hand."""
    with tls_peer.Peer(port(lab)) as peer:
        peer.hello(identity=b"3GPP-AKMA;" + A_KID.encode(), modes=b"\0")
        assert peer.alert() == 40


@VERSIONS
@pytest.mark.parametrize("server_name, number", [(None, 109), ("other.example", 112)])
def test_n16_server_name_is_required_and_checked(lab, version, ua_id, server_name, number):
    del ua_id
    output = s_client(port(lab), "3GPP-AKMA;" + A_KID, SOME_KEY, version, server_name=server_name)
    assert alert(output) == number, output


@VERSIONS
@pytest.mark.parametrize("identity", [
    "3GPP-AKMA;" + A_KID,  # N1: nobody has it
    A_KID,                 # N2: no prefix
    "3GPP-AKMA;0.short@realm.example",
    "3GPP-AKMA;no-at-sign",
    "3GPP-AKMA;" + "x" * 240,
    "3GPP-SEAL;42",
    "3GPP-AKMA",
])
def test_n1_n2_identities_nobody_knows(lab, version, ua_id, identity):
    del ua_id
    assert alert(s_client(port(lab), identity, SOME_KEY, version)) == 115


@pytest.mark.proves(on="tls1.2 tls1.3")
def test_n2_malformed_identities_never_reach_the_aanf(lab):
    before = lab.server.metric("msgin5g_aanf_requests_total")
    for identity in (A_KID, "3GPP-AKMA;no-at-sign", "3GPP-SEAL;42"):
        for version in (TLS_1_2, TLS_1_3):
            s_client(port(lab), identity, SOME_KEY, version)
    assert lab.server.metric("msgin5g_aanf_requests_total") == before


@pytest.mark.proves(on="tls1.2 tls1.3")
@pytest.mark.parametrize("version, ua_id", [
    (TLS_1_2, UA_ID_TLS_1_3), (TLS_1_2, "010001d001"), (TLS_1_2, "0100000009"),
    (TLS_1_3, foreign_ue.UA_ID_CCAC), (TLS_1_3, "0100000009"), (TLS_1_3, "0100011301"),
])
def test_n5_key_of_another_ua_id(lab, version, ua_id):
    """K_AF of another version, suite or of DTLS does not fit: no session, no fallback."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[3], ua_id)
    before = lab.server.metric('msgin5g_handshakes_total{result="completed"}')
    output = s_client(port(lab), identity, key, version)
    assert not connected(output), output
    assert alert(output) == (20 if version == TLS_1_2 else 47), output
    assert lab.server.metric('msgin5g_handshakes_total{result="completed"}') == before


@VERSIONS
def test_no_resumption(lab, version, ua_id, tmp_path):
    """There is no ticket, and who comes back with a session has to show the PSK again."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[4], ua_id)
    session = tmp_path / "session.pem"
    request = CSM + coap_post(foreign_ue.registration(lab.subscribers[4].service_id))
    first = s_client(port(lab), identity, key, version, "-sess_out", str(session), request=request, until=rb"regExpTime")
    assert connected(first), first
    assert b"session ticket" not in first
    if session.exists():
        again = s_client(port(lab), identity, key, version, "-sess_in", str(session), request=request,
                         until=rb"regExpTime")
        assert b"New, TLSv1.2" in again and b"Reused" not in again, again
        wrong = s_client(port(lab), identity, SOME_KEY, version, "-sess_in", str(session))
        assert not connected(wrong) and alert(wrong) == 20, wrong


def test_a_session_id_of_the_past_does_not_skip_the_psk(lab):
    """A hello that wants to resume gets a full handshake: ServerHelloDone comes, and then the server waits for the
    ClientKeyExchange."""
    with tls_peer.Peer(port(lab)) as peer:
        peer.hello(versions=None, session_id=b"s" * 32)
        assert peer.handshake_types(3) == [2, 12, 14]
