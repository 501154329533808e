"""429 with Retry-After for a client that asks akma-aanf too often (TS 29.500 6.4.2), for it alone; msgin5g-server pauses,
keeps its sessions, and goes on by itself."""

import subprocess

import pytest

import sbi
import testbed

PER_SECOND = 5
A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
AF_ID = "msgin5g.lab.example:0100000009"


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(2)
    bed.start_aanf(limits={"requests_per_second": PER_SECOND, "request_burst": 2 * PER_SECOND})
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    bed.other = sbi.Consumer(bed.aanf_url, bed.certs, "stranger")
    return bed


def exhaust(bed):
    """Ask over one connection, with the server's certificate, until the limit bites."""
    argv = [word for word in bed.af.curl if word != "--include"]
    argv += ["--request", "POST", "--header", "content-type: application/json", "--data", "{}"]
    argv += [bed.aanf_url + "/naanf-akma/v1/retrieve-applicationkey"] * (4 * PER_SECOND)
    answers = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False).stdout
    assert "MANDATORY_IE_MISSING" in answers and "NF_CONGESTION_RISK" in answers


def test_429_with_retry_after(net):
    answer = testbed.wait_for(lambda: next((a for a in [net.af.retrieve(A_KID, AF_ID)] if a.status == 429), None), 20,
                              "429")
    assert answer.cause == "NF_CONGESTION_RISK"
    assert answer.headers["retry-after"] == "1"
    assert net.other.retrieve(A_KID, AF_ID).status == 403  # another client is not limited, only not allowed
    testbed.wait_for(lambda: net.af.retrieve(A_KID, AF_ID).status == 403, 5, "the end of the limit")
    assert net.aanf.metric('msgin5g_http_requests_total{server="aanf",status="429"}') >= 1


def test_health_is_not_limited(net):
    for _ in range(4 * PER_SECOND):
        assert testbed.http_get(net.aanf.port("management"), "/healthz")[0] == 200


def test_af_pauses_and_goes_on(net):
    """N9: while the AAnF says 429 sessions stay and a new UE is refused with alert 80; it gets in after the pause."""
    net.start_server()
    inside, outside = net.subscribers[:2]
    listener = net.listen(inside)
    listener.event("registered")
    k_akma = "5a" * 32
    ausf = sbi.Consumer(net.aanf_url, net.certs, "ausf-client")
    assert ausf.register(aKId=A_KID, supi=outside.supi, kAkma=k_akma).status == 200
    key = net.write("k_akma.hex", k_akma)

    def register():
        """Without a primary authentication: its requests have a limit, too."""
        return net.run_plain("register", "--service-id", outside.service_id, "--a-kid", A_KID, "--k-akma", "@%s" % key)[0]

    exhaust(net)
    assert register() == 8
    assert net.server.metric('msgin5g_gate_refused_total{alert="internal_error"}') >= 1
    testbed.wait_for(lambda: register() == 0, 20, "registration after the pause")
    assert listener.process.poll() is None
    assert net.server.metric('msgin5g_sessions{state="open"}') == 1
    assert listener.stop() == 0
