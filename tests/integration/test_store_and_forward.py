"""Store and forward between real programs: what 2.04 means, order, expiry, kill -9, clients that come and go."""

import resource

import pytest

import testbed
from raw_ue import RawUe

STORED = ("stored for deferred delivery", None)


@pytest.fixture()
def home(tmp_path):
    """Daemons of this test's own: they are killed and started again."""
    with testbed.Testbed(tmp_path) as bed:
        bed.add_subscribers(3)
        bed.start_aanf()
        bed.start_server()
        yield bed


def restart(home, kill=True):
    """The server's end, by kill -9, and its next life on the same port."""
    server, port = home.server, home.server.port("coaps")
    if kill:
        server.kill()
    else:
        server.stop()
    home.daemons.remove(server)
    return home.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port}})


def test_store_and_forward_round_trip(home):
    """The command line's view: stored, the recipient comes, the message arrives."""
    meter, valve = home.subscribers[:2]
    code, events = home.run_client(meter, "send", "--to", valve.service_id, "--payload", "later", "--store")
    assert code == 0
    assert [event["status"] for event in events if event["event"] == "response"] == [STORED[0]]
    receiver = home.listen(valve)
    assert receiver.event("message")["payload"] == "later"
    assert receiver.stop() == 0


def test_answer_comes_after_the_commit(home):
    """2.04 and MSGRESP; a server killed right then has the message."""
    with RawUe(home, home.subscribers[0]).register() as sender:
        body = sender.message(home.subscribers[1], "safe", sfFlag=True)
        assert sender.post(body)[0] == "2.04"
        assert sender.listen(1) and sender.responses(body) == [STORED]
        restart(home)
    receiver = home.listen(home.subscribers[1])
    assert receiver.event("message")["payload"] == "safe"
    assert receiver.stop() == 0


def test_answer_comes_after_the_acknowledgement(home):
    """The recipient is there: no MSGRESP, and the sender waits for its ACK, up to the 2 s after which it is stored."""
    with RawUe(home, home.subscribers[0]).register() as sender, RawUe(home, home.subscribers[1]).register() as receiver:
        receiver.hold()
        body = sender.message(receiver, "waits", sfFlag=True)
        token = sender.send(body)
        receiver.listen(1)
        assert receiver.payloads() == ["waits"]
        assert sender.silence(0.5)
        receiver.answer(receiver.messages[0])
        assert sender.result(token)[0] == "2.04"
        assert sender.silence() and sender.responses() == []
        late = sender.message(receiver, "takes long", sfFlag=True)
        assert sender.post(late)[0] == "2.04"
        assert sender.listen(1) and sender.responses(late) == [STORED]


def test_order_and_priority_over_a_restart(home):
    with RawUe(home, home.subscribers[0]).register() as sender:
        for priority in ("LOW", "NORMAL", "HIGH") * 3:
            body = sender.message(home.subscribers[1], "%s %d" % (priority, len(sender.requests)), sfFlag=True,
                                  priority=priority)
            assert sender.post(body)[0] == "2.04"
        sender.listen(9)
    restart(home)
    with RawUe(home, home.subscribers[1]).register() as receiver:
        receiver.listen(9)
        payloads = receiver.payloads()
    assert [text.split()[0] for text in payloads] == ["HIGH"] * 3 + ["NORMAL"] * 3 + ["LOW"] * 3
    numbers = [int(text.split()[1]) for text in payloads]
    assert all(numbers[i:i + 3] == sorted(numbers[i:i + 3]) for i in (0, 3, 6))
    assert all("priority" not in request and "sfFlag" not in request for request in receiver.requests)


def test_duplicates_and_reports_survive(home):
    """The answer was lost with the server: the same message again is not stored twice; its report is awaited still."""
    with RawUe(home, home.subscribers[0]).register() as sender:
        body = sender.message(home.subscribers[1], "once", sfFlag=True, isDelivStatReq=True)
        assert sender.post(body)[0] == "2.04"
    restart(home)
    with RawUe(home, home.subscribers[0]).register() as sender:
        assert sender.post(body)[0] == "2.04"
        with RawUe(home, home.subscribers[1]).register() as receiver:
            receiver.listen(1)
            assert receiver.silence() and receiver.payloads() == ["once"]
            assert receiver.post(receiver.report(receiver.requests[0]))[0] == "2.04"
        sender.listen(1)
        assert [(r["msgType"], r["DelSta"]) for r in sender.requests] == [("IMDN", "success")]


def test_registrations_survive(home):
    """kill -9: the UE is registered, unavailable until it speaks; its lifetime goes on."""
    with RawUe(home, home.subscribers[1]).register(regExpTime=600) as receiver:
        body = receiver.message(home.subscribers[2], "a commit, after that of the registration", sfFlag=True)
        assert receiver.post(body)[0] == "2.04"
    restart(home)
    assert home.server.metric("msgin5g_registrations") == 1
    with RawUe(home, home.subscribers[0]).register() as sender:
        assert sender.post(sender.message(home.subscribers[1], "for you", sfFlag=True))[0] == "2.04"
        with RawUe(home, home.subscribers[1]) as again:
            assert again.post(again.message(sender, "here I am"))[0] == "2.04"  # no REG: it is registered
            again.listen(1)
            assert again.payloads() == ["for you"]


def test_ending_in_order_loses_nothing(home):
    """SIGTERM with a message under way: what waited for an acknowledgement is stored."""
    with RawUe(home, home.subscribers[0]).register() as sender, RawUe(home, home.subscribers[1]).register() as receiver:
        receiver.hold()
        sender.send(sender.message(receiver, "under way", sfFlag=True))
        receiver.listen(1)
        restart(home, kill=False)
        with RawUe(home, home.subscribers[1]).register() as again:
            again.listen(1)
            assert again.payloads() == ["under way"]


def test_disk_that_is_full(home):
    """No file may grow: 5.03 with Max-Age, no false word; then all is well again."""
    pid = home.server.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    with RawUe(home, home.subscribers[0]).register() as sender:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        assert sender.post(sender.message(home.subscribers[1], "no", sfFlag=True))[0] == "5.03"
        assert sender.max_age == 10 and sender.responses() == []
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        testbed.wait_for(lambda: sender.post(sender.message(home.subscribers[1], "yes", sfFlag=True))[0] == "2.04", 20,
                         "the store")
    with RawUe(home, home.subscribers[1]).register() as receiver:
        receiver.listen(1)
        assert receiver.silence() and receiver.payloads() == ["yes"]
