#!/usr/bin/env python3
"""Measures msgin5g-server and akma-aanf, and prints one table. run.sh builds first and then calls this.

Every figure is CPU time of the server (/proc/PID/task/*/schedstat), resident memory, or a latency; docs/performance.md
explains them. Nothing is written but the table on standard output and progress on standard error.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import references  # noqa: E402
import sbi  # noqa: E402
import services  # noqa: E402
import stored  # noqa: E402
import testbed  # noqa: E402

# Ua* profiles: scheme, suite, name.
PROFILES = (("coaps", "c0a8", "DTLS 1.2 PSK-CCM8"), ("coaps", "d001", "DTLS 1.2 ECDHE-PSK-GCM"),
            ("coaps", "ccac", "DTLS 1.2 ECDHE-PSK-CHACHA20"), ("coaps", "1301", "DTLS 1.3 PSK-DHE"),
            ("coaps+tcp", "d001", "TLS 1.2 ECDHE-PSK-GCM"), ("coaps+tcp", "ccac", "TLS 1.2 ECDHE-PSK-CHACHA20"),
            ("coaps+tcp", "1301", "TLS 1.3 PSK-DHE"))
A_KID = "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
AF_ID = "msgin5g.lab.example:0100000009"
AANF_ID, AF_NF_ID = "3f1f5a2b-1c2d-4e3f-8a9b-0c1d2e3f4a5b", "1f1f5a2b-1c2d-4e3f-8a9b-0c1d2e3f4a5b"
HOLDER_UES = 10000  # a process: below the limit of descriptors


def say(text):
    print("bench:", text, file=sys.stderr, flush=True)


class Pin:
    """Server and generator on a core each: neither pushes the other away when it wakes it."""

    def __init__(self, realtime):
        self.realtime = realtime

    def __call__(self, process, core):
        if os.cpu_count() > 1:
            os.sched_setaffinity(process.pid, {core})
        if self.realtime:
            for thread in os.listdir("/proc/%d/task" % process.pid):
                os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(1))


pin = Pin(False)


class Table:
    """Rows of (step, figure, unit, goal, reached, reference); printed at the end."""

    def __init__(self, found):
        self.rows = []
        self.found = found  # figures of the references by name

    def add(self, step, figure, unit, goal=None, at_least=False, digits=1, reference=None):
        reached = "" if goal is None else "yes" if (figure >= goal if at_least else figure <= goal) else "NO"
        sign = "" if goal is None else (">= " if at_least else "<= ") + "%g" % goal
        self.rows.append((step, "%.*f" % (digits, figure), unit, sign, reached, self.found.get(reference, "")))
        say("%-72s %10s %s" % self.rows[-1][:3])

    def print(self):
        rows = [("step", "figure", "unit", "goal", "reached", "reference"), *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(6)]
        for row in rows:
            print("  ".join((cell.rjust if i == 1 else cell.ljust)(widths[i]) for i, cell in enumerate(row)).rstrip())


class Generator:
    """One loadgen process."""

    def __init__(self, bed, count, suite="c0a8", first=1, window=32, scheme="coaps"):
        certs = bed.certs
        self.bed = bed
        self.process = subprocess.Popen(
            [testbed.program("loadgen"), "--server", "%s://127.0.0.1:%d" % (scheme, bed.server.port(scheme)), "--aanf",
             bed.aanf_url, "--ca", str(certs / "ca.pem"), "--cert", str(certs / "ausf-client.pem"), "--key",
             str(certs / "ausf-client.key"), "--server-pid", str(bed.server.process.pid), "--first", str(first),
             "--count", str(count), "--suite", suite, "--window", str(window)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        pin(self.process, 0)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("loadgen ended; the server's log ends with\n" + self.bed.server.log()[-2000:])
        return json.loads(line)

    def step(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)


class Bed(testbed.Testbed):
    """AAnF and server with limits for a whole fleet behind one address."""

    def start_all(self, latency_ms=0, groups=(), more=None, env=None):
        """@p more: a function of this bed for further sections of the server's configuration; @p env: for the server."""
        self.start_aanf(limits={"contexts": 200000, "af_ids": 64}, faults={"enabled": True, "latency_ms": latency_ms},
                        log={"level": "warning"})
        self.more = {**(more(self) if more is not None else {}), "groups": list(groups)}
        self.start_bench_server(env=env)
        pin(self.aanf.process, 0)

    def start_bench_server(self, port=0, env=None):
        self.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port}}, env=env,
                          binding_template="im:ue-{digits}@lab.example", tls={"coap_ccm8": True},
                          limits={"half_open_per_source": 65535, "key_requests_per_source": 0}, log={"level": "warning"},
                          debug={"core_dumps": True}, **self.more)
        pin(self.server.process, 1)

    def kill_and_restart(self):
        """On the same port. @return seconds until it was ready."""
        port = self.server.port("coaps")
        self.server.kill()
        self.daemons.remove(self.server)
        begin = time.monotonic()
        self.start_bench_server(port)
        return time.monotonic() - begin

    def rss_kib(self):
        for line in open("/proc/%d/status" % self.server.process.pid):
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError("no VmRSS")


