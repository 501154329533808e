"""More than the server takes: told with 4.29 and 5.03 and Max-Age before anything is read, and nobody else suffers."""

import uuid

import pytest

import testbed
from raw_ue import RawUe


@pytest.fixture()
def home(tmp_path):
    with testbed.Testbed(tmp_path) as bed:
        bed.add_subscribers(3)
        bed.start_aanf()
        yield bed


def flood(ue, body, count):
    """(codes, Max-Age values) of the answers to as many requests one after the other."""
    codes, ages = [], []
    for _ in range(count):
        codes.append(ue.post({**body, "msgId": str(uuid.uuid4())})[0])
        ages.append(ue.max_age)
    return codes, ages


def rss_kib(daemon):
    with open("/proc/%d/status" % daemon.process.pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_one_ue_that_sends_too_much(home):
    home.start_server(limits={"requests_per_session": 10})
    with RawUe(home, home.subscribers[0]).register() as noisy, RawUe(home, home.subscribers[1]).register() as receiver, \
            RawUe(home, home.subscribers[2]).register() as quiet:
        codes, ages = flood(noisy, noisy.message(receiver, "noise"), 60)
        assert codes[0] == "2.04" and set(codes) == {"2.04", "4.29"}
        assert {age for code, age in zip(codes, ages) if code == "4.29"} == {1}
        assert quiet.post(quiet.message(receiver, "quiet"))[0] == "2.04"
        receiver.listen(codes.count("2.04") + 1)
        assert receiver.payloads() == ["noise"] * codes.count("2.04") + ["quiet"]


def test_more_than_the_server_takes(home):
    """Five times as much as is allowed in all: what is taken arrives, what is not is told so, memory stays."""
    home.start_server(limits={"requests_in_all": 20}, audit={"enabled": False})
    with RawUe(home, home.subscribers[0]).register() as sender, RawUe(home, home.subscribers[1]).register() as receiver:
        before = rss_kib(home.server)
        codes, ages = flood(sender, sender.message(receiver, "x"), 200)
        assert set(codes) == {"2.04", "5.03"}
        assert {age for code, age in zip(codes, ages) if code == "5.03"} == {10}
        receiver.listen(codes.count("2.04"))
        assert receiver.silence(0.2) and len(receiver.requests) == codes.count("2.04")
        assert rss_kib(home.server) < before + 8192


def test_recipient_that_does_not_keep_up(home):
    """Its queue fills and is bounded: QUEUE_FULL for what does not fit, all else arrives in order when it wakes."""
    home.start_server(limits={"queue_messages": 20, "in_flight_per_session": 4})
    with RawUe(home, home.subscribers[0]).register() as sender, RawUe(home, home.subscribers[1]).register() as receiver:
        receiver.hold()
        bodies = [sender.message(receiver, str(i)) for i in range(40)]
        assert {sender.post(body)[0] for body in bodies} == {"2.04"}
        refused = [body["payload"] for body in bodies if sender.responses(body) == [("failure", "QUEUE_FULL")]]
        taken = [body["payload"] for body in bodies if body["payload"] not in refused]
        assert len(taken) == 24 and taken == [str(i) for i in range(24)]
        receiver.hold(False)
        receiver.listen(24, timeout_s=30)
        assert receiver.payloads() == taken
