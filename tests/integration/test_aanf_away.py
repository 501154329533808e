"""N9: the AAnF is slow, broken or gone: who is in stays in, newcomers get internal_error, recovery is automatic."""

import pytest

import aanf_faults
import profiles
import testbed


@pytest.fixture()
def calm(lab):
    yield lab
    aanf_faults.end(lab)


@profiles.each
def test_n9_slow_aanf_delays_the_newcomer_only(calm, profile):
    """Octets of a handshake are held while the AAnF is asked, and go on whole; others do not wait."""
    meter, valve, newcomer = calm.subscribers[:3]
    listener = profile.listen(calm, valve)
    listener.event("registered")
    sender = profile.listen(calm, meter)
    sender.event("registered")
    aanf_faults.begin(calm, latency_ms=1000)
    waiting = profile.listen(calm, newcomer)
    testbed.wait_for(lambda: calm.server.metric("msgin5g_gate_pending") == 1, 10, "a handshake held by the gate")
    assert calm.server.metric("msgin5g_gate_held_bytes") > 0
    assert testbed.http_get(calm.server.port("management"), "/healthz")[0] == 200
    assert calm.server.metric("msgin5g_gate_pending") == 1
    waiting.event("registered")
    assert calm.server.metric("msgin5g_gate_held_bytes") == 0
    for client in (waiting, sender, listener):
        assert client.stop() == 0


@profiles.each
@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 503}, {"drop": True}], ids=["500", "503", "drop"])
def test_n9_broken_aanf(calm, profile, fault):
    meter, valve, newcomer = calm.subscribers[:3]
    listener = profile.listen(calm, valve)
    listener.event("registered")
    aanf_faults.begin(calm, **fault)
    assert profile.run(calm, newcomer, "register")[0] == 8  # alert internal_error
    aanf_faults.end(calm)
    testbed.wait_for(lambda: profile.run(calm, newcomer, "register")[0] == 0, 15, "registration after recovery")
    assert profile.run(calm, meter, "send", "--to", valve.service_id, "--payload", "still there", "--report")[0] == 0
    listener.event("message", payload="still there")
    assert listener.stop() == 0
    log = calm.server.log()  # one line for each change, whatever was refused meanwhile
    assert log.count("warning aanf does not answer reason=") == log.count("info aanf answers again") > 0


def unknown(bed, profile):
    """Registers with an A-KID that nobody can know without the AAnF."""
    key = bed.write("k.key", "11" * 32)
    return profile.run_plain(bed, "register", "--service-id", bed.subscribers[0].service_id, "--a-kid",
                             "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43), "--k-akma", "@%s" % key)[0]


@pytest.mark.proves(on="dtls1.2 dtls1.3 tls1.2 tls1.3")
def test_n9_aanf_process_ends_and_comes_back(tmp_path):
    """Own daemons: the AAnF is stopped, sessions stay; it starts again on the same port, newcomers get in."""
    with testbed.Testbed(tmp_path) as bed:
        bed.add_subscribers(6)
        aanf = bed.start_aanf()
        bed.start_server()
        meter, *valves = bed.subscribers[:5]
        listeners = [profile.listen(bed, valve) for profile, valve in zip(profiles.ALL, valves)]
        for listener in listeners:
            listener.event("registered")
        bed.daemons.remove(aanf)
        assert aanf.stop() == 0
        for profile in profiles.ALL:
            assert unknown(bed, profile) == 8, profile
        status, text = testbed.http_get(bed.server.port("management"), "/readyz")
        assert status == 503 and "aanf" in text.lower()

        bed.start_aanf(listen={"host": "127.0.0.1", "port": aanf.port("sbi")})
        for profile, valve, listener in zip(profiles.ALL, valves, listeners):
            testbed.wait_for(lambda p=profile, v=valve: p.run(bed, meter, "send", "--to", v.service_id, "--payload", "back",
                                                              "--report")[0] == 0, 20, "a message after the AAnF came back")
            listener.event("message", payload="back")
            assert listener.stop() == 0
        assert testbed.http_get(bed.server.port("management"), "/readyz")[0] == 200
