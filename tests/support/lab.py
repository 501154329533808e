#!/usr/bin/python3
"""The lab: real programs on loopback do the main job, step by step, and every step is told in one line."""

import argparse
import json
import pathlib
import secrets
import shutil
import subprocess
import sys
import time
import uuid

import testbed
from application_server import ApplicationServer, api_config, free_port, make_certs, post

FOLDER = testbed.build_dir().parent / "lab"
GROUP = "im:pumps@lab.example"
TOPIC = "alarms"
AS, BROADCAST_GATEWAY, AREA = "im:scada@lab.example", "im:broadcast@lab.example", "area-7"
FAR = "im:far@elsewhere.example"  # served by the second server
DELIVER_AS_MESSAGE = "/msgs-msgdelivery/v1/deliver-as-message"


PROFILES = {  # Ua* profile: what people call it, scheme, options of our command, how the protection's name begins
    "dtls1.2": ("DTLS 1.2", "coaps", ("--tls", "1.2"), "DTLSv1.2 "),
    "dtls1.3": ("DTLS 1.3", "coaps", ("--tls", "1.3"), "DTLSv1.3 "),
    "tls1.2": ("TLS 1.2", "coaps+tcp", ("--tls", "1.2"), "TLSv1.2 "),
    "tls1.3": ("TLS 1.3", "coaps+tcp", ("--tls", "1.3"), "TLSv1.3 "),
    "oscore": ("OSCORE", "coap", (), "OSCORE "),
}


class Failed(Exception):
    """A step did not end as it should."""


class Report:
    """Tells each step as it ends: who, what, how protected, how long."""

    def __init__(self, as_json):
        self.as_json = as_json
        self.steps = 0
        self.failed = 0
        self.started = time.monotonic()

    def step(self, who, what, how, action):
        begin = time.monotonic()
        self.steps += 1
        try:
            detail = action()
            ok = True
        except (Failed, AssertionError, RuntimeError, OSError, KeyError, subprocess.SubprocessError) as error:
            detail = str(error)
            ok = False
            self.failed += 1
        milliseconds = (time.monotonic() - begin) * 1000
        if self.as_json:
            print(json.dumps({"step": self.steps, "who": who, "what": what, "how": how, "ok": ok, "detail": detail,
                              "milliseconds": round(milliseconds, 1)}), flush=True)
        else:
            print("%2d  %-4s %-14s %-38s %-46s %7.0f ms" % (self.steps, "ok" if ok else "FAIL", who, what,
                                                             detail if not ok or not how else "%s: %s" % (how, detail)
                                                             if detail else how, milliseconds), flush=True)
        return ok

    def summary(self):
        seconds = time.monotonic() - self.started
        if self.as_json:
            print(json.dumps({"summary": True, "steps": self.steps, "failed": self.failed, "seconds": round(seconds, 2)}))
        elif self.failed == 0:
            print("\nAll %d steps went as they should, in %.1f s." % (self.steps, seconds))
        else:
            print("\n%d of %d steps failed; the programs' logs are in %s" % (self.failed, self.steps, FOLDER))


def expect(condition, text):
    if not condition:
        raise Failed(text)


def only(events, name):
    found = [event for event in events if event["event"] == name]
    expect(found, "no '%s' among %s" % (name, [event["event"] for event in events]))
    return found[-1]


