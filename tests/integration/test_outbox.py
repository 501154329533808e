"""An application on libmsgin5g that loses nothing when it dies: the example `outbox`, killed again and again."""

import random
import subprocess
import uuid

import pytest

import library
import testbed

MESSAGES = 500
KILLS = 30


@pytest.fixture(scope="module")
def lab(bed):
    bed.add_subscribers(3)
    bed.start_aanf()
    bed.start_server()
    return bed


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """Against the library of the build, not an installed one."""
    build = testbed.build_dir()
    out = tmp_path_factory.mktemp("example") / "outbox"
    tree = testbed.SUPPORT.parent.parent
    library.run(*library.compiler(build), "-I", tree / "msgin5g-client" / "include", "-I", tree / "common" / "include",
                library.EXAMPLES / "outbox.c", library.EXAMPLES / "key_file.c", "-o", out, "-L", build / "lib",
                "-Wl,-rpath,%s" % (build / "lib"), "-lmsgin5g")
    return out


class Application:
    """The example as its user sees it: lines in, lines out; what was handed over is not given again."""

    def __init__(self, lab, example, sender, recipient, outbox):
        self.argv = [str(example), lab.server_uri, testbed.FQDN, sender.service_id,
                     *map(str, library.credentials(lab, sender)), recipient.service_id, str(lab.folder / outbox)]
        self.folder = lab.folder
        self.handed_over = set()
        self.taken = []

    def run(self, lines, kill_after=None, event="handed"):
        """Feed @p lines; kill it once @p event has come so many times, or wait for its end."""
        left = [line for line in lines if line.split(" ")[0] not in self.handed_over]
        process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, cwd=self.folder)
        try:
            process.stdin.write("".join(line + "\n" for line in left))
            process.stdin.close()
            for line in process.stdout:
                self._note(line.split())
                if kill_after is not None and line.startswith(event):
                    kill_after -= 1
                if kill_after == 0:
                    break
            if kill_after is None:
                assert process.wait(60) == 0, process.stderr.read()
        finally:
            process.kill()
            process.wait()
        for line in process.stdout:  # what it had said already
            self._note(line.split())
        err = process.stderr.read()
        assert "Sanitizer" not in err and "runtime error" not in err, err

    def _note(self, words):
        if words[:2] == ["handed", "over"]:
            self.handed_over.add(words[2])
        elif words[0] == "taken":
            self.taken.append(words[1])
        else:
            raise AssertionError(" ".join(words))


def lines_of(count, prefix):
    return ["%s %s %d" % (uuid.uuid4(), prefix, number) for number in range(count)]


def expect(listener, lines, sender):
    """Every text once, in order, and nothing else."""
    texts = [line.split(" ", 1)[1] for line in lines]
    for text in texts:
        listener.event("message", timeout_s=60, payload=text)
    received = [event for event in listener.events if event["event"] == "message" and event["from"] == sender.service_id]
    assert [event["payload"] for event in received] == texts
    assert [event["msg_id"] for event in received] == [line.split(" ")[0] for line in lines]


def test_killed_again_and_again(lab, example):
    """kill -9 at any moment: every message arrives exactly once, in order; what was taken over is never given again."""
    sender, recipient = lab.subscribers[:2]
    listener = lab.listen(recipient)
    listener.event("registered")
    lines = lines_of(MESSAGES, "kill")
    application = Application(lab, example, sender, recipient, "kill.outbox")
    chance = random.Random(5)
    for number in range(KILLS):
        application.run(lines, kill_after=chance.randint(1, MESSAGES // KILLS), event=("handed", "taken")[number % 2])
        listener.drain()
    assert 0 < len(application.taken) < MESSAGES
    application.run(lines)
    assert application.handed_over == {line.split(" ")[0] for line in lines}
    expect(listener, lines, sender)
    assert listener.stop() == 0


def test_server_that_is_away(lab, example):
    """Messages handed over while no server is there wait on the disk, over restarts of the application as well."""
    sender, recipient = lab.subscribers[1:3]
    lines = lines_of(20, "away")
    application = Application(lab, example, sender, recipient, "away.outbox")
    port = lab.server.port("coaps")
    lab.server.stop()
    lab.daemons.remove(lab.server)
    application.run(lines, kill_after=20)
    assert len(application.handed_over) == 20
    assert (lab.folder / "away.outbox").stat().st_mode & 0o777 == 0o600
    lab.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port}})
    listener = lab.listen(recipient)
    listener.event("registered")
    application.run(lines)
    expect(listener, lines, sender)
    assert listener.stop() == 0


def test_larger_than_the_outbox(lab, example):
    """More lines than it holds: the application waits for room instead of losing any."""
    sender, recipient = lab.subscribers[0], lab.subscribers[2]
    listener = lab.listen(recipient)
    listener.event("registered")
    lines = lines_of(250, "many")
    application = Application(lab, example, sender, recipient, "many.outbox")
    application.run(lines)
    assert application.taken == [line.split(" ")[0] for line in lines]
    expect(listener, lines, sender)
    assert listener.stop() == 0
