"""A UE asks for its configuration over CoAP before it registers (TS 24.538 6.2, TS 24.546 C.3; EC-23, EC-28, EC-29).

The UE is libcoap's own client over DTLS with a PSK from AKMA; the CBOR is read by Debian's cbor2.
"""

import json
import subprocess
import xml.etree.ElementTree

import cbor2
import pytest

import foreign_ue
from testbed import OSCORE, Testbed

SERVICE = "urn:3gpp:msgin5g"
PATH = "/su-uc/v1/val-services/%s/ue-configurations" % SERVICE
NAMESPACE = "{urn:3gpp:ns:seal:MSGin5GUEConfig:1.0}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Testbed(tmp_path_factory.mktemp("uc")) as bed:
        bed.bound, bed.free = bed.add_subscribers(2)
        bed.start_aanf(afs=[{"certificate": "localhost", "fqdns": ["localhost"], "identity": "gpsi"}])
        start_server(bed)
        yield bed


def start_server(bed, **ue_configuration):
    """The first subscriber has a binding, the second gets an ID assigned."""
    bed.start_server(listen=OSCORE, bindings=[{"identity": bed.bound.gpsi, "service_ids": [bed.bound.service_id, "im:second@lab.example"]}],
                     store={"folder": str(bed.folder / "store-uc")},
                     ue_configuration={"segment_size": 512, "assign_template": "im:ue-{random}@lab.example",
                                       **ue_configuration})


def ask(bed, subscriber, query="", accept=None, path=PATH, method="get"):
    """(code, body); of an error, what coap-client shows of the body."""
    identity, key = foreign_ue.keys(bed, subscriber, foreign_ue.UA_ID_CCAC, text=True)
    out = bed.folder / "answer"
    out.unlink(missing_ok=True)
    argv = [b"coap-client-openssl", b"-m", method.encode(), b"-B", b"6", b"-v", b"6", b"-o", str(out).encode(), b"-u",
            identity.encode(), b"-k", key]
    if accept is not None:
        argv += [b"-A", str(accept).encode()]
    done = subprocess.run([*argv, (bed.server_uri + path + query).encode()], capture_output=True, timeout=20)
    text = (done.stdout + done.stderr).decode(errors="replace")
    codes = [word for line in text.splitlines() if "v:1" in line for word in line.split() if word.startswith("c:")]
    return codes[-1][2:], out.read_bytes() if out.exists() else text


def tel(subscriber):
    return "tel:+" + subscriber.gpsi[len("msisdn-"):]


def document(body):
    (entry,) = cbor2.loads(body)
    (config,) = entry["ueConfigs"]
    assert config["configType"] == "ON_NETWORK"
    elements = xml.etree.ElementTree.fromstring("<x>" + config["configData"] + "</x>")
    return entry, {element.tag: element.text for element in elements}


def test_cbor(lab):
    """UeConfigDoc with the three elements of TS 24.538 7.2."""
    code, body = ask(lab, lab.bound, "?ue-uri=" + tel(lab.bound))
    assert code == "2.05"
    entry, elements = document(body)
    assert (entry["valServiceDomain"], entry["valServiceId"]) == ("lab.example", SERVICE)
    assert entry["valUeIds"] == {"uris": [lab.bound.gpsi]}
    assert elements == {NAMESPACE + "MSGin5G-Server-address": "coaps://localhost:%d" % lab.server.port("coaps"),
                        NAMESPACE + "MSGin5G-UE-Service-id": lab.bound.service_id, NAMESPACE + "Segment-size": "512"}


@pytest.mark.parametrize("accept", [60, 65002])
def test_cbor_under_both_numbers(lab, accept):
    code, body = ask(lab, lab.bound, "?ue-uri=" + lab.bound.gpsi, accept)
    assert code == "2.05"
    assert document(body)[1][NAMESPACE + "MSGin5G-UE-Service-id"] == lab.bound.service_id


def test_json(lab):
    code, body = ask(lab, lab.bound, accept=50)
    assert (code, json.loads(body)) == ("2.05", {"ueServiceId": lab.bound.service_id, "segmentSize": 512,
                                                 "serverAddress": "coaps://localhost:%d" % lab.server.port("coaps")})


def test_assigned_once_and_for_good(lab):
    """TS 23.554 8.1.2: the same UE gets the same ID again, also after kill -9; it may register with it, nobody else."""
    _, body = ask(lab, lab.free, accept=50)
    assigned = json.loads(body)["ueServiceId"]
    assert assigned.startswith("im:ue-") and assigned.endswith("@lab.example")
    assert json.loads(ask(lab, lab.free, accept=50)[1])["ueServiceId"] == assigned
    lab.daemons.remove(lab.server)
    lab.server.kill()
    start_server(lab)
    assert json.loads(ask(lab, lab.free, accept=50)[1])["ueServiceId"] == assigned
    assert lab.run_client(lab.free, "register", service_id=assigned)[0] == 0
    code, events = lab.run_client(lab.bound, "register", service_id=assigned)
    assert code in (6, 7), events


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp", "coap"])
def test_our_client_asks_too(lab, scheme):
    """Without --service-id it asks, then registers, and can be sent to; over every transport."""
    argv = lab.client_argv(lab.free, "register", uri=lab.uri(scheme))
    place = argv.index("--service-id")
    del argv[place:place + 2]
    code, events = lab._run(argv, 30)
    assert code == 0, events
    assigned = [event["ue_service_id"] for event in events if event["event"] == "registered"]
    assert assigned == [json.loads(ask(lab, lab.free, accept=50)[1])["ueServiceId"]]


@pytest.mark.parametrize("query, path, accept, method, code, title", [
    ("?ue-uri=tel:+8613800999999", PATH, None, "get", "4.03", "ue-uri is another UE's"),
    ("", PATH.replace("msgin5g", "other"), None, "get", "4.04", "no such service or resource"),
    ("", PATH + "/1", None, "get", "4.04", "no such service or resource"),
    ("", PATH, 0, "get", "4.06", "available as 50, 60 and 65002"),
    ("", PATH, None, "put", "4.05", "only GET is allowed here"),
])
def test_refusals_are_problem_details(lab, query, path, accept, method, code, title):
    """RFC 9290 (Content-Format 257); another UE's configuration is nobody's business."""
    got, shown = ask(lab, lab.bound, query, accept, path, method)
    assert got == code
    assert title in shown and "257" in shown


def test_nothing_to_assign(tmp_path):
    """Without a template a UE without binding has no configuration."""
    with Testbed(tmp_path) as bed:
        bed.bound, bed.free = bed.add_subscribers(2)
        bed.start_aanf(afs=[{"certificate": "localhost", "fqdns": ["localhost"], "identity": "gpsi"}])
        start_server(bed, assign_template="", server_address="coaps://elsewhere.example:1")
        assert ask(bed, bed.free)[0] == "4.04"
        argv = bed.client_argv(bed.free, "register")
        place = argv.index("--service-id")
        del argv[place:place + 2]
        assert bed._run(argv, 30)[0] == 6
        assert json.loads(ask(bed, bed.bound, accept=50)[1])["serverAddress"] == "coaps://elsewhere.example:1"
