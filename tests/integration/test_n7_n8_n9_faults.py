"""N7, N8, N9, N17: everything the AAnF can do wrong, one fault at a time, against msgin5g-server: nobody gets in, whoever is in
stays in, and it is over when the fault is."""

import json
import subprocess
import urllib.error

import pytest

import aanf_faults
import profiles
import sbi
import testbed

# Exit code of the client and alert of the server (section 4.5 of the AKMA digest).
NO_KEY, FAILED, REFUSED = (5, "unknown_psk_identity"), (8, "internal_error"), (8, "access_denied")


@pytest.fixture(scope="module")
def net(bed):
    """Two UEs stay connected through everything."""
    bed.add_subscribers(4)
    bed.start_aanf(log={"requests": True})
    bed.start_server()
    bed.listener = bed.listen(bed.subscribers[0])
    bed.listener.event("registered")
    bed.sender = bed.listen(bed.subscribers[1])
    bed.sender.event("registered")
    yield bed
    assert bed.listener.stop() == 0
    assert bed.sender.stop() == 0


@pytest.fixture()
def calm(net):
    yield net
    aanf_faults.end(net)


def check(bed, profile, expected, **fault):
    """The newcomer is refused as the row says, the server answers others, and afterwards the newcomer gets in."""
    newcomer = bed.subscribers[2]
    code, alert = expected
    series = 'msgin5g_gate_refused_total{alert="%s"}' % alert
    refused = bed.server.metric(series)
    aanf_faults.begin(bed, **fault)
    assert profile.run(bed, newcomer, "register")[0] == code
    assert bed.server.metric(series) > refused
    assert testbed.http_get(bed.server.port("management"), "/healthz")[0] == 200
    assert bed.server.metric('msgin5g_sessions{state="open"}') == 2
    assert bed.listener.process.poll() is None and bed.sender.process.poll() is None
    aanf_faults.end(bed)
    testbed.wait_for(lambda: profile.run(bed, newcomer, "register")[0] == 0, 15, "registration after the fault")


@profiles.each
@pytest.mark.parametrize("expiry", ["past", "unparsable"])
def test_n7_expiry(calm, expiry, profile):
    check(calm, profile, NO_KEY, expiry=expiry)


@profiles.each
@pytest.mark.parametrize("key", ["zero", "short"])
def test_n8_key_that_is_none(calm, key, profile):
    check(calm, profile, FAILED, key=key)


@profiles.each
def test_n8_truncated_body(calm, profile):
    check(calm, profile, FAILED, body="truncated")


@profiles.each
def test_n8_key_of_somebody_else(calm, profile):
    """UE and server have different keys: the handshake fails, in DTLS 1.2 by silence (no alert for a bad Finished)."""
    aanf_faults.begin(calm, key="other")
    code, _ = profile.run(calm, calm.subscribers[2], "register", "--timeout", "4")
    assert code in ((4, 5) if profile is profiles.DTLS_1_2 else (5,))
    aanf_faults.end(calm)
    assert profile.run(calm, calm.subscribers[2], "register")[0] == 0


@profiles.each
@pytest.mark.parametrize("status", [400, 429, 500, 502, 503, 504])
def test_n9_status(calm, status, profile):
    check(calm, profile, FAILED, status=status)


@profiles.each
@pytest.mark.parametrize("status", [204, 404])
def test_n9_status_that_means_no_key(calm, status, profile):
    check(calm, profile, NO_KEY, status=status)


@profiles.each
@pytest.mark.parametrize("status", [401, 403])
def test_n9_status_that_means_not_allowed(calm, status, profile):
    check(calm, profile, REFUSED, status=status)


@profiles.each
@pytest.mark.parametrize("reset", ["stream", "goaway", "connection"])
def test_n9_reset(calm, reset, profile):
    check(calm, profile, FAILED, reset=reset)


@profiles.each
@pytest.mark.parametrize("fault", [{"drop": True}, {"latency_ms": 3000}, {"latency_ms": 300, "reset": "connection"}],
                         ids=["never", "late", "late and broken"])
