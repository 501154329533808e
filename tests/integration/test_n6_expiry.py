"""N6 and choice C15: K_AF expires, before a handshake and during a session; the messages sent meanwhile."""

import collections
import time

import pytest

import contexts
import profiles
import sbi
import testbed

AF_ID = "msgin5g.lab.example:0100000009"
LIFETIME_S = 2
GRACE_S = 2


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(5)
    bed.start_aanf(k_af_lifetime="%ds" % LIFETIME_S)
    bed.start_server(auth={"key_expiry_grace": "%ds" % GRACE_S})
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    return bed


def asked(net):
    return net.server.metric('msgin5g_aanf_requests_total{result="ok"}')


def wait_until_expired(net):
    """The server has dropped every K_AF it had."""
    testbed.wait_for(lambda: net.server.metric("msgin5g_aanf_cached_keys") == 0, 10, "the end of K_AF")


@profiles.each
def test_n6_expired_before_a_handshake(net, profile):
    """The key is over: the server asks once more, gets it with a new expiry, and lets the UE in."""
    context = contexts.Context(net, net.ausf, net.subscribers[0], "n6 before %s" % profile)
    before = asked(net)
    assert context.register(net, profile) == 0
    assert asked(net) == before + 1
    wait_until_expired(net)
    assert context.register(net, profile) == 0
    assert asked(net) == before + 2


@profiles.each
def test_n6_expired_and_not_renewed(net, profile):
    """The AAnF has no context any more when the server asks again: refused, not served on the old key."""
    context = contexts.Context(net, net.ausf, net.subscribers[1], "n6 gone %s" % profile)
    assert context.register(net, profile) == 0
    assert net.ausf.remove(net.subscribers[1].supi).status == 204
    wait_until_expired(net)
    assert context.register(net, profile) == 5


@profiles.each
def test_n6_expired_during_a_session(net, profile):
    """The session goes on through the grace time, not longer; the client comes back, and is served."""
    meter, valve = net.subscribers[2:4]
    closed = net.server.metric("msgin5g_sessions_key_expired_total")
    listener = profile.listen(net, valve, "--backoff", "100")
    listener.event("registered")
    begin = time.monotonic()
    testbed.wait_for(lambda: net.server.metric("msgin5g_sessions_key_expired_total") > closed, 10, "the end of the session")
    lived = time.monotonic() - begin
    assert LIFETIME_S - 1 + GRACE_S <= lived + 0.5 and lived <= LIFETIME_S + GRACE_S + 1.5
    listener.event("registered", timeout_s=20)
    assert profile.run(net, meter, "send", "--to", valve.service_id, "--payload", "fresh key", "--report")[0] == 0
    listener.event("message", payload="fresh key")
    assert listener.stop() == 0


def test_c15_same_key_new_expiry(net):
    """Before expiry the same answer; afterwards the same octets and a later time (TS 33.535 5.2)."""
    a_kid = contexts.Context(net, net.ausf, net.subscribers[3], "c15").a_kid
    answers = [net.af.retrieve(a_kid, AF_ID)]

    def renewed():
        answer = net.af.retrieve(a_kid, AF_ID)
        assert contexts.expiry(answer) >= time.time() - 1
        if contexts.expiry(answer) < contexts.expiry(answers[-1]) + 1:
            assert answer.body == answers[-1].body
            return False
        assert time.time() + 1 >= contexts.expiry(answers[-1])  # never before the old one is over
        answers.append(answer)
        return True

    for _ in range(2):
        testbed.wait_for(renewed, 3 * LIFETIME_S, "a new expiry")
    assert {answer.body["kaf"] for answer in answers} == {answers[0].body["kaf"]}


@profiles.each
def test_messages_around_the_rollover(net, profile):
    """Over several lives of the listener's K_AF each message arrives exactly once, or its sender hears that it did not."""
    meter, valve = net.subscribers[3:5]
    listener = profile.listen(net, valve, "--backoff", "50")
    listener.event("registered")
    closed = net.server.metric("msgin5g_sessions_key_expired_total")
    told = {}
    deadline = time.monotonic() + 60
    while net.server.metric("msgin5g_sessions_key_expired_total") < closed + 2:
        assert time.monotonic() < deadline
        payload = "rollover %d" % len(told)
        told[payload], _ = profile.run(net, meter, "send", "--to", valve.service_id, "--payload", payload, "--report")
        assert told[payload] in (0, 9), told  # delivered, or the sender is told that it was not
    last = "the last one"
    assert testbed.wait_for(lambda: profile.run(net, meter, "send", "--to", valve.service_id, "--payload", last,
                                                "--report")[0] == 0, 30, "a message after the rollover")
    listener.event("message", payload=last)
    arrived = collections.Counter(event["payload"] for event in listener.events if event["event"] == "message")
    for payload, code in told.items():
        # A listener that got it may lose its session before it can say so: then the sender hears of a failure.
        assert arrived[payload] == 1 if code == 0 else arrived[payload] <= 1, (payload, code, arrived[payload])
    assert sum(code == 0 for code in told.values()) > 5
    assert listener.stop() == 0
