"""Many simulated UEs in one msgin5g-client (design section 3): listen, send and bench, their summaries and exit codes."""

import json
import signal
import subprocess

import pytest

import testbed

UES = 40
GROUP = "im:many@lab.example"


@pytest.fixture(scope="module")
def lab(bed):
    bed.add_subscribers(UES)
    for subscriber in bed.subscribers:
        bed.usim(subscriber)
    bed.start_aanf()
    bed.start_server(groups=[{"id": GROUP, "members": [s.service_id for s in bed.subscribers[:10]]}])
    return bed


def argv(lab, command, *arguments, count=UES, first=1):
    certs = lab.certs
    return [testbed.program("msgin5g-client"), command, "--json", "--server", lab.server_uri, "--service-id-template",
            "im:ue-{n:4}@lab.example", "--count", str(count), "--first", str(first), "--usim",
            str(lab.folder / "imsi-00101{n:10}.usim.yaml"), "--ausf", lab.aanf_url, "--ca", str(certs / "ca.pem"),
            "--cert", str(certs / "ausf-client.pem"), "--key", str(certs / "ausf-client.key"), *map(str, arguments)]


def run(lab, command, *arguments, timeout_s=120, **options):
    """(exit code, events, the summary among them, standard error)"""
    done = subprocess.run(argv(lab, command, *arguments, **options), capture_output=True, text=True, timeout=timeout_s,
                          cwd=lab.folder, stdin=subprocess.DEVNULL)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, events, [event for event in events if event["event"] == "summary"], done.stderr


def test_bench_in_pairs(lab):
    """Every message arrives at the neighbour; the summary says how long that took; everybody de-registers."""
    code, events, [summary], err = run(lab, "bench", "--messages", 200)
    assert (code, err) == (0, "")
    assert [event["event"] for event in events] == ["summary"]
    assert (summary["ues"], summary["registered"], summary["failed"]) == (UES, UES, 0)
    assert summary["sent"] == summary["taken"] == summary["received"] >= 200
    assert 0 < summary["answer_us_p50"] <= summary["answer_us_p99"] <= summary["answer_us_max"]
    assert 0 < summary["delivery_us_p50"] <= summary["delivery_us_p999"] <= summary["delivery_us_max"]
    assert summary["taken_per_s"] > 0
    testbed.wait_for(lambda: lab.server.metric("msgin5g_registrations") == 0, what="nobody registered")


def test_bench_at_a_rate(lab):
    code, _, [summary], _ = run(lab, "bench", "--rate", 50, "--duration", "2s", "--size", 500, "--report", count=10)
    assert code == 0
    assert summary["sent"] + summary["held"] == 100
    assert summary["reported"] == summary["sent"] == summary["received"]
    assert 1500 <= summary["sending_ms"] <= 4000


def test_bench_of_a_group_and_a_topic(lab):
    """A group has its members, a topic the UEs of the bench, which subscribe first; never the originator."""
    code, _, [summary], _ = run(lab, "bench", "--group", "--to", GROUP, "--messages", 10, "--rate", 50, count=10)
    assert (code, summary["taken"], summary["received"]) == (0, 10, 90)
    code, _, [summary], _ = run(lab, "bench", "--topic", "--to", "many/bench", "--messages", 10, "--rate", 50, count=10)
    assert (code, summary["taken"], summary["received"]) == (0, 10, 90)


def test_signal_gives_the_summary(lab):
    """SIGINT in the middle of a long run: what is under way still arrives, then the summary; progress on standard error."""
    bench = subprocess.Popen(argv(lab, "bench", "--duration", "1h", count=10), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, cwd=lab.folder, stdin=subprocess.DEVNULL)
    try:
        line = bench.stderr.readline()
        assert line.startswith("msgin5g-client: 10 of 10 registered, sent "), line
        bench.send_signal(signal.SIGINT)
        out, _ = bench.communicate(timeout=30)
    finally:
        bench.kill()
        bench.wait()
    summary = json.loads(out)
    assert bench.returncode == 0
    assert summary["sent"] == summary["taken"] == summary["received"] > 0


