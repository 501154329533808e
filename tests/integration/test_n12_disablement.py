"""N12: the AAnF tells that a UE's service ended (TS 29.535 v19.5.0, ServiceDisableNotif); the server lets go at once."""


import pytest

import contexts
import profiles
import sbi
import testbed

PATH = "/akma/service-disable"
SECOND_ID = "im:second@lab.example"

pytestmark = pytest.mark.proves(on="sbi")


@pytest.fixture(scope="module")
def net(bed):
    """AAnF and server that know each other's notifUri; `bed.callbacks` speaks to the server's listener as the AAnF."""
    bed.add_subscribers(4)
    port = testbed.free_port()
    bed.notif_uri = "https://localhost:%d" % port
    bed.start_aanf(afs=[{"certificate": "localhost", "fqdns": [testbed.FQDN, "msgin5g.lab.example"],
                         "notif_uris": [bed.notif_uri]}])
    bindings = [{"identity": s.supi, "service_ids": [s.service_id]} for s in bed.subscribers]
    bindings[1]["service_ids"].append(SECOND_ID)
    bed.start_server(aanf={"notif_uri": bed.notif_uri, "callbacks": {"port": port, "clients": ["aanf"]}}, bindings=bindings)
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    bed.callbacks = sbi.Consumer(bed.notif_uri, bed.certs, "aanf")
    return bed


@profiles.each
def test_n12_context_removed_while_connected(net, profile):
    """Context_Remove for one UE: its session ends without a request of its own, nobody else's does."""
    meter, valve = net.subscribers[:2]
    staying = profile.listen(net, valve)
    staying.event("registered")
    leaving = profile.listen(net, meter)
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


@profiles.each
def test_n12_removed_a_kid_opens_no_session(net, profile):
    """The key is gone from the server's cache: with the old A-KID the UE is refused like a stranger."""
    context = contexts.Context(net, net.ausf, net.subscribers[3], "n12 %s" % profile)
    assert context.register(net, profile) == 0
    cached = net.server.metric("msgin5g_aanf_cached_keys")
    assert net.ausf.remove(net.subscribers[3].supi).status == 204
    testbed.wait_for(lambda: net.server.metric("msgin5g_aanf_cached_keys") == cached - 1, what="key dropped")
    assert context.register(net, profile) == 5


@pytest.mark.proves(on="dtls1.3")
def test_n12_notice_of_the_a_kid_in_another_case(net):
    """The realm compares without regard to case; a second notice finds nothing."""
    context = contexts.Context(net, net.ausf, net.subscribers[3], "n12 case")
    assert context.register(net, profiles.DTLS_1_3) == 0
    shouted = context.a_kid.replace(contexts.REALM, contexts.REALM.upper())
    assert net.callbacks.request("POST", PATH, {"aKId": shouted}).status == 204
    assert net.callbacks.request("POST", PATH, {"aKId": context.a_kid}).status == 404


def test_n12_unknown_a_kid_is_404(net):
    assert net.callbacks.request("POST", PATH, {"aKId": contexts.a_kid_of(b"nobody")}).status == 404


def test_n12_only_the_aanf_may_say_so(net):
    """A certificate of the same CA is not enough, none at all even less."""
    stranger = sbi.Consumer(net.notif_uri, net.certs, "stranger")
    answer = stranger.request("POST", PATH, {"aKId": contexts.a_kid_of(b"nobody")})
    assert (answer.status, answer.cause) == (403, "CONSUMER_NOT_ALLOWED")
    nobody = sbi.Consumer(net.notif_uri, net.certs, None)
    with pytest.raises(sbi.Refused):
        nobody.request("POST", PATH, {"aKId": contexts.a_kid_of(b"nobody")})


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
    a_kid = contexts.a_kid_of(b"ssrf")
    assert net.ausf.register(aKId=a_kid, supi="imsi-001019999999999", kAkma="11" * 32).status == 200
    port = int(net.notif_uri.rsplit(":", 1)[1])
    answer = net.af.retrieve(a_kid, "msgin5g.lab.example:0100000009", notifUri=uri % port if "%d" in uri else uri)
    assert (answer.status, answer.cause, answer.param) == (400, "OPTIONAL_IE_INCORRECT", "/notifUri")


@profiles.each
def test_n11_replaced_context_leaves_old_sessions_alone(net, profile):
    """A new A-KID ends no session on the old K_AF (TS 33.535 5.2), unless notify_replaced says so."""
    meter, valve = net.subscribers[:2]
    old = profile.listen(net, valve)
    old.event("registered")
    sent = net.aanf.metric("msgin5g_aanf_notifications_total")
    disabled = net.server.metric("msgin5g_sessions_disabled_total")
    contexts.Context(net, net.ausf, valve, "newer %s" % profile)
    code, _ = profile.run(net, meter, "send", "--to", valve.service_id, "--payload", "on the old key", "--report")
    assert code == 0
    old.event("message", payload="on the old key")
    assert net.aanf.metric("msgin5g_aanf_notifications_total") == sent
    assert net.server.metric("msgin5g_sessions_disabled_total") == disabled
    assert old.stop() == 0


@profiles.each
def test_n11_no_new_session_on_the_old_key(net, profile):
    """The AF has seen the newer A-KID: the old K_AF opens no session any more, and serves the one it has."""
    meter, valve = net.subscribers[:2]
    old = contexts.Context(net, net.ausf, valve, "n11 old %s" % profile)
    session = net.listen_plain(*old.arguments, *profile.options, uri=net.uri(profile.scheme))
    session.event("registered")
    newer = contexts.Context(net, net.ausf, valve, "n11 newer %s" % profile)
    newer.service_id = SECOND_ID  # of the same UE: its registration takes nothing from the old session
    assert newer.register(net, profile) == 0
    assert old.register(net, profile) == 5
    code, _ = profile.run(net, meter, "send", "--to", valve.service_id, "--payload", "on the old key", "--report")
    assert code == 0
    session.event("message", payload="on the old key")
    assert session.stop() == 0
