"""N12: the AAnF tells that a UE's service ended (TS 29.535 v19.5.0, ServiceDisableNotif); the server lets go at once."""

import base64
import hashlib
import socket

import pytest

import sbi
import testbed

REALM = "5gc.mnc001.mcc001.3gppnetwork.org"
PATH = "/akma/service-disable"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def net(bed):
    """AAnF and server that know each other's notifUri; `bed.callbacks` speaks to the server's listener as the AAnF."""
    bed.add_subscribers(4)
    port = free_port()
    bed.notif_uri = "https://localhost:%d" % port
    bed.start_aanf(afs=[{"certificate": "localhost", "fqdns": [testbed.FQDN, "msgin5g.lab.example"],
                         "notif_uris": [bed.notif_uri]}])
    bed.start_server(aanf={"notif_uri": bed.notif_uri, "callbacks": {"port": port, "clients": ["aanf"]}})
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    bed.callbacks = sbi.Consumer(bed.notif_uri, bed.certs, "aanf")
    return bed


def a_kid_of(text, realm=REALM):
    return "0.%s@%s" % (base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode(), realm)


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_n12_context_removed_while_connected(net, version, scheme):
    """Context_Remove for one UE: its session ends without a request of its own, nobody else's does."""
    meter, valve = net.subscribers[:2]
    staying = net.listen(valve, "--tls", version, uri=net.uri(scheme))
    staying.event("registered")
    leaving = net.listen(meter, "--tls", version, uri=net.uri(scheme))
    leaving.event("registered")
    before = net.server.metric("msgin5g_sessions_disabled_total")
    delivered = net.aanf.metric('msgin5g_aanf_notifications_total{result="ok"}')

    assert net.ausf.remove(meter.supi).status == 204
    testbed.wait_for(lambda: net.server.metric("msgin5g_sessions_disabled_total") == before + 1, what="closed session")
    testbed.wait_for(lambda: net.aanf.metric('msgin5g_aanf_notifications_total{result="ok"}') == delivered + 1,
                     what="204 from the server")
    code, _ = net.run_client(net.subscribers[2], "send", "--to", valve.service_id, "--payload", "still here", "--report")
    assert code == 0
    staying.event("message", payload="still here")
    assert staying.stop() == 0
    leaving.kill()


def test_n12_removed_a_kid_opens_no_session(net):
    """The key is gone from the server's cache: with the old A-KID the UE is refused like a stranger."""
    k_akma = hashlib.sha256(b"k_akma").hexdigest()
    key = net.write("k_akma.hex", k_akma)
    subscriber = net.subscribers[3]
    a_kid = a_kid_of(b"n12")
    assert net.ausf.register(aKId=a_kid, supi=subscriber.supi, kAkma=k_akma).status == 200
    register = ("register", "--service-id", subscriber.service_id, "--a-kid", a_kid, "--k-akma", "@%s" % key, "--tls", "1.3")
    assert net.run_plain(*register)[0] == 0
    cached = net.server.metric("msgin5g_aanf_cached_keys")
    assert net.ausf.remove(subscriber.supi).status == 204
    testbed.wait_for(lambda: net.server.metric("msgin5g_aanf_cached_keys") == cached - 1, what="key dropped")
    assert net.run_plain(*register)[0] == 5


def test_n12_notice_of_the_a_kid_in_another_case(net):
    """The realm compares without regard to case; a second notice finds nothing."""
    k_akma = hashlib.sha256(b"k_akma 2").hexdigest()
    key = net.write("k_akma2.hex", k_akma)
    subscriber = net.subscribers[3]
    a_kid = a_kid_of(b"n12 case")
    assert net.ausf.register(aKId=a_kid, supi=subscriber.supi, kAkma=k_akma).status == 200
    assert net.run_plain("register", "--service-id", subscriber.service_id, "--a-kid", a_kid, "--k-akma", "@%s" % key)[0] == 0
    shouted = a_kid.replace(REALM, REALM.upper())
    assert net.callbacks.request("POST", PATH, {"aKId": shouted}).status == 204
    assert net.callbacks.request("POST", PATH, {"aKId": a_kid}).status == 404


def test_n12_unknown_a_kid_is_404(net):
    assert net.callbacks.request("POST", PATH, {"aKId": a_kid_of(b"nobody")}).status == 404


def test_n12_only_the_aanf_may_say_so(net):
    """A certificate of the same CA is not enough, none at all even less."""
    stranger = sbi.Consumer(net.notif_uri, net.certs, "stranger")
    answer = stranger.request("POST", PATH, {"aKId": a_kid_of(b"nobody")})
    assert (answer.status, answer.cause) == (403, "CONSUMER_NOT_ALLOWED")
    nobody = sbi.Consumer(net.notif_uri, net.certs, None)
    with pytest.raises(sbi.Refused):
        nobody.request("POST", PATH, {"aKId": a_kid_of(b"nobody")})


@pytest.mark.parametrize("body, content_type, status", [
    (b"{", "application/json", 400), (b"[]", "application/json", 400), (b"{}", "application/json", 400),
    (b'{"aKId":1}', "application/json", 400), (b'{"aKId":"no a-kid"}', "application/json", 400),
    (b'{"aKId":"x","aKId":"y"}', "application/json", 400), (b'{"aKId":"x"}', "text/plain", 415),
    (b" " * 5000, "application/json", 413)])
def test_n12_malformed_notices(net, body, content_type, status):
    assert net.callbacks.request("POST", PATH, body, content_type).status == status


@pytest.mark.parametrize("uri", [
    "https://127.0.0.1:%d/x", "https://localhost:1/x", "https://localhost:%d0/x", "https://localhost:%d@127.0.0.1/x",
    "http://localhost:%d/x", "https://localhost:%d", "https://localhost:%d.evil.example/x", "https://localhost:%d/x#y"])
def test_notif_uri_elsewhere_is_refused(net, uri):
    """An AF cannot make the AAnF speak to whom it likes (SSRF): places come from the policy table."""
    a_kid = a_kid_of(b"ssrf")
    assert net.ausf.register(aKId=a_kid, supi="imsi-001019999999999", kAkma="11" * 32).status == 200
    port = int(net.notif_uri.rsplit(":", 1)[1])
    answer = net.af.retrieve(a_kid, "msgin5g.lab.example:0100000009", notifUri=uri % port if "%d" in uri else uri)
    assert (answer.status, answer.cause, answer.param) == (400, "OPTIONAL_IE_INCORRECT", "/notifUri")


def test_replaced_context_leaves_old_sessions_alone(net):
    """N11: a new A-KID ends no session on the old K_AF (TS 33.535 5.2), unless notify_replaced says so."""
    meter, valve = net.subscribers[:2]
    old = net.listen(valve)
    old.event("registered")
    sent = net.aanf.metric("msgin5g_aanf_notifications_total")
    disabled = net.server.metric("msgin5g_sessions_disabled_total")
    challenge = net.ausf.authenticate(valve.supi, testbed.SN_NAME)
    assert challenge.status == 201
    assert net.ausf.register(aKId=a_kid_of(b"newer"), supi=valve.supi, kAkma="22" * 32).status == 200
    code, _ = net.run_client(meter, "send", "--to", valve.service_id, "--payload", "on the old key", "--report")
    assert code == 0
    old.event("message", payload="on the old key")
    assert net.aanf.metric("msgin5g_aanf_notifications_total") == sent
    assert net.server.metric("msgin5g_sessions_disabled_total") == disabled
    assert old.stop() == 0
