"""AKMA contexts over the management port: listed without keys, expired, removed; behind a token."""

import base64
import hashlib
import json
import pathlib
import time
import urllib.error
import urllib.request

import jsonschema
import pytest
import yaml

import sbi
import testbed

AF_ID = "msgin5g.lab.example:0100000009"
REALM = "5gc.mnc001.mcc001.3gppnetwork.org"
TOKEN = "management-token-0123456789"
API = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "docs" / "aanf-management.yaml").read_text())


def ask(bed, method, path, token=TOKEN, body=None):
    """(status, octets) of a management request."""
    headers = {"Authorization": "Bearer " + token} if token else {}
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (bed.aanf.port("management"), path), method=method,
                                     headers=headers, data=body)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def key_info(number):
    a_tid = base64.urlsafe_b64encode(hashlib.sha256(b"management %d" % number).digest()).rstrip(b"=").decode()
    return {"aKId": "0.%s@%s" % (a_tid, REALM), "supi": "imsi-00101%010d" % (8000 + number),
            "kAkma": hashlib.sha256(b"k_akma %d" % number).hexdigest()}


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(1)
    bed.write("token", TOKEN + "\n")
    bed.start_aanf(management={"host": "127.0.0.1", "port": 0, "token_file": str(bed.folder / "token")})
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    return bed


def contexts(bed):
    status, octets = ask(bed, "GET", "/contexts")
    assert status == 200
    body = json.loads(octets)
    jsonschema.validate(body, API["components"]["schemas"]["Contexts"])
    return {entry["supi"]: entry for entry in body["contexts"]}, octets.decode()


def test_list_without_keys(net):
    info = key_info(1)
    assert net.ausf.register(**info).status == 200
    answer = net.af.retrieve(info["aKId"], AF_ID)
    listed, text = contexts(net)
    entry = listed[info["supi"]]
    assert entry["keys"] == [{"afId": AF_ID, "expiry": answer.body["expiry"]}]
    for hidden in (info["kAkma"], answer.body["kaf"], info["aKId"], info["aKId"].split(".")[1][:43]):
        assert hidden not in text


def test_expire_now(net):
    info = key_info(2)
    assert net.ausf.register(**info).status == 200
    first = net.af.retrieve(info["aKId"], AF_ID).body
    asked_s = int(time.time())
    testbed.wait_for(lambda: int(time.time()) > asked_s, what="another second, for expiry times are whole ones")
    assert net.af.retrieve(info["aKId"], AF_ID).body == first
    assert ask(net, "POST", "/contexts/%s/expire" % info["supi"], body=b"")[0] == 204
    second = net.af.retrieve(info["aKId"], AF_ID).body
    assert second["kaf"] == first["kaf"]
    assert second["expiry"] > first["expiry"]


def test_remove(net):
    info = key_info(3)
    assert net.ausf.register(**info).status == 200
    assert ask(net, "DELETE", "/contexts/" + info["supi"])[0] == 204
    assert net.af.retrieve(info["aKId"], AF_ID).cause == "K_AKMA_NOT_PRESENT"
    assert info["supi"] not in contexts(net)[0]
    assert ask(net, "DELETE", "/contexts/" + info["supi"])[0] == 404
    assert ask(net, "POST", "/contexts/%s/expire" % info["supi"], body=b"")[0] == 404


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper()])
def test_token_is_needed(net, token):
    info = key_info(4)
    assert net.ausf.register(**info).status == 200
    for method, path, body in (("GET", "/contexts", None), ("DELETE", "/contexts/" + info["supi"], None),
                               ("POST", "/contexts/%s/expire" % info["supi"], b""), ("POST", "/faults", b"{}")):
        assert ask(net, method, path, token, body)[0] == 401
    assert net.af.retrieve(info["aKId"], AF_ID).status == 200
    assert ask(net, "GET", "/healthz", None)[0] == 200
    assert TOKEN not in net.aanf.log()


def test_names_that_are_too_long_or_strange(net):
    for name in ("x" * 300, "%25", "imsi-1%2F..", "%C3%BC"):
        assert ask(net, "DELETE", "/contexts/" + name)[0] == 404


def test_not_for_everybody_without_a_token(bed, tmp_path):
    """On an address others reach the data of subscribers needs a token; health does not."""
    config = bed.aanf_config(management={"host": "0.0.0.0", "port": 0})
    path = bed.write("open.yaml", json.dumps(config))
    daemon = testbed.Daemon("akma-aanf-open", [testbed.program("akma-aanf"), "--config", str(path)], tmp_path)
    try:
        assert testbed.http_get(daemon.port("management"), "/contexts")[0] == 403
        assert testbed.http_get(daemon.port("management"), "/healthz")[0] == 200
    finally:
        assert daemon.stop() == 0

