"""N13: what a good UE sent to open its session, sent once more by somebody who saw it pass: nothing beyond half-open."""

import pytest

import profiles
import tcp_relay
import testbed
import tls_peer
import udp_relay

HALF_OPEN_S = 2


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(2)
    bed.start_aanf()
    bed.start_server(limits={"half_open": "%ds" % HALF_OPEN_S})
    return bed


def completed(net):
    return net.server.metric('msgin5g_handshakes_total{result="completed"}')


def register_through(net, relay, scheme, profile):
    code, events = net.run_client(net.subscribers[0], "register", *profile.options,
                                  uri="%s://localhost:%d" % (scheme, relay.port))
    assert code == 0, events


class Unchanged:
    """Inside of it nobody completes a handshake and the AAnF is not asked; in the end nothing is left half-open."""

    def __init__(self, net):
        self.net = net

    def _now(self):
        return completed(self.net), self.net.server.metric("msgin5g_aanf_requests_total")

    def __enter__(self):
        testbed.wait_for(lambda: self.net.server.metric("msgin5g_sessions") == 0, what="the end of the UE's session")
        self.before = self._now()

    def __exit__(self, kind, *rest):
        if kind is None:
            testbed.wait_for(lambda: self.net.server.metric("msgin5g_sessions") == 0, HALF_OPEN_S + 5, "the end of the replay")
            assert self._now() == self.before
            assert self.net.run_client(self.net.subscribers[1], "register")[0] == 0


@profiles.each_of(profiles.TLS_1_3, profiles.TLS_1_2)
def test_n13_replayed_stream(net, profile):
    """TLS 1.3: the binder is good, so the server answers, and then waits in vain for a Finished with a key of its own.
    TLS 1.2: what follows the ClientHello does not fit the server's random."""
    with tcp_relay.Relay(net.server.port("coaps+tcp")) as relay:
        register_through(net, relay, "coaps+tcp", profile)
    with Unchanged(net), tls_peer.Peer(net.server.port("coaps+tcp")) as thief:
        thief.send(relay.octets("up"))
        if profile is profiles.TLS_1_2:
            assert thief.alert() == 20  # bad_record_mac
        else:
            assert thief.record()[1][0] == 2  # ServerHello
        assert thief.ended()


@profiles.each_of(profiles.DTLS_1_3, profiles.DTLS_1_2)
def test_n13_replayed_datagrams(net, profile):
    """From the UE's own address and port, so that even its cookie is good."""
    with udp_relay.Relay(net.server.port("coaps")) as relay:
        register_through(net, relay, "coaps", profile)
        datagrams = list(relay.passed["up"])
        with Unchanged(net):
            answers = len(relay.passed["down"])
            for datagram in datagrams:
                relay.send_again(datagram)
            testbed.wait_for(lambda: len(relay.passed["down"]) > answers, what="an answer")


@profiles.each_of(profiles.DTLS_1_3, profiles.DTLS_1_2)
def test_n13_replayed_from_elsewhere(net, profile):
    """With the cookie of another address: the handshake starts from the beginning, nobody is asked."""
    with udp_relay.Relay(net.server.port("coaps")) as relay:
        register_through(net, relay, "coaps", profile)
        datagrams = list(relay.passed["up"])
    with Unchanged(net), udp_relay.Relay(net.server.port("coaps")) as elsewhere:
        for datagram in datagrams:
            elsewhere.send_again(datagram)
