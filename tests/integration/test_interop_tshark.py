"""tshark decrypts sessions of each profile with the server's key log, down to CoAP; DTLS 1.3 is beyond Debian's version.

What it reads is written by a relay between the two ends, so nothing has to be captured.
"""

import shutil
import subprocess

import pytest

import foreign_ue
import openssl_dtls
import oscore_peer
import pcap
import profiles
import tcp_relay
import testbed
import udp_relay
from openssl_tls import CSM, TLS_1_2, coap_post, s_client

CSM_CODE, POST, CREATED = "225", "2", "65"
DISSECTORS = {pcap.TCP: ("tcp.port==%d,tls" % pcap.SERVER_PORT, "tls.port==%d,coap" % pcap.SERVER_PORT),
              pcap.UDP: ("udp.port==%d,dtls" % pcap.SERVER_PORT, "dtls.port==%d,coap" % pcap.SERVER_PORT)}


@pytest.fixture(scope="module")
def lab(bed):
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    bed.add_subscribers(4)
    bed.start_aanf()
    bed.key_log = bed.folder / "keys.log"
    bed.start_server(debug={"key_log": True, "key_log_file": str(bed.key_log)}, tls={"coap_ccm8": True}, listen=testbed.OSCORE)
    return bed


def codes(path, protocol, *options):
    """CoAP codes tshark sees, in order."""
    decode = [word for rule in DISSECTORS[protocol] for word in ("-d", rule)]
    done = subprocess.run(["tshark", "-r", str(path), *decode, "-Y", "coap", "-T", "fields", "-e", "coap.code", *options],
                          capture_output=True, text=True, check=True)
    return [code for line in done.stdout.split("\n") for code in line.split(",") if code]


def check(lab, protocol, passed, *expected):
    path = lab.folder / "session.pcap"
    pcap.write(path, protocol, passed)
    assert sorted(codes(path, protocol, "-o", "tls.keylog_file:%s" % lab.key_log)) == sorted(expected)
    assert codes(path, protocol) == [], "something shows without the key log"


def test_tls_1_3(lab):
    with tcp_relay.Relay(lab.server.port("coaps+tcp")) as relay:
        assert lab.run_client(lab.subscribers[0], "register", *profiles.TLS_1_3.options,
                              uri="coaps+tcp://localhost:%d" % relay.port)[0] == 0
    check(lab, pcap.TCP, relay.passed, CSM_CODE, CSM_CODE, POST, CREATED)


def test_tls_1_2(lab):
    """With ChaCha20-Poly1305: Debian's tshark does not know TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256 (RFC 8442)."""
    subscriber = lab.subscribers[1]
    identity, key = foreign_ue.keys(lab, subscriber, foreign_ue.UA_ID_CCAC)
    with tcp_relay.Relay(lab.server.port("coaps+tcp")) as relay:
        output = s_client(relay.port, identity, key, TLS_1_2, until=rb'"regExpTime":3600',
                          request=CSM + coap_post(foreign_ue.registration(subscriber.service_id)))
        assert b'"result":true' in output, output
    check(lab, pcap.TCP, relay.passed, CSM_CODE, CSM_CODE, CREATED)  # CSM and POST in one record: it shows the first


def test_dtls_1_2(lab):
    """With TLS_PSK_WITH_AES_128_CCM_8: over DTLS it cannot do ChaCha20-Poly1305 either."""
    subscriber = lab.subscribers[2]
    identity, key = foreign_ue.keys(lab, subscriber, foreign_ue.UA_ID_C0A8)
    with udp_relay.Relay(lab.server.port("coaps")) as relay:
        session = openssl_dtls.Session(relay.port, identity, key, "PSK-AES128-CCM8")
        session.send(foreign_ue.coap_post(foreign_ue.registration(subscriber.service_id)))
        assert b'"result":true' in session.receive()
        session.close()
    check(lab, pcap.UDP, relay.in_order, POST, CREATED)


def test_oscore(lab):
    """With Master Secret, Master Salt and the two identifiers (RFC 8613 3.2)."""
    subscriber = lab.subscribers[3]
    a_kid, key = oscore_peer.keys(lab, subscriber)
    with udp_relay.Relay(lab.server.port("coap")) as relay, oscore_peer.Ue(relay.port) as ue:
        created = ue.establish(a_kid, key)
        assert created.status == "2.01"
        assert b'"result":true' in ue.request("msgin5g", foreign_ue.registration(subscriber.service_id)).payload
    path = lab.folder / "session.pcap"
    pcap.write(path, pcap.UDP, relay.in_order)
    context = ",".join('"%s"' % text for text in (
        ue.context.ue_sid.hex(), ue.context.af_sid.hex(), oscore_peer.hkdf(None, key, oscore_peer.LABEL, 32).hex(),
        ue.context.salt.hex(), "", "AES-CCM-16-64-128 (CCM*)"))

    def paths(*options):
        done = subprocess.run(["tshark", "-r", str(path), "-d", "udp.port==%d,coap" % pcap.SERVER_PORT, "-Y", "oscore", "-T",
                               "fields", "-e", "oscore.opt.uri_path", *options], capture_output=True, text=True, check=True)
        return [name for name in done.stdout.split() if name]

    assert set(paths("-o", "uat:oscore_contexts:" + context)) == {"msgin5g"}
    assert paths() == [], "something shows without the context"
    logged = next(line for line in lab.key_log.read_text().splitlines()
                  if line.startswith("# OSCORE ") and "recipient_id=%s " % ue.context.ue_sid.hex() in line)
    part = dict(word.split("=", 1) for word in logged.split()[2:])
    assert context == ",".join('"%s"' % text for text in (
        part["recipient_id"], part["sender_id"], part["master_secret"], part["master_salt"], part["id_context"],
        "AES-CCM-16-64-128 (CCM*)")), "the server's key log says something else"
