"""Starts our programs for tests and for the lab: free ports, a folder of its own, certificates, and an end by pid.

Nothing here knows pytest; lab.py and the integration tests both stand on it.
"""

import json
import os
import pathlib
import re
import select
import signal
import subprocess
import time
import urllib.request

SUPPORT = pathlib.Path(__file__).resolve().parent
FQDN = "localhost"  # CoAP peers of Debian send the URI's host as server name
SN_NAME = "5G:mnc001.mcc001.3gppnetwork.org"
READY_TIMEOUT_S = 20


def build_dir():
    """Folder of the build under test: MSGIN5G_BUILD_DIR, else build/dev of this tree."""
    return pathlib.Path(os.environ.get("MSGIN5G_BUILD_DIR", SUPPORT.parent.parent / "build" / "dev"))


def program(name):
    """Path of one of our programs."""
    return str(build_dir() / "bin" / name)


class Subscriber:
    """One SIM: what the AAnF knows of it and what the UE's USIM file holds."""

    def __init__(self, number, service_id=None, akma_allowed=True):
        self.supi = "imsi-00101%010d" % number
        self.gpsi = "msisdn-8613800%06d" % number
        self.k = "%032x" % (0x465B5CE8B199B49FAA5F0A2EE238A6BC ^ number)
        self.opc = "%032x" % (0xCD63CB71954A9F4E48A5994E37A02BAF ^ (number << 8))
        self.service_id = service_id or "im:ue-%04d@lab.example" % number
        self.akma_allowed = akma_allowed


class Daemon:
    """A running program that prints one `ready` line."""

    def __init__(self, name, argv, folder, env=None):
        self.name = name
        self.log_path = pathlib.Path(folder) / (name + ".log")
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log_file,
                                        env=dict(os.environ, **(env or {})), cwd=folder)
        self.ready = self._wait_ready()

    def _wait_ready(self):
        deadline = time.monotonic() + READY_TIMEOUT_S
        text = b""
        while b"\n" not in text:
            left = deadline - time.monotonic()
            readable, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            chunk = os.read(self.process.stdout.fileno(), 4096) if readable else b""
            if not chunk:
                self.kill()
                raise RuntimeError("%s did not become ready; its log:\n%s" % (self.name, self.log()))
            text += chunk
        line = text.split(b"\n")[0].decode()
        if not line.startswith("ready"):
            self.kill()
            raise RuntimeError("%s printed %r instead of its ready line" % (self.name, line))
        return dict(part.split("=", 1) for part in line.split()[1:] if "=" in part)

    def port(self, listener):
        """Port of one listener of the ready line."""
        return int(self.ready[listener].rsplit(":", 1)[1])

    def log(self):
        self.log_file.flush()
        return self.log_path.read_text(errors="replace")

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, timeout_s=20):
        """Ask it to end and return its exit code; a sanitizer's report is an error."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError("%s did not stop; its log:\n%s" % (self.name, self.log()))
        self.process.stdout.close()
        log = self.log()
        self.log_file.close()
        if "Sanitizer" in log or "runtime error:" in log:
            raise RuntimeError("%s: a sanitizer complained:\n%s" % (self.name, log))
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def metric(self, name):
        """Sum of a metric over its labels (or of one series when labels are given)."""
        return metric(self.port("management"), name)


def http_get(port, path, timeout_s=5):
    """Status and text of a plain GET on loopback."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=timeout_s) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metric(port, name):
    total = 0.0
    for line in http_get(port, "/metrics")[1].splitlines():
        match = re.match(r"^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?) (\S+)$", line)
        if match and (match.group(1) == name or match.group(1).split("{")[0] == name):
            total += float(match.group(2))
    return total


def wait_for(condition, timeout_s=10, what="condition"):
    """Poll until @p condition() is true; for what shows only from outside."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("%s did not come true within %s s" % (what, timeout_s))
        time.sleep(0.02)


class Testbed:
    """A folder with certificates and every daemon started from it; end with close() or as a context manager."""

    __test__ = False  # not a test class

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.daemons = []
        self.clients = []
        self.subscribers = []
        self._make_certificates()

    def _make_certificates(self):
        self.certs = self.folder / "certs"
        subprocess.run([str(SUPPORT / "make_certs.sh"), str(self.certs), "aanf:DNS:localhost,IP:127.0.0.1",
                        "server:DNS:localhost,IP:127.0.0.1", "ausf-client:DNS:ausf.lab.example",
                        "stranger:DNS:stranger.lab.example"], check=True, capture_output=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        problems = []
        for client in self.clients:
            client.kill()
        for daemon in reversed(self.daemons):
            try:
                code = daemon.stop()
                if code != 0:
                    problems.append("%s ended with %s:\n%s" % (daemon.name, code, daemon.log_path.read_text()))
            except RuntimeError as error:
                problems.append(str(error))
        self.daemons = []
        if problems:
            raise RuntimeError("\n".join(problems))

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def add_subscribers(self, count, first=1):
        made = [Subscriber(number) for number in range(first, first + count)]
        self.subscribers += made
        return made

    def start(self, name, config_text, *arguments, env=None):
        config = self.write(name + ".yaml", config_text)
        daemon = Daemon(name, [program(name), "--config", str(config), *arguments], self.folder, env)
        self.daemons.append(daemon)
        return daemon