def started(latency_ms=0, groups=(), more=None, env=None):
    """A fresh AAnF and server in a folder of their own."""
    folder = tempfile.TemporaryDirectory(prefix="msgin5g-bench-")
    bed = Bed(folder.name)
    bed.folder_owner = folder
    bed.start_all(latency_ms, groups, more, env)
    return bed


def per(answer, count):
    return answer["server_cpu_us"] / max(answer[count], 1)


def complete(answer, ues):
    if answer["registered"] < ues:
        raise RuntimeError("only %d of %d UEs registered" % (answer["registered"], ues))
    return answer


def registrations(table, options):
    """Handshake and REG, with the key still at the AAnF, then with it in the server's cache."""
    ues = options.handshakes
    with started() as bed:
        for place, (scheme, suite, name) in enumerate(PROFILES):
            generator = Generator(bed, ues, suite, first=1 + place * 100000, scheme=scheme)
            cold = complete(generator.step("register", ues), ues)
            closed = generator.step("deregister")
            warm = complete(generator.step("register", ues), ues)
            generator.step("deregister")
            generator.close()
            label = "%s %s" % (suite.upper(), name) if scheme == "coaps" else name
            table.add("%s, first contact: key fetched, handshake, REG" % label, per(cold, "ues"), "us CPU each",
                      200 if suite == "c0a8" else None)
            table.add("%s, first contact" % label, cold["ues"] / cold["seconds"], "/s", digits=0)
            table.add("%s, key cached: handshake, REG" % label, per(warm, "ues"), "us CPU each",
                      reference=("register", suite) if scheme == "coaps" else None)
            table.add("%s, key cached" % label, warm["ues"] / warm["seconds"], "/s", digits=0)
            table.add("%s, DEREG and close" % label, per(closed, "ues"), "us CPU each")
        ues = min(1000, options.handshakes)
        generator = Generator(bed, ues, first=900000, window=1)
        alone = complete(generator.step("register", ues), ues)
        generator.close()
        table.add("first contact, C0A8, one at a time: to the answer to REG, p50", alone["p50_us"], "us", 1000, digits=0)
        table.add("first contact, C0A8, one at a time: to the answer to REG, p99", alone["p99_us"], "us", digits=0)


