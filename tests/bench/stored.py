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


def measure(table, options, started, Generator):
    alone(table, options)
    for pairs in options.pairs:
        served(table, options, started, Generator, pairs)
