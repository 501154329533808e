"""N10: the AAnF or the AF is not who it should be: no key, internal_error or access_denied to the UE, then recovery."""

import re
import subprocess

import pytest

import dtls12_peer
import openings
import profiles
import testbed

A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
ACCESS_DENIED, INTERNAL_ERROR, UNKNOWN_PSK_IDENTITY = 49, 80, 115

pytestmark = pytest.mark.proves(on="dtls1.2 dtls1.3 tls1.2 tls1.3")  # each test goes through all of them


def alerts_on_the_wire(bed, a_kid=A_KID):
    """What a peer is refused with on each profile: one element when all are alike."""
    return {openings.attempt(bed, profile, "3GPP-AKMA;" + a_kid) for profile in profiles.ALL}


def readiness(bed):
    return testbed.http_get(bed.server.port("management"), "/readyz")


@pytest.fixture()
def own(bed, request):
    """Daemons of one test, in a folder of their own."""
    with testbed.Testbed(bed.folder / re.sub(r"\W", "_", request.node.name)) as made:
        made.add_subscribers(1)
        yield made


def other_ca(bed):
    """Certificates of a CA that nobody here trusts."""
    folder = bed.folder / "other"
    subprocess.run([str(testbed.SUPPORT / "make_certs.sh"), str(folder), "aanf:DNS:localhost,IP:127.0.0.1",
                    "server:DNS:localhost"], check=True, capture_output=True)
    return folder


def aanf_tls(bed, folder):
    return {"certificate": str(folder / "aanf.pem"), "key": str(folder / "aanf.key"), "ca": str(bed.certs / "ca.pem")}


def restart_aanf(bed, **overrides):
    """At the same port."""
    port = bed.aanf.port("sbi")
    bed.daemons.remove(bed.aanf)
    assert bed.aanf.stop() == 0
    bed.start_aanf(listen={"host": "127.0.0.1", "port": port}, **overrides)


def test_n10_certificate_of_the_aanf_is_not_trusted(own):
    """No key is taken from it and none asked of it; with the right certificate newcomers get in by themselves."""
    own.start_aanf()
    own.start_server()
    assert readiness(own) == (200, "ok\n")
    restart_aanf(own, tls=aanf_tls(own, other_ca(own)))
    assert alerts_on_the_wire(own) == {(False, INTERNAL_ERROR)}
    status, reasons = readiness(own)
    assert status == 503 and reasons.startswith("aanf: ")
    assert own.aanf.metric("msgin5g_aanf_operations_total") == 0
    assert own.server.metric("msgin5g_sessions") == 0
    restart_aanf(own)
    for profile in profiles.ALL:
        testbed.wait_for(lambda p=profile: p.run(own, own.subscribers[0], "register")[0] == 0, 20, "a registration")
    assert readiness(own) == (200, "ok\n")


def test_n10_certificate_of_the_aanf_names_somebody_else(own):
    own.start_aanf(tls={"certificate": str(own.certs / "stranger.pem"), "key": str(own.certs / "stranger.key"),
                        "ca": str(own.certs / "ca.pem")})
    own.start_server()
    assert alerts_on_the_wire(own) == {(False, INTERNAL_ERROR)}
    assert own.aanf.metric("msgin5g_aanf_operations_total") == 0


@pytest.mark.parametrize("certificate", ["none", "untrusted"])
def test_n10_the_aanf_does_not_know_the_af(own, certificate):
    """Mutual authentication: without a certificate the AAnF trusts, the AF gets no key."""
    own.start_aanf()
    untrusted = {"certificate": str(other_ca(own) / "server.pem"), "key": str(own.folder / "other" / "server.key")}
    own.start_server(aanf={"certificate": "", "key": ""} if certificate == "none" else untrusted)
    assert alerts_on_the_wire(own) == {(False, INTERNAL_ERROR)}
    assert readiness(own)[0] == 503
    assert own.aanf.metric("msgin5g_aanf_operations_total") == 0


def test_n4_certificate_of_an_af_without_rights(own):
    """The AAnF knows the certificate's issuer, its policy not the name: 403, which the UE sees as access_denied."""
    own.start_aanf()
    own.start_server(aanf={"certificate": str(own.certs / "stranger.pem"), "key": str(own.certs / "stranger.key")})
    assert alerts_on_the_wire(own) == {(False, ACCESS_DENIED)}
    assert own.aanf.metric('msgin5g_aanf_operations_total{operation="retrieve_applicationkey",result="not_allowed"}') == 3
    assert readiness(own)[0] == 200  # it answers


@pytest.mark.proves(on="dtls1.2")
@pytest.mark.parametrize("length", [263, 264, 1000, 1350])
def test_n2_longest_identities(lab, length):
    """Up to and beyond the longest PSK identity (10 + 253 octets): refused at once, the AAnF never hears of them."""
    asked = lab.server.metric("msgin5g_aanf_requests_total")
    peer = dtls12_peer.Peer(lab.server.port("coaps"))
    peer.hello()
    peer.hello(cookie=peer.cookie())
    peer.socket.recv(4096)  # ServerHello: the suite is chosen
    peer.key_exchange(b"3GPP-AKMA;0." + b"A" * (length - 12))
    assert peer.alert() == UNKNOWN_PSK_IDENTITY
    peer.close()
    assert lab.server.metric("msgin5g_aanf_requests_total") == asked
