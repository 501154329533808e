"""Provisioning while akma-aanf runs: subscribers added, changed, removed and listed over the management port and with the
akma command; what SIGHUP and a restart do with them."""

import json
import pathlib
import re
import secrets
import subprocess

import jsonschema
import pytest
import yaml

import milenage
import sbi
import testbed

from test_aanf_management import TOKEN, ask

API = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "docs" / "aanf-management.yaml").read_text())
AF_ID = "msgin5g.lab.example:0100000009"


def schema(name):
    """A schema of the description, with its references."""
    text = json.dumps(API["components"]["schemas"]).replace("#/components/schemas/", "#/definitions/")
    return {**json.loads(text)[name], "definitions": json.loads(text)}


def start(bed, **more):
    bed.write("token", TOKEN + "\n")
    bed.start_aanf(management={"host": "127.0.0.1", "port": 0, "token_file": str(bed.folder / "token")},
                   state_file=str(bed.folder / "aanf.state"), state_key_file=str(bed.folder / "state.key"), **more)
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")


def kill(bed):
    bed.aanf.kill()
    bed.daemons.remove(bed.aanf)


@pytest.fixture(scope="module")
def net(bed):
    bed.write("state.key", secrets.token_hex(32) + "\n")
    bed.add_subscribers(1)
    start(bed)
    return bed


def call(bed, method, path, body=None):
    """(status, parsed body)"""
    status, octets = ask(bed, method, path, body=json.dumps(body).encode() if body is not None else None)
    return status, json.loads(octets) if octets else None


def add(bed, subscriber, **more):
    return call(bed, "POST", "/subscribers", {"supi": subscriber.supi, "k": subscriber.k, "opc": subscriber.opc,
                                              "gpsi": subscriber.gpsi, **more})


def authenticate(bed, subscriber, usim=None):
    """5G AKA to its end: authResult. SQN must grow, as for a real USIM."""
    usim = usim or milenage.Usim(subscriber)
    challenge = bed.ausf.authenticate(subscriber.supi, testbed.SN_NAME)
    assert challenge.status == 201, challenge.body
    assert usim.sqn(challenge) > getattr(usim, "last", 0)
    usim.last = usim.sqn(challenge)
    return bed.ausf.confirm(challenge, usim.answer(challenge, testbed.SN_NAME)[0]).body["authResult"]


def origins(bed):
    status, body = call(bed, "GET", "/subscribers")
    assert status == 200
    jsonschema.validate(body, schema("Subscribers"))
    return {one["supi"]: one["origin"] for one in body["subscribers"]}


def test_added_subscriber_authenticates(net):
    subscriber = testbed.Subscriber(501)
    assert net.ausf.authenticate(subscriber.supi, testbed.SN_NAME).status == 404
    status, body = add(net, subscriber, rid="12")
    assert status == 201
    jsonschema.validate(body, schema("Subscriber"))
    assert (body["rid"], body["origin"], body["akma_allowed"]) == ("12", "management", True)
    assert authenticate(net, subscriber) == "AUTHENTICATION_SUCCESS"
    assert add(net, subscriber)[0] == 409


def test_keys_are_never_shown(net):
    subscriber = testbed.Subscriber(502)
    op = secrets.token_hex(16)
    octets = ask(net, "POST", "/subscribers", body=json.dumps({"supi": subscriber.supi, "k": subscriber.k, "op": op}).encode())
    shown = octets[1] + ask(net, "GET", "/subscribers")[1] + ask(net, "GET", "/subscribers/" + subscriber.supi)[1]
    assert octets[0] == 201 and subscriber.supi.encode() in shown
    for hidden in (subscriber.k, op):
        assert hidden.encode() not in shown and hidden not in net.aanf.log()
        assert bytes.fromhex(hidden) not in (net.folder / "aanf.state").read_bytes()
    assert subscriber.supi not in net.aanf.log()


