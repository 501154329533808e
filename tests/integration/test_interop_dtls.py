"""Peers we did not write complete the handshake with a real A-KID and K_AF, and are refused with the right alert."""

import json
import re
import subprocess

import pytest

import foreign_ue

pytestmark = pytest.mark.proves(on="dtls1.2")


@pytest.fixture(scope="module")
def ccm8_server(lab):
    """A second server that also takes TLS_PSK_WITH_AES_128_CCM_8; its port."""
    first, uri = lab.server, lab.server_uri
    port = lab.start_server(tls={"coap_ccm8": True}).port("coaps")
    lab.server, lab.server_uri = first, uri
    return port


@pytest.mark.parametrize("program", ["coap-client-openssl", "coap-client-gnutls"])
def test_coap_client_registers(lab, program):
    """Their -k is text, so K_AF must not hold a zero octet; they always exit with 0, so the answer counts."""
    subscriber = lab.subscribers[0]
    identity, key = foreign_ue.keys(lab, subscriber, foreign_ue.UA_ID_CCAC, text=True)
    body = lab.write("reg.json", foreign_ue.registration(subscriber.service_id).decode())
    done = subprocess.run([program.encode(), b"-m", b"post", b"-t", b"50", b"-B", b"5", b"-f", str(body).encode(), b"-u",
                           identity.encode(), b"-k", key, (lab.server_uri + "/msgin5g").encode()],
                          capture_output=True, timeout=20)
    answer = re.search(rb"\{.*\}", done.stdout)
    assert answer, (done.stdout, done.stderr)
    assert json.loads(answer.group(0)) == {"oriAddr": {"oriAddrType": "UE", "addr": subscriber.service_id},
                                           "result": True, "regExpTime": 3600}


def s_client(port, identity, key, cipher, *options, request=b"", timeout_s=10, server_name="localhost"):
    """openssl s_client over DTLS 1.2; the request goes in as one datagram. All output as octets."""
    name = ["-servername", server_name] if server_name else ["-noservername"]
    process = subprocess.Popen(["openssl", "s_client", "-dtls1_2", "-connect", "127.0.0.1:%d" % port, "-cipher", cipher,
                                "-psk_identity", identity, "-psk", key.hex(), *name, *options],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = b""
    try:
        if request:
            while b"New, TLS" not in output and process.poll() is None:
                output += process.stdout.readline()
            process.stdin.write(request)
            process.stdin.flush()
            while b"}" not in output.rsplit(b"---", 1)[-1] and process.poll() is None:
                output += process.stdout.read1(4096)
        return output + process.communicate(b"", timeout=timeout_s)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return output + process.communicate()[0]


def alert(output):
    found = re.search(rb"SSL alert number (\d+)", output)
    return int(found.group(1)) if found else None


def test_openssl_gets_a_coap_answer(lab):
    subscriber = lab.subscribers[1]
    identity, key = foreign_ue.keys(lab, subscriber, foreign_ue.UA_ID_CCAC)
    request = foreign_ue.coap_post(foreign_ue.registration(subscriber.service_id))
    output = s_client(lab.server.port("coaps"), identity, key, foreign_ue.CCAC, request=request, timeout_s=2)
    assert b"PSK identity hint: 3GPP-AKMA" in output
    assert b'"result":true' in output, output


def test_openssl_with_ccm8(lab, ccm8_server):
    subscriber = lab.subscribers[2]
    identity, key = foreign_ue.keys(lab, subscriber, foreign_ue.UA_ID_C0A8)
    request = foreign_ue.coap_post(foreign_ue.registration(subscriber.service_id))
    output = s_client(ccm8_server, identity, key, "PSK-AES128-CCM8", request=request, timeout_s=2)
    assert b'"result":true' in output, output


@pytest.mark.parametrize("cipher", ["PSK-AES128-CCM8", "PSK-AES128-GCM-SHA256", "ECDHE-PSK-AES128-CBC-SHA256",
                                    "DHE-PSK-AES128-GCM-SHA256", "PSK-CHACHA20-POLY1305", "PSK-NULL-SHA256",
                                    "ECDHE-ECDSA-AES128-GCM-SHA256"])
def test_n16_no_other_suite(lab, cipher):
    """The one suite list of MSGin5G-1; coap_ccm8 is off by default."""
    output = s_client(lab.server.port("coaps"), "3GPP-AKMA;x", b"\x01" * 32, cipher + ":@SECLEVEL=0", timeout_s=5)
    assert alert(output) == 40, output


def test_refused_suites_are_those_of_the_list_even_with_ccm8(ccm8_server):
    output = s_client(ccm8_server, "3GPP-AKMA;x", b"\x01" * 32, "PSK-AES128-CCM", timeout_s=5)
    assert alert(output) == 40, output


A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)


@pytest.mark.parametrize("identity", [
    "3GPP-AKMA;" + A_KID,           # N1: nobody has it
    A_KID,                          # N2: no prefix
    "3GPP-AKMA;0.short@realm.example",
    "3GPP-AKMA;no-at-sign",
    "3GPP-AKMA;" + "x" * 240,
    "3GPP-SEAL;42",                 # no SEAL key source in this version
    "3GPP-AKMA",
])
def test_n1_n2_identities_nobody_knows(lab, identity):
    output = s_client(lab.server.port("coaps"), identity, b"\x01" * 32, foreign_ue.CCAC, timeout_s=5)
    assert alert(output) == 115, output


def test_n2_malformed_identities_never_reach_the_aanf(lab):
    before = lab.server.metric("msgin5g_aanf_requests_total")
    for identity in (A_KID, "3GPP-AKMA;no-at-sign", "3GPP-SEAL;42"):
        s_client(lab.server.port("coaps"), identity, b"\x01" * 32, foreign_ue.CCAC, timeout_s=5)
    assert lab.server.metric("msgin5g_aanf_requests_total") == before


@pytest.mark.parametrize("server_name, number", [(None, 109), ("other.example", 112)])
def test_server_name_is_required_and_checked(lab, server_name, number):
    output = s_client(lab.server.port("coaps"), "3GPP-AKMA;" + A_KID, b"\x01" * 32, foreign_ue.CCAC, timeout_s=5,
                      server_name=server_name)
    assert alert(output) == number, output


def test_n5_key_of_another_ua_id(lab):
    """K_AF derived for another suite does not fit: no session, no fallback."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[3], "0100000009")
    before = lab.server.metric('msgin5g_handshakes_total{result="completed"}')
    output = s_client(lab.server.port("coaps"), identity, key, foreign_ue.CCAC, timeout_s=2)
    assert b"New, TLS" not in output or b"Cipher is (NONE)" in output, output
    assert lab.server.metric('msgin5g_handshakes_total{result="completed"}') == before


def test_no_resumption(lab, tmp_path):
    """No session id and no ticket: there is nothing to resume, so K_AF and A-KID count each time."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[4], foreign_ue.UA_ID_CCAC)
    session = tmp_path / "session.pem"
    output = s_client(lab.server.port("coaps"), identity, key, foreign_ue.CCAC, "-sess_out", str(session), timeout_s=1)
    assert b"New, TLSv1.2" in output, output
    assert re.search(rb"Session-ID: *\r?\n", output), output
    assert b"TLS session ticket:" not in output
    assert not session.exists()
