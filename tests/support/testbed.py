"""Starts our programs for tests and for the lab: free ports, a folder of its own, certificates, and an end by pid.

Nothing here knows pytest; lab.py and the integration tests both stand on it.
"""

import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

SUPPORT = pathlib.Path(__file__).resolve().parent
FQDN = "localhost"  # CoAP peers of Debian send the URI's host as server name
SN_NAME = "5G:mnc001.mcc001.3gppnetwork.org"
READY_TIMEOUT_S = 20
OSCORE = {"oscore": {"enabled": True, "host": "127.0.0.1", "port": 0}}  # for start_server(listen=...); off by default


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
    """Sum of the series of this name, or the one series when labels are given; a name nobody knows is an error."""
    text = http_get(port, "/metrics")[1]
    values = [float(match.group(2)) for match in re.finditer(r"^([a-zA-Z_:][\w:]*(?:\{[^}\n]*\})?) (\S+)$", text, re.M)
              if name in (match.group(1), match.group(1).split("{")[0])]
    if not values:
        raise KeyError("%s is not among the metrics:\n%s" % (name, text))
    return sum(values)


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


def free_port():
    """A TCP port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def oscore_option(uri):
    """What our command wants to hear for a server at coap://."""
    return ["--oscore"] if uri.startswith("coap://") else []


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

    def start(self, name, config, *arguments, env=None):
        """Start a daemon with @p config (a dict); JSON is YAML."""
        path = self.write(name + ".yaml", json.dumps(config, indent=1))
        daemon = Daemon(name, [program(name), "--config", str(path), *arguments], self.folder, env)
        self.daemons.append(daemon)
        return daemon

    def aanf_config(self, **overrides):
        """The emulated AAnF and AUSF with every subscriber added so far."""
        certs = self.certs
        config = {
            "listen": {"host": "127.0.0.1", "port": 0},
            "management": {"host": "127.0.0.1", "port": 0},
            "tls": {"certificate": str(certs / "aanf.pem"), "key": str(certs / "aanf.key"), "ca": str(certs / "ca.pem")},
            "serving_networks": [SN_NAME],
            "afs": [{"certificate": "localhost", "fqdns": [FQDN, "msgin5g.lab.example"], "identity": "supi"}],
            "consumers": {"anchor_key": ["ausf.lab.example"], "authentication": ["*"]},
            "faults": {"enabled": True},
            "subscribers": [{"supi": s.supi, "gpsi": s.gpsi, "k": s.k, "opc": s.opc, "akma_allowed": s.akma_allowed}
                            for s in self.subscribers],
        }
        config.update(overrides)
        return config

    def start_aanf(self, **overrides):
        self.aanf = self.start("akma-aanf", self.aanf_config(**overrides))
        self.aanf_url = "https://127.0.0.1:%d" % self.aanf.port("sbi")
        return self.aanf

    def _store_folder(self):
        """The same for a server that is started again, another one for a second server beside the first."""
        beside = [daemon for daemon in self.daemons if daemon.name == "msgin5g-server" and daemon.process.poll() is None]
        return self.folder / ("store-%d" % len(beside) if beside else "store")

    def server_config(self, **overrides):
        certs = self.certs
        config = {
            "listen": {"coaps": {"host": "127.0.0.1", "port": 0}, "coaps_tcp": {"host": "127.0.0.1", "port": 0}},
            "management": {"host": "127.0.0.1", "port": 0},
            "auth": {"fqdns": [FQDN]},
            "aanf": {"url": self.aanf_url, "certificate": str(certs / "server.pem"), "key": str(certs / "server.key"),
                     "ca": str(certs / "ca.pem")},
            "registration": {"min_lifetime": "1s"},
            "store": {"folder": str(self._store_folder())},
            "bindings": [{"identity": s.supi, "service_ids": [s.service_id]} for s in self.subscribers],
        }
        for key, value in overrides.items():
            config[key] = {**config[key], **value} if isinstance(value, dict) and isinstance(config.get(key), dict) else value
        return config

    def start_server(self, env=None, **overrides):
        self.server = self.start("msgin5g-server", self.server_config(**overrides), env=env)
        self.server_uri = self.uri("coaps")
        return self.server

    def uri(self, scheme):
        """What a UE is told to reach the server over coaps, coaps+tcp or (OSCORE) coap; for server_uri, or as uri= of the
        commands, which add --oscore themselves."""
        return "%s://localhost:%d" % (scheme, self.server.port(scheme))

    def usim(self, subscriber):
        """USIM file of a subscriber, made at the first call; SQN lives in it."""
        path = self.folder / (subscriber.supi + ".usim.yaml")
        if not path.exists():
            self.write(path.name, "supi: %s\nk: %s\nopc: %s\nsqn: 000000000000\n"
                       % (subscriber.supi, subscriber.k, subscriber.opc))
        return path

    def client_argv(self, subscriber, command, *arguments, service_id=None, uri=None):
        certs = self.certs
        return [program("msgin5g-client"), command, "--json", "--server", uri or self.server_uri, "--service-id",
                service_id or subscriber.service_id, "--usim", str(self.usim(subscriber)), "--ausf", self.aanf_url,
                "--ca", str(certs / "ca.pem"), "--cert", str(certs / "ausf-client.pem"), "--key",
                str(certs / "ausf-client.key"), *oscore_option(uri or self.server_uri), *map(str, arguments)]

    def run_client(self, subscriber, command, *arguments, timeout_s=30, **options):
        """Run one command to its end: (exit code, events)."""
        return self._run(self.client_argv(subscriber, command, *arguments, **options), timeout_s)

    def run_plain(self, command, *arguments, timeout_s=30, uri=None):
        """As run_client(), without keys: the caller brings --a-kid and --k-akma."""
        return self._run([program("msgin5g-client"), command, "--json", "--server", uri or self.server_uri,
                          *oscore_option(uri or self.server_uri), *map(str, arguments)], timeout_s)

    def _run(self, argv, timeout_s):
        done = subprocess.run(argv, capture_output=True, timeout=timeout_s, cwd=self.folder, stdin=subprocess.DEVNULL)
        for client in self.clients:
            client.drain()
        if b"Sanitizer" in done.stderr or b"runtime error:" in done.stderr:
            raise RuntimeError("msgin5g-client: a sanitizer complained:\n%s" % done.stderr.decode())
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def listen(self, subscriber, *arguments, **options):
        """Start a listening client; its events come from Client.event()."""
        return self._start_client(self.client_argv(subscriber, "listen", *arguments, **options))

    def send(self, subscriber, *arguments, **options):
        """Start a sending client; it ends by itself."""
        return self._start_client(self.client_argv(subscriber, "send", *arguments, **options))

    def subscribe(self, subscriber, topic, *arguments, **options):
        """As listen(), subscribed to @p topic."""
        return self._start_client(self.client_argv(subscriber, "subscribe", topic, *arguments, **options))

    def listen_plain(self, *arguments, uri=None):
        """As listen(), without a USIM: the caller brings --a-kid and --k-akma."""
        return self._start_client([program("msgin5g-client"), "listen", "--json", "--server", uri or self.server_uri,
                                   *oscore_option(uri or self.server_uri), *map(str, arguments)])

    def _start_client(self, argv):
        client = Client(argv, self.folder)
        self.clients.append(client)
        return client