def test_n9_later_than_the_deadline(calm, fault, profile):
    check(calm, profile, FAILED, **fault)


@profiles.each
def test_n17_no_identity(calm, profile):
    """Neither SUPI nor GPSI (TS 33.501 Y.2): the UE is authentic, but nobody knows whose UE Service ID it may use."""
    newcomer = calm.subscribers[2]
    aanf_faults.begin(calm, body="anonymous")
    code, events = profile.run(calm, newcomer, "register")
    assert (code, [e["error"] for e in events if e["event"] == "error"]) == (6, ["policy does not allow this"])
    aanf_faults.end(calm)
    assert profile.run(calm, newcomer, "register")[0] == 0


@pytest.mark.parametrize("reset, curl_codes", [("stream", [92]), ("goaway", [16, 18, 52, 56, 92]), ("connection", [35, 55, 56])])
def test_resets_as_another_client_sees_them(calm, reset, curl_codes):
    af = sbi.Consumer(calm.aanf_url, calm.certs, "server")
    aanf_faults.begin(calm, reset=reset)
    with pytest.raises(sbi.Refused) as refused:
        af.retrieve("0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43), "msgin5g.lab.example:0100000009")
    assert refused.value.args[0] in curl_codes, refused.value.args
    aanf_faults.end(calm)
    assert af.retrieve("0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43), "msgin5g.lab.example:0100000009").status == 403


def test_faults_set_at_start(bed, tmp_path):
    config = bed.aanf_config(faults={"enabled": True, "status": 418, "key": "zero"})
    path = bed.write("faulty.yaml", json.dumps(config))
    daemon = testbed.Daemon("akma-aanf-faulty", [testbed.program("akma-aanf"), "--config", str(path)], tmp_path)
    try:
        af = sbi.Consumer("https://127.0.0.1:%d" % daemon.port("sbi"), bed.certs, "server")
        assert af.retrieve("0.%s@r.example" % ("A" * 43), "msgin5g.lab.example:0100000009").status == 418
    finally:
        assert daemon.stop() == 0
    config["faults"]["reset"] = "often"
    path = bed.write("faulty.yaml", json.dumps(config))
    checked = subprocess.run([testbed.program("akma-aanf"), "--check-config", "--config", str(path)], capture_output=True,
                             text=True, check=False)
    assert checked.returncode == 3 and "none, stream, goaway, connection" in checked.stderr


@pytest.mark.parametrize("fault", [{"reset": "often"}, {"key": 1}, {"expiry": None}, {"body": "half"}, {"drop": "yes"}])
def test_unknown_faults_change_nothing(calm, fault):
    with pytest.raises(urllib.error.HTTPError) as refused:
        aanf_faults.begin(calm, latency_ms=5, **fault)
    assert refused.value.code == 400


@pytest.mark.proves("33.117-4.2.3.2.2", "33.117-4.2.3.2.5")
def test_request_log_without_keys(net):
    """TS 33.117 4.2.3.2.2, 4.2.3.2.5: who asked what, and nothing that is a key or names a subscriber."""
    assert net.run_client(net.subscribers[3], "register")[0] == 0
    af = sbi.Consumer(net.aanf_url, net.certs, "server")
    ausf = sbi.Consumer(net.aanf_url, net.certs, "ausf-client")
    a_kid = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("Q" * 42 + "A")
    assert ausf.register(aKId=a_kid, supi="imsi-001019999999998", kAkma="5a" * 32).status == 200
    kaf = af.retrieve(a_kid, "msgin5g.lab.example:0100000009").body["kaf"]
    log = net.aanf.log()
    assert "key request remote=127.0.0.1:" in log and "status=200" in log
    assert "af_id=msgin5g.lab.example:0100000009" in log
    for hidden in (kaf, "5a" * 32, a_kid, "imsi-", *(s.k for s in net.subscribers)):
        assert hidden not in log
