"""N9: the AAnF is slow, broken or gone: who is in stays in, newcomers get internal_error, recovery is automatic."""

import json
import threading
import time
import urllib.request

import pytest

import testbed


def faults(lab, **values):
    request = urllib.request.Request("http://127.0.0.1:%d/faults" % lab.aanf.port("management"),
                                     data=json.dumps(values).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status in (200, 204)


@pytest.fixture()
def calm(lab):
    yield lab
    faults(lab, latency_ms=0, status=0, drop=False)


def test_slow_aanf_delays_newcomers_only(calm):
    """400 ms at the AAnF: the newcomer waits for it, a message between two others does not."""
    meter, valve, newcomer = calm.subscribers[:3]
    listener = calm.listen(valve)
    listener.event("registered")
    sender = calm.listen(meter)  # its key is in the cache from now on
    sender.event("registered")
    faults(calm, latency_ms=1500)
    result = {}

    def register():
        begin = time.monotonic()
        result["code"] = calm.run_client(newcomer, "register")[0]
        result["seconds"] = time.monotonic() - begin

    thread = threading.Thread(target=register)
    thread.start()
    testbed.wait_for(lambda: calm.server.metric("msgin5g_gate_pending") == 1, 10, "a handshake held by the gate")
    status, text = testbed.http_get(calm.server.port("management"), "/healthz")
    assert status == 200, text
    thread.join()
    assert result["code"] == 0
    assert result["seconds"] > 1.5
    assert sender.stop() == 0
    assert listener.stop() == 0


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 503}, {"drop": True}])
def test_broken_aanf(calm, fault):
    meter, valve, newcomer = calm.subscribers[:3]
    listener = calm.listen(valve)
    listener.event("registered")
    faults(calm, **fault)
    code, _ = calm.run_client(newcomer, "register", "--tls", "1.3")
    assert code == 8  # alert internal_error
    assert calm.run_client(newcomer, "register", "--tls", "1.2")[0] == 8
    faults(calm, status=0, drop=False)
    testbed.wait_for(lambda: calm.run_client(newcomer, "register")[0] == 0, 15, "registration after recovery")
    assert calm.run_client(meter, "send", "--to", valve.service_id, "--payload", "still there", "--report")[0] == 0
    listener.event("message", payload="still there")
    assert listener.stop() == 0
    log = calm.server.log()  # one line for each change, whatever was refused meanwhile
    assert log.count("warning aanf does not answer reason=") == log.count("info aanf answers again") > 0


def test_aanf_process_ends_and_comes_back(bed):
    """Own daemons: the AAnF is killed, sessions stay; it starts again on the same port, newcomers get in."""
    if not bed.subscribers:
        bed.add_subscribers(4)
    port = 0
    aanf = bed.start_aanf(listen={"host": "127.0.0.1", "port": port})
    bed.start_server()
    meter, valve, newcomer = bed.subscribers[:3]
    listener = bed.listen(valve)
    listener.event("registered")
    assert bed.run_client(newcomer, "register")[0] == 0
    a_kid_server = bed.server

    aanf_port = aanf.port("sbi")
    key = bed.write("k.key", "11" * 32)
    aanf.stop()
    bed.daemons.remove(aanf)
    code, _ = bed.run_plain("register", "--service-id", meter.service_id, "--a-kid",
                            "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43), "--k-akma", "@%s" % key, "--tls", "1.3")
    assert code == 8
    status, text = testbed.http_get(a_kid_server.port("management"), "/readyz")
    assert status == 503 and "aanf" in text.lower()

    bed.start_aanf(listen={"host": "127.0.0.1", "port": aanf_port})
    assert testbed.wait_for(lambda: bed.run_client(meter, "send", "--to", valve.service_id, "--payload", "back",
                                                   "--report")[0] == 0, 20, "a message after the AAnF came back")
    listener.event("message", payload="back")
    assert testbed.http_get(a_kid_server.port("management"), "/readyz")[0] == 200
    assert listener.stop() == 0