class Lab:
    def __init__(self, bed, profiles, key_log):
        self.bed = bed
        self.profiles = profiles
        self.key_log = key_log  # None: none
        self.ue1, self.ue2, self.ue3 = bed.add_subscribers(3)
        self.far = testbed.Subscriber(4, FAR)
        bed.subscribers.append(self.far)
        make_certs(bed, *("%s:DNS:%s.lab.example,DNS:localhost,IP:127.0.0.1" % (name, name)
                          for name in ("as", "broadcast", "elsewhere")))
        self.application_server = ApplicationServer(bed.certs, "as")
        self.broadcast_gateway = ApplicationServer(bed.certs, "broadcast")
        self.ports = {"here": free_port(), "elsewhere": free_port()}

    def start_aanf(self):
        daemon = self.bed.start_aanf()
        return "%s, metrics at %s" % (daemon.ready["sbi"], daemon.ready["management"])

    def start_server(self):
        debug = {"key_log": True, "key_log_file": str(pathlib.Path(self.key_log).absolute())} if self.key_log else {}
        near = (self.ue1, self.ue2, self.ue3)
        daemon = self.bed.start_server(
            groups=[{"id": GROUP, "members": [ue.service_id for ue in near]}], listen=testbed.OSCORE, debug=debug,
            bindings=[{"identity": ue.supi, "service_ids": [ue.service_id]} for ue in near],
            api=api_config(self.bed, port=self.ports["here"]),
            application_servers=[{"id": AS, "certificates": ["as.lab.example"], "target": self.application_server.url()}],
            gateways=[{"id": BROADCAST_GATEWAY, "kind": "bmg", "certificates": ["broadcast.lab.example"],
                       "url": self.broadcast_gateway.url(), "areas": [AREA]}],
            peers=[{"id": "im:server@elsewhere.example", "domains": ["elsewhere.example"],
                    "certificates": ["elsewhere.lab.example"], "url": "https://localhost:%d" % self.ports["elsewhere"]}])
        return "%s, tcp %s, oscore %s, metrics at %s" % (daemon.ready["coaps"], daemon.ready["coaps+tcp"],
                                                         daemon.ready["coap"], daemon.ready["management"])

    def start_elsewhere(self):
        """The server of another domain, with one UE."""
        certs = self.bed.certs
        config = self.bed.server_config(
            bindings=[{"identity": self.far.supi, "service_ids": [FAR]}],
            api={**api_config(self.bed, port=self.ports["elsewhere"], server_id="im:server@elsewhere.example"),
                 "certificate": str(certs / "elsewhere.pem"), "key": str(certs / "elsewhere.key")},
            peers=[{"id": "im:server@lab.example", "domains": ["lab.example"], "certificates": ["localhost"],
                    "url": "https://localhost:%d" % self.ports["here"]}])
        self.elsewhere = self.bed.start("msgin5g-server", config)
        return "%s, api %s" % (self.elsewhere.ready["coaps"], self.elsewhere.ready["api"])

    def authenticate(self, ue):
        """5G AKA, K_AKMA, A-KID, DTLS with K_AF, registration."""
        code, events = self.bed.run_client(ue, "register")
        expect(code == 0, "exit code %d, %s" % (code, events))
        a_kid = only(events, "authenticated")["a_kid"]
        return "A-KID %s…, %s" % (a_kid[:10], only(events, "registered")["protection"])

    def exchange(self, sender, receiver, text, profile="dtls1.3"):
        """One message with delivery report, sent over @p profile to a UE on coaps; both ends must agree."""
        _, scheme, options, name = PROFILES[profile]
        listener = self.bed.listen(receiver, "--count", 1)
        listener.event("registered")
        code, events = self.bed.run_client(sender, "send", "--to", receiver.service_id, "--payload", text, "--report",
                                           *options, uri=self.bed.uri(scheme))
        expect(only(events, "registered")["protection"].startswith(name), "not protected by %s" % name)
        got = listener.event("message", payload=text)
        expect(got["from"] == sender.service_id, "it came from %s" % got["from"])
        expect(code == 0, "exit code %d, %s" % (code, events))
        expect(only(events, "report")["status"] == "success", "report: %s" % only(events, "report"))
        expect(listener.process.wait(10) == 0, "the receiver ended with %s" % listener.process.returncode)
        return "'%s' delivered, report came back" % text

    def store_and_forward(self):
        """UE 2 is away; the server keeps the message until it is back."""
        code, events = self.bed.run_client(self.ue1, "send", "--to", self.ue2.service_id, "--payload", "for later", "--store")
        expect(code == 0, "exit code %d, %s" % (code, events))
        status = only(events, "response")["status"]
        expect(status == "stored for deferred delivery", "response: %s" % status)
        listener = self.bed.listen(self.ue2, "--count", 1)
        got = listener.event("message", payload="for later")
        expect(got["from"] == self.ue1.service_id, "it came from %s" % got["from"])
        expect(listener.process.wait(10) == 0, "the receiver ended with %s" % listener.process.returncode)
        return "'for later' stored, delivered when UE 2 was back"

    def many(self, how, listeners, members):
        """One message of UE 1 that both others get; @p how are the words of the command that name the target."""
        for listener in listeners:
            listener.event("registered")
        code, events = self.bed.run_client(self.ue1, "send", *how, "--payload", "stop")
        expect(code == 0, "exit code %d, %s" % (code, events))
        for listener in listeners:
            message = listener.event("message", payload="stop")
            expect(all(message[name] == value for name, value in members.items()), "not %s: %s" % (members, message))
            expect(listener.process.wait(10) == 0, "a receiver ended with %s" % listener.process.returncode)
        return "'stop' delivered to %d" % len(listeners)

    def to_group(self):
        listeners = [self.bed.listen(ue, "--count", 1) for ue in (self.ue2, self.ue3)]
        return self.many(("--to", GROUP, "--group"), listeners, {"group": GROUP, "from": self.ue1.service_id})

    def to_topic(self):
        """The others subscribe first (CoAP Observe)."""
        listeners = [self.bed.subscribe(ue, TOPIC, "--count", 1) for ue in (self.ue2, self.ue3)]
        for listener in listeners:
            listener.event("subscription", status="ADDED")
        return self.many(("--to", TOPIC, "--topic"), listeners, {"topic": TOPIC, "from": self.ue1.service_id})

    def to_as(self):
        """UE 1 sends, the application server is pushed to and reports (TS 29.538 5.3)."""
        self.application_server.requests.clear()
        sender = self.bed.send(self.ue1, "--as", "--to", AS, "--payload", "t=21.4", "--report")
        (path, message), = self.application_server.wait_for(1)
        expect((path, message["payload"]) == ("/deliver-message", "t=21.4"), "it got %s %s" % (path, message))
        report = {"oriAddr": message["destAddr"], "destAddr": message["oriAddr"], "msgId": message["msgId"],
                  "delivSt": "REPT_DELY_SUCCESS"}
        status, _ = post(self.bed, self.ports["here"], "as", "/msgs-msgdelivery/v1/deliver-report", report)
        expect(status == 200, "its report was answered with %d" % status)
        expect(sender.process.wait(15) == 0, "the sender ended with %s" % sender.process.returncode)
        return "'t=21.4' pushed, report came back"

    def as_message(self, to_type, to, **members):
        body = {"oriAddr": {"addrType": "AS", "addr": AS}, "destAddr": {"addrType": to_type, "addr": to},
                "msgId": str(uuid.uuid4()), "stoAndFwInd": False, **members}
        status, ack = post(self.bed, self.ports["here"], "as", DELIVER_AS_MESSAGE, body)
        expect(status == 200 and "status" not in ack, "answered with %d %s" % (status, ack))

    def from_as(self):
        self.application_server.requests.clear()
        listener = self.bed.listen(self.ue2, "--count", 1)
        listener.event("registered")
        self.as_message("UE", self.ue2.service_id, payload="close", delivStReqInd=True)
        expect(listener.event("message", payload="close")["from"] == AS, "it came from somebody else")
        path, report = self.application_server.wait_for(1)[0]
        expect((path, report["delivSt"]) == ("/deliver-report", "REPT_DELY_SUCCESS"), "it got %s %s" % (path, report))
        expect(listener.process.wait(10) == 0, "the receiver ended with %s" % listener.process.returncode)
        return "'close' delivered, report was pushed"

    def broadcast(self):
        self.broadcast_gateway.requests.clear()
        self.as_message("BC", AREA, payload="flood")
        path, message = self.broadcast_gateway.wait_for(1)[0]
        expect(message["payload"] == "flood" and message["destAddr"]["addr"] == AREA, "it got %s %s" % (path, message))
        return "'flood' for %s at the broadcast gateway" % AREA

    def to_elsewhere(self):
        """Over both servers and back (MSGin5G-8)."""
        uri = "coaps://localhost:%d" % self.elsewhere.port("coaps")
        listener = self.bed.listen(self.far, "--count", 1, uri=uri)
        listener.event("registered")
        code, events = self.bed.run_client(self.ue1, "send", "--to", FAR, "--payload", "far away", "--report")
        expect(code == 0, "exit code %d, %s" % (code, events))
        expect(listener.event("message", payload="far away")["from"] == self.ue1.service_id, "from somebody else")
        expect(listener.process.wait(10) == 0, "the receiver ended with %s" % listener.process.returncode)
        return "'far away' delivered, report came back"

    def close(self):
        self.application_server.close()
        self.broadcast_gateway.close()

    def spoof(self):
        """UE 1 says it is UE 2: its own keys, somebody else's UE Service ID (TS 33.501 Y.2)."""
        code, events = self.bed.run_client(self.ue1, "register", service_id=self.ue2.service_id)
        expect(code == 6, "exit code %d instead of 6, %s" % (code, events))
        return "4.03, registration refused"

    def unknown_a_kid(self):
        """A well-formed A-KID that no AAnF context belongs to."""
        a_kid = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
        key = self.bed.write("unknown.key", secrets.token_hex(32))
        code, events = self.bed.run_plain("register", "--service-id", self.ue1.service_id, "--a-kid", a_kid, "--k-akma",
                                          "@%s" % key)
        expect(code == 5, "exit code %d instead of 5, %s" % (code, events))
        return "alert unknown_psk_identity, no session"

    def run(self, report):
        steps = (
            ("akma-aanf", "starts", "HTTP/2 over TLS", self.start_aanf),
            ("msgin5g-server", "starts", "DTLS and TLS 1.2 and 1.3 PSK, OSCORE", self.start_server),
            ("UE 1", "5G AKA, AKMA keys, registration", "", lambda: self.authenticate(self.ue1)),
            ("UE 2", "5G AKA, AKMA keys, registration", "", lambda: self.authenticate(self.ue2)),
            ("UE 1 → UE 2", "message with delivery report", "", lambda: self.exchange(self.ue1, self.ue2, "hello, valve")),
            ("UE 2 → UE 1", "message with delivery report", "", lambda: self.exchange(self.ue2, self.ue1, "hello, meter")),
            *((  # a function each: the loop's variable is another one by the time they run
                "UE 1 → UE 2", "message over %s" % PROFILES[name][0], PROFILES[name][1],
                lambda name=name: self.exchange(self.ue1, self.ue2, "hello over %s" % PROFILES[name][0], name))
              for name in self.profiles),
            ("UE 1 → UE 2", "store and forward", "", self.store_and_forward),
            ("UE 1 → group", "message to the members of a group", "", self.to_group),
            ("UE 1 → topic", "message to the subscribers of a topic", "", self.to_topic),
            ("UE 1 → AS", "message with delivery report", "HTTPS push", self.to_as),
            ("AS → UE 2", "message with delivery report", "HTTPS", self.from_as),
            ("AS → area", "broadcast", "HTTPS", self.broadcast),
            ("msgin5g-server", "a second one, of another domain", "HTTPS between them", self.start_elsewhere),
            ("UE 1 → far UE", "message by way of both servers", "", self.to_elsewhere),
            ("UE 1 as UE 2", "spoofed originator is refused", "", self.spoof),
            ("stranger", "unknown A-KID is refused", "", self.unknown_a_kid),
        )
        for who, what, how, action in steps:
            if not report.step(who, what, how, action) and who in ("akma-aanf", "msgin5g-server"):
                return


