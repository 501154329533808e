"""N6 and choice C15: K_AF expires, before a handshake and during a session; the messages sent meanwhile."""

import base64
import collections
import datetime
import hashlib
import time

import pytest

import sbi
import testbed

AF_ID = "msgin5g.lab.example:0100000009"
REALM = "5gc.mnc001.mcc001.3gppnetwork.org"
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


def registered(net, subscriber, text):
    """A context put there over the API; the arguments of a client that uses its key."""
    k_akma = hashlib.sha256(text).hexdigest()
    a_kid = "0.%s@%s" % (base64.urlsafe_b64encode(hashlib.sha256(b"a-tid" + text).digest()).rstrip(b"=").decode(), REALM)
    assert net.ausf.register(aKId=a_kid, supi=subscriber.supi, kAkma=k_akma).status == 200
    key = net.write("%s.hex" % text.decode(), k_akma)
    return a_kid, ("register", "--service-id", subscriber.service_id, "--a-kid", a_kid, "--k-akma", "@%s" % key)


def asked(net):
    return net.server.metric('msgin5g_aanf_requests_total{result="ok"}')


def expiry(answer):
    return datetime.datetime.strptime(answer.body["expiry"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_n6_expired_before_a_handshake(net, version):
    """The key in the cache is over: the server asks once more, gets it with a new expiry, and lets the UE in."""
    _, register = registered(net, net.subscribers[0], b"n6-before-" + version.encode())
    register += ("--tls", version)
    before = asked(net)
    assert net.run_plain(*register)[0] == 0
    assert asked(net) == before + 1
    time.sleep(LIFETIME_S + 1)  # the one condition here is that time passes
    assert net.run_plain(*register)[0] == 0
    assert asked(net) == before + 2


def test_n6_expired_and_not_renewed(net):
    """The AAnF has no context any more when the server asks again: refused, not served on the old key."""
    _, register = registered(net, net.subscribers[1], b"n6-gone")
    assert net.run_plain(*register)[0] == 0
    assert net.ausf.remove(net.subscribers[1].supi).status == 204
    time.sleep(LIFETIME_S + 1)
    assert net.run_plain(*register, "--tls", "1.3")[0] == 5


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_n6_expired_during_a_session(net, version):
    """The session goes on through the grace time, not longer; the client comes back."""
    valve = net.subscribers[2]
    closed = net.server.metric("msgin5g_sessions_key_expired_total")
    listener = net.listen(valve, "--backoff", "100", "--tls", version)
    listener.event("registered")
    begin = time.monotonic()
    testbed.wait_for(lambda: net.server.metric("msgin5g_sessions_key_expired_total") > closed, 10, "the end of the session")
    lived = time.monotonic() - begin
    assert LIFETIME_S - 1 + GRACE_S <= lived + 0.5 and lived <= LIFETIME_S + GRACE_S + 1.5
    listener.event("registered", timeout_s=20)
    assert listener.stop() == 0


def test_c15_same_key_new_expiry(net):
    """Before expiry the same answer; afterwards the same octets and a later time (TS 33.535 5.2)."""
    a_kid, _ = registered(net, net.subscribers[3], b"c15")
    first = net.af.retrieve(a_kid, AF_ID)
    answers = [first]
    end = time.monotonic() + 3 * LIFETIME_S
    while time.monotonic() < end:
        answer = net.af.retrieve(a_kid, AF_ID)
        assert expiry(answer) >= time.time() - 1
        if expiry(answer) < expiry(answers[-1]) + 1:
            assert answer.body == answers[-1].body
        else:
            assert time.time() + 1 >= expiry(answers[-1])  # never before the old one is over
            answers.append(answer)
        time.sleep(0.1)
    assert len(answers) >= 3
    assert {answer.body["kaf"] for answer in answers} == {first.body["kaf"]}


def test_messages_around_the_rollover(net):
    """Over several lives of the listener's K_AF each message arrives exactly once, or its sender hears that it did not."""
    meter, valve = net.subscribers[3:5]
    listener = net.listen(valve, "--backoff", "50")
    listener.event("registered")
    closed = net.server.metric("msgin5g_sessions_key_expired_total")
    told = {}
    number = 0
    deadline = time.monotonic() + 60
    while net.server.metric("msgin5g_sessions_key_expired_total") < closed + 2:
        assert time.monotonic() < deadline
        payload = "rollover %d" % number
        code, _ = net.run_client(meter, "send", "--to", valve.service_id, "--payload", payload, "--report", "--timeout", 4)
        told[payload] = code
        assert code in (0, 4, 9), code  # delivered, or the sender says that it knows nothing, or that it was not
        number += 1
    last = "the last one"
    assert testbed.wait_for(lambda: net.run_client(meter, "send", "--to", valve.service_id, "--payload", last,
                                                   "--report", "--timeout", 4)[0] == 0, 30, "a message after the rollover")
    listener.event("message", payload=last)
    arrived = collections.Counter(event["payload"] for event in listener.events if event["event"] == "message")
    for payload, code in told.items():
        assert arrived[payload] == 1 if code == 0 else arrived[payload] <= 1, (payload, code, arrived[payload])
    assert sum(code == 0 for code in told.values()) > 5
    assert listener.stop() == 0