def routed(generator, pairs, options):
    """Median of some runs of closed loops."""
    generator.step("closed", pairs, 0.5)
    runs = [generator.step("closed", pairs, options.seconds) for _ in range(options.runs)]
    for run in runs:
        if run["lost"] or run["failures"]:
            say("trouble: %s" % run)
    runs.sort(key=lambda run: per(run, "messages"))
    return runs[len(runs) // 2]


def add_routed(table, label, run, goal, kind="message"):
    table.add(label, per(run, "messages"), "us CPU each", goal, digits=2, reference=(kind, run["pairs"]))
    table.add(label + ", rate", run["messages"] / run["seconds"], "/s", digits=0, reference=("rate", run["pairs"]))
    busy = [run[who] / run["seconds"] / 1e4 for who in ("server_cpu_us", "generator_cpu_us")]
    say("  server %.0f %% and generator %.0f %% of a core, p50 %d us, p99 %d us" % (*busy, run["p50_us"], run["p99_us"]))


def messages(table, options):
    """Routed messages of 64 octets over C0A8, and how long they take."""
    figures = {}
    with started() as bed:
        generator = Generator(bed, 2 * max(options.pairs))
        for pairs in options.pairs:
            complete(generator.step("register", 2 * pairs), 2 * pairs)
            figures[pairs] = routed(generator, pairs, options)
            add_routed(table, "routed message, C0A8, 64 octets, %d pairs" % pairs, figures[pairs], 20)
        generator.step("single", 200)
        single = generator.step("single", 5000)
        table.add("latency one at a time, p50", single["p50_us"], "us", digits=0, reference="single_p50")
        table.add("latency one at a time, p99", single["p99_us"], "us", digits=0, reference="single_p99")
        rate = generator.step("open", options.pairs[0], options.seconds, 10000, 0)
        table.add("latency at 10,000/s, %d pairs, p50" % options.pairs[0], rate["p50_us"], "us", digits=0)
        table.add("latency at 10,000/s, %d pairs, p99" % options.pairs[0], rate["p99_us"], "us", digits=0)
        generator.close()
    return figures


def allocations(table, options):
    """Calls of malloc() and its relatives for each routed message, counted by a library in front of the C library's."""
    library = testbed.program("count_allocations.so")
    if not os.path.exists(library):
        say("allocations are not counted: built with a sanitizer")
        return
    with tempfile.NamedTemporaryFile(prefix="msgin5g-bench-") as counter:
        counter.truncate(8)
        env = {"LD_PRELOAD": library, "MSGIN5G_BENCH_ALLOCATIONS": counter.name}
        with started(env=env) as bed:
            generator = Generator(bed, 2 * options.pairs[0])
            complete(generator.step("register", 2 * options.pairs[0]), 2 * options.pairs[0])
            generator.step("closed", options.pairs[0], 0.5)
            before = allocated(counter)
            run = generator.step("closed", options.pairs[0], options.seconds)
            table.add("allocations of a routed message, %d pairs" % options.pairs[0],
                      (allocated(counter) - before) / run["messages"], "calls")
            generator.close()


def allocated(counter):
    return int.from_bytes(pathlib.Path(counter.name).read_bytes(), sys.byteorder)


def idle_beside(table, options, alone):
    """20,000 idle UEs: what one costs in memory, and what they cost the messages of others."""
    with started() as bed:
        before = bed.rss_kib()
        holders = []
        for start in range(0, options.idle, HOLDER_UES):
            ues = min(HOLDER_UES, options.idle - start)
            holders.append(Generator(bed, ues, first=200001 + start))
            complete(holders[-1].step("register", ues), ues)
        table.add("memory of a registered idle UE, n = %d, C0A8" % options.idle,
                  (bed.rss_kib() - before) / options.idle, "KiB RSS each", 30000 / 1024, digits=2,
                  reference="memory")
        generator = Generator(bed, 2 * max(options.pairs))
        for pairs in options.pairs:
            complete(generator.step("register", 2 * pairs), 2 * pairs)
            run = routed(generator, pairs, options)
            add_routed(table, "routed message, %d pairs, %d idle UEs beside" % (pairs, options.idle), run, 20,
                       "message idle")
            if pairs in alone:
                table.add("growth by %d idle UEs, %d pairs" % (options.idle, pairs),
                          per(run, "messages") / per(alone[pairs], "messages"), "x", 1.3, digits=2)
        generator.close()
        for holder in holders:
            holder.close()


def memory(table, options):
    """Memory of an idle session by suite."""
    ues = min(HOLDER_UES, options.idle)
    for suite in ("d001", "1301"):
        with started() as bed:
            before = bed.rss_kib()
            holder = Generator(bed, ues, suite)
            complete(holder.step("register", ues), ues)
            table.add("memory of a registered idle UE, n = %d, %s" % (ues, suite.upper()),
                      (bed.rss_kib() - before) / ues, "KiB RSS each", 30000 / 1024, digits=2)
            holder.close()


def slow_aanf(table, options):
    """Newcomers wait 400 ms for their key; the messages of others must not."""
    with started(latency_ms=400) as bed:
        generator = Generator(bed, 200 + 2000, window=400)
        complete(generator.step("register", 200), 200)
        generator.step("open", 100, 1, 1000, 0)
        run = generator.step("open", 100, max(2 * options.seconds, 2), 1000, 20)
        if run["newcomers"] == 0:
            raise RuntimeError("no newcomer registered: %s" % run)
        table.add("AAnF answers after 400 ms, 20 newcomers/s: p99 of 1,000 messages/s of others", run["p99_us"] / 1000,
                  "ms", 20, digits=2)
        table.add("AAnF answers after 400 ms: newcomers registered", run["newcomers"] / run["seconds"], "/s")
        generator.close()


def cpu_us(process):
    """CPU time of a process, all threads, as the generator counts it."""
    tasks = pathlib.Path("/proc/%d/task" % process.pid)
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1000


def fan_out(bed, generators, to_group, recipients):
    """One message to all: (CPU of the server for each delivery in us, seconds until the last one had it)."""
    for generator in generators:
        generator.step("arrived")
    before = cpu_us(bed.server.process)
    sent_ns = generators[0].step("publish", int(to_group))["sent_ns"]
    arrived, last_ns, deadline = 0, 0, time.monotonic() + 60
    while arrived < recipients and time.monotonic() < deadline:
        time.sleep(0.1)
        for answer in [generator.step("arrived") for generator in generators]:
            arrived += answer["messages"]
            last_ns = max(last_ns, answer["last_ns"])
    if arrived != recipients:
        raise RuntimeError("%d of %d copies arrived" % (arrived, recipients))
    time.sleep(0.3)  # the last acknowledgements
    return (cpu_us(bed.server.process) - before) / recipients, (last_ns - sent_ns) / 1e9


def fleets(bed, ues, subscribe):
    """So many registered UEs in as many processes as it takes."""
    processes = -(-ues // HOLDER_UES)
    borders = [ues * number // processes for number in range(processes + 1)]
    generators = []
    for first, after in zip(borders, borders[1:]):
        generators.append(Generator(bed, after - first, first=1 + first))
        complete(generators[-1].step("register", after - first), after - first)
        if subscribe:
            generators[-1].step("subscribe", after - first)
    return generators


def fan_outs(table, options):
    """One message to a group and to the subscribers of a topic, each of which acknowledges its copy. More than 28,000 UEs
    are more UDP ports than Linux gives out by itself: run that in a network namespace (docs/performance.md)."""
    for recipients, goal_s, to_group in ((1000, None, True), (10000, 1, True), (1000, None, False), (50000, 2, False)):
        recipients = min(recipients, options.recipients)
        members = ["im:ue-00101%010d@lab.example" % number for number in range(1, recipients + 2)]
        groups = [{"id": "im:bench@lab.example", "members": members}] if to_group else []
        with started(groups=groups) as bed:
            generators = fleets(bed, recipients + 1, not to_group)
            fan_out(bed, generators, to_group, recipients)
            runs = sorted(fan_out(bed, generators, to_group, recipients) for _ in range(options.runs))
            figure, seconds = runs[len(runs) // 2]
            label = "%s of %d, C0A8, 64 octets" % ("group" if to_group else "topic", recipients)
            table.add(label + ": a delivery", figure, "us CPU each", digits=2,
                      reference="fan-out")
            table.add(label + ": until the last has it", seconds, "s", goal_s if recipients >= 10000 else None, digits=2)
            for generator in generators:
                generator.close()


def token_of(bed):
    """An access token for the AF (TS 29.510), as the AAnF's own endpoint issues it."""
    form = ("grant_type=client_credentials&nfInstanceId=%s&scope=naanf-akma naanf-akma:applicationkeyget "
            "naanf-akma:applicationkeyget:supi-access" % AF_NF_ID)
    argv = [*sbi.Consumer(bed.aanf_url, bed.certs, "server").curl, "--data", form]
    answer = subprocess.run([*argv, bed.aanf_url + "/oauth2/token"], capture_output=True, text=True, check=True).stdout
    return json.loads(answer.split("\n\n", 1)[1])["access_token"]


def key_requests_of(config, options):
    """One AAnF, 10 connections with 10 streams each."""
    clear = config.get("insecure_h2c", False)
    with tempfile.TemporaryDirectory(prefix="msgin5g-bench-") as folder, testbed.Testbed(folder) as bed:
        bed.start_aanf(**config)
        pin(bed.aanf.process, 1)
        certs = bed.certs
        ausf = sbi.Consumer(bed.aanf_url, certs, "ausf-client")
        if clear:
            bed.aanf_url = bed.aanf_url.replace("https", "http")
            ausf = sbi.Consumer(bed.aanf_url, certs, None)
            ausf.curl.append("--http2-prior-knowledge")
        registered = ausf.register(aKId=A_KID, supi="imsi-001010000000001", kAkma="17" * 32)
        if registered.status != 200:
            raise RuntimeError("the AAnF did not take a key: %d" % registered.status)
        token = [token_of(bed)] if "oauth" in config else []
        return references.generate(
            pin, "bench_aanf", bed.aanf_url, certs / "ca.pem", certs / "server.pem", certs / "server.key", A_KID, AF_ID, 10, 10,
            max(1, round(options.seconds)), bed.aanf.process.pid, *token)


def key_requests(table, options):
    """Retrievals of K_AF at the AAnF: mutual TLS, with an access token as well, and in clear (where no tokens may be used)."""
    everybody = {"certificate": "*", "fqdns": ["msgin5g.lab.example"]}
    oauth = {"enabled": True, "required": False, "issuer": AANF_ID, "instances": [
        {"certificate": "localhost", "nf_instance_id": AF_NF_ID, "nf_type": "AF"}]}
    for name, config in (
            ("mutual TLS", {}), ("mutual TLS, access token", {"nf_instance_id": AANF_ID, "oauth": oauth}),
            ("h2c", {"insecure_h2c": True, "tls": {}, "afs": [everybody], "consumers": {"anchor_key": ["*"]}})):
        figures = key_requests_of(config, options)
        label = "AAnF: key retrievals, %s" % name
        table.add(label, figures["cpu_us"], "us CPU each", digits=2)
        table.add(label + ", at a full core", figures["requests_per_core_s"], "/s", 20000, at_least=True, digits=0)
        table.add(label + ", served", figures["requests_per_s"], "/s", digits=0)


STEPS = ("registrations", "messages", "allocations", "idle", "memory", "fan-out", "store", "services", "aanf", "slow-aanf")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=STEPS, action="append", help="this part; repeat for more (default: all)")
    parser.add_argument("--seconds", type=float, default=3, help="length of one run of messages")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--handshakes", type=int, default=4000, help="UEs that register for the figures of handshakes")
    parser.add_argument("--idle", type=int, default=20000, help="idle UEs")
    parser.add_argument("--pairs", type=int, nargs="+", default=[100, 1000], help="pairs of UEs that exchange messages")
    parser.add_argument("--recipients", type=int, default=50000, help="recipients of one message at most")
    parser.add_argument("--stored", type=int, default=100000, help="messages in the store that is opened")
    parser.add_argument("--references", action="store_true", help="measure Mosquitto and coap-server too")
    parser.add_argument("--realtime", action="store_true",
                        help="run everything measured under SCHED_FIFO: for machines that do other work (needs root)")
    options = parser.parse_args()
    wanted = options.only or STEPS
    pin.realtime = options.realtime
    if options.references and references.missing():
        parser.error(references.missing())
    table = Table(references.measure(options, pin) if options.references else {})
    alone = {}
    if "registrations" in wanted:
        registrations(table, options)
    if "messages" in wanted:
        alone = messages(table, options)
    if "allocations" in wanted:
        allocations(table, options)
    if "idle" in wanted:
        idle_beside(table, options, alone)
    if "memory" in wanted:
        memory(table, options)
    if "fan-out" in wanted:
        fan_outs(table, options)
    if "store" in wanted:
        stored.measure(table, options, started, Generator, cpu_us)
    if "services" in wanted:
        services.measure(table, options, started, Generator, pin)
    if "aanf" in wanted:
        key_requests(table, options)
    if "slow-aanf" in wanted:
        slow_aanf(table, options)
    table.print()


if __name__ == "__main__":
    main()