def tell_how(bed, lab):
    """What --keep leaves behind, and how to use it."""
    pids = " ".join(str(daemon.process.pid) for daemon in bed.daemons)
    print("\nStill running: %s\n" % ", ".join("%s (pid %d)" % (d.name, d.process.pid) for d in bed.daemons))
    print("Listen as UE 2:\n  %s\n" % " ".join(bed.client_argv(lab.ue2, "listen")))
    print("Send as UE 1:\n  %s\n" % " ".join(bed.client_argv(lab.ue1, "send", "--to", lab.ue2.service_id,
                                                                  "--payload", "hello", "--report")))
    print("Metrics:\n  curl http://%s/metrics\n  curl http://%s/metrics\n"
          % (bed.server.ready["management"], bed.aanf.ready["management"]))
    print("Stop everything:\n  kill %s" % pids)


def tell_contexts(path):
    """What tshark takes to decrypt OSCORE: an -o option for each context of the key log."""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("# OSCORE "):
            part = dict(word.split("=", 1) for word in line.split()[2:])
            print("OSCORE context for tshark:\n  -o 'uat:oscore_contexts:%s'" % ",".join('"%s"' % text for text in (
                part["recipient_id"], part["sender_id"], part["master_secret"], part["master_salt"], part["id_context"],
                "AES-CCM-16-64-128 (CCM*)")))


def main():
    parser = argparse.ArgumentParser(prog="lab.sh", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the daemons running and say how to talk to them")
    parser.add_argument("--json", action="store_true", help="one JSON object a step")
    parser.add_argument("--profile", action="append", choices=PROFILES, metavar="NAME",
                        help="of the Ua* profiles show this one only, may be repeated: %s" % ", ".join(PROFILES))
    parser.add_argument("--key-log", metavar="FILE",
                        help="have the server write its secrets there, for tshark; OSCORE contexts are printed, too")
    options = parser.parse_args()

    shutil.rmtree(FOLDER, ignore_errors=True)
    pathlib.Path(FOLDER).mkdir(parents=True)
    report = Report(options.json)
    bed = testbed.Testbed(FOLDER)
    lab = Lab(bed, options.profile or list(PROFILES), options.key_log)
    try:
        lab.run(report)
    finally:
        lab.close()
        keep = options.keep and report.failed == 0
        if not keep:
            report.step("lab", "everything it started is stopped", "", lambda: bed.close() or "")
        report.summary()
    if options.key_log is not None and not options.json:
        tell_contexts(options.key_log)
    if keep:
        tell_how(bed, lab)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
