#!/usr/bin/python3
"""Plays compose.yaml where no container engine runs, as far as this lab needs one.

    play_compose.py COMPOSE-FILE STATE-FOLDER SERVICE=ROOT:CONFIG...

ROOT is where the image of a service is mounted, CONFIG its configuration (JSON, as in an OCI image). check.sh starts
this as root in a network namespace of its own. Each service then runs as an engine would run it: as process 1, as the
image's user without any right, on a read-only root, with the volumes, files and fixed addresses of compose.yaml;
depends_on and the health checks decide when. Not played: building, published ports, limits, one network stack a
container. It succeeds if every check below does.
"""

import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

import yaml

WAIT_S = 60
DEVICES = ("null", "zero", "random", "urandom")


class Failed(Exception):
    """The lab did not do what it should."""


def expect(condition, text):
    if not condition:
        raise Failed(text)


class Service:
    """One service of compose.yaml with its image mounted at root."""

    def __init__(self, name, spec, root, image, lab):
        self.name, self.spec, self.root, self.image, self.lab = name, spec, pathlib.Path(root), image, lab
        self.output_path = lab.state / (name + ".out")
        self.process = None

    def mounts(self):
        """(source, target, read only) of every volume and file."""
        for entry in self.spec.get("volumes", []):
            source, target, *mode = entry.split(":")
            if source.startswith("."):
                yield (self.lab.folder / source).resolve(), target, "ro" in mode
            else:
                yield self.lab.volume(source, self.root / target.lstrip("/")), target, "ro" in mode
        for name in ("hosts", "resolv.conf"):
            yield self.lab.state / name, "/etc/" + name, True

    def prepare(self):
        """Mount points, which an engine too makes before the root becomes read-only."""
        for source, target, _ in self.mounts():
            place = self.root / target.lstrip("/")
            if source.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
        for name in ("proc", "dev", *(entry.split(":")[0].lstrip("/") for entry in self.spec.get("tmpfs", []))):
            (self.root / name).mkdir(exist_ok=True)

    def wrapped(self, argv):
        """@p argv as a command that makes the container around it."""
        root = str(self.root)
        lines = ["set -e", "mount --rbind %s %s" % (shlex.quote(root), shlex.quote(root)), "cd " + shlex.quote(root)]
        lines += ["mount -t proc -o nosuid,nodev,noexec proc proc", "mount -t tmpfs -o nosuid,mode=755 dev dev"]
        lines += ["touch dev/{0} && mount --bind /dev/{0} dev/{0}".format(name) for name in DEVICES]
        for entry in self.spec.get("tmpfs", []):
            target, _, options = entry.partition(":")
            lines.append("mount -t tmpfs -o nosuid,nodev,%s tmp %s" % (options, shlex.quote(target.lstrip("/"))))
        for source, target, read_only in self.mounts():
            place = shlex.quote(target.lstrip("/"))
            lines.append("mount --bind %s %s" % (shlex.quote(str(source)), place))
            if read_only:
                lines.append("mount -o remount,bind,ro,nosuid,nodev %s" % place)
        if self.spec.get("read_only"):
            lines.append("mount -o remount,bind,ro .")
        command = "exec setpriv --no-new-privs chroot --userspec=%s --groups= . %s" % (
            self.image["User"], shlex.join(argv))
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "bash", "-c",
                "; ".join([*lines, command])]

    def start(self):
        argv = self.image["Entrypoint"] + (self.spec.get("command") or self.image.get("Cmd") or [])
        environment = dict(item.split("=", 1) for item in self.image.get("Env") or [])
        self.prepare()
        with open(self.output_path, "wb") as output:
            self.process = subprocess.Popen(self.wrapped(argv), stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT,
                                            env={"PATH": os.environ["PATH"], **environment})

    def output(self):
        return self.output_path.read_text(errors="replace")

    def pid(self):
        """The program itself, process 1 of its namespace."""
        outer = self.process.pid
        children = pathlib.Path("/proc/%d/task/%d/children" % (outer, outer)).read_text().split()
        expect(children, "%s is not running:\n%s" % (self.name, self.output()))
        return int(children[0])

    def healthy(self):
        code = self.process.poll()
        expect(code is None, "%s ended with %s:\n%s" % (self.name, code, self.output()))
        test = self.spec.get("healthcheck", {}).get("test") or self.image["Healthcheck"]["Test"]
        expect(test[0] == "CMD", "%s: the health check needs a shell: %s" % (self.name, test))
        return subprocess.run(self.wrapped(test[1:]), stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=WAIT_S).returncode == 0

    def wait_for(self, condition):
        """What depends_on of another service asks of this one."""
        deadline = time.monotonic() + WAIT_S
        if condition == "service_completed_successfully":
            code = self.process.wait(WAIT_S)
            expect(code == 0, "%s ended with %d:\n%s" % (self.name, code, self.output()))
            return
        while not self.healthy():
            expect(time.monotonic() < deadline, "%s is not healthy:\n%s" % (self.name, self.output()))
            time.sleep(0.1)

    def check_confined(self):
        """It runs as the image says, without any right, and cannot write to its root."""
        pid = self.pid()
        status = dict(line.split(":\t", 1) for line in
                      pathlib.Path("/proc/%d/status" % pid).read_text().splitlines() if ":\t" in line)
        uid = self.image["User"].split(":")[0]
        expect(status["Uid"].split() == [uid] * 4, "%s runs as %s" % (self.name, status["Uid"]))
        for right in ("CapPrm", "CapEff", "CapAmb"):
            expect(int(status[right], 16) == 0, "%s has %s %s" % (self.name, right, status[right]))
        expect(status["NoNewPrivs"] == "1", "%s may gain rights" % self.name)
        roots = [line.split() for line in pathlib.Path("/proc/%d/mountinfo" % pid).read_text().splitlines()
                 if line.split()[4] == "/"]
        expect(roots and "ro" in roots[-1][5].split(","), "%s can write to its root: %s" % (self.name, roots))

    def stop(self):
        """SIGTERM to process 1, which an engine sends too; 0 is what a program ends with that expects this."""
        os.kill(self.pid(), signal.SIGTERM)
        code = self.process.wait(WAIT_S)
        expect(code == 0, "%s ended with %d after SIGTERM:\n%s" % (self.name, code, self.output()))

    def kill(self):
        """Process 1 first: unshare's own way to take it along is lost when the program changes its user."""
        if self.process is not None and self.process.poll() is None:
            try:
                os.kill(self.pid(), signal.SIGKILL)
            except (Failed, ProcessLookupError):
                self.process.kill()
            self.process.wait()


