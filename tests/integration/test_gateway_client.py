"""The Gateway Client with constrained UEs behind it over MSGin5G-6: real processes (TS 24.538 6.3.4.3, 6.3.5; EC-5, EC-26)."""

import json
import signal

import pytest

import foreign_ue
import openssl_dtls
import raw_ue
import testbed

SENSORS = ["im:sens-%d@lab.example" % number for number in range(1, 6)]
STRANGER = SENSORS[4]  # the gateway knows it, the server does not let the gateway speak for it


def key_of(service_id):
    return ("%02x" % SENSORS.index(service_id)) * 32


@pytest.fixture(scope="module")
def lab(bed):
    gateway, _ = bed.add_subscribers(2)
    bed.start_aanf()
    bed.start_server(bindings=[{"identity": s.supi, "service_ids": [s.service_id],
                                **({"gateway_ues": SENSORS[:4]} if s is gateway else {})} for s in bed.subscribers])
    bed.write("ues", "# UEs\n" + "".join("%s %s\n" % (sensor, key_of(sensor)) for sensor in SENSORS))
    for sensor in SENSORS:
        bed.write(key_name(sensor), key_of(sensor) + "\n")
    return bed


def key_name(sensor):
    return "key-%d" % SENSORS.index(sensor)


class Gateway:
    """The gateway process, and how UEs reach it."""

    def __init__(self, lab, *arguments, port=0):
        self.lab = lab
        argv = lab.client_argv(lab.subscribers[0], "gateway", "--listen-on", "127.0.0.1:%d" % port, "--ues",
                               lab.folder / "ues", "--backoff", "100", *arguments)
        self.client = lab._start_client(argv)
        self.port = self.client.event("listening")["port"]
        self.client.event("registered")

    def argv(self, sensor, command, *arguments, key=None):
        return [testbed.program("msgin5g-client"), command, "--json", "--server", "coaps://localhost:%d" % self.port,
                "--service-id", sensor, "--behind-gateway", "@%s" % (self.lab.folder / key_name(key or sensor)),
                "--backoff", "100", *map(str, arguments)]

    def listen(self, sensor, *arguments):
        return self.lab._start_client(self.argv(sensor, "listen", *arguments))

    def run(self, sensor, command, *arguments, **options):
        return self.lab._run(self.argv(sensor, command, *arguments, **options), 30)

    def ue(self, sensor, state, **members):
        return self.client.event("ue", ue_service_id=sensor, state=state, **members)


@pytest.fixture
def gateway(lab):
    started = Gateway(lab, "--hold", "1s", "--batch", "3")
    yield started
    assert started.client.stop() == 0


@pytest.fixture
def meter(lab):
    with raw_ue.RawUe(lab, lab.subscribers[1]) as opened:
        yield opened.register()


def test_a_full_batch_goes_at_once(lab, gateway):
    sensors = [gateway.listen(sensor, "--hold", "1h") for sensor in SENSORS[:3]]
    for sensor in sensors:
        sensor.event("held", expected_s=3600)
    assert gateway.client.event("bulk") == {"event": "bulk", "request": "BREG", "entries": 3, "granted": 3, "taken": True}
    for sensor, service_id in zip(sensors, SENSORS):
        assert sensor.event("registered")["ue_service_id"] == service_id
    assert lab.server.metric("msgin5g_registrations") >= 4
    stop_together(gateway, sensors)


def stop_together(gateway, sensors):
    """SIGTERM to all: they de-register, and the gateway does so with one request."""
    for sensor in sensors:
        sensor.process.send_signal(signal.SIGTERM)
    bulk = gateway.client.event("bulk", request="DEREG")
    assert bulk["entries"] == bulk["granted"] == len(sensors)
    for sensor in sensors:
        sensor.event("deregistered")
        assert sensor.stop() == 0


def test_the_timer_takes_everybody_along(gateway):
    """The first that is due, by its own wish or the gateway's timer, flushes all."""
    slow, fast = gateway.listen(SENSORS[0], "--hold", "1h"), gateway.listen(SENSORS[1])
    fast.event("held", expected_s=1)
    assert gateway.client.event("bulk")["entries"] == 2
    slow.event("registered")
    fast.event("registered")
    stop_together(gateway, [slow, fast])


def test_urgent_ones_are_not_held(gateway):
    code, events = gateway.run(SENSORS[0], "register", "--urgent", "--lifetime", "120s")
    assert code == 0 and [event["event"] for event in events] == ["registered"]
    assert events[0]["lifetime_s"] == 120
    gateway.ue(SENSORS[0], "registered")
    gateway.ue(SENSORS[0], "left")  # the command has ended and says nothing
    assert gateway.client.event("bulk", request="DEREG")["granted"] == 1


def test_partial_refusal(gateway):
    """Only who is refused hears so; the others are registered (EC-5)."""
    good, bad = gateway.listen(SENSORS[0]), gateway.listen(STRANGER)
    bulk = gateway.client.event("bulk")
    assert (bulk["entries"], bulk["granted"]) == (2, 1)
    good.event("registered")
    gateway.ue(STRANGER, "refused", cause="UNAUTHORIZED_ORIGINATOR")
    assert bad.process.wait(10) == 6
    good.stop()


