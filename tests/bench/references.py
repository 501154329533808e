"""The same load for servers we did not write: Mosquitto (MQTT, QoS 1, TLS-PSK) and coap-server (DTLS-PSK)."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import time

import testbed

INSTALL = "apt-get install mosquitto libmosquitto-dev libcoap3-bin, then run again"
CCM8 = "PSK-AES128-CCM8:@SECLEVEL=0"  # OpenSSL calls its 8-octet tag insecure
ECDHE = "ECDHE-PSK-CHACHA20-POLY1305"
COAP_PORT = 25683
COAP_CLIENTS = 100  # it takes 100 half-open sessions at most, and scans all it has
IDLE = 5500  # libmosquitto takes three descriptors a client


def missing():
    """Why the references cannot run, or None."""
    needed = [name for name in ("mosquitto", "coap-server-openssl") if shutil.which(name) is None]
    needed += [name for name in ("reference_mqtt", "reference_coap") if not pathlib.Path(testbed.program(name)).exists()]
    return "references need %s: %s" % (", ".join(needed), INSTALL) if needed else None


class Process:
    """A reference server, ended with the block."""

    def __init__(self, argv, port, pin):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.port = port
        pin(self.process, 1)
        time.sleep(0.5)  # neither says when it is ready
        if self.process.poll() is not None:
            raise RuntimeError("%s ended with %d" % (argv[0], self.process.returncode))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(10)


def generate(pin, *argv):
    process = subprocess.Popen([testbed.program(argv[0]), *map(str, argv[1:])], stdout=subprocess.PIPE, text=True)
    pin(process, 0)
    out = process.communicate(timeout=300)[0]
    if process.returncode != 0:
        raise RuntimeError("%s ended with %d" % (argv[0], process.returncode))
    return json.loads(out)


def mosquitto(folder, ciphers, pairs, idle, seconds, pin):
    folder = pathlib.Path(folder)
    (folder / "psk").write_text("bench:%s\n" % ("1" * 64))
    config = folder / "mosquitto.conf"
    port = 28883
    config.write_text("listener %d 127.0.0.1\npsk_hint bench\npsk_file %s\nciphers %s\ntls_version tlsv1.2\n"
                      "allow_anonymous true\nuser root\npersistence false\nlog_type none\nset_tcp_nodelay true\n"
                      "max_inflight_messages 100\n" % (port, folder / "psk", ciphers))
    with Process(["mosquitto", "-c", str(config)], port, pin) as server:
        return generate(pin, "reference_mqtt", port, ciphers, pairs, idle, seconds, server.process.pid)


def coap_server(suite, clients, seconds, pin):
    argv = ["coap-server-openssl", "-A", "127.0.0.1", "-p", str(COAP_PORT), "-k", "0123456789abcdef", "-h", "bench"]
    with Process(argv, COAP_PORT + 1, pin) as server:
        return generate(pin, "reference_coap", server.port, suite, clients, seconds, server.process.pid)


def measure(options, pin):
    """Figures by name, each a text for the table's last column."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="msgin5g-bench-") as folder:
        for pairs in options.pairs:
            mqtt = mosquitto(folder, CCM8, pairs, 0, options.seconds, pin)
            found["message", pairs] = "Mosquitto %.2f" % mqtt["message_us"]
            found["rate", pairs] = "Mosquitto %.0f" % mqtt["message_per_s"]
            found["single_p50"] = "Mosquitto %.0f" % mqtt["single_p50_us"]
            found["single_p99"] = "Mosquitto %.0f" % mqtt["single_p99_us"]
        found["register", "c0a8"] = "Mosquitto connect and subscribe %.0f" % mqtt["connect_cpu_us"]
        mqtt = mosquitto(folder, CCM8, 0, 1000, 1, pin)
        found["fan-out"] = "Mosquitto %.2f (n = 1000)" % mqtt["fan_out_us"]
        mqtt = mosquitto(folder, ECDHE, 0, 2000, 0, pin)
        found["register", "ccac"] = "Mosquitto connect and subscribe %.0f" % mqtt["connect_cpu_us"]
        for pairs in options.pairs:
            idle = IDLE - 2 * pairs
            mqtt = mosquitto(folder, CCM8, pairs, idle, options.seconds, pin)
            found["memory"] = "Mosquitto %.1f (n = %d)" % (mqtt["rss_kib_each"], IDLE)
            found["message idle", pairs] = "Mosquitto %.2f (%d idle)" % (mqtt["message_us"], idle)
    coap = coap_server("c0a8", COAP_CLIENTS, options.seconds, pin)
    found["message", options.pairs[0]] += "; coap-server, request and answer alone %.2f" % coap["exchange_us"]
    found["register", "c0a8"] += "; coap-server, handshake alone %.0f" % coap["handshake_us"]
    found["memory"] += "; coap-server %.1f (n = %d)" % (coap["rss_kib_each"], COAP_CLIENTS)
    return found
