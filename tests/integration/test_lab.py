"""The lab's contract: a line or a JSON object a step, exit code 0 only when all went well, --keep leaves it running."""

import json
import os
import re
import subprocess
import sys

import testbed

LAB = [sys.executable, "-B", str(testbed.SUPPORT / "lab.py")]


def run(*arguments, **environment):
    return subprocess.run([*LAB, *arguments], capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, **environment))


def processes(name):
    found = subprocess.run(["pgrep", "-f", "^%s --config %s" % (testbed.program(name), lab_folder())], capture_output=True,
                           text=True)
    return [int(pid) for pid in found.stdout.split()]


def lab_folder():
    return testbed.build_dir().parent / "lab"


def test_json_lines():
    done = run("--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(line["ok"] for line in lines[:-1])
    assert {"step", "who", "what", "how", "ok", "detail", "milliseconds"} == set(lines[0])
    assert lines[-1]["summary"] and lines[-1]["failed"] == 0
    assert processes("msgin5g-server") == [] and processes("akma-aanf") == []


def test_lines_for_people_and_nothing_left_behind():
    done = run()
    assert done.returncode == 0
    assert re.search(r"^ ?\d+ +ok +UE 1 → UE 2 .*delivered, report came back +\d+ ms$", done.stdout, re.M), done.stdout
    assert "as they should" in done.stdout
    assert processes("msgin5g-server") == []


def test_keep_says_how_to_go_on():
    done = run("--keep")
    try:
        assert done.returncode == 0
        assert len(processes("msgin5g-server")) == 2 and len(processes("akma-aanf")) == 1
        send = re.search(r"Send as UE 1:\n +(.*)", done.stdout).group(1)
        sent = subprocess.run(send.split(), capture_output=True, text=True, timeout=30)
        assert sent.returncode == 9, "UE 2 does not listen: %s" % sent.stdout
        stop = re.search(r"Stop everything:\n +kill (.*)", done.stdout).group(1)
        assert sorted(map(int, stop.split())) == sorted(processes("msgin5g-server") + processes("akma-aanf"))
    finally:
        for pid in processes("msgin5g-server") + processes("akma-aanf"):
            os.kill(pid, 15)
    testbed.wait_for(lambda: processes("msgin5g-server") + processes("akma-aanf") == [], 10, "the end of the lab")


def test_failure_is_told(tmp_path):
    """A build without programs: the steps fail, and so does the exit code."""
    (tmp_path / "build" / "bin").mkdir(parents=True)
    done = run(MSGIN5G_BUILD_DIR=str(tmp_path / "build"))
    assert done.returncode == 1
    assert "FAIL" in done.stdout


def test_each_profile_once_and_one_alone():
    lines = [json.loads(line) for line in run("--json").stdout.splitlines()]
    shown = [line["what"] for line in lines if line.get("what", "").startswith("message over ")]
    assert shown == ["message over %s" % name for name in ("DTLS 1.2", "DTLS 1.3", "TLS 1.2", "TLS 1.3", "OSCORE")]
    lines = [json.loads(line) for line in run("--json", "--profile", "tls1.2").stdout.splitlines()]
    assert [line["what"] for line in lines if line.get("what", "").startswith("message over ")] == ["message over TLS 1.2"]


def test_contexts_for_tshark(tmp_path):
    """Keys are told only when asked for."""
    done = run("--profile", "oscore", "--key-log", str(tmp_path / "keys"))
    assert done.returncode == 0, done.stdout
    assert re.search(r"-o 'uat:oscore_contexts:\"[0-9a-f]{8}\",\"[0-9a-f]{2}\",\"[0-9a-f]{64}\",", done.stdout)
    assert "uat:" not in run("--profile", "oscore").stdout