def test_change(net):
    """GPSI and RID count from the next authentication on; without AKMA, or with other keys, the context ends."""
    subscriber = testbed.Subscriber(503)
    usim = milenage.Usim(subscriber)
    path = "/subscribers/" + subscriber.supi
    assert add(net, subscriber)[0] == 201
    assert authenticate(net, subscriber, usim) == "AUTHENTICATION_SUCCESS"
    contexts = net.aanf.metric("msgin5g_aanf_contexts")
    status, body = call(net, "PATCH", path, {"gpsi": "msisdn-4917000000001", "rid": "7"})
    assert (status, body["gpsi"], body["rid"]) == (200, "msisdn-4917000000001", "7")
    assert net.aanf.metric("msgin5g_aanf_contexts") == contexts
    assert int(body["sqn"], 16) > 0
    assert authenticate(net, subscriber, usim) == "AUTHENTICATION_SUCCESS"
    assert call(net, "PATCH", path, {"akma_allowed": False})[0] == 200
    assert net.aanf.metric("msgin5g_aanf_contexts") == contexts - 1
    assert authenticate(net, subscriber, usim) == "AUTHENTICATION_SUCCESS"
    assert net.aanf.metric("msgin5g_aanf_contexts") == contexts - 1
    assert call(net, "PATCH", path, {"akma_allowed": True})[0] == 200
    assert authenticate(net, subscriber, usim) == "AUTHENTICATION_SUCCESS"
    assert net.aanf.metric("msgin5g_aanf_contexts") == contexts
    other = testbed.Subscriber(503)
    other.k = secrets.token_hex(16)
    assert call(net, "PATCH", path, {"k": other.k})[0] == 200
    assert net.aanf.metric("msgin5g_aanf_contexts") == contexts - 1
    assert authenticate(net, other) == "AUTHENTICATION_SUCCESS"


def test_adding_a_subscriber_leaves_its_context_alone(net):
    """An AUSF of somebody else registered it before."""
    subscriber = testbed.Subscriber(509)
    a_kid = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("B" * 42 + "A")
    assert net.ausf.register(aKId=a_kid, supi=subscriber.supi, kAkma="5a" * 32).status == 200
    assert add(net, subscriber)[0] == 201
    assert net.af.retrieve(a_kid, AF_ID).status == 200
    assert call(net, "DELETE", "/subscribers/" + subscriber.supi)[0] == 204
    assert net.af.retrieve(a_kid, AF_ID).cause == "K_AKMA_NOT_PRESENT"


def test_remove(net):
    subscriber = testbed.Subscriber(504)
    assert add(net, subscriber)[0] == 201
    assert authenticate(net, subscriber) == "AUTHENTICATION_SUCCESS"
    contexts = net.aanf.metric("msgin5g_aanf_contexts")
    assert call(net, "DELETE", "/subscribers/" + subscriber.supi)[0] == 204
    assert net.aanf.metric("msgin5g_aanf_contexts") == contexts - 1
    assert net.ausf.authenticate(subscriber.supi, testbed.SN_NAME).status == 404
    for method, body in (("DELETE", None), ("PATCH", {"rid": "1"}), ("GET", None)):
        assert call(net, method, "/subscribers/" + subscriber.supi, body)[0] == 404


def test_the_configuration_is_master_of_its_subscribers(net):
    configured = net.subscribers[0]
    assert origins(net)[configured.supi] == "configuration"
    assert add(net, configured)[0] == 409
    assert call(net, "PATCH", "/subscribers/" + configured.supi, {"rid": "9"})[0] == 409
    assert call(net, "DELETE", "/subscribers/" + configured.supi)[0] == 409


GOOD = {"supi": "imsi-001010000000777", "k": "0" * 32, "opc": "1" * 32}


