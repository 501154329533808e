"""akma-aanf with a state file: contexts, expiry times and SQN are there again after kill -9, and never readable."""

import base64
import hashlib
import json
import secrets
import subprocess

import pytest

import milenage
import sbi
import testbed

AF_ID = "msgin5g.lab.example:0100000009"
REALM = "5gc.mnc001.mcc001.3gppnetwork.org"


def key_info(number):
    a_tid = base64.urlsafe_b64encode(hashlib.sha256(b"restart %d" % number).digest()).rstrip(b"=").decode()
    return {"aKId": "0.%s@%s" % (a_tid, REALM), "supi": "imsi-00101%010d" % (9000 + number),
            "kAkma": hashlib.sha256(b"k_akma %d" % number).hexdigest()}


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(2)
    bed.write("state.key", secrets.token_hex(32) + "\n")
    return bed


def start(bed, port=0):
    bed.start_aanf(listen={"host": "127.0.0.1", "port": port}, state_file=str(bed.folder / "aanf.state"),
                   state_key_file=str(bed.folder / "state.key"))
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")


def kill(bed):
    """SIGKILL: no chance to write anything."""
    bed.aanf.kill()
    bed.daemons.remove(bed.aanf)


def test_contexts_survive_kill_9(net):
    start(net)
    kept, removed, replaced = key_info(1), key_info(2), key_info(3)
    for info in (kept, removed, replaced):
        assert net.ausf.register(**info).status == 200
    newer = dict(key_info(4), supi=replaced["supi"])
    before = net.af.retrieve(kept["aKId"], AF_ID).body
    assert net.ausf.register(**newer).status == 200
    assert net.ausf.remove(removed["supi"]).status == 204
    kill(net)

    start(net)
    assert net.af.retrieve(kept["aKId"], AF_ID).body == before  # the key and its expiry (C15)
    assert net.aanf.metric("msgin5g_aanf_contexts") == 2
    assert net.af.retrieve(newer["aKId"], AF_ID).status == 200
    for gone in (removed, replaced):
        assert net.af.retrieve(gone["aKId"], AF_ID).cause == "K_AKMA_NOT_PRESENT"
    assert net.ausf.remove(removed["supi"]).cause == "AKMA_CONTEXT_NOT_FOUND"
    kill(net)


def test_sqn_survives_kill_9(net):
    start(net)
    subscriber = net.subscribers[0]
    usim = milenage.Usim(subscriber)
    last = max(usim.sqn(net.ausf.authenticate(subscriber.supi, testbed.SN_NAME)) for _ in range(3))
    kill(net)
    start(net)
    assert usim.sqn(net.ausf.authenticate(subscriber.supi, testbed.SN_NAME)) > last
    kill(net)


def test_kill_9_in_the_middle_of_the_work(net):
    """Whatever was answered with 200 before the kill is there afterwards, ten times over."""
    answered = {}
    for life in range(10):
        start(net)
        for number in range(20 * life, 20 * life + 20):
            info = key_info(100 + number % 30)
            if net.ausf.register(**info).status == 200:
                answered[info["supi"]] = info["aKId"]
        kill(net)
    start(net)
    for a_kid in answered.values():
        assert net.af.retrieve(a_kid, AF_ID).status == 200
    kill(net)


def test_server_and_ues_go_on_after_a_restart(net):
    """A UE that authenticated before the AAnF was killed gets in afterwards with the same A-KID and K_AKMA."""
    start(net)
    port = net.aanf.port("sbi")
    net.start_server()
    subscriber = net.subscribers[1]
    info = dict(key_info(50), supi=subscriber.supi)
    assert net.ausf.register(**info).status == 200
    kill(net)
    start(net, port)
    key = net.write("k_akma.hex", info["kAkma"])
    assert testbed.wait_for(lambda: net.run_plain("register", "--service-id", subscriber.service_id, "--a-kid",
                                                  info["aKId"], "--k-akma", "@%s" % key)[0] == 0, 15, "registration")
    kill(net)


@pytest.mark.proves("33.117-4.2.3.2.3")
def test_the_file_shows_nothing(net):
    text = (net.folder / "aanf.state").read_bytes()
    assert (net.folder / "aanf.state").stat().st_mode & 0o777 == 0o600
    for secret in (b"imsi", b"3gppnetwork", bytes.fromhex(key_info(1)["kAkma"]), key_info(1)["kAkma"].encode()):
        assert secret not in text


@pytest.mark.parametrize("change, message", [
    (lambda octets: octets[:200] + bytes([octets[200] ^ 1]) + octets[201:], "it was changed"),
    (lambda octets: b"something else", "no state file of this program"),
])
def test_a_changed_file_stops_the_start(net, change, message):
    """Better no AAnF than one with other people's keys; the file stays as it is."""
    path = net.folder / "aanf.state"
    good = path.read_bytes()
    path.write_bytes(change(good))
    with pytest.raises(RuntimeError) as refused:
        start(net)
    assert "state file cannot be used" in str(refused.value) and message in str(refused.value)
    assert path.read_bytes() == change(good)
    path.write_bytes(good)


def test_key_file_must_be_private_and_complete(net):
    config = net.aanf_config(state_file=str(net.folder / "aanf.state"))

    def check(**more):
        path = net.write("checked.yaml", json.dumps({**config, **more}))
        return subprocess.run([testbed.program("akma-aanf"), "--config", str(path), "--check-config"],
                              capture_output=True, text=True, check=False)

    assert "needs state_key_file" in check().stderr
    net.write("open.key", "11" * 32, 0o644)
    assert "readable by others" in check(state_key_file=str(net.folder / "open.key")).stderr
    net.write("short.key", "11" * 31)
    refused = check(state_key_file=str(net.folder / "short.key"))
    assert refused.returncode == 3 and "64 hexadecimal digits" in refused.stderr
    assert check(state_key_file=str(net.folder / "state.key")).returncode == 0
