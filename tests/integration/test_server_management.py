"""The server's management port: registrations page by page and ended, behind a token."""

import json
import pathlib
import re
import stat
import subprocess
import urllib.error
import urllib.request

import jsonschema
import pytest
import yaml

import testbed

UES = 1050
PAGE = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "docs" / "server-management.yaml").read_text())


def ask(server, path, token, method="GET"):
    """(status, body) of a management request."""
    headers = {"Authorization": token} if token else {}
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (server.port("management"), path), method=method,
                                     headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def page(server, token, query=""):
    status, text = ask(server, "/registrations" + query, token)
    assert status == 200, text
    body = json.loads(text)
    jsonschema.validate(body, {"$ref": "#/components/schemas/Registrations", "components": PAGE["components"]})
    return body


def bearer(path):
    return "Bearer " + path.read_text().strip()


@pytest.fixture(scope="module")
def fleet(bed):
    """More registrations than a page holds; the token was made at the start."""
    bed.start_aanf(limits={"contexts": 4000, "af_ids": 64})
    bed.start_server(binding_template="im:ue-{digits}@lab.example", tls={"coap_ccm8": True},
                     limits={"half_open_per_source": 65535, "key_requests_per_source": 0},
                     management={"host": "127.0.0.1", "port": 0, "token_file": str(bed.folder / "token")})
    certs = bed.certs
    generator = subprocess.Popen(
        [testbed.program("loadgen"), "--server", bed.server_uri.replace("localhost", "127.0.0.1"), "--aanf", bed.aanf_url,
         "--ca", str(certs / "ca.pem"), "--cert", str(certs / "ausf-client.pem"), "--key", str(certs / "ausf-client.key"),
         "--server-pid", str(bed.server.process.pid), "--count", str(UES)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    generator.stdout.readline()
    generator.stdin.write("register %d\n" % UES)
    generator.stdin.flush()
    assert json.loads(generator.stdout.readline())["registered"] == UES
    yield bed
    generator.stdin.close()
    generator.wait(60)
    generator.stdout.close()


def test_token_is_made_for_its_owner_alone(fleet):
    path = fleet.folder / "token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n", path.read_text())
    assert path.read_text().strip() not in fleet.server.log()


def test_without_the_token(fleet):
    good = bearer(fleet.folder / "token")
    for token in (None, "", "Bearer ", good[:-1], good + "0", good[:-1] + "x", good.replace("Bearer", "Basic")):
        assert ask(fleet.server, "/registrations", token)[0] == 401
        assert ask(fleet.server, "/registrations/im:ue-1@lab.example", token, "DELETE")[0] == 401
    assert "management request without the token" in fleet.server.log()
    for path in ("/healthz", "/readyz", "/metrics"):
        assert ask(fleet.server, path, None)[0] == 200


@pytest.mark.parametrize("limit", [97, 1000])
def test_pages_hold_everything_once(fleet, limit):
    token, seen, after = bearer(fleet.folder / "token"), [], ""
    while after is not None:
        body = page(fleet.server, token, "?limit=%d%s" % (limit, after))
        assert body["count"] == UES and len(body["registrations"]) <= limit
        seen += [entry["ueServiceId"] for entry in body["registrations"]]
        after = "&after=" + body["next"] if "next" in body else None
    assert len(seen) == UES and len(set(seen)) == UES


def test_prefix(fleet):
    token = bearer(fleet.folder / "token")
    some = page(fleet.server, token)["registrations"][0]
    assert some["connected"]
    assert page(fleet.server, token, "?prefix=" + some["ueServiceId"].replace(":", "%3A"))["registrations"] == [some]
    assert page(fleet.server, token, "?prefix=im:nobody")["registrations"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=-1", "limit=", "limit=1x", "limit=99999999999999999999",
                                   "limit", "=1", "&", "limit=1&&limit=2", "order=up", "prefix=%00", "prefix=%zz",
                                   "prefix=%0a", "prefix=" + "a" * 512, "after=" + "%41" * 600, "x" * 40 + "=1"])
def test_hostile_queries(fleet, query):
    assert ask(fleet.server, "/registrations?" + query, bearer(fleet.folder / "token"))[0] == 400


def test_registration_is_ended(fleet):
    token = bearer(fleet.folder / "token")
    ended = page(fleet.server, token)["registrations"][-1]["ueServiceId"]
    before = fleet.server.metric("msgin5g_registrations")
    assert ask(fleet.server, "/registrations/" + ended, token, "DELETE")[0] == 204
    assert fleet.server.metric("msgin5g_registrations") == before - 1
    assert page(fleet.server, token, "?prefix=" + ended)["registrations"] == []
    assert ask(fleet.server, "/registrations/" + ended, token, "DELETE")[0] == 404
    assert ask(fleet.server, "/registrations?after=" + ended, token)[0] == 410


def test_token_of_one_run(tmp_path):
    """Without a file the token is on stderr, another one each time."""
    with testbed.Testbed(tmp_path) as bed:
        bed.start_aanf()
        tokens = set()
        for _ in range(2):
            server = bed.start_server()
            token = re.findall(r"management token of this run: ([0-9a-f]{64})\n", server.log())[-1]
            assert page(server, "Bearer " + token)["registrations"] == []
            tokens.add(token)
            assert server.stop() == 0
            bed.daemons.remove(server)
        assert len(tokens) == 2


def test_token_file_others_may_read(tmp_path):
    with testbed.Testbed(tmp_path) as bed:
        bed.start_aanf()
        path = bed.write("token", "0123456789abcdef\n", 0o644)
        with pytest.raises(RuntimeError, match="management.token_file cannot be used"):
            bed.start_server(management={"token_file": str(path)})
