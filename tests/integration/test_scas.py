"""Security assurance cases of TS 33.537 and TS 33.117 that no test of a behaviour proves on its way."""

import configparser
import os
import pathlib
import re
import subprocess

import pytest

import contexts
import profiles
import sbi
import tcp_relay
import testbed
import tls_peer

ROOT = pathlib.Path(testbed.SUPPORT).parent.parent
AF_ID = "localhost:0100000009"


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(3)
    bed.start_aanf(log={"requests": True, "level": "info"}, debug={"core_files": True})
    bed.start_server(debug={"core_dumps": True})  # so that their descriptors can be looked at without being root
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    return bed


def through(net, relay, certificate):
    """A consumer that reaches the AAnF through @p relay."""
    return sbi.Consumer("https://127.0.0.1:%d" % relay.port, net.certs, certificate)


def operations(net):
    return net.aanf.metric("msgin5g_aanf_operations_total")


def check_link(net, certificate, ask, secrets):
    """One request as @p ask makes it: nothing of @p secrets passes in the clear, a change ends it, a replay does nothing."""
    with tcp_relay.Relay(net.aanf.port("sbi")) as relay:
        shown = secrets(ask(through(net, relay, certificate)))
        recorded = relay.octets("up")
        passed = recorded + relay.octets("down")
    for text in shown:
        assert text.encode() not in passed and text.encode()[:8] not in passed
    before = operations(net)
    with tcp_relay.Relay(net.aanf.port("sbi"), spoil) as relay, pytest.raises(sbi.Refused):
        ask(through(net, relay, certificate))
    with tls_peer.Peer(net.aanf.port("sbi")) as thief:
        thief.send(recorded)
        assert thief.ended()
    assert operations(net) == before


def spoil(direction, number, octets):
    """One bit of what follows the ClientHello: ciphertext or its tag."""
    return octets[:-1] + bytes([octets[-1] ^ 1]) if direction == "up" and number > 0 else octets


@pytest.mark.proves("TC_PROTECT_SBA_AAnF_AUSF")
def test_tc_protect_sba_aanf_ausf(net):
    """Registration of an anchor key."""
    info = {"aKId": contexts.a_kid_of(b"scas ausf"), "supi": "imsi-001010000000901", "kAkma": "5a" * 32}
    check_link(net, "ausf-client", lambda ausf: ausf.register(**info), lambda answer: [*info.values(), "naanf-akma"])


@pytest.mark.proves("TC_PROTECT_AAnF_AF_NEF")
def test_tc_protect_aanf_af_nef(net):
    """Retrieval of an application key."""
    a_kid = contexts.Context(net, net.ausf, net.subscribers[0], "scas af").a_kid
    check_link(net, "server", lambda af: af.retrieve(a_kid, AF_ID),
               lambda answer: [a_kid, AF_ID, answer.body["kaf"], answer.body["supi"], "naanf-akma"])


@pytest.mark.proves("33.117-4.2.3.6.1")
def test_security_events_are_logged(net):
    """Failed access with its source, of NFs and of UEs; change of configuration; start. Each line has its time."""
    sbi.Consumer(net.aanf_url, net.certs, "stranger").register(aKId=contexts.a_kid_of(b"x"), supi="imsi-1", kAkma="11" * 32)
    net.aanf.reload()
    testbed.wait_for(lambda: "configuration reloaded" in net.aanf.log(), what="reload")
    code, _ = profiles.DTLS_1_3.run(net, net.subscribers[0], "register", service_id=net.subscribers[1].service_id)
    assert code == 6
    key = net.write("scas.key", "11" * 32)
    for profile in profiles.ALL:
        assert profile.run_plain(net, "register", "--service-id", "im:x@lab.example", "--a-kid", contexts.a_kid_of(b"nobody"),
                                 "--k-akma", "@%s" % key)[0] == 5
    for pattern, log in ((r"anchor key from a peer that may not register remote=127\.0\.0\.1:\d+", net.aanf.log()),
                         (r"configuration reloaded", net.aanf.log()),
                         (r"refused: UE Service ID belongs to somebody else .* identity=imsi-\d+", net.server.log()),
                         (r"handshake refused remote=127\.0\.0\.1:\d+ alert=115", net.server.log())):
        assert re.search(r"^\d{4}-\d\d-\d\dT[\d:.]+Z \w+ " + pattern, log, re.M), (pattern, log)


def listening(pid):
    """(protocol, port) of every socket on which this process hears from others."""
    inodes = {os.readlink(link) for link in pathlib.Path("/proc/%d/fd" % pid).iterdir()}
    found = set()
    for protocol, states in (("tcp", ("0A",)), ("tcp6", ("0A",)), ("udp", ("07",)), ("udp6", ("07",))):
        for line in pathlib.Path("/proc/%d/net/%s" % (pid, protocol)).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] in states and "socket:[%s]" % fields[9] in inodes:
                found.add((protocol[:3], int(fields[1].rsplit(":", 1)[1], 16)))
    return found


@pytest.mark.proves("33.117-4.3.2")
def test_no_service_but_the_documented_ones(net):
    assert listening(net.aanf.process.pid) == {("tcp", net.aanf.port("sbi")), ("tcp", net.aanf.port("management"))}
    assert listening(net.server.process.pid) == {("udp", net.server.port("coaps")), ("tcp", net.server.port("coaps+tcp")),
                                                 ("tcp", net.server.port("management"))}


@pytest.mark.proves("33.117-4.3.4.2")
@pytest.mark.parametrize("name", ["msgin5g-server", "akma-aanf"])
def test_no_root(name):
    """As installed: a user of its own, no capability, and no way to get one."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(ROOT / "packaging" / (name + ".service.in"))
    assert unit["Service"]["User"] == name
    assert unit["Service"]["CapabilityBoundingSet"] == ""
    assert unit["Service"]["NoNewPrivileges"] == "yes"


@pytest.mark.proves("33.117-4.3.4.11")
def test_no_version_in_answers(net):
    version = subprocess.run([testbed.program("akma-aanf"), "--version"], capture_output=True, text=True,
                             check=True).stdout.split()[-1]
    for answer in (net.af.retrieve("nobody", AF_ID), net.af.request("GET", "/"), net.af.request("POST", "/oauth2/token", b"x"),
                   net.af.request("POST", "/naanf-akma/v1/register-anchorkey", {})):
        assert answer.status >= 400
        shown = repr(answer.headers) + answer.text
        for word in (version, "nghttp2", "wolfSSL", "libcoap", ".c:"):
            assert word not in shown
