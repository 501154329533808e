"""Figures of store and forward: the store by itself, then through the server with UEs that are away and come back."""

import re
import subprocess
import tempfile
import time

import testbed

OUTSTANDING = (1, 16, 64, 100)


def alone(table, options):
    """bench_store: no network, one thread that asks."""
    with tempfile.TemporaryDirectory(prefix="msgin5g-bench-") as folder:
        text = subprocess.run([testbed.program("bench_store"), folder + "/store", "--seconds", str(options.seconds),
                               "--messages", str(options.stored)], capture_output=True, text=True, check=True).stdout
    for outstanding in OUTSTANDING:
        rate, cpu = re.search(r"^puts, +%d outstanding, .*: (\d+)/s, ([\d.]+) us" % outstanding, text, re.M).groups()
        table.add("the store alone: durable messages, %d outstanding" % outstanding, float(rate), "/s",
                  20000 if outstanding == 100 else None, at_least=True, digits=0)
    table.add("the same: CPU of both threads", float(cpu), "us each")
    opened, summed, read = re.search(r"^open .*: (\d+) ms; .*: (\d+) ms; records read: (\d+) ms", text, re.M).groups()
    table.add("opening it with %d messages and registrations, all read" % options.stored,
              float(opened) + float(summed) + float(read), "ms", 2000, digits=0)


def served(table, options, started, Generator, pairs):
    """CON with sfFlag to a UE that is away, one outstanding a sender; then all recipients register."""
    with started() as bed:
        generator = Generator(bed, 2 * pairs)
        generator.step("register", pairs)
        generator.process.stdin.write("store %d 1\n" % pairs)
        generator.process.stdin.flush()
        time.sleep(options.seconds)  # the length of the measurement
        run = generator.step("")
        generator.answer()  # to the empty line
        table.add("stored and acknowledged, %d senders, one message each at a time" % pairs,
                  run["acknowledged"] / run["seconds"], "/s", 20000 if pairs == 100 else None, at_least=True, digits=0)
        table.add("the same", run["server_cpu_us"] / max(run["acknowledged"], 1), "us CPU")
        drained = generator.step("settle", pairs)
        if drained["lost"] or drained["twice"]:
            raise RuntimeError("messages were lost or came twice: %s" % drained)
        table.add("%d recipients come and take what is stored: of each message" % pairs,
                  drained["server_cpu_us"] / max(drained["arrived"], 1), "us CPU", 11.5)
        table.add("the same", drained["arrived"] / drained["seconds"], "/s", digits=0)
        generator.close()


FLEET = 10000  # UEs of one process


def restart(table, options, started, Generator, cpu_us):
    """Kill -9 with so many registrations and so many messages stored, the time until it is ready again, and what it
    costs to deliver all of them to UEs that come back."""
    with started() as bed:
        for first in range(0, options.stored, FLEET):
            ues = min(FLEET, options.stored - first)
            generator = Generator(bed, ues, first=1000001 + first)
            generator.step("register", ues)
            generator.process.kill()  # nobody de-registers
            generator.process.wait()
            bed.kill_and_restart()  # lets go of their sessions: the next ones may come from the same ports
        pairs = min(FLEET, options.stored) // 2
        generator = Generator(bed, 2 * pairs)
        generator.step("register", pairs)
        generator.process.stdin.write("store %d 1\n" % pairs)
        generator.process.stdin.flush()
        testbed.wait_for(lambda: bed.server.metric("msgin5g_store_messages") >= options.stored, 120, "a full store")
        generator.step("")
        generator.answer()  # to the empty line
        stored = bed.server.metric("msgin5g_store_messages")
        registered = bed.server.metric("msgin5g_registrations")
        seconds = sorted(bed.kill_and_restart() for _ in range(3))[1]
        there = bed.server.metric("msgin5g_registrations")
        if registered < options.stored or there != registered:
            raise RuntimeError("%d of %d registrations are there after the restart" % (there, registered))
        table.add("ready after kill -9 with %d messages and %d registrations" % (stored, there), seconds, "s", 2,
                  digits=2)
        before = cpu_us(bed.server.process)
        drained = generator.step("settle", pairs)
        if drained["lost"] or drained["twice"]:
            raise RuntimeError("messages were lost or came twice: %s" % drained)
        table.add("drain of these to %d UEs that register: of each message" % pairs,
                  (cpu_us(bed.server.process) - before) / drained["arrived"], "us CPU", 11.5)
        table.add("the same", drained["arrived"] / drained["seconds"], "/s", digits=0)
        generator.close()


def measure(table, options, started, Generator, cpu_us):
    alone(table, options)
    restart(table, options, started, Generator, cpu_us)
    for pairs in options.pairs:
        served(table, options, started, Generator, pairs)