class Lab:
    """All services of one compose file."""

    def __init__(self, compose_path, state, images):
        self.folder = compose_path.resolve().parent
        self.state = state
        compose = yaml.safe_load(compose_path.read_text())
        self.services = {name: Service(name, spec, *images[name], self) for name, spec in compose["services"].items()}
        self.set_up_network()

    def set_up_network(self):
        """Every fixed address on the one loopback device of this namespace; names as an engine would answer them."""
        hosts = ["127.0.0.1 localhost"]
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for name, service in self.services.items():
            for network in service.spec.get("networks", {}).values():
                subprocess.run(["ip", "address", "add", network["ipv4_address"] + "/32", "dev", "lo"], check=True)
                hosts.append("%s %s" % (network["ipv4_address"], name))
        (self.state / "hosts").write_text("\n".join(hosts) + "\n")
        (self.state / "resolv.conf").write_text("")

    def volume(self, name, covered):
        """Folder of a volume; a new one takes over owner and mode of the folder of the image that it covers."""
        folder = self.state / "volumes" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            if covered.is_dir():
                status = covered.stat()
                os.chown(folder, status.st_uid, status.st_gid)
                folder.chmod(status.st_mode & 0o7777)
        return folder

    def start(self, name):
        """Start a service once all it depends on is as it should be."""
        service = self.services[name]
        for needed, how in service.spec.get("depends_on", {}).items():
            if self.services[needed].process is None:
                self.start(needed)
            self.services[needed].wait_for(how["condition"])
        print("play: %s starts" % name, flush=True)
        service.start()
        return service

    def close(self):
        for service in self.services.values():
            service.kill()


def events(service):
    return [json.loads(line) for line in service.output().splitlines() if line.startswith("{")]


def check_message(lab):
    """UE 1's message arrived at UE 2, and its report at UE 1."""
    sender, receiver = lab.services["ue1"], lab.services["ue2"]
    code = sender.process.wait(WAIT_S)
    expect(code == 0, "ue1 ended with %d:\n%s" % (code, sender.output()))
    reports = [event for event in events(sender) if event["event"] == "report"]
    expect([report["status"] for report in reports] == ["success"], "ue1 got the reports %s" % reports)
    messages = [event for event in events(receiver) if event["event"] == "message"]
    payload = lab.services["ue1"].spec["command"][lab.services["ue1"].spec["command"].index("--payload") + 1]
    expect([message["payload"] for message in messages] == [payload], "ue2 got the messages %s" % messages)
    print("play: ue1 sent '%s', ue2 got it, the report came back" % payload, flush=True)


def play(lab):
    lab.start("ue1")
    check_message(lab)
    for name in ("akma-aanf", "msgin5g-server", "ue2"):
        lab.services[name].check_confined()
    print("play: all run as process 1 without rights on a read-only root", flush=True)
    for name in ("ue2", "msgin5g-server", "akma-aanf"):
        lab.services[name].stop()
    print("play: all ended at SIGTERM with exit code 0", flush=True)


def main():
    compose_path, state = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    images = {}
    for argument in sys.argv[3:]:
        service, _, place = argument.partition("=")
        root, _, config = place.partition(":")
        images[service] = (root, json.loads(pathlib.Path(config).read_text()))
    lab = Lab(compose_path, state, images)
    try:
        play(lab)
    except (Failed, subprocess.TimeoutExpired) as problem:
        print("play: FAILED: %s" % problem, file=sys.stderr)
        for name in lab.services:
            if lab.services[name].process is not None:
                print("---- %s\n%s" % (name, lab.services[name].output()), file=sys.stderr)
        return 1
    finally:
        lab.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