@pytest.mark.parametrize("body, detail", [
    (b"", "JSON object"), (b"[]", "JSON object"), (b"{", "JSON object"), (b'{"supi":1}', "supi"),
    (b'{"supi":"imsi-001010000000777","supi":"imsi-1"}', "appears twice"),
    ({"k": "0" * 32, "opc": "1" * 32}, "supi: is required"), ({"supi": GOOD["supi"]}, "k: is required"),
    ({**GOOD, "opc": ""}, "either op or opc"), ({**GOOD, "op": "2" * 32}, "either op or opc"),
    ({**GOOD, "k": "0" * 31}, "k:"), ({**GOOD, "k": "g" * 32}, "hexadecimal"), ({**GOOD, "amf": "0000"}, "amf"),
    ({**GOOD, "sqn": "1"}, "sqn"), ({**GOOD, "rid": "12345"}, "rid"), ({**GOOD, "rid": "x"}, "rid"),
    ({**GOOD, "mnc_digits": 4}, "mnc_digits"), ({**GOOD, "mnc_digits": 1e99}, "mnc_digits"),
    ({**GOOD, "akma_allowed": "yes"}, "akma_allowed"), ({**GOOD, "supi": "imsi-x"}, "supi"),
    ({**GOOD, "supi": "x" * 300}, "supi"), ({**GOOD, "kk": "0"}, "no subscriber has"),
])
def test_what_is_no_subscriber_is_refused(net, body, detail):
    before = origins(net)
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, answer = ask(net, "POST", "/subscribers", body=octets)
    assert status == 400 and detail in json.loads(answer)["detail"]
    assert origins(net) == before


def test_supi_cannot_be_changed(net):
    subscriber = testbed.Subscriber(505)
    assert add(net, subscriber)[0] == 201
    assert call(net, "PATCH", "/subscribers/" + subscriber.supi, {"supi": "imsi-001010000000999"})[0] == 400


@pytest.mark.parametrize("token", [None, "wrong" * 5])
def test_token_is_needed(net, token):
    before = origins(net)
    for method, path, body in (("GET", "/subscribers", None), ("POST", "/subscribers", json.dumps(GOOD).encode()),
                               ("PATCH", "/subscribers/x", b"{}"), ("DELETE", "/subscribers/x", None),
                               ("GET", "/subscribers/x", None)):
        assert ask(net, method, path, token, body)[0] == 401
    assert origins(net) == before


def reload(bed, **more):
    config = json.loads((bed.folder / "akma-aanf.yaml").read_text())
    config.update(more)
    seen = bed.aanf.log().count("configuration reloaded subscribers")
    bed.write("akma-aanf.yaml", json.dumps(config))
    bed.aanf.reload()
    testbed.wait_for(lambda: bed.aanf.log().count("configuration reloaded subscribers") > seen, what="SIGHUP")
    return config


def test_sighup_keeps_what_was_provisioned(net):
    """Configured subscribers become those of the file, provisioned ones stay, with SQN and context; a SUPI that comes
    into the file is the file's from then on."""
    kept, taken = testbed.Subscriber(506), testbed.Subscriber(507)
    usim = milenage.Usim(kept)
    for subscriber in (kept, taken):
        assert add(net, subscriber)[0] == 201
    assert authenticate(net, kept, usim) == "AUTHENTICATION_SUCCESS"
    contexts = net.aanf.metric("msgin5g_aanf_contexts")
    fresh = testbed.Subscriber(508)
    rows = [{"supi": s.supi, "k": s.k, "opc": s.opc} for s in (net.subscribers[0], fresh, taken)]
    old = json.loads((net.folder / "akma-aanf.yaml").read_text())["subscribers"]
    reload(net, subscribers=rows)
    found = origins(net)
    assert found[kept.supi] == "management"
    assert found[fresh.supi] == found[taken.supi] == "configuration"
    assert net.aanf.metric("msgin5g_aanf_contexts") == contexts
    assert authenticate(net, kept, usim) == "AUTHENTICATION_SUCCESS"
    assert call(net, "DELETE", "/subscribers/" + taken.supi)[0] == 409
    reload(net, subscribers=old)
    found = origins(net)
    assert kept.supi in found and fresh.supi not in found and taken.supi not in found


