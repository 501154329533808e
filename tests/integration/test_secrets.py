"""Keys stay where they belong: not in logs, metrics, arguments or core files, nor in memory once they are over."""

import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

import pytest

import contexts
import foreign_ue
import milenage
import oscore_peer
import profiles
import sbi
import secret_scan
import testbed
from secret_scan import Secret

AF_ID = "localhost:0100000009"
GRACE_S = 3  # for a key that is over; a second is what is asked for, and this machine may be busy


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def readable(pid):
    """None, or why the memory of a process cannot be read here."""
    try:
        os.close(os.open("/proc/%d/mem" % pid, os.O_RDONLY))
        return None
    except OSError as error:
        return "no way into the memory of another process: %s" % error


def gone(pid, secrets):
    """Wait until none of them is left in this process; a look that began in time counts, however long it takes."""
    deadline = time.monotonic() + GRACE_S
    while True:
        in_time = time.monotonic() < deadline
        places = secret_scan.in_memory(pid, secrets)
        if not places:
            return
        assert in_time, places
        time.sleep(0.2)


@pytest.fixture(scope="module")
def net(bed):
    """Both daemons may be looked into, log everything, and tell each other when a context ends."""
    bed.add_subscribers(6)
    uri = "https://localhost:%d" % free_port()
    bed.start_aanf(debug={"core_files": True}, log={"level": "debug"}, afs=[
        {"certificate": "localhost", "fqdns": [testbed.FQDN], "notif_uris": [uri]}])
    bed.start_server(debug={"core_dumps": True}, log={"level": "debug"}, auth={"key_expiry_grace": "0s"}, listen=testbed.OSCORE,
                     aanf={"notif_uri": uri, "callbacks": {"port": int(uri.rsplit(":", 1)[1]), "clients": ["aanf"]}})
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    reason = readable(bed.server.process.pid)
    if reason:
        pytest.skip(reason)
    return bed


def keys_of(context, profile):
    """Of OSCORE the Master Secret too (TS 33.535 D.3.3)."""
    k_af = foreign_ue.k_af(context.k_akma, profile.ua_id)
    master = [Secret("Master Secret", oscore_peer.hkdf(None, k_af, oscore_peer.LABEL, 32))] if profile is profiles.OSCORE else []
    return [Secret("K_AKMA", context.k_akma), Secret("K_AF", k_af), *master]


@profiles.each
def test_removed_context_leaves_no_key(net, profile):
    """Context_Remove while the UE is connected: K_AKMA at the AAnF, K_AF at both, in cache, TLS, HTTP and stack."""
    context = contexts.Context(net, net.ausf, net.subscribers[0], "secrets %s" % profile)
    secrets = keys_of(context, profile)
    session = net.listen_plain(*context.arguments, *profile.options, uri=net.uri(profile.scheme))
    session.event("registered")
    assert secret_scan.in_memory(net.server.process.pid, secrets[1:]), "the scanner does not find a K_AF in use"
    assert secret_scan.in_memory(net.aanf.process.pid, secrets[:1]), "the scanner does not find a K_AKMA in use"
    disabled = net.server.metric("msgin5g_sessions_disabled_total")
    assert net.ausf.remove(net.subscribers[0].supi).status == 204
    testbed.wait_for(lambda: net.server.metric("msgin5g_sessions_disabled_total") == disabled + 1, what="closed session")
    gone(net.server.process.pid, secrets)
    gone(net.aanf.process.pid, secrets)
    session.kill()


@profiles.each
def test_failed_handshake_leaves_no_key(net, profile):
    """Whoever knows the A-KID can make the server fetch K_AF; when the context is over nothing is left of that either."""
    context = contexts.Context(net, net.ausf, net.subscribers[1], "failed %s" % profile)
    wrong = net.write("wrong.key", "5a" * 32)
    assert profile.run_plain(net, "register", "--service-id", context.service_id, "--a-kid", context.a_kid, "--k-akma",
                             "@%s" % wrong, "--timeout", 3)[0] != 0
    assert net.ausf.remove(net.subscribers[1].supi).status == 204
    gone(net.server.process.pid, keys_of(context, profile))


