"""The life of K_AF under OSCORE contexts: expiry (N6, choice C15), a newer A-KID (N11), disablement (N12)."""

import json

import pytest

import foreign_ue
import oscore_peer
import sbi
import testbed

pytestmark = pytest.mark.proves(on="oscore")
LIFETIME_S = 3
EXPIRED, GONE = (True, "4.01", b"K_AF_EXPIRED"), (False, "4.01", b"Security context not found")


@pytest.fixture(scope="module")
def short(bed):
    """Keys that live for a moment."""
    bed.add_subscribers(4)
    bed.start_aanf(k_af_lifetime="%ds" % LIFETIME_S)
    bed.start_server(listen=testbed.OSCORE)
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    return bed


def verdict(answer):
    return answer.protected, answer.status, answer.payload


def register(ue, net, number):
    return ue.request("msgin5g", foreign_ue.registration(net.subscribers[number].service_id))


def ue_with_context(net, number, server=None):
    ue = oscore_peer.Ue((server or net.server).port("coap"))
    ue.a_kid, ue.key = oscore_peer.keys(net, net.subscribers[number])
    assert ue.establish(ue.a_kid, ue.key).status == "2.01"
    return ue


def test_n6_expired_in_use(short):
    """Told under protection, once; then the context is gone. The UE comes back with the same K_AKMA."""
    ue = ue_with_context(short, 0)
    assert json.loads(register(ue, short, 0).payload)["result"]
    expired = short.server.metric("msgin5g_sessions_key_expired_total")
    testbed.wait_for(lambda: short.server.metric("msgin5g_sessions_key_expired_total") == expired + 1, what="the end of K_AF")
    assert verdict(register(ue, short, 0)) == EXPIRED
    testbed.wait_for(lambda: verdict(register(ue, short, 0)) == GONE, what="a context that is gone")
    assert ue.establish(ue.a_kid, ue.key).status == "2.01"
    assert json.loads(register(ue, short, 0).payload)["result"]
    ue.close()


def test_registrations_end_with_the_key(short):
    """Nothing tells a UE that only listens; so its registration asks it to come back before K_AF is over."""
    ue = ue_with_context(short, 0)
    assert 1 <= json.loads(register(ue, short, 0).payload)["regExpTime"] <= LIFETIME_S
    ue.close()


def test_n6_nothing_is_sent_on_an_expired_key(short):
    ue, other = ue_with_context(short, 0), ue_with_context(short, 1)
    register(ue, short, 0)
    expired = short.server.metric("msgin5g_sessions_key_expired_total")
    testbed.wait_for(lambda: short.server.metric("msgin5g_sessions_key_expired_total") > expired, what="the end of K_AF")
    assert other.establish(other.a_kid, other.key).status == "2.01"
    register(other, short, 1)
    text = {"msgIden": "urn:3gpp:msgin5g", "msgType": "MSG", "msgId": "0f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f",
            "oriAddr": {"oriAddrType": "UE", "addr": short.subscribers[1].service_id}, "payload": "too late",
            "destAddr": {"destAddrType": "UE", "addr": short.subscribers[0].service_id}, "isDelivStatReq": False}
    assert other.request("msgin5g", json.dumps(text).encode()).status == "2.04"
    told = json.loads(other.server_request().payload)
    assert told["msgType"] == "MSGRESP" and told["DelSta"] == "failure"
    assert ue.receive(0.2) is None
    ue.close()
    other.close()


def wait_until_expired(short):
    """The server has dropped every K_AF it had."""
    testbed.wait_for(lambda: short.server.metric("msgin5g_aanf_cached_keys") == 0, 10, "the end of K_AF")


def test_n6_expired_before(short):
    """What the cache had is over: the AAnF is asked once more and gives a later expiry (C15)."""
    ue = ue_with_context(short, 2)
    asked = short.server.metric('msgin5g_aanf_requests_total{result="ok"}')
    wait_until_expired(short)
    assert ue.establish(ue.a_kid, ue.key).status == "2.01"
    assert short.server.metric('msgin5g_aanf_requests_total{result="ok"}') == asked + 1
    assert json.loads(register(ue, short, 2).payload)["result"]
    ue.close()


def test_n6_expired_and_not_renewed(short):
    ue = ue_with_context(short, 3)
    assert short.ausf.remove(short.subscribers[3].supi).status == 204
    wait_until_expired(short)
    assert verdict(ue.establish(ue.a_kid, ue.key)) == (False, "4.01", b"K_AKMA_NOT_PRESENT")
    ue.close()


@pytest.fixture(scope="module")
def told(bed, short):
    """A server the AAnF can tell about disablement, and keys that live long."""
    del short
    port = testbed.free_port()
    uri = "https://localhost:%d" % port
    bed.start_aanf(afs=[{"certificate": "localhost", "fqdns": [testbed.FQDN], "identity": "supi", "notif_uris": [uri]}])
    bed.start_server(listen=testbed.OSCORE, store={"folder": "told"},
                     aanf={"notif_uri": uri, "callbacks": {"port": port, "clients": ["aanf"]}})
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    return bed


def test_n11_newer_a_kid(told):
    """The context on the old K_AF serves on; a new one on it is not made once the server has seen the newer A-KID."""
    old = ue_with_context(told, 0)
    assert json.loads(register(old, told, 0).payload)["result"]
    newer = ue_with_context(told, 0)
    assert register(old, told, 0).status == "2.04"
    assert register(newer, told, 0).status == "2.04"
    assert verdict(old.akma(oscore_peer.akma_request(old.a_kid))) == (False, "4.01", b"K_AKMA_NOT_PRESENT")
    old.close()
    newer.close()


def test_n12_context_removed(told):
    """ContextRemove at the AAnF: its contexts go, those half-open too, and others stay."""
    leaving, staying = ue_with_context(told, 1), ue_with_context(told, 2)
    assert json.loads(register(leaving, told, 1).payload)["result"]
    assert json.loads(register(staying, told, 2).payload)["result"]
    disabled, existing = (told.server.metric(name) for name in ("msgin5g_sessions_disabled_total", "msgin5g_oscore_contexts"))
    half_open = oscore_peer.Ue(told.server.port("coap"))
    assert half_open.establish(leaving.a_kid, leaving.key).status == "2.01"
    assert told.ausf.remove(told.subscribers[1].supi).status == 204
    testbed.wait_for(lambda: told.server.metric("msgin5g_sessions_disabled_total") == disabled + 2, what="closed contexts")
    testbed.wait_for(lambda: verdict(register(leaving, told, 1)) == GONE, what="a context that is gone")
    assert verdict(register(half_open, told, 1)) == GONE
    assert verdict(leaving.akma(oscore_peer.akma_request(leaving.a_kid))) == (False, "4.01", b"K_AKMA_NOT_PRESENT")
    assert register(staying, told, 2).status == "2.04"
    assert told.server.metric("msgin5g_oscore_contexts") == existing - 1
    for ue in (leaving, staying, half_open):
        ue.close()