def test_provisioned_subscribers_survive_kill_9(net):
    kept, changed, removed = (testbed.Subscriber(number) for number in (510, 511, 512))
    usim = milenage.Usim(kept)
    for subscriber in (kept, changed, removed):
        assert add(net, subscriber)[0] == 201
    assert authenticate(net, kept, usim) == "AUTHENTICATION_SUCCESS"
    assert call(net, "PATCH", "/subscribers/" + changed.supi, {"rid": "33", "akma_allowed": False})[0] == 200
    assert call(net, "DELETE", "/subscribers/" + removed.supi)[0] == 204
    before = call(net, "GET", "/subscribers/" + kept.supi)[1]
    contexts = net.aanf.metric("msgin5g_aanf_contexts")
    kill(net)
    start(net)
    assert call(net, "GET", "/subscribers/" + kept.supi)[1] == before
    body = call(net, "GET", "/subscribers/" + changed.supi)[1]
    assert (body["rid"], body["akma_allowed"]) == ("33", False)
    assert removed.supi not in origins(net)
    assert net.aanf.metric("msgin5g_aanf_contexts") == contexts
    assert authenticate(net, kept, usim) == "AUTHENTICATION_SUCCESS"


def test_limit(net):
    """As many as limits.provisioned says, the configured ones apart; a SIGHUP below what is there changes nothing."""
    there = sum(origin == "management" for origin in origins(net).values())
    reload(net, limits={"provisioned": there + 1})
    assert add(net, testbed.Subscriber(520))[0] == 201
    status, body = add(net, testbed.Subscriber(521))
    assert (status, body["cause"]) == (500, "INSUFFICIENT_RESOURCES")
    assert call(net, "PATCH", "/subscribers/" + testbed.Subscriber(520).supi, {"rid": "5"})[0] == 200
    config = json.loads((net.folder / "akma-aanf.yaml").read_text())
    net.write("akma-aanf.yaml", json.dumps({**config, "limits": {"provisioned": 0}}))
    net.aanf.reload()
    testbed.wait_for(lambda: "configuration not reloaded" in net.aanf.log(), what="refused SIGHUP")
    assert testbed.Subscriber(520).supi in origins(net)
    reload(net, limits={})


# ---- the akma command ----------------------------------------------------------------------------------------------


def akma(bed, *arguments, token=True, url=None, stdin=None):
    argv = [testbed.program("akma"), *map(str, arguments), "--url",
            url or "http://127.0.0.1:%d" % bed.aanf.port("management")]
    if token:
        argv += ["--token", "@%s" % (bed.folder / "token")]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, input=stdin)


def test_command_subscriber(net):
    subscriber = testbed.Subscriber(530)
    opc = net.write("opc.hex", subscriber.opc + "\n")
    done = akma(net, "subscriber", "add", "--supi", subscriber.supi, "--k", "-", "--opc", "@%s" % opc, "--json",
                stdin=subscriber.k)
    assert done.returncode == 0, done.stderr
    jsonschema.validate(json.loads(done.stdout), schema("Subscriber"))
    assert authenticate(net, subscriber) == "AUTHENTICATION_SUCCESS"
    done = akma(net, "subscriber", "add", "--supi", subscriber.supi, "--k", "-", "--opc", "@%s" % opc, stdin=subscriber.k)
    assert done.returncode == 7 and "409" in done.stderr and "there already" in done.stderr
    done = akma(net, "subscriber", "change", "--supi", subscriber.supi, "--gpsi", "msisdn-4917000000002", "--akma", "no")
    assert done.returncode == 0 and re.search(r"%s +msisdn-4917000000002 +0 +no" % subscriber.supi, done.stdout)
    listed = akma(net, "subscriber", "list", "--json")
    assert subscriber.supi in [one["supi"] for one in json.loads(listed.stdout)["subscribers"]]
    assert subscriber.k not in listed.stdout
    assert subscriber.supi in akma(net, "subscriber", "list").stdout
    one = akma(net, "subscriber", "list", "--supi", subscriber.supi, "--json")
    assert json.loads(one.stdout)["gpsi"] == "msisdn-4917000000002"
    assert akma(net, "subscriber", "remove", "--supi", subscriber.supi).returncode == 0
    done = akma(net, "subscriber", "remove", "--supi", subscriber.supi)
    assert done.returncode == 7 and "USER_NOT_FOUND" in done.stderr