def test_messages_both_ways_with_reports(lab, gateway, meter):
    sensor = gateway.listen(SENSORS[0])
    sensor.event("registered")
    down = meter.message(SENSORS[0], "open", isDelivStatReq=True)
    assert meter.post(down)[0] == "2.04"
    message = sensor.event("message", payload="open")
    assert (message["from"], message["msg_id"]) == (meter.service_id, down["msgId"])
    report = meter.listen(1)[-1]
    assert (report["msgType"], report["oriAddr"]["addr"], report["DelSta"]) == ("IMDN", SENSORS[0], "success")
    other = lab._start_client(gateway.argv(SENSORS[1], "send", "--to", SENSORS[0], "--payload", "21 C", "--report",
                                           "--urgent"))
    assert sensor.event("message", payload="21 C")["from"] == SENSORS[1]
    assert other.event("report", status="success")["from"] == SENSORS[0]
    assert other.process.wait(10) == 0
    sensor.stop()


def test_failures_reach_the_sender(gateway):
    code, events = gateway.run(SENSORS[0], "send", "--to", "im:nobody@lab.example", "--payload", "x", "--report", "--urgent")
    assert code == 9 and events[-1]["cause"] == "UNKNOWN_RECIPIENT"


def test_registrations_are_kept_alive(lab, gateway):
    """The gateway registers its UEs again before their time is over: here every second or so."""
    sensor = gateway.listen(SENSORS[0], "--lifetime", "2s", "--urgent")
    sensor.event("registered")
    for _ in range(3):
        assert gateway.client.event("bulk", request="BREG")["granted"] == 1
    sensor.stop()


def test_a_gateway_that_was_away(lab, meter):
    """Its UEs come back by themselves when it does; until then they are away, and messages for them are kept."""
    first = Gateway(lab)
    sensor = first.listen(SENSORS[0], "--urgent")
    sensor.event("registered")
    assert first.client.stop() == 0
    kept = meter.message(SENSORS[0], "later", sfFlag=True)
    assert meter.post(kept, timeout_s=30)[0] == "2.04"
    second = Gateway(lab, port=first.port)
    sensor.event("registered", timeout_s=60)
    assert sensor.event("message", payload="later")["from"] == meter.service_id
    assert sensor.stop() == 0
    assert second.client.stop() == 0


class RawSensor:
    """A constrained UE octet by octet over OpenSSL's DTLS."""

    def __init__(self, gateway, service_id):
        self.service_id = service_id
        self.dtls = openssl_dtls.Session(gateway.port, service_id, bytes.fromhex(key_of(service_id)), foreign_ue.CCAC)
        self.message_id = 0x10

    def post(self, body):
        self.message_id += 1
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.dtls.send(foreign_ue.coap_post(octets, self.message_id, b"t"))
        while True:
            answer = raw_ue.Message(self.dtls.receive())
            if not answer.is_request and answer.code != "0.00":
                return answer.code, answer.body

    def say(self, kind, service_id=None, **members):
        return self.post({"msgIden": "urn:3gpp:msgin5g", "msgType": kind,
                          "oriAddr": {"oriAddrType": "UE", "addr": service_id or self.service_id}, **members})


@pytest.fixture
def raw(gateway):
    made = RawSensor(gateway, SENSORS[0])
    yield made
    made.dtls.close()


def test_gateway_registration_comes_first(raw):
    """TS 24.538 6.3.0, 7.3.3.3."""
    assert raw.say("REG")[0] == "4.03"
    code, answer = raw.say("GWREG", expiredTime=60)
    assert (code, answer["result"], answer["acceptedTime"]) == ("2.01", True, 60)
    code, answer = raw.say("REG", urgentTag=False, reqExpTime=3600)
    assert (code, answer) == ("2.01", {"oriAddr": {"oriAddrType": "UE", "addr": SENSORS[0]}, "expectedTime": 3600})


def test_nobody_speaks_for_another(raw):
    assert raw.say("GWREG", SENSORS[1])[0] == "4.03"
    raw.say("GWREG")
    for kind in ("REG", "DEREG"):
        assert raw.say(kind, SENSORS[1])[0] == "4.03"
    assert raw.say("MSG", SENSORS[1], destAddr={"destAddrType": "UE", "addr": SENSORS[2]},
                   msgId="4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f")[0] == "4.03"


@pytest.mark.parametrize("body", [b"}{", b"{}", b"[]", b'{"a":' * 30 + b"1" + b"}" * 30, b"\xff"])
def test_hostile_bodies(raw, body):
    raw.say("GWREG")
    assert raw.post(body)[0] == "4.00"
    assert raw.say("BREG", indRegCount=1, indRegs=[{"oriAddr": {"oriAddrType": "UE", "addr": SENSORS[0]}}])[0] == "4.00"
    assert raw.say("REG", urgentTag=False, reqExpTime=3600)[0] in ("2.01", "2.04")


def test_a_wrong_key_and_a_ue_nobody_knows(lab, gateway):
    assert gateway.run(SENSORS[0], "register", "--timeout", 5, key=SENSORS[1])[0] in (4, 5)
    lab.write("key-who", key_of(SENSORS[0]))
    assert lab._run([argument.replace(SENSORS[0], "im:who@lab.example")
                     for argument in gateway.argv(SENSORS[0], "register", "--timeout", 5)], 30)[0] in (4, 5)
    assert gateway.run(SENSORS[0], "register", "--urgent")[0] == 0


def test_usage(lab):
    def run(*arguments):
        return lab._run([testbed.program("msgin5g-client"), *arguments], 10)[0]

    server = ("--server", "coaps://localhost:1", "--service-id", SENSORS[0])
    assert run("gateway", *server, "--behind-gateway", "@%s" % (lab.folder / key_name(SENSORS[0]))) == 2
    assert run("register", *server, "--behind-gateway", "00" * 32) == 2
    assert run("register", *server, "--behind-gateway", "@%s" % lab.write("bad", "no key")) == 2