def keys_of_oscore(context, ue):
    """K_AF, Master Secret and the keys of both directions (TS 33.535 D.3.3, RFC 8613 3.2)."""
    k_af = foreign_ue.k_af(context.k_akma, oscore_peer.UA_ID)
    return [Secret("K_AKMA", context.k_akma), Secret("K_AF", k_af),
            Secret("Master Secret", oscore_peer.hkdf(None, k_af, oscore_peer.LABEL, 32)),
            Secret("Recipient Key", ue.context.send_key), Secret("Sender Key", ue.context.receive_key)]


def test_removed_context_leaves_no_key_of_oscore(net):
    """Confirmed and half-open contexts alike."""
    context = contexts.Context(net, net.ausf, net.subscribers[0], "secrets oscore")
    with oscore_peer.Ue(net.server.port("coap")) as ue, oscore_peer.Ue(net.server.port("coap")) as half_open:
        k_af = foreign_ue.k_af(context.k_akma, oscore_peer.UA_ID)
        assert ue.establish(context.a_kid, k_af).status == half_open.establish(context.a_kid, k_af).status == "2.01"
        assert b'"result":true' in ue.request("msgin5g", foreign_ue.registration(context.service_id)).payload
        secrets = keys_of_oscore(context, ue) + keys_of_oscore(context, half_open)
        found = " ".join(secret_scan.in_memory(net.server.process.pid, secrets))
        assert "K_AF as" in found and "Recipient Key as" in found, "the scanner does not find keys in use"
        disabled = net.server.metric("msgin5g_sessions_disabled_total")
        assert net.ausf.remove(net.subscribers[0].supi).status == 204
        testbed.wait_for(lambda: net.server.metric("msgin5g_sessions_disabled_total") == disabled + 2, what="closed contexts")
        gone(net.server.process.pid, secrets)
        gone(net.aanf.process.pid, secrets)


def test_primary_authentication_leaves_no_key(net):
    """CK, IK, K_AUSF, RES* and K_SEAF are over with the authentication, K_AKMA with the context."""
    subscriber = net.subscribers[2]
    challenge = net.ausf.authenticate(subscriber.supi, testbed.SN_NAME)
    res_star, k_ausf = milenage.Usim(subscriber).answer(challenge, testbed.SN_NAME)
    assert net.ausf.confirm(challenge, res_star).body["authResult"] == "AUTHENTICATION_SUCCESS"
    digits = subscriber.supi[len("imsi-"):].encode()
    gone(net.aanf.process.pid, [
        Secret("K_AUSF", k_ausf), Secret("K_SEAF", milenage.kdf(k_ausf, 0x6C, testbed.SN_NAME.encode())),
        Secret("RES*", bytes.fromhex(res_star))])
    assert net.ausf.remove(subscriber.supi).status == 204
    gone(net.aanf.process.pid, [Secret("K_AKMA", milenage.kdf(k_ausf, 0x80, b"AKMA", digits))])


def test_key_of_a_failed_authentication(net):
    """Also when it failed: nothing of the vector stays."""
    subscriber = net.subscribers[3]
    challenge = net.ausf.authenticate(subscriber.supi, testbed.SN_NAME)
    res_star, k_ausf = milenage.Usim(subscriber).answer(challenge, testbed.SN_NAME)
    assert net.ausf.confirm(challenge, "00" * 16).body["authResult"] == "AUTHENTICATION_FAILURE"
    gone(net.aanf.process.pid, [Secret("K_AUSF", k_ausf), Secret("RES*", bytes.fromhex(res_star))])


def test_subscriber_that_is_removed(net):
    """SIGHUP without a subscriber: neither its K and OPc nor the text of the configuration they stood in are left."""
    subscriber = net.subscribers[4]
    secrets = [Secret("K", bytes.fromhex(subscriber.k)), Secret("OPc", bytes.fromhex(subscriber.opc))]
    assert secret_scan.in_memory(net.aanf.process.pid, secrets), "the scanner does not find a K in use"
    config = json.loads((net.folder / "akma-aanf.yaml").read_text())
    config["subscribers"] = [one for one in config["subscribers"] if one["supi"] != subscriber.supi]
    net.write("akma-aanf.yaml", json.dumps(config))
    reloaded = net.aanf.log().count("configuration reloaded")
    net.aanf.reload()
    testbed.wait_for(lambda: net.aanf.log().count("configuration reloaded") > reloaded, what="reload")
    gone(net.aanf.process.pid, secrets)


