"""Certificates read again at SIGHUP: new connections use them, old ones go on; a bad file changes nothing."""

import subprocess

import pytest

import sbi
import testbed

A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
AF_ID = "msgin5g.lab.example:0100000009"


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(6)
    bed.start_aanf(management={"host": "127.0.0.1", "port": 0})
    bed.start_server()
    return bed


def renew(bed, name, sans):
    """Another certificate of the same CA in the same file."""
    subprocess.run([str(testbed.SUPPORT / "make_certs.sh"), str(bed.certs), "%s:%s" % (name, sans)], check=True,
                   capture_output=True)


def shown(port):
    """Serial number of the certificate that a listener shows."""
    text = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=10).stdout
    return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=text, capture_output=True, text=True,
                          check=True).stdout


def reload(daemon):
    seen = daemon.log().count("certificates read again")
    daemon.reload()
    testbed.wait_for(lambda: daemon.log().count("certificates read again") > seen, what="certificates read again")


def connections(bed):
    return bed.aanf.metric('msgin5g_http_connections{server="aanf"}')


def test_aanf_shows_its_new_certificate(net):
    """The server's connection to the AAnF goes on meanwhile."""
    assert net.run_client(net.subscribers[0], "register")[0] == 0
    port = net.aanf.port("sbi")
    before, open_before = shown(port), connections(net)
    renew(net, "aanf", "DNS:localhost,IP:127.0.0.1")
    assert shown(port) == before
    reload(net.aanf)
    assert shown(port) != before
    assert connections(net) == open_before
    assert net.run_client(net.subscribers[1], "register")[0] == 0


def test_server_shows_its_new_certificate_to_the_aanf(net):
    """The AF's next key request comes over a new connection, with the new certificate: the policy knows it by name."""
    renew(net, "server", "DNS:other.lab.example")
    assert net.run_client(net.subscribers[2], "register")[0] == 0  # the old connection still has the old name
    reload(net.server)
    assert net.run_client(net.subscribers[3], "register")[0] == 8  # AF_NOT_ALLOWED: alert access_denied
    renew(net, "server", "DNS:localhost,IP:127.0.0.1")
    reload(net.server)
    testbed.wait_for(lambda: net.run_client(net.subscribers[3], "register")[0] == 0, 15, "registration")


@pytest.mark.parametrize("broken", ["", "nonsense"])
def test_a_bad_file_changes_nothing(net, broken):
    port = net.aanf.port("sbi")
    path = net.certs / "aanf.pem"
    good, before = path.read_text(), shown(port)
    path.write_text(broken)
    seen = net.aanf.log().count("certificates not read again, the old ones stay")
    net.aanf.reload()
    testbed.wait_for(lambda: net.aanf.log().count("certificates not read again, the old ones stay") > seen, what="log line")
    assert shown(port) == before
    assert sbi.Consumer(net.aanf_url, net.certs, "server").retrieve(A_KID, AF_ID).status == 403
    path.write_text(good)
    reload(net.aanf)
    assert shown(port) == before


def test_server_management_certificate(net, tmp_path):
    with testbed.Testbed(tmp_path) as bed:
        renew(bed, "management", "DNS:localhost")
        bed.start_aanf()
        bed.start_server(management={"certificate": str(bed.certs / "management.pem"), "key": str(bed.certs / "management.key")})
        port = bed.server.port("management")
        before = shown(port)
        renew(bed, "management", "DNS:localhost")
        reload(bed.server)
        assert shown(port) != before
