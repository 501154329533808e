"""The client library as a package: installs it, builds programs against it, runs its examples."""

import os
import pathlib
import subprocess

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