def test_command_context(net):
    subscriber = testbed.Subscriber(531)
    assert add(net, subscriber)[0] == 201
    assert authenticate(net, subscriber) == "AUTHENTICATION_SUCCESS"
    listed = json.loads(akma(net, "context", "list", "--json").stdout)
    assert subscriber.supi in [one["supi"] for one in listed["contexts"]]
    assert subscriber.supi in akma(net, "context", "list").stdout
    assert akma(net, "context", "expire", "--supi", subscriber.supi).returncode == 0
    assert akma(net, "context", "remove", "--supi", subscriber.supi).returncode == 0
    assert akma(net, "context", "remove", "--supi", subscriber.supi).returncode == 7
    assert subscriber.supi not in akma(net, "context", "list").stdout


def test_command_exit_codes(net):
    """Decision D10."""
    assert akma(net, "subscriber", "list", token=False).returncode == 5
    assert akma(net, "subscriber", "list", url="http://127.0.0.1:1").returncode == 4
    assert akma(net, "subscriber", "list", url="gopher://x").returncode == 2
    for wrong in (["subscriber"], ["subscriber", "see"], ["subscriber", "list", "list"], ["subscriber", "remove"],
                  ["subscriber", "change", "--supi", "imsi-001010000000001"], ["context", "remove"], ["context", "list", "--supi", "x"],
                  ["subscriber", "add", "--supi", "imsi-001010000000001", "--k", "0" * 32, "--opc", "-"]):
        assert akma(net, *wrong).returncode == 2, wrong
    done = akma(net, "subscriber", "add", "--supi", "imsi-001010000000001", "--k", "@/nonexistent", "--opc", "-")
    assert done.returncode == 1 and "/nonexistent" in done.stderr


def test_a_long_list(net):
    """More than one HTTP/2 window and more than 64 KiB."""
    for number in range(600, 1000):
        subscriber = testbed.Subscriber(number)
        assert add(net, subscriber)[0] == 201
    done = akma(net, "subscriber", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 65536 and len(json.loads(done.stdout)["subscribers"]) >= 400


def test_keys_only_over_tls_or_loopback(net, tmp_path):
    """The management port with TLS; on an address of others, keys are not taken in clear."""
    certs = net.certs
    shared = {"host": "0.0.0.0", "port": 0, "token_file": str(net.folder / "token")}
    for name, management, expected in (
            ("clear", shared, 6),
            ("tls", {**shared, "certificate": str(certs / "aanf.pem"), "key": str(certs / "aanf.key")}, 0)):
        path = net.write(name + ".yaml", json.dumps(net.aanf_config(management=management)))
        daemon = testbed.Daemon("akma-aanf-" + name, [testbed.program("akma-aanf"), "--config", str(path)], tmp_path)
        subscriber = testbed.Subscriber(540)
        url = "%s://127.0.0.1:%d" % ("https" if expected == 0 else "http", daemon.port("management"))
        try:
            done = akma(net, "subscriber", "add", "--supi", subscriber.supi, "--k", "@%s" % net.write("k", subscriber.k),
                        "--opc", "@%s" % net.write("opc", subscriber.opc), "--ca", certs / "ca.pem", url=url)
            assert done.returncode == expected, done.stderr
            assert akma(net, "subscriber", "list", "--ca", certs / "ca.pem", url=url).returncode == 0
            if expected == 0:
                stranger = certs / "stranger.pem"
                assert akma(net, "subscriber", "list", "--ca", stranger, url=url).returncode == 5
        finally:
            assert daemon.stop() == 0