def test_configuration_text_is_gone(net):
    """K and OPc of a subscriber in use: as octets in one place, never as the text of the file."""
    subscriber = net.subscribers[5]
    places = secret_scan.in_memory(net.aanf.process.pid, [Secret("K", bytes.fromhex(subscriber.k)),
                                                          Secret("OPc", bytes.fromhex(subscriber.opc))])
    assert sorted(place.split(" at ")[0] for place in places) == ["K as octets", "OPc as octets"]


@profiles.each
def test_expired_key_is_gone(tmp_path, profile):
    """K_AF that has expired, its session with it: the server keeps none, although nobody asks for it any more."""
    with testbed.Testbed(tmp_path) as bed:
        bed.add_subscribers(1)
        bed.start_aanf(k_af_lifetime="2s", debug={"core_files": True})
        bed.start_server(debug={"core_dumps": True})
        reason = readable(bed.server.process.pid)
        if reason:
            pytest.skip(reason)
        ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
        context = contexts.Context(bed, ausf, bed.subscribers[0], "expired %s" % profile)
        assert context.register(bed, profile) == 0
        testbed.wait_for(lambda: bed.server.metric("msgin5g_aanf_cached_keys") == 0, 10, "the end of K_AF")
        gone(bed.server.process.pid, keys_of(context, profile))


class Holder:
    """The client library in a process that goes on without it."""

    def __init__(self, bed, profile, service_id):
        self.process = subprocess.Popen([testbed.program("key_holder"), bed.uri(profile.scheme), testbed.FQDN, service_id],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.stdin.close()
        assert self.process.wait(20) == 0

    def step(self, words, *answers):
        self.process.stdin.write(words + "\n")
        for answer in answers:
            assert self.process.stdout.readline().strip() == answer


@pytest.mark.parametrize("profile, last", [(profiles.DTLS_1_3, "close"), (profiles.DTLS_1_3, "end"), (profiles.TLS_1_3, "close"),
                                           (profiles.TLS_1_3, "end"), (profiles.OSCORE, "close"), (profiles.OSCORE, "end")], ids=str)
def test_client_library_forgets(net, profile, last):
    """K_AKMA replaced, then the client freed: no key is left in the application that used the library."""
    subscriber = net.subscribers[5]
    old, new = (contexts.Context(net, net.ausf, subscriber, "%s %s %s" % (which, profile, last)) for which in ("old", "new"))
    assert net.ausf.register(aKId=old.a_kid, supi=subscriber.supi, kAkma=old.k_akma.hex()).status == 200
    with Holder(net, profile, subscriber.service_id) as holder:
        pid = holder.process.pid
        holder.step("key %s %s" % (old.a_kid, old.key_file), "done", "registered")
        assert secret_scan.in_memory(pid, keys_of(old, profile)[:1]), "the scanner does not find a K_AKMA in use"
        holder.step("key %s %s" % (new.a_kid, new.key_file), "done")
        gone(pid, keys_of(old, profile)[:1])
        holder.step(last, "done")
        gone(pid, keys_of(old, profile) + keys_of(new, profile))


@pytest.mark.proves("33.117-4.2.3.2.2")
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_nothing_shows_a_key(tmp_path, log_format):
    """The whole main job on every profile at level debug, with tokens, state file and request log: logs, metrics, what the
    management ports tell, arguments and environment of every process, and files but those that are given."""
    with testbed.Testbed(tmp_path) as bed:
        bed.add_subscribers(3)
        key = tmp_path / "token.key"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)], check=True)
        bed.write("state.key", "c3" * 32)
        af_id, ausf_id, aanf_id = ("%d1f5a2b0-1c2d-4e3f-8a9b-0c1d2e3f4a5b" % i for i in (1, 2, 3))
        bed.start_aanf(log={"level": "debug", "format": log_format, "requests": True}, nf_instance_id=aanf_id,
                       state_file=str(tmp_path / "aanf.state"), state_key_file=str(tmp_path / "state.key"),
                       oauth={"enabled": True, "required": False, "key": str(key), "issuer": aanf_id, "instances": [
                           {"certificate": "localhost", "nf_instance_id": af_id, "nf_type": "AF"},
                           {"certificate": "ausf.lab.example", "nf_instance_id": ausf_id, "nf_type": "AUSF"}]})
        bed.start_server(log={"level": "debug", "format": log_format}, listen=testbed.OSCORE,
                         aanf={"token_url": bed.aanf_url + "/oauth2/token", "nf_instance_id": af_id})
        secrets = [Secret("token key", private_key(key)), Secret("state key", b"\xc3" * 32)]
        for subscriber in bed.subscribers:
            secrets += [Secret("K", bytes.fromhex(subscriber.k)), Secret("OPc", bytes.fromhex(subscriber.opc))]
        ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
        seen = []
        for profile in (*profiles.ALL, profiles.OSCORE):
            context = contexts.Context(bed, ausf, bed.subscribers[0], "shown %s" % profile)
            secrets += keys_of(context, profile)
            session = bed.listen_plain(*context.arguments, *profile.options, uri=bed.uri(profile.scheme))
            session.event("registered")
            code, events = profile.run(bed, bed.subscribers[1], "send", "--to", bed.subscribers[0].service_id, "--payload", "x",
                                       "--report")
            assert code == 0
            for process in (session.process, bed.server.process, bed.aanf.process):
                assert secret_scan.in_arguments(process.pid, secrets) == []
            seen.append(json.dumps(events + session.events))
            session.kill()
        for daemon in (bed.server, bed.aanf):
            seen += [daemon.log()] + [testbed.http_get(daemon.port("management"), path)[1] for path in (
                "/metrics", "/healthz", "/readyz", "/contexts", "/subscribers", "/faults", "/jwks")]
        for text in seen:
            assert secret_scan.in_text(text, secrets) == []
        given = {path.name for path in tmp_path.iterdir() if path.suffix in (".hex", ".key", ".yaml")}
        assert secret_scan.in_files(tmp_path, secrets, given) == []