def test_listen_and_send(lab):
    """Half of them listen, the other half sends to them, each to its own."""
    listener = testbed.Client(argv(lab, "listen", "--messages", 20, count=20), lab.folder)
    lab.clients.append(listener)
    for number in range(1, 21):
        listener.event("registered", ue_service_id="im:ue-%04d@lab.example" % number)
    code, events, [summary], _ = run(lab, "send", "--to", lab.subscribers[0].service_id, "--payload", "to one",
                                     "--report", count=20, first=21)
    assert (code, summary["sent"], summary["taken"], summary["reported"]) == (0, 20, 20, 20)
    assert sorted(event["ue_service_id"] for event in events if event["event"] == "sent") \
        == [s.service_id for s in lab.subscribers[20:40]]
    for subscriber in lab.subscribers[20:40]:
        listener.event("message", to=lab.subscribers[0].service_id, payload="to one", **{"from": subscriber.service_id})
    assert listener.event("summary")["received"] == 20
    assert listener.process.wait(20) == 0


def test_listen_ends_tidily(lab):
    """SIGTERM: a summary, nobody is registered any more."""
    listener = testbed.Client(argv(lab, "listen", count=5), lab.folder)
    lab.clients.append(listener)
    for _ in range(5):
        listener.event("registered")
    assert lab.server.metric("msgin5g_registrations") == 5
    listener.process.terminate()
    summary = listener.event("summary")
    assert (summary["registered"], summary["received"], summary["losses"]) == (5, 0, 0)
    assert listener.stop() == 0
    assert lab.server.metric("msgin5g_registrations") == 0


def test_recipient_that_is_not_there(lab):
    """What the server could not deliver counts, and is exit code 9."""
    code, _, [summary], _ = run(lab, "bench", "--to", "im:ue-0040@lab.example", "--messages", 10, "--rate", 50, count=4)
    assert code == 9
    assert (summary["taken"], summary["not_delivered"], summary["received"]) == (10, 10, 0)


def test_ue_for_which_nothing_is_stored(lab):
    """--no-store: a sender that asks for it hears so while that UE is away; else the message is stored."""
    away, sender = lab.subscribers[:2]
    send = ["send", "--to", away.service_id, "--store", "--payload", "x", "--timeout", 10]
    for options, code, response in ((["--no-store"], 9, ("failure", "RECIPIENT_OPTED_OUT")),
                                    ([], 0, ("stored for deferred delivery", None))):
        assert lab.run_client(away, "register", *options)[0] == 0
        got, events = lab.run_client(sender, *send)
        assert got == code
        assert [(event["status"], event.get("cause")) for event in events if event["event"] == "response"] == [response]


def test_keys_from_a_file_that_nobody_knows(lab):
    """UEs whose keys are refused are named; exit code 5."""
    keys = lab.write("some.keys", "".join("0.%s@5gc.mnc001.mcc001.3gppnetwork.org %s\n" % (c * 43, "00" * 32)
                                          for c in "AE"))
    done = subprocess.run([testbed.program("msgin5g-client"), "bench", "--server", lab.server_uri,
                           "--service-id-template", "im:ue-{n}@lab.example", "--count", "2", "--keys", "@%s" % keys],
                          capture_output=True, text=True, timeout=60, cwd=lab.folder, stdin=subprocess.DEVNULL)
    assert done.returncode == 5
    for number in (1, 2):
        assert "msgin5g-client: im:ue-%d@lab.example: authentication failed" % number in done.stderr
    assert "summary ues=2 registered=0 failed=2" in done.stdout


def test_server_that_restarts_under_many(lab):
    """All of them are back by themselves."""
    listener = testbed.Client(argv(lab, "listen", "--backoff", 100, count=5), lab.folder)
    lab.clients.append(listener)
    for _ in range(5):
        listener.event("registered")
    port = lab.server.port("coaps")
    lab.server.stop()
    lab.daemons.remove(lab.server)
    lab.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port}})
    for _ in range(5):
        listener.event("registered", timeout_s=60)
    listener.process.terminate()
    assert listener.event("summary")["losses"] == 5
    assert listener.stop() == 0
