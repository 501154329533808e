"""docs/operations.md against the running programs and the sources: metrics, limits, log events, ports.

MSGIN5G_WRITE_DOCS=1 writes the tables of metrics instead of comparing them.
"""

import os
import pathlib
import re
import subprocess

import pytest
import yaml

import testbed

TREE = testbed.SUPPORT.parent.parent
DOC = TREE / "docs" / "operations.md"
DAEMONS = ("msgin5g-server", "akma-aanf")
LISTEN, UDP_BOUND = "0A", "07"  # states of /proc/PID/net


@pytest.fixture(scope="module")
def used(lab):
    """After a message with its report and two looks at the metrics every metric has appeared."""
    ue, other = lab.subscribers[:2]
    listener = lab.listen(other)
    listener.event("registered")
    assert lab.run_client(ue, "send", "--to", other.service_id, "--payload", "x", "--report")[0] == 0
    listener.stop()
    for daemon in lab.daemons:
        testbed.http_get(daemon.port("management"), "/metrics")
    return {daemon.name: daemon for daemon in lab.daemons}


def metrics_table(text):
    """Name, labels, type and help of every metric of an exposition, as a table."""
    rows = ["| metric | labels | type | what |", "|---|---|---|---|"]
    for name, explanation, kind in sorted(re.findall(r"^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$", text, re.M)):
        labels = re.findall(r"^%s(?:_bucket)?\{(.*)\} " % name, text, re.M)
        keys = dict.fromkeys(key for series in labels for key in re.findall(r'(\w+)="', series) if key != "le")
        cells = ("`%s`" % name, ", ".join("`%s`" % key for key in keys) or "-", kind, explanation.rstrip("."))
        rows.append("| %s |" % " | ".join(cells))
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("name", DAEMONS)
def test_metrics(used, name):
    table = metrics_table(testbed.http_get(used[name].port("management"), "/metrics")[1])
    begin, end = "<!-- metrics of %s -->\n" % name, "<!-- end -->"
    before, rest = DOC.read_text().split(begin)
    written, after = rest.split(end, 1)
    if os.environ.get("MSGIN5G_WRITE_DOCS"):
        DOC.write_text(before + begin + table + end + after)
        written = table
    assert table.count("\n") > 8
    assert written == table


def test_metrics_spoken_of_exist(used):
    """Names in the text are those of the tables."""
    text = DOC.read_text()
    exposed = "".join(testbed.http_get(daemon.port("management"), "/metrics")[1] for daemon in used.values())
    assert [name for name in set(re.findall(r"msgin5g_\w+", text)) if "# TYPE %s " % name not in exposed] == []


def test_limits():
    """The table has every key of the server's `limits` and its default."""
    printed = subprocess.run([testbed.program("msgin5g-server"), "--print-config"], capture_output=True, text=True).stdout
    documented = dict(re.findall(r"^\| `limits\.(\w+)` \| (\S+) \|", DOC.read_text(), re.M))
    assert documented == {key: str(value) for key, value in yaml.safe_load(printed)["limits"].items()}


def test_log_events():
    """Every event from level info up that the daemons' sources write is in the table with its level, and no other."""
    written = set()
    for folder in ("common", "akma/af", "akma/aanf", "msgin5g-server/src"):
        for path in pathlib.Path(TREE / folder).rglob("*.c"):
            calls = re.findall(r'\blog_(error|warning|info)\(\s*"((?:[^"\\]|\\.)*)"', path.read_text())
            written |= {(level, re.sub(r" \w+=.*", "", text)) for level, text in calls}
    assert len(written) > 30
    documented = set()
    for level, events in re.findall(r"^\| (error|warning|info) \| (`[^|]*) \|", DOC.read_text(), re.M):
        documented |= {(level, event) for event in re.findall(r"`([^`]+)`", events)}
    assert documented == written


def sockets(pid):
    """Ports this process listens at."""
    mine = {os.readlink(entry) for entry in pathlib.Path("/proc/%d/fd" % pid).iterdir()}
    found = set()
    for protocol, state in (("tcp", LISTEN), ("tcp6", LISTEN), ("udp", UDP_BOUND), ("udp6", UDP_BOUND)):
        for line in pathlib.Path("/proc/%d/net/%s" % (pid, protocol)).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == state and "socket:[%s]" % fields[9] in mine:
                address, port = fields[1].split(":")
                found.add((protocol, address, int(port, 16)))
    return found


def test_nothing_else_listens(used):
    """TS 33.117 4.3.2: the ports of the ready line and no other, on the configured address."""
    loopback = "0100007F"
    server, aanf = used["msgin5g-server"], used["akma-aanf"]
    assert sockets(server.process.pid) == {("udp", loopback, server.port("coaps")),
                                           ("tcp", loopback, server.port("coaps+tcp")),
                                           ("tcp", loopback, server.port("management"))}
    assert sockets(aanf.process.pid) == {("tcp", loopback, aanf.port("sbi")), ("tcp", loopback, aanf.port("management"))}


@pytest.mark.parametrize("name", DAEMONS)
def test_ports(name):
    """Default ports and addresses are those of the table."""
    printed = yaml.safe_load(subprocess.run([testbed.program(name), "--print-config"], capture_output=True, text=True).stdout)
    defaults = {"management": printed["management"]}
    listen = printed["listen"]
    defaults.update({"listen." + key: listen[key] for key in ("coaps", "coaps_tcp", "oscore")} if name == "msgin5g-server"
                    else {"listen": listen})
    rows = re.findall(r"^\| `%s` \| (\d+)/(?:udp|tcp)(?:, only with `enabled: true`)? \|.*\| `([\w.]+)` \|$" % name,
                      DOC.read_text(), re.M)
    assert {key: int(port) for port, key in rows} == {key: value["port"] for key, value in defaults.items()}
    assert {value["host"] for value in defaults.values()} == {"127.0.0.1"}
