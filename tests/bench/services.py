"""What messages to and from an application server cost, over HTTP/2 and HTTP/1.1 (TS 29.538 5.3, 5.4).

h2load does not fit: the API wants a certificate of its callers, and a message id that it has not seen. bench_as is both
sides of an application server instead."""

import json
import subprocess

import application_server
import testbed

AS_ID = "im:bench@iot.example"  # FLEET_AS of the generator
UES = 50  # fewer than pushes may be under way (in_flight_per_session)
VERSIONS = (("h2", 5, 10), ("http/1.1", 50, 1))  # connections, and calls under way on each


class Sink:
    """The application server that is pushed to."""

    def __init__(self, bed, version, pin):
        application_server.make_certs(bed, "as:DNS:as.example,IP:127.0.0.1")
        self.process = subprocess.Popen([testbed.program("bench_as"), "serve", version, *files(bed)],
                                        stdout=subprocess.PIPE, text=True)
        pin(self.process, 0)
        self.port = int(self.process.stdout.readline())

    def config(self, bed):
        target = "https://127.0.0.1:%d/msgin5g" % self.port
        return {"api": application_server.api_config(bed),
                "application_servers": [{"id": AS_ID, "certificates": ["as.example"], "target": target}]}

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


def files(bed):
    return [str(bed.certs / name) for name in ("ca.pem", "as.pem", "as.key")]


def call(bed, generator, version, connections, streams, seconds, pin):
    url = "https://127.0.0.1:%d" % bed.server.port("api")
    words = (url, AS_ID, 1, UES, connections, streams, seconds, bed.server.process.pid)
    generator.step("arrived")
    process = subprocess.Popen([testbed.program("bench_as"), "call", version, *files(bed), *map(str, words)],
                               stdout=subprocess.PIPE, text=True)
    pin(process, 0)
    out = process.communicate(timeout=300)[0]
    if process.returncode != 0:
        raise RuntimeError("bench_as ended with %d" % process.returncode)
    run = json.loads(out)
    arrived = 0

    def all_arrived():
        nonlocal arrived
        arrived += generator.step("arrived")["messages"]
        return arrived >= run["sent"]

    testbed.wait_for(all_arrived, 5, "arrival of every message")
    return run


def median(runs):
    for run in runs:
        if run.get("failed") or run.get("lost") or run.get("refused"):
            raise RuntimeError("not every message got through: %s" % run)
    runs.sort(key=lambda run: run["server_cpu_us"] / max(run["messages"], 1))
    return runs[len(runs) // 2]


def add(table, label, run, goal=None):
    table.add(label, run["server_cpu_us"] / max(run["messages"], 1), "us CPU each")
    table.add(label + ", rate", run["messages"] / run["seconds"], "/s", goal, at_least=True, digits=0)
    table.add(label + ", p50 and p99", run["p50_us"], "us, and %.0f" % run["p99_us"], digits=0)


def measure(table, options, started, Generator, pin):
    for version, connections, streams in VERSIONS:
        sinks = []

        def server_config(bed, version=version, sinks=sinks):
            sinks.append(Sink(bed, version, pin))
            return sinks[0].config(bed)

        with started(more=server_config) as bed:
            generator = Generator(bed, UES)
            generator.step("register", UES)
            runs = [call(bed, generator, version, connections, streams, options.seconds, pin) for _ in range(options.runs)]
            add(table, "application server to UE, %s" % version, median(runs), 9000 if version == "h2" else None)
            generator.step("push", UES, 0.5)
            runs = [generator.step("push", UES, options.seconds) for _ in range(options.runs)]
            add(table, "UE to application server, %s" % version, median(runs))
            generator.close()
        sinks[0].close()
