"""Alerts as section 4.5 of the AKMA digest has them, on every profile, to peers we did not write (DTLS 1.3: by hand)."""

import pytest

import dtls13_peer
import foreign_ue
import openings
import profiles

A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
UNRECOGNIZED_NAME, MISSING_EXTENSION, UNKNOWN_PSK_IDENTITY = 112, 109, 115
MALFORMED = [
    A_KID,                                       # no prefix
    "3GPP-AKMA",
    "3GPP-AKMA;0.short@realm.example",
    "3GPP-AKMA;no-at-sign",
    "3GPP-AKMA;0.%s@r.example" % ("A" * 42 + "="),
    "3GPP-AKMA;0.%s@r.example" % ("A" * 42 + "B"),  # bits left over
    "3GPP-AKMA;12345.%s@r.example" % ("A" * 43),
    "3GPP-AKMA;" + "x" * 240,
    "3GPP-AKMB;" + A_KID,
    "3GPP-SEAL;42",                              # no SEAL key source in this version
]


@profiles.each
def test_n1_nobody_has_this_a_kid(lab, profile):
    assert openings.attempt(lab, profile, "3GPP-AKMA;" + A_KID) == (False, UNKNOWN_PSK_IDENTITY)


@profiles.each
@pytest.mark.parametrize("identity", MALFORMED, ids=range(len(MALFORMED)))
def test_n2_malformed_identities(lab, profile, identity):
    """Refused by the server itself: the AAnF never hears of them."""
    before = lab.server.metric("msgin5g_aanf_requests_total")
    assert openings.attempt(lab, profile, identity) == (False, UNKNOWN_PSK_IDENTITY)
    assert lab.server.metric("msgin5g_aanf_requests_total") == before


@profiles.each
@pytest.mark.parametrize("ua_id", ["0100000007", "0100000009", "0100000008", "010001d001", "010001ccac", "010001c0a8",
                                   "0100011301", "0000000000"])
def test_n5_key_of_another_ua_id(lab, profile, ua_id):
    """K_AF is that of one protocol and, in version 1.2, of one suite: any other fails, and nothing is fallen back to."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[0], ua_id)
    completed = lab.server.metric('msgin5g_handshakes_total{result="completed"}')
    fits = ua_id == openings.UA_IDS[profile]
    assert openings.attempt(lab, profile, identity, key) == (fits, None if fits else openings.WRONG_KEY[profile])
    if not fits:
        assert lab.server.metric('msgin5g_handshakes_total{result="completed"}') == completed


@profiles.each
def test_n5_key_of_another_server_name(lab, profile):
    identity, k_akma = foreign_ue.a_kid_and_k_akma(lab, lab.subscribers[1])
    key = foreign_ue.k_af(k_akma, openings.UA_IDS[profile], "msgin5g.lab.example")
    assert openings.attempt(lab, profile, "3GPP-AKMA;" + identity, key) == (False, openings.WRONG_KEY[profile])


@profiles.each
@pytest.mark.parametrize("server_name, alert", [(None, MISSING_EXTENSION), ("other.example", UNRECOGNIZED_NAME)])
def test_n16_server_name_is_required_and_checked(lab, profile, server_name, alert):
    assert openings.attempt(lab, profile, "3GPP-AKMA;" + A_KID, server_name=server_name) == (False, alert)


@pytest.mark.proves(on="dtls1.3")
@pytest.mark.parametrize("options", [{"modes": b"\0"}, {"identity": None}, {"suites": (0x1302,)}, {"suites": (0x1303, 0x1304)},
                                     {"suites": (0xD001, 0xCCAC, 0xC0A8)}],
                         ids=["psk_ke", "no PSK", "SHA-384", "ChaCha20 and CCM", "those of 1.2"])
def test_n16_downgrade_of_dtls_1_3(lab, options):
    """What the others refuse in test_interop_dtls.py and test_interop_tls.py; the right key does not help."""
    identity, key = foreign_ue.keys(lab, lab.subscribers[2], "0100000009")
    options = {"identity": identity.encode(), **options}
    with dtls13_peer.Peer(lab.server.port("coaps"), key=key, **options) as peer:
        assert peer.attempt() is not None


@profiles.each
def test_n14_a_kid_of_a_ue_that_is_connected(lab, profile):
    """Whoever knows the A-KID of an open session and not its key disturbs nobody."""
    valve, meter = lab.subscribers[3:5]
    listener = profile.listen(lab, valve)
    a_kid = listener.event("authenticated")["a_kid"]
    listener.event("registered")
    for _ in range(3):
        assert openings.attempt(lab, profile, "3GPP-AKMA;" + a_kid) == (False, openings.WRONG_KEY[profile])
    code, _ = profile.run(lab, meter, "send", "--to", valve.service_id, "--payload", "undisturbed", "--report")
    assert code == 0
    listener.event("message", payload="undisturbed")
    assert listener.stop() == 0
