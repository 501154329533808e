"""Sessions over coaps+tcp in time: lost with the server, closed with their key, ended by the UE; the client comes back."""

import pytest

import foreign_ue
import testbed
from openssl_tls import TLS_1_3, s_client


@pytest.fixture()
def home(tmp_path):
    """Daemons of this test's own: they are stopped and started again."""
    with testbed.Testbed(tmp_path) as bed:
        bed.add_subscribers(3)
        bed.start_aanf()
        yield bed


def start_server(home, port=0, **overrides):
    server = home.start_server(listen={"coaps_tcp": {"host": "127.0.0.1", "port": port}}, **overrides)
    home.server_uri = home.uri("coaps+tcp")
    return server


@pytest.mark.parametrize("version", ["1.2", "auto"])
def test_server_restart(home, version):
    """The same port again at once, and UEs recover by themselves: handshake, CSM, registration, messages."""
    server = start_server(home)
    meter, valve = home.subscribers[:2]
    listener = home.listen(valve, "--backoff", "100", "--tls", version)
    listener.event("registered")
    port = server.port("coaps+tcp")
    server.stop()
    home.daemons.remove(server)
    listener.event("state", state="waiting")
    start_server(home, port)
    listener.event("registered", timeout_s=30)
    assert home.run_client(meter, "send", "--to", valve.service_id, "--payload", "again", "--report")[0] == 0
    listener.event("message", payload="again")
    assert len([event for event in listener.events if event["event"] == "authenticated"]) == 1
    assert listener.stop() == 0


def test_ue_without_csm_is_known_and_ends_with_its_key(home):
    """Authenticated, then never a CSM (RFC 8323 5.3): its session is a session, with the end that K_AF has."""
    home.aanf.stop()
    home.daemons.remove(home.aanf)
    home.start_aanf(k_af_lifetime="2s")
    start_server(home)
    identity, key = foreign_ue.keys(home, home.subscribers[0], "0100000007")
    output = s_client(home.server.port("coaps+tcp"), identity, key, TLS_1_3, timeout_s=10)
    assert b"Verify return code" in output
    assert home.server.metric("msgin5g_sessions_key_expired_total") == 1
    testbed.wait_for(lambda: home.server.metric("msgin5g_sessions") == 0)


def test_ue_that_is_gone_is_away_at_once(home):
    """Over TCP its end is seen: the message does not wait for an answer that cannot come."""
    start_server(home)
    meter, valve = home.subscribers[:2]
    listener = home.listen(valve)
    listener.event("registered")
    listener.process.kill()
    testbed.wait_for(lambda: home.server.metric("msgin5g_sessions") == 0, 10, "the end of the session")
    code, events = home.run_client(meter, "send", "--to", valve.service_id, "--payload", "x")
    assert [event["cause"] for event in events if event["event"] == "response"] == ["RECIPIENT_UNAVAILABLE"]
    assert code == 9


def test_coaps_tcp_can_be_off(home):
    server = home.start_server(listen={"coaps_tcp": {"enabled": False}})
    assert "coaps+tcp" not in server.ready
    assert home.run_client(home.subscribers[0], "register")[0] == 0


def test_port_in_use_is_refused(home):
    """A second server on the same TCP port does not start, and says why."""
    port = start_server(home).port("coaps+tcp")
    first = home.server
    with pytest.raises(RuntimeError, match="cannot listen scheme=coaps\\+tcp"):
        start_server(home, port)
    home.server = first
