"""Who is not let in, and what it is told (section 4.5 and the matrix 7.2 of the AKMA digest, as far as DTLS goes)."""

import json
import secrets

import pytest

import testbed

UNKNOWN_A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)


def key_file(lab, name="some.key", value=None):
    return "@%s" % lab.write(name, value or secrets.token_hex(32))


def last_error(events):
    return [event for event in events if event["event"] in ("error", "state")][-1]["error"]


@pytest.mark.parametrize("version", ["1.2", "1.3", "auto"])
def test_n1_unknown_a_kid(lab, version):
    """Alert unknown_psk_identity; the AAnF is asked once, then the refusal is remembered for some seconds."""
    refused = lab.server.metric('msgin5g_gate_refused_total{alert="unknown_psk_identity"}')
    code, events = lab.run_plain("register", "--service-id", "im:ue-0001@lab.example", "--a-kid", UNKNOWN_A_KID,
                                 "--k-akma", key_file(lab), "--tls", version)
    assert code == 5
    assert last_error(events) == "authentication failed"
    assert lab.server.metric('msgin5g_gate_refused_total{alert="unknown_psk_identity"}') > refused


def test_n1_refusals_are_remembered(lab):
    asked = lab.server.metric("msgin5g_aanf_requests_total")
    unknown = UNKNOWN_A_KID.replace("AAA", "AAE", 1)
    for _ in range(3):
        code, _ = lab.run_plain("register", "--service-id", "im:ue-0001@lab.example", "--a-kid", unknown, "--k-akma",
                                key_file(lab), "--tls", "1.3")
        assert code == 5
    assert lab.server.metric("msgin5g_aanf_requests_total") - asked == 1


def test_n14_right_a_kid_wrong_key(lab):
    """Only the holder of the key completes; the owner is not locked out by others who use its A-KID."""
    subscriber = lab.subscribers[0]
    code, events = lab.run_client(subscriber, "register")
    a_kid = events[0]["a_kid"]
    assert code == 0
    for version, expected in (("1.3", 5), ("1.2", 4)):  # in DTLS 1.2 a wrong Finished is met with silence
        code, _ = lab.run_plain("register", "--service-id", subscriber.service_id, "--a-kid", a_kid, "--k-akma",
                                key_file(lab), "--tls", version, "--timeout", "6")
        assert code == expected
    assert lab.run_client(subscriber, "register")[0] == 0


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_n3_subscriber_without_akma(lab, version):
    """akmaInd false: authentication succeeds, no context reaches the AAnF, so the A-KID is unknown."""
    stranger = testbed.Subscriber(77, akma_allowed=False)
    aanf_config = lab.aanf_config()
    aanf_config["subscribers"].append({"supi": stranger.supi, "k": stranger.k, "opc": stranger.opc,
                                       "akma_allowed": False})
    lab.write("akma-aanf.yaml", json.dumps(aanf_config))
    lab.aanf.reload()
    testbed.wait_for(lambda: lab.run_client(stranger, "register", "--tls", version)[0] in (5, 6), 10)
    code, events = lab.run_client(stranger, "register", "--tls", version)
    assert code in (5, 6)
    assert "registered" not in [event["event"] for event in events]


def test_n15_foreign_service_id(lab):
    """A good AKMA authentication does not open another UE's Service ID (TS 33.501 Y.2)."""
    code, events = lab.run_client(lab.subscribers[0], "register", service_id=lab.subscribers[1].service_id)
    assert code == 6
    assert last_error(events) == "policy does not allow this"
    assert "originator" in lab.server.log() or "service_id" in lab.server.log()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_n16_foreign_server_name(lab, version):
    """SNI names none of the configured FQDNs: unrecognized_name."""
    code, _ = lab.run_client(lab.subscribers[0], "register", "--server-name", "other.example", "--tls", version)
    assert code == 8


def test_n4_application_function_not_allowed(bed, lab):
    """An FQDN the server offers but the AAnF's policy does not grant it: access_denied."""
    del bed
    first = lab.server
    lab.start_server(auth={"fqdns": ["localhost", "denied.example"]})
    code, _ = lab.run_client(lab.subscribers[0], "register", "--server-name", "denied.example", "--tls", "1.3")
    assert code == 8
    assert lab.run_client(lab.subscribers[0], "register")[0] == 0
    lab.server = first
    lab.server_uri = "coaps://localhost:%d" % first.port("coaps")
