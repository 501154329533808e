"""The store's files as an operator meets them: when they are synced, damage, a full disk, sealing, a folder in use, a copy."""

import json
import re
import resource
import shutil
import sqlite3
import subprocess

import pytest

import testbed
from raw_ue import RawUe

EMPTY_ACK = 13 + 4 + 16  # octets: record, CoAP, tag. It says that the request has come, nothing else


@pytest.fixture()
def home(tmp_path):
    with testbed.Testbed(tmp_path) as bed:
        bed.add_subscribers(2)
        bed.start_aanf()
        bed.start_server(debug={"core_dumps": True})  # a process that hides its memory cannot be traced
        yield bed


def store(home, *payloads):
    """One UE stores messages for the other, each acknowledged before the next leaves."""
    with RawUe(home, home.subscribers[0]).register() as sender:
        for payload in payloads:
            assert sender.post(sender.message(home.subscribers[1], payload, sfFlag=True))[0] == "2.04"


def delivered(home, count):
    with RawUe(home, home.subscribers[1]).register() as receiver:
        receiver.listen(count)
        assert receiver.silence()
        return receiver.payloads()


def kill(home):
    home.server.kill()
    home.daemons.remove(home.server)


def folder(home):
    return home.folder / "store"


def refuse(home, **overrides):
    """The server does not start: its exit code and its log."""
    path = home.write("refused.json", json.dumps(home.server_config(**overrides)))
    result = subprocess.run([testbed.program("msgin5g-server"), "--config", str(path)], capture_output=True, text=True,
                            timeout=20)
    return result.returncode, result.stderr


def flip(path, offset):
    octets = bytearray(path.read_bytes())
    octets[offset] ^= 0x10
    path.write_bytes(octets)


class Trace:
    """strace of the server: what it syncs and what it sends, in order."""

    def __init__(self, home):
        self.path = home.folder / "trace"
        if shutil.which("strace") is None:
            pytest.skip("strace is not installed")
        self.process = subprocess.Popen(
            ["strace", "-f", "-yy", "-e", "trace=pwrite64,fdatasync,fsync,sendto,sendmsg,sendmmsg", "-e", "signal=none",
             "-s", "16", "-o", str(self.path), "-p", str(home.server.process.pid)], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "attached" not in line:
            self.process.wait()
            pytest.skip("this system does not allow to trace a process: " + line.strip())

    def stop(self):
        """Events in order of their end: "wal write", "wal sync", "send"."""
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
        events, unfinished = [], {}
        for line in self.path.read_text(errors="replace").splitlines():
            thread, call = line.split(None, 1)
            if call.endswith("<unfinished ...>"):
                unfinished[thread] = call
                continue
            if "resumed>" in call:
                call = unfinished.pop(thread, "") + call
            wal = "store.db-wal" in call
            if wal and call.startswith("pwrite64"):
                events.append("wal write")
            elif wal and re.match(r"f(data)?sync\(.*= 0$", call):
                events.append("wal sync")
            elif call.startswith("send") and "UDP" in call and int((re.findall(r"= (\d+)$", call) or [0])[0]) > EMPTY_ACK:
                events.append("send")
        return events


def test_sync_comes_before_the_acknowledgement(home):
    with RawUe(home, home.subscribers[0]).register() as sender:
        body = sender.message(home.subscribers[1], "traced", sfFlag=True)
        trace = Trace(home)
        assert sender.post(body)[0] == "2.04"
        events = trace.stop()
    assert "send" in events and "wal sync" in events, events
    before = events[:events.index("send")]
    assert "wal write" in before and before[-1] == "wal sync", events


def test_damaged_tail_is_told(home):
    """A bit of the last commit flips while the server is down: it says what is gone, and delivers the rest."""
    store(home, "first", "second")
    with_two = (folder(home) / "store.db-wal").read_bytes()
    store(home, "third")
    kill(home)
    flip(folder(home) / "store.db-wal", len(with_two) + 100)
    home.start_server()
    assert home.server.metric("msgin5g_store_damaged_total") >= 1
    assert "the store has lost its last commits" in home.server.log()
    assert [path.name for path in folder(home).glob("damaged-*/*")] == ["store.db-wal"]
    assert delivered(home, 2) == ["first", "second"]


def test_damaged_database_is_set_aside(home):
    store(home, *("message %d" % i for i in range(20)))
    assert home.server.stop() == 0
    home.daemons.remove(home.server)
    path = folder(home) / "store.db"
    path.write_bytes(path.read_bytes()[:-4096])
    home.start_server()
    assert "the store was damaged" in home.server.log()
    assert len(list(folder(home).glob("damaged-*/store.db"))) == 1
    store(home, "after")
    left = int(home.server.metric("msgin5g_store_messages"))
    assert delivered(home, left)[-1] == "after"


def test_readyz_says_that_the_disk_is_full(home):
    """/readyz 503 with the reason and a gauge for the alarm, until there is room; all by itself."""
    port, pid = home.server.port("management"), home.server.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    with RawUe(home, home.subscribers[0]).register() as sender:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        assert sender.post(sender.message(home.subscribers[1], "no", sfFlag=True))[0] == "5.03"
        status, reasons = testbed.http_get(port, "/readyz")
        assert status == 503 and "store" in reasons
        assert home.server.metric("msgin5g_store_healthy") == 0
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        testbed.wait_for(lambda: testbed.http_get(port, "/readyz")[0] == 200, 10, "the store to recover")
    store(home, "yes")
    assert delivered(home, 1) == ["yes"]


def test_sealed_store(home):
    """Payloads are not in the files; another key, or none, is refused with exit code 3."""
    home.server.stop()
    home.daemons.remove(home.server)
    shutil.rmtree(folder(home))
    key, other = home.write("store.key", "5a" * 32 + "\n"), home.write("other.key", "a5" * 32 + "\n")
    sealed = {"encryption": True, "key_file": str(key)}
    home.start_server(store=sealed)
    store(home, "nobody else may read this")
    kill(home)
    assert not any(b"nobody else" in path.read_bytes() for path in folder(home).glob("store.*"))
    for wrong, reason in ((dict(sealed, key_file=str(other)), "another key sealed it"), ({}, "it is sealed")):
        code, log = refuse(home, store=wrong)
        assert code == 3 and reason in log, log
    home.start_server(store=sealed)
    assert delivered(home, 1) == ["nobody else may read this"]


def test_one_server_uses_a_folder(home):
    code, log = refuse(home, store={"folder": str(folder(home))})
    assert code == 1 and "the store is in use by another process" in log, log
    store(home, "still there")
    assert delivered(home, 1) == ["still there"]


def test_newer_store_is_left_alone(home):
    home.server.stop()
    home.daemons.remove(home.server)
    with sqlite3.connect(folder(home) / "store.db") as database:
        database.execute("PRAGMA user_version = 1000")
    code, log = refuse(home)
    assert code == 3 and "newer version" in log, log


def test_backup_while_running_and_restore(home):
    """As docs/operations.md says."""
    store(home, "kept")
    copy = home.folder / "copy.db"
    with sqlite3.connect(folder(home) / "store.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    assert delivered(home, 1) == ["kept"]
    home.server.stop()
    home.daemons.remove(home.server)
    shutil.rmtree(folder(home))
    folder(home).mkdir(mode=0o700)
    shutil.move(copy, folder(home) / "store.db")
    home.start_server()
    assert delivered(home, 1) == ["kept"]
    assert home.server.metric("msgin5g_store_damaged_total") == 0
