"""Who is not let in, and what it is told (section 4.5 and the matrix 7.2 of the AKMA digest), on every profile."""

import json
import secrets

import pytest

import profiles
import testbed

UNKNOWN_A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)


def key_file(lab):
    return "@%s" % lab.write("some.key", secrets.token_hex(32))


def last_error(events):
    return [event for event in events if event["event"] in ("error", "state")][-1]["error"]


def refused(lab, alert):
    return lab.server.metric('msgin5g_gate_refused_total{alert="%s"}' % alert)


def register_unknown(lab, profile, a_kid):
    return profile.run_plain(lab, "register", "--service-id", "im:ue-0001@lab.example", "--a-kid", a_kid, "--k-akma",
                             key_file(lab))


@profiles.each_and_auto
def test_n1_unknown_a_kid(lab, profile):
    """Alert unknown_psk_identity."""
    before = refused(lab, "unknown_psk_identity")
    code, events = register_unknown(lab, profile, UNKNOWN_A_KID)
    assert (code, last_error(events)) == (5, "authentication failed")
    assert refused(lab, "unknown_psk_identity") == before + 1


@profiles.each
def test_n1_refusals_are_remembered(lab, profile):
    """The AAnF is asked once, then the refusal is known for some seconds."""
    before = lab.server.metric("msgin5g_aanf_requests_total")
    unknown = UNKNOWN_A_KID.replace("AAA", secrets.token_hex(2)[:3], 1)
    for _ in range(3):
        assert register_unknown(lab, profile, unknown)[0] == 5
    assert lab.server.metric("msgin5g_aanf_requests_total") - before == 1


@profiles.each_and_auto
def test_n14_right_a_kid_wrong_key(lab, profile):
    """Only the holder of the key completes, and is not locked out by others who use its A-KID."""
    subscriber = lab.subscribers[0]
    code, events = profile.run(lab, subscriber, "register")
    assert code == 0
    wrong, _ = profile.run_plain(lab, "register", "--service-id", subscriber.service_id, "--a-kid", events[0]["a_kid"],
                                 "--k-akma", key_file(lab), "--timeout", "6")
    assert wrong == (4 if profile is profiles.DTLS_1_2 else 5)  # DTLS 1.2 meets a wrong Finished with silence
    assert profile.run(lab, subscriber, "register")[0] == 0


@profiles.each
def test_n3_subscriber_without_akma(lab, profile):
    """akmaInd false: authentication succeeds, no context reaches the AAnF, so the A-KID is unknown."""
    stranger = testbed.Subscriber(77, akma_allowed=False)
    config = lab.aanf_config()
    config["subscribers"].append({"supi": stranger.supi, "k": stranger.k, "opc": stranger.opc, "akma_allowed": False})
    reloaded = lab.aanf.log().count("configuration reloaded")
    lab.write("akma-aanf.yaml", json.dumps(config))
    lab.aanf.reload()
    testbed.wait_for(lambda: lab.aanf.log().count("configuration reloaded") > reloaded, what="the new subscriber")
    before = refused(lab, "unknown_psk_identity")
    code, events = profile.run(lab, stranger, "register")
    assert code == 5
    names = [event["event"] for event in events]
    assert "authenticated" in names and "registered" not in names
    assert refused(lab, "unknown_psk_identity") > before


@profiles.each_and_auto
def test_n15_foreign_service_id(lab, profile):
    """A good AKMA authentication does not open another UE's Service ID (TS 33.501 Y.2)."""
    code, events = profile.run(lab, lab.subscribers[0], "register", service_id=lab.subscribers[1].service_id)
    assert (code, last_error(events)) == (6, "policy does not allow this")
    assert lab.subscribers[1].service_id in lab.server.log()


@profiles.each_and_auto
def test_n16_foreign_server_name(lab, profile):
    """SNI names none of the configured FQDNs: unrecognized_name."""
    before = refused(lab, "unrecognized_name")
    assert profile.run(lab, lab.subscribers[0], "register", "--server-name", "other.example")[0] == 8
    assert refused(lab, "unrecognized_name") == before + 1


@pytest.fixture(scope="module")
def second(bed, lab):
    """A second server, which offers an FQDN that the AAnF's policy does not grant it."""
    first, first_uri = lab.server, lab.server_uri
    made = lab.start_server(auth={"fqdns": ["localhost", "denied.example"]})
    lab.server, lab.server_uri = first, first_uri
    return made


@profiles.each
def test_n4_application_function_not_allowed(lab, second, profile):
    """access_denied for that FQDN, and for that one only."""
    series = 'msgin5g_gate_refused_total{alert="access_denied"}'
    before = second.metric(series)
    first, lab.server = lab.server, second
    try:
        assert profile.run(lab, lab.subscribers[0], "register", "--server-name", "denied.example")[0] == 8
        assert second.metric(series) == before + 1
        assert profile.run(lab, lab.subscribers[0], "register")[0] == 0
    finally:
        lab.server = first


def test_nobody_listens(lab):
    """A refused connection blames neither the version nor the key: one authentication, exit code 4."""
    code, events = lab.run_client(lab.subscribers[0], "register", uri="coaps+tcp://127.0.0.1:1")
    assert code == 4
    assert [event["event"] for event in events].count("authenticated") == 1
