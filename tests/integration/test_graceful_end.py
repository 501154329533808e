"""SIGTERM: nothing new is taken, requests in hand are answered, and it ends in bounded time whatever hangs."""

import signal
import socket
import subprocess
import time

import pytest

import aanf_faults
import sbi
import testbed

A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
AF_ID = "msgin5g.lab.example:0100000009"
BODY = '{"aKId":"%s","afId":"%s"}' % (A_KID, AF_ID)


@pytest.fixture()
def bed(tmp_path):
    """Everything anew: these tests end daemons."""
    with testbed.Testbed(tmp_path) as made:
        made.add_subscribers(2)
        made.start_aanf()
        yield made


def begin_request(bed):
    """A key request that waits in the AAnF."""
    af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    curl = subprocess.Popen([*af.curl, "--header", "content-type: application/json", "--data", BODY,
                             bed.aanf_url + "/naanf-akma/v1/retrieve-applicationkey"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    testbed.wait_for(lambda: bed.aanf.metric("msgin5g_aanf_held_requests") == 1, what="the request")
    return curl


def refuses(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_requests_in_hand_are_answered(bed):
    aanf_faults.begin(bed, latency_ms=1500)
    curl = begin_request(bed)
    bed.aanf.process.send_signal(signal.SIGTERM)
    testbed.wait_for(lambda: refuses(bed.aanf.port("sbi")), what="the closed port")
    out, err = curl.communicate(timeout=10)
    assert curl.returncode == 0, err
    assert "403" in out.splitlines()[0] and "K_AKMA_NOT_PRESENT" in out
    assert bed.aanf.process.wait(5) == 0
    assert "ending although something is not finished" not in bed.aanf.log()


def test_an_idle_connection_does_not_delay_the_end(bed):
    """The server's pooled connection to the AAnF: GOAWAY, and it is gone."""
    bed.start_server()
    assert bed.run_client(bed.subscribers[0], "register")[0] == 0
    assert bed.aanf.metric('msgin5g_http_connections{server="aanf"}') == 1
    started = time.monotonic()
    bed.aanf.process.send_signal(signal.SIGTERM)
    assert bed.aanf.process.wait(4) == 0
    assert time.monotonic() - started < 3


def test_the_end_is_bounded(bed):
    """A request that is never answered costs five seconds; a second SIGTERM none."""
    aanf_faults.begin(bed, drop=True)
    curl = begin_request(bed)
    started = time.monotonic()
    bed.aanf.process.send_signal(signal.SIGTERM)
    assert bed.aanf.process.wait(10) == 0
    assert 4 < time.monotonic() - started < 9
    assert "ending although something is not finished" in bed.aanf.log()
    curl.communicate(timeout=10)
    bed.daemons.remove(bed.aanf)
    bed.start_aanf()
    aanf_faults.begin(bed, drop=True)
    curl = begin_request(bed)
    bed.aanf.process.send_signal(signal.SIGTERM)
    testbed.wait_for(lambda: refuses(bed.aanf.port("sbi")), what="the closed port")
    started = time.monotonic()
    bed.aanf.process.send_signal(signal.SIGTERM)
    assert bed.aanf.process.wait(3) == 0
    assert time.monotonic() - started < 2
    curl.communicate(timeout=10)


def test_server_ends_with_a_half_sent_request(bed):
    """msgin5g-server's management port: a client that sends half a request holds it for the bounded time at most."""
    bed.start_server()
    with socket.create_connection(("127.0.0.1", bed.server.port("management"))) as half:
        half.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        assert testbed.http_get(bed.server.port("management"), "/healthz")[0] == 200
        started = time.monotonic()
        bed.server.process.send_signal(signal.SIGTERM)
        assert bed.server.process.wait(10) == 0
        assert time.monotonic() - started < 8
