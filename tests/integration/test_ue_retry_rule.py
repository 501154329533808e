"""The UE's rule when its key is refused (section 4.5 of the AKMA digest): one primary authentication, one more attempt with
the new A-KID, then it backs off without asking the network for more; with real processes on every profile's alert."""

import pytest

import aanf_faults
import sbi
import testbed

CONFIRMED = 'msgin5g_aanf_operations_total{operation="5g_aka_confirmation",result="ok"}'


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(8)
    bed.start_aanf()
    bed.start_server()
    return bed


@pytest.fixture()
def calm(net):
    yield net
    aanf_faults.end(net)


@pytest.mark.parametrize("number, options", [(0, ["--tls", "1.2"]), (1, ["--tls", "1.3"])], ids=["dtls1.2", "dtls1.3"])
def test_stale_a_kid_is_refreshed_once_and_the_ue_is_in_again(net, number, options):
    """The context is gone (alert 115 to the old A-KID): no operator has to do anything."""
    subscriber = net.subscribers[number]
    before = net.aanf.metric(CONFIRMED)
    ue = net.listen(subscriber, *options)
    first = ue.event("authenticated")["a_kid"]
    ue.event("registered")
    assert net.aanf.metric(CONFIRMED) == before + 1
    ausf = sbi.Consumer(net.aanf_url, net.certs, "ausf-client")
    assert ausf.remove(subscriber.supi).status == 204
    port = net.server.port("coaps")
    net.daemons.remove(net.server)
    assert net.server.stop() == 0  # the session ends with the server, and so does its cached K_AF
    net.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port}})
    second = ue.event("authenticated", timeout_s=40)["a_kid"]
    ue.event("registered", timeout_s=40)
    assert second != first
    assert net.aanf.metric(CONFIRMED) == before + 2
    assert ue.stop() == 0


REFUSED = 'msgin5g_gate_refused_total{alert="unknown_psk_identity"}'


@pytest.mark.parametrize("number, options, fault", [
    (2, ["--tls", "1.2"], {"status": 404}), (3, ["--tls", "1.3"], {"status": 404}), (4, ["--tls", "1.3"], {"key": "other"}),
], ids=["115 in dtls1.2", "115 in dtls1.3", "47 in dtls1.3"])
def test_a_command_gives_up_after_one_refresh(calm, number, options, fault):
    """Two authentications, two attempts, exit code 5."""
    before, failed = calm.aanf.metric(CONFIRMED), calm.server.metric('msgin5g_handshakes_total{result="failed"}')
    aanf_faults.begin(calm, **fault)
    code, events = calm.run_client(calm.subscribers[number], "register", *options)
    assert code == 5
    assert [event["event"] for event in events].count("authenticated") == 2
    assert calm.aanf.metric(CONFIRMED) == before + 2
    assert calm.server.metric('msgin5g_handshakes_total{result="failed"}') == failed + 2


def test_a_ue_that_was_in_backs_off_and_comes_back(calm):
    """Refused also after the refresh: attempts go on, authentications do not; when the AAnF is right again the UE is in."""
    subscriber, port = calm.subscribers[5], calm.server.port("coaps")
    ue = calm.listen(subscriber)
    ue.event("registered")
    before = calm.aanf.metric(CONFIRMED)
    aanf_faults.begin(calm, status=404)
    calm.daemons.remove(calm.server)
    assert calm.server.stop() == 0
    calm.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port}})
    testbed.wait_for(lambda: calm.server.metric(REFUSED) >= 4, 60, "attempts")
    assert calm.aanf.metric(CONFIRMED) == before + 1
    aanf_faults.end(calm)
    ue.event("registered", timeout_s=60)
    assert ue.stop() == 0
