"""/readyz of msgin5g-server becomes 200 again by itself when the AAnF is back: it looks, no UE has to come."""

import subprocess

import pytest

import aanf_faults
import testbed


@pytest.fixture()
def bed(tmp_path):
    """Everything anew: the AAnF ends and comes back."""
    with testbed.Testbed(tmp_path) as made:
        made.add_subscribers(2)
        made.start_aanf()
        made.start_server()
        yield made


def readyz(bed):
    return testbed.http_get(bed.server.port("management"), "/readyz")


def test_aanf_away_and_back(bed):
    port = bed.aanf.port("sbi")
    assert readyz(bed) == (200, "ok\n")
    bed.daemons.remove(bed.aanf)
    assert bed.aanf.stop() == 0
    ausf = testbed.Daemon("ausf", [testbed.program("akma-aanf"), "--config", str(bed.folder / "akma-aanf.yaml")], bed.folder)
    bed.daemons.append(ausf)
    bed.aanf_url = "https://127.0.0.1:%d" % ausf.port("sbi")  # UEs authenticate elsewhere
    assert bed.run_client(bed.subscribers[0], "register")[0] == 8
    status, text = readyz(bed)
    assert status == 503 and text.startswith("aanf: ")
    requests = bed.server.metric("msgin5g_aanf_requests_total")
    bed.start_aanf(listen={"host": "127.0.0.1", "port": port})
    testbed.wait_for(lambda: readyz(bed)[0] == 200, 40, "200 at /readyz")
    assert bed.server.metric("msgin5g_aanf_requests_total") == requests  # no key request found it out
    assert bed.server.log().count("aanf answers again") == 1
    assert bed.aanf.metric('msgin5g_aanf_operations_total{operation="retrieve_applicationkey",result="ok"}') == 0
    assert bed.aanf.metric('msgin5g_http_requests_total{server="aanf",status="501"}') == 1  # the probe: OPTIONS


def test_an_untrusted_aanf_is_not_back(bed, tmp_path):
    """N10: the probe goes the whole way, so an AAnF with a certificate of another CA is none."""
    port = bed.aanf.port("sbi")
    bed.daemons.remove(bed.aanf)
    assert bed.aanf.stop() == 0
    other = bed.folder / "other"
    subprocess.run([str(testbed.SUPPORT / "make_certs.sh"), str(other), "aanf:DNS:localhost,IP:127.0.0.1"], check=True,
                   capture_output=True)
    tls = {"certificate": str(other / "aanf.pem"), "key": str(other / "aanf.key"), "ca": str(bed.certs / "ca.pem")}
    bed.start_aanf(listen={"host": "127.0.0.1", "port": port}, tls=tls)
    key = bed.write("k.key", "11" * 32)
    assert bed.run_plain("register", "--service-id", bed.subscribers[0].service_id, "--a-kid",
                         "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43), "--k-akma", "@%s" % key)[0] == 8
    failures = 'msgin5g_http_client_requests_total{peer="aanf",result="authentication"}'
    seen = bed.server.metric(failures)
    testbed.wait_for(lambda: bed.server.metric(failures) >= seen + 2, 20, "two probes")
    assert readyz(bed)[0] == 503


def test_errors_of_its_own_are_not_over_at_once(bed):
    """An AAnF that answers key requests with 500 answers a probe all the same: that counts only after half a minute."""
    aanf_faults.begin(bed, status=500)
    assert bed.run_client(bed.subscribers[0], "register")[0] == 8
    assert readyz(bed)[0] == 503
    aanf_faults.end(bed)
    assert bed.run_client(bed.subscribers[0], "register")[0] == 0
    assert readyz(bed)[0] == 200
    assert "501" not in testbed.http_get(bed.aanf.port("management"), "/metrics")[1]
