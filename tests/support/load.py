"""tests/bench/loadgen as a helper of tests: many UEs in one process that outlive the server."""

import json
import subprocess

import testbed

LIMITS = {"half_open_per_source": 65535, "key_requests_per_source": 0, "sessions": 0}
TEMPLATE = "im:ue-{digits}@lab.example"


class Load:
    """UEs 1 to count; steps as in tests/bench/steps.h. begin() and end() for a step that goes on until the next line."""

    def __init__(self, bed, count):
        certs = bed.certs
        self.process = subprocess.Popen(
            [testbed.program("loadgen"), "--impatient", "--server", bed.uri("coaps").replace("localhost", "127.0.0.1"),
             "--aanf", bed.aanf_url, "--ca", str(certs / "ca.pem"), "--cert", str(certs / "ausf-client.pem"), "--key",
             str(certs / "ausf-client.key"), "--server-pid", str(bed.server.process.pid), "--count", str(count),
             "--suite", "c0a8", "--window", "64"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("loadgen ended")
        return json.loads(line)

    def begin(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def end(self):
        """Of a step that began: its figures. A step that goes on for good ends by the line."""
        return self._answer()

    def stop(self):
        self.begin("")
        answer = self._answer()
        self._answer()  # to the empty line
        return answer

    def step(self, *words):
        self.begin(*words)
        return self._answer()