def private_key(path):
    """The 32 octets of an EC private key."""
    text = subprocess.run(["openssl", "ec", "-in", str(path), "-text", "-noout"], capture_output=True, text=True,
                          check=True).stdout
    digits = text.split("priv:")[1].split("pub:")[0].replace(":", "").split()
    return bytes.fromhex("".join(digits))[-32:]


def allow_cores():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def core_limit(pid):
    line = next(line for line in pathlib.Path("/proc/%d/limits" % pid).read_text().splitlines() if "core file" in line)
    return line.split()[4]


@pytest.mark.parametrize("name", ["msgin5g-server", "akma-aanf", "msgin5g-client"])
def test_no_core_file(tmp_path, name):
    """A crash: the kernel writes no core, whatever the shell that started the program allowed."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    allow_cores()
    try:
        with testbed.Testbed(tmp_path) as bed:
            bed.add_subscribers(1)
            bed.start_aanf()
            bed.start_server()
            listener = bed.listen(bed.subscribers[0])
            listener.event("registered")
            process = {"msgin5g-server": bed.server.process, "akma-aanf": bed.aanf.process,
                       "msgin5g-client": listener.process}[name]
            assert core_limit(process.pid) == "0"
            process.send_signal(signal.SIGQUIT)
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            assert (ended.si_code, ended.si_status) == (os.CLD_KILLED, signal.SIGQUIT)  # CLD_DUMPED: with a core
            process.wait()
            bed.daemons = [daemon for daemon in bed.daemons if daemon.process is not process]
            assert not list(tmp_path.glob("core*"))
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_debug_switch_allows_core_files(net):
    """debug.core_dumps, debug.core_files: the limit stays what it was."""
    assert core_limit(net.server.process.pid) == core_limit(net.aanf.process.pid) == core_limit(os.getpid())
