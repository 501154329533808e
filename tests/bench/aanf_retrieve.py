#!/usr/bin/env python3
"""Measures key requests at akma-aanf: 10 connections of mutual TLS with 10 streams each (goal: 20,000/s a core).

Run from a release build: MSGIN5G_BUILD_DIR=$PWD/build/release tests/bench/aanf_retrieve.py
h2load is no help here: it cannot show a client certificate, and the AAnF serves nobody without one.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import sbi  # noqa: E402
import testbed  # noqa: E402

GOAL = 20000
A_KID = "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
AF_ID = "msgin5g.lab.example:0100000009"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--streams", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, testbed.Testbed(folder) as bed:
        bed.start_aanf()
        certs = bed.certs
        registered = sbi.Consumer(bed.aanf_url, certs, "ausf-client").register(
            aKId=A_KID, supi="imsi-001010000000001", kAkma="17" * 32)
        assert registered.status == 200
        run = subprocess.run([testbed.program("bench_aanf"), bed.aanf_url, str(certs / "ca.pem"), str(certs / "server.pem"),
                              str(certs / "server.key"), A_KID, AF_ID, str(options.connections), str(options.streams),
                              str(options.seconds), str(bed.aanf.process.pid)], capture_output=True, text=True, check=True)
        figures = json.loads(run.stdout)
    print("key requests a second: %(requests_per_s)d; a core: %(requests_per_core_s)d (%(cpu_us).1f us each); "
          "failed: %(failed)d" % figures)
    return 0 if figures["requests_per_core_s"] >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
