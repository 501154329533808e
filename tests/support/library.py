"""The client library as a package: installs it, builds programs against it, runs its examples."""

import os
import pathlib
import select
import socket
import subprocess
import time

import foreign_ue
import testbed

EXAMPLES = testbed.SUPPORT.parent.parent / "msgin5g-client" / "examples"


def run(*argv, **options):
    """Run to the end; the output stands in the error when it fails."""
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, "%s\n%s%s" % (" ".join(map(str, argv)), done.stdout, done.stderr)
    return done.stdout


def cached(build, name):
    """Value of one variable in the cache of a build, "" when absent."""
    for line in (pathlib.Path(build) / "CMakeCache.txt").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split("=", 1)[1]
    return ""


def compiler(build):
    """The compiler of a build, with the sanitizers its objects need."""
    sanitize = cached(build, "MSGIN5G_SANITIZE")
    return [cached(build, "CMAKE_C_COMPILER"), *(["-fsanitize=" + sanitize] if sanitize else [])]


def install(build, prefix):
    run("cmake", "--install", build, "--prefix", prefix, "--component", "libmsgin5g")
    return prefix


def pkg_config(prefix, *arguments):
    env = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig"))
    return run("pkg-config", *arguments, "libmsgin5g", env=env).split()


def start(program, *arguments, folder):
    return subprocess.Popen([str(program), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, cwd=folder)


def credentials(bed, subscriber):
    """What the examples take: A-KID and a file with K_AKMA, after a primary authentication."""
    a_kid, k_akma = foreign_ue.a_kid_and_k_akma(bed, subscriber)
    return a_kid, bed.write(subscriber.supi + ".k_akma", k_akma.hex() + "\n")


def exchange(bed, listen, register_and_send, text):
    """One message with delivery report between the two examples: what both printed."""
    receiver, sender = bed.subscribers[:2]
    listener = start(listen, bed.server_uri, testbed.FQDN, receiver.service_id, *credentials(bed, receiver), 1,
                     folder=bed.folder)
    try:
        first = listener.stdout.readline()
        assert first.startswith("registered for 3600 s"), first + listener.stdout.read()
        sent = run(register_and_send, bed.server_uri, testbed.FQDN, sender.service_id, *credentials(bed, sender),
                   receiver.service_id, text, timeout=30, cwd=bed.folder)
        received = first + listener.communicate(timeout=30)[0]
    finally:
        listener.kill()
        listener.wait()
    assert listener.returncode == 0, received
    assert "from %s: %s\n" % (sender.service_id, text) in received
    assert "%s: delivered" % receiver.service_id in sent
    assert not any(word in received + sent for word in ("Sanitizer", "runtime error"))
    return received, sent


def topic_exchange(bed, subscribe, text):
    """One message of a topic for the example `subscribe`: what it printed."""
    receiver, sender = bed.subscribers[:2]
    reader = start(subscribe, bed.server_uri, testbed.FQDN, receiver.service_id, *credentials(bed, receiver), "alarms", 1,
                   folder=bed.folder)
    try:
        first = reader.stdout.readline()
        assert first == "alarms: subscribed\n", first + reader.stdout.read()
        assert bed.run_client(sender, "send", "--to", "alarms", "--topic", "--payload", text)[0] == 0
        output = first + reader.communicate(timeout=30)[0]
    finally:
        reader.kill()
        reader.wait()
    assert (reader.returncode, output) == (0, "alarms: subscribed\nalarms: %s\nalarms: unsubscribed\n" % text)


class Dtls12Server:
    """openssl s_server: DTLS 1.2 alone, with K_AF for the one suite of ours it has; shows what it decrypts."""

    def __init__(self, k_akma):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        key = foreign_ue.k_af(k_akma, foreign_ue.UA_ID_CCAC).hex()
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-dtls1_2", "-accept", "127.0.0.1:%d" % self.port, "-psk", key, "-psk_hint",
             "3GPP-other;3GPP-AKMA", "-nocert", "-cipher", foreign_ue.CCAC], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = b""
        self.wait_for(b"ACCEPT")

    def wait_for(self, octets, timeout_s=15):
        deadline = time.monotonic() + timeout_s
        while octets not in self.output:
            readable, _, _ = select.select([self.process.stdout], [], [], max(deadline - time.monotonic(), 0))
            chunk = os.read(self.process.stdout.fileno(), 65536) if readable else b""
            assert chunk, "no %r in:\n%s" % (octets, self.output.decode(errors="replace"))
            self.output += chunk

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.communicate()
