"""Who is not let in over coaps+tcp, and what our client makes of it (section 4.5 and the matrix 7.2 of the AKMA digest)."""

import json
import secrets
import urllib.request

import pytest

import testbed

UNKNOWN_A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
VERSIONS = pytest.mark.parametrize("version", ["1.2", "1.3", "auto"])


@pytest.fixture(scope="module")
def tcp(lab):
    """The lab, reached over coaps+tcp."""
    lab.server_uri = lab.uri("coaps+tcp")
    return lab


def key_file(lab):
    return "@%s" % lab.write("some.key", secrets.token_hex(32))


def last_error(events):
    return [event for event in events if event["event"] in ("error", "state")][-1]["error"]


def refused(lab, alert):
    return lab.server.metric('msgin5g_gate_refused_total{alert="%s"}' % alert)


@VERSIONS
def test_n1_unknown_a_kid(tcp, version):
    before = refused(tcp, "unknown_psk_identity")
    code, events = tcp.run_plain("register", "--service-id", "im:ue-0001@lab.example", "--a-kid", UNKNOWN_A_KID,
                                 "--k-akma", key_file(tcp), "--tls", version)
    assert (code, last_error(events)) == (5, "authentication failed")
    assert refused(tcp, "unknown_psk_identity") == before + 1


@VERSIONS
def test_n14_right_a_kid_wrong_key(tcp, version):
    """Only the holder of the key completes, and is not locked out by others who use its A-KID."""
    subscriber = tcp.subscribers[0]
    code, events = tcp.run_client(subscriber, "register", "--tls", version)
    assert code == 0
    wrong, _ = tcp.run_plain("register", "--service-id", subscriber.service_id, "--a-kid", events[0]["a_kid"],
                             "--k-akma", key_file(tcp), "--tls", version)
    assert wrong == 5
    assert tcp.run_client(subscriber, "register", "--tls", version)[0] == 0


@VERSIONS
def test_n15_foreign_service_id(tcp, version):
    """A good AKMA authentication does not open another UE's Service ID (TS 33.501 Y.2)."""
    code, events = tcp.run_client(tcp.subscribers[0], "register", "--tls", version,
                                  service_id=tcp.subscribers[1].service_id)
    assert (code, last_error(events)) == (6, "policy does not allow this")


@VERSIONS
def test_n16_foreign_server_name(tcp, version):
    before = refused(tcp, "unrecognized_name")
    code, _ = tcp.run_client(tcp.subscribers[0], "register", "--server-name", "other.example", "--tls", version)
    assert code == 8
    assert refused(tcp, "unrecognized_name") == before + 1


@VERSIONS
def test_n4_application_function_not_allowed(tcp, version):
    """An FQDN the server offers but the AAnF's policy does not grant it: access_denied."""
    first = tcp.server
    second = tcp.start_server(auth={"fqdns": ["localhost", "denied.example"]})
    uri = tcp.uri("coaps+tcp")
    tcp.server, tcp.server_uri = first, "coaps+tcp://localhost:%d" % first.port("coaps+tcp")
    code, _ = tcp.run_client(tcp.subscribers[0], "register", "--server-name", "denied.example", "--tls", version, uri=uri)
    assert code == 8
    assert second.metric('msgin5g_gate_refused_total{alert="access_denied"}') == 1
    assert tcp.run_client(tcp.subscribers[0], "register", "--tls", version, uri=uri)[0] == 0


def faults(lab, **values):
    request = urllib.request.Request("http://127.0.0.1:%d/faults" % lab.aanf.port("management"),
                                     data=json.dumps(values).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status in (200, 204)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_n9_slow_aanf_delays_the_newcomer_only(tcp, version):
    """The stream is held while the AAnF is asked, and goes on with all of its octets; others do not wait."""
    valve, newcomer = tcp.subscribers[1:3]
    listener = tcp.listen(valve, "--tls", version)
    listener.event("registered")
    try:
        faults(tcp, latency_ms=600)
        waiting = tcp.listen(newcomer, "--tls", version)
        testbed.wait_for(lambda: tcp.server.metric("msgin5g_gate_pending") == 1, 10, "a handshake held by the gate")
        assert tcp.server.metric("msgin5g_gate_held_bytes") > 0
        assert testbed.http_get(tcp.server.port("management"), "/healthz")[0] == 200
        waiting.event("registered")
        assert tcp.server.metric("msgin5g_gate_held_bytes") == 0
        assert waiting.stop() == 0
    finally:
        faults(tcp, latency_ms=0)
    assert listener.stop() == 0


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_n9_broken_aanf(tcp, version):
    """Newcomers get internal_error, who is in stays in, recovery is automatic."""
    meter, valve, newcomer = tcp.subscribers[:3]
    listener = tcp.listen(valve, "--tls", version)
    listener.event("registered")
    try:
        faults(tcp, status=500)
        before = refused(tcp, "internal_error")
        assert tcp.run_client(newcomer, "register", "--tls", version)[0] == 8
        assert refused(tcp, "internal_error") > before
    finally:
        faults(tcp, status=0)
    testbed.wait_for(lambda: tcp.run_client(newcomer, "register", "--tls", version)[0] == 0, 15, "recovery")
    assert tcp.run_client(meter, "send", "--to", valve.service_id, "--payload", "still there", "--report")[0] == 0
    listener.event("message", payload="still there")
    assert listener.stop() == 0


def test_nobody_listens(tcp):
    """A refused connection blames neither the version nor the key: one authentication, exit code 4."""
    code, events = tcp.run_client(tcp.subscribers[0], "register", uri="coaps+tcp://127.0.0.1:1")
    assert code == 4
    assert [event["event"] for event in events].count("authenticated") == 1
