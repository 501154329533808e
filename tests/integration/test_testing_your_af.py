"""docs/testing-your-af.md: its commands are run as they stand there, but for the port numbers."""

import os
import re
import shutil
import socket
import subprocess

import pytest

import testbed

TREE = testbed.SUPPORT.parent.parent
PAGE = TREE / "docs" / "testing-your-af.md"
PORTS = ("8444", "9444", "8446")
# The page relies on the default port; here it is another one.
AKMA = """akma() {
    case $1 in
    context) command akma "$@" --url http://127.0.0.1:9444 ;;
    *) command akma "$@" ;;
    esac
}
"""


def blocks(kinds):
    found = re.findall(r"^<!-- (run(?: capture)?) -->\n```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert len(found) > 5
    return "\n".join(text for kind, text in found if kind in kinds)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def may_capture():
    if shutil.which("dumpcap") is None or shutil.which("tshark") is None:
        return False
    return subprocess.run(["dumpcap", "-q", "-i", "lo", "-a", "duration:1", "-w", "/dev/null"], capture_output=True,
                          check=False).returncode == 0


def run(folder, kinds):
    """The blocks in one shell, on free ports; what it starts ends with it."""
    script = AKMA + blocks(kinds)
    for port, free in zip(PORTS, free_ports(len(PORTS))):
        script = script.replace(port, free)
    path = folder / "page.sh"
    path.write_text("set -eu\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n" + script)
    env = dict(os.environ, TREE=str(TREE), PATH="%s:%s" % (testbed.build_dir() / "bin", os.environ["PATH"]))
    return subprocess.run(["bash", str(path)], cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not here")
def test_every_command_works(tmp_path):
    kinds = ("run", "run capture") if may_capture() else ("run",)
    done = run(tmp_path, kinds)
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in ("the same K_AF as the UE's", "olleh", "403 K_AKMA_NOT_PRESENT", "403 AF_NOT_ALLOWED", "400 MANDATORY_IE_INCORRECT",
                     "503 fault", "expired imsi-001010000000001", "removed imsi-001010000000001"):
        assert expected in done.stdout, (expected, done.stdout, done.stderr)
    if "run capture" in kinds:
        assert "/naanf-akma/v1/retrieve-applicationkey" in done.stdout
    log = (tmp_path / "aanf.log").read_text()
    assert "Sanitizer" not in log and "runtime error" not in log


def test_links_lead_somewhere():
    """Pages and headings that the page points to."""
    for file, anchor in re.findall(r"\]\(([\w.-]+\.md)(?:#([\w-]+))?\)", PAGE.read_text()):
        text = (TREE / "docs" / file).read_text()
        titles = [re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)]
        assert not anchor or anchor in titles, (file, anchor)
