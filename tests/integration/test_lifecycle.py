"""Registrations over time: refreshed, expired, lost with the server, closed with their key; the client comes back by itself."""

import json
import subprocess

import pytest

import foreign_ue
import openssl_dtls
import profiles
import testbed


@pytest.fixture()
def home(tmp_path):
    """Daemons of this test's own: they are stopped and started again."""
    with testbed.Testbed(tmp_path) as bed:
        bed.add_subscribers(3)
        yield bed


def test_registration_is_refreshed_before_it_expires(home):
    """EC-23: at 80 % of the lifetime; the session stays, so no second handshake."""
    home.start_aanf()
    home.start_server()
    listener = home.listen(home.subscribers[0], "--lifetime", "2")
    for _ in range(3):
        assert listener.event("registered")["lifetime_s"] == 2
    assert home.server.metric('msgin5g_handshakes_total{result="completed"}') == 1
    assert home.server.metric("msgin5g_registrations") == 1
    assert listener.stop() == 0
    assert home.server.metric("msgin5g_registrations") == 0


def test_registration_expires(home):
    """A client that ends without a word stays registered until its lifetime is over, then it is away."""
    home.start_aanf()
    home.start_server()
    meter, valve = home.subscribers[:2]
    listener = home.listen(valve, "--lifetime", "2")
    listener.event("registered")
    listener.process.kill()
    testbed.wait_for(lambda: home.server.metric("msgin5g_registrations_expired_total") == 1
                     or home.server.metric("msgin5g_registrations") == 0, 10, "the end of the registration")
    code, events = home.run_client(meter, "send", "--to", valve.service_id, "--payload", "x")
    assert [event["cause"] for event in events if event["event"] == "response"] == ["RECIPIENT_UNAVAILABLE"]
    assert code == 9


def test_server_restart(home):
    """UEs recover by themselves: back-off, handshake, registration; then messages flow again."""
    home.start_aanf()
    server = home.start_server()
    meter, valve = home.subscribers[:2]
    listener = home.listen(valve, "--lifetime", "2", "--backoff", "100")
    listener.event("registered")
    port = server.port("coaps")
    server.stop()
    home.daemons.remove(server)
    listener.event("state", state="waiting")
    home.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port}})
    listener.event("registered", timeout_s=30)
    assert home.run_client(meter, "send", "--to", valve.service_id, "--payload", "again", "--report")[0] == 0
    listener.event("message", payload="again")
    assert listener.stop() == 0


@profiles.each
def test_n11_context_gone_at_the_aanf(home, profile):
    """The A-KID of an earlier primary authentication is unknown; the client authenticates anew and gets in."""
    home.start_aanf(k_af_lifetime="1s")
    home.start_server()
    valve = home.subscribers[0]
    listener = profile.listen(home, valve, "--backoff", "100")
    first = listener.event("authenticated")["a_kid"]
    listener.event("registered")
    assert home.run_client(valve, "register")[0] == 0  # another run of 5G AKA replaces K_AKMA and the A-KID
    second = listener.event("authenticated", timeout_s=20)["a_kid"]
    assert first != second
    listener.event("registered", timeout_s=20)
    assert listener.stop() == 0


def test_bindings_are_read_again(home):
    """SIGHUP: a UE Service ID assigned while the server runs."""
    home.start_aanf()
    home.start_server()
    new = "im:new@lab.example"
    assert home.run_client(home.subscribers[0], "register", service_id=new)[0] == 6
    config = home.server_config()
    config["bindings"][0]["service_ids"].append(new)
    home.write("msgin5g-server.yaml", json.dumps(config))
    home.server.reload()
    testbed.wait_for(lambda: home.run_client(home.subscribers[0], "register", service_id=new)[0] == 0, 10, "the new binding")


@pytest.mark.parametrize("name", ["msgin5g-server", "akma-aanf"])
def test_configuration_errors(home, name):
    """Every problem at once, with file, line and the nearest key; exit code 3. --print-config is a valid start."""
    path = home.write("bad.yaml", "log:\n  level: loud\nmanagment:\n  port: 1\nmanagement:\n  port: 70000\n")
    done = subprocess.run([testbed.program(name), "--config", str(path), "--check-config"], capture_output=True, text=True)
    assert done.returncode == 3
    problems = [line for line in done.stderr.splitlines() if "bad.yaml:" in line]
    assert any("bad.yaml:2:" in line and "loud" in line for line in problems), done.stderr
    assert any("bad.yaml:3:" in line and "management" in line for line in problems), done.stderr
    assert any("bad.yaml:6:" in line and "65535" in line for line in problems), done.stderr
    printed = subprocess.run([testbed.program(name), "--print-config"], capture_output=True, text=True, check=True).stdout
    assert "management:" in printed and "# " in printed


def test_no_key_in_logs_or_metrics(home):
    """The whole main job at log level debug: none of its keys shows up outside of the programs, the A-KID shortened only."""
    home.start_aanf(log={"level": "debug"})
    home.start_server(log={"level": "debug"})
    meter = home.subscribers[0]
    identity, key = foreign_ue.keys(home, meter, foreign_ue.UA_ID_CCAC)
    openssl_dtls.Session(home.server.port("coaps"), identity, key, foreign_ue.CCAC).close()
    assert home.server.metric('msgin5g_handshakes_total{result="completed"}') == 1
    seen = home.server.log() + home.aanf.log() + testbed.http_get(home.server.port("management"), "/metrics")[1]
    for secret in (key.hex(), meter.k, meter.opc):
        assert secret not in seen.lower()
    assert identity.split(";")[1] not in seen