class Client:
    """A msgin5g-client that runs on: events are read as they come."""

    def __init__(self, argv, folder):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        cwd=folder)
        self.events = []
        self._text = b""

    def event(self, name, timeout_s=15, **members):
        """Wait for an event of this name whose members have these values; earlier ones stay in self.events."""
        deadline = time.monotonic() + timeout_s
        seen = 0
        while True:
            for event in self.events[seen:]:
                seen += 1
                if event["event"] == name and all(event.get(k) == v for k, v in members.items()) \
                        and not event.get("taken"):
                    event["taken"] = True
                    return event
            if not self._read(max(deadline - time.monotonic(), 0)):
                raise AssertionError("no event %s %s; seen: %s; stderr: %s"
                                     % (name, members, self.events, self._stderr_if_ended()))

    def _read(self, timeout_s):
        """Take what comes within this time; False when nothing does."""
        readable, _, _ = select.select([self.process.stdout], [], [], timeout_s)
        chunk = os.read(self.process.stdout.fileno(), 65536) if readable else b""
        self._text += chunk
        *lines, self._text = self._text.split(b"\n")
        self.events += [json.loads(line) for line in lines]
        return bool(chunk)

    def drain(self):
        """Take what is there: a client whose output nobody reads stops when the pipe is full."""
        while self.process.poll() is None and self._read(0):
            pass

    def _stderr_if_ended(self):
        return self.process.stderr.read().decode() if self.process.poll() is not None else "(still running)"

    def stop(self, timeout_s=10):
        """SIGTERM: it de-registers and ends; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout_s)
        stderr = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        if "Sanitizer" in stderr or "runtime error:" in stderr:
            raise RuntimeError("msgin5g-client: a sanitizer complained:\n%s" % stderr)
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
