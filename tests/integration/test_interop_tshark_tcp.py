"""tshark decrypts captured coaps+tcp sessions with the server's key log, down to CoAP and JSON."""

import contextlib
import shutil
import subprocess
import time

import pytest

import foreign_ue
import testbed
from openssl_tls import CSM, TLS_1_2, coap_post, s_client

CSM_CODE, POST, CREATED = "225", "2", "65"


@pytest.fixture(scope="module")
def lab(bed):
    bed.add_subscribers(2)
    bed.start_aanf()
    bed.key_log = bed.folder / "keys.log"
    bed.start_server(debug={"key_log": True, "key_log_file": str(bed.key_log)})
    bed.server_uri = bed.uri("coaps+tcp")
    return bed


def may_capture():
    """Why capturing on loopback cannot work here; None when it can."""
    if shutil.which("dumpcap") is None or shutil.which("tshark") is None:
        return "dumpcap and tshark are not installed"
    done = subprocess.run(["dumpcap", "-i", "lo", "-q", "-a", "duration:1", "-w", "/dev/null"], capture_output=True, text=True)
    return None if done.returncode == 0 else "no capturing on loopback: " + done.stderr.strip().splitlines()[-1]


@contextlib.contextmanager
def captured(lab):
    """Path of a file with everything that passes the coaps+tcp port meanwhile."""
    path = lab.folder / "session.pcap"
    path.unlink(missing_ok=True)
    process = subprocess.Popen(["dumpcap", "-i", "lo", "-q", "-P", "-f", "tcp port %d" % lab.server.port("coaps+tcp"), "-w",
                                str(path)], stderr=subprocess.PIPE, text=True)
    try:
        while "File:" not in process.stderr.readline():
            assert process.poll() is None, "dumpcap ended"
        yield path
        size = -1
        while size != path.stat().st_size:  # it writes in a rhythm of its own
            size = path.stat().st_size
            time.sleep(0.6)
    finally:
        process.terminate()
        process.communicate()


def codes(lab, path, *options):
    """CoAP codes tshark sees, in order."""
    port = lab.server.port("coaps+tcp")
    done = subprocess.run(["tshark", "-r", str(path), "-d", "tcp.port==%d,tls" % port, "-d", "tls.port==%d,coap" % port,
                           "-Y", "coap", "-T", "fields", "-e", "coap.code", *options], capture_output=True, text=True,
                          check=True)
    return [code for line in done.stdout.split("\n") for code in line.split(",") if code]


@pytest.fixture(scope="module", autouse=True)
def able():
    reason = may_capture()
    if reason:
        pytest.skip(reason)


def check(lab, path, *expected):
    with_log = codes(lab, path, "-o", "tls.keylog_file:%s" % lab.key_log)
    assert sorted(with_log) == sorted(expected)
    assert codes(lab, path) == [], "nothing without the key log"


def test_tls_1_3(lab):
    with captured(lab) as path:
        assert lab.run_client(lab.subscribers[0], "register", "--tls", "1.3")[0] == 0
    check(lab, path, CSM_CODE, CSM_CODE, POST, CREATED)


def test_tls_1_2(lab):
    """With ChaCha20-Poly1305: Debian's tshark does not know TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256 (RFC 8442)."""
    subscriber = lab.subscribers[1]
    identity, key = foreign_ue.keys(lab, subscriber, foreign_ue.UA_ID_CCAC)
    with captured(lab) as path:
        output = s_client(lab.server.port("coaps+tcp"), identity, key, TLS_1_2, until=rb'"regExpTime":3600',
                          request=CSM + coap_post(foreign_ue.registration(subscriber.service_id)))
        assert b'"result":true' in output, output
    check(lab, path, CSM_CODE, CSM_CODE, CREATED)  # CSM and POST went in one record: it shows the first message
