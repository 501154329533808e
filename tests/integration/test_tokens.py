"""OAuth 2.0 at the AAnF: its token endpoint, and what a token opens (N18, N19; TS 33.117 4.2.2.2.3)."""

import base64
import hashlib
import json
import re
import subprocess
import time
import urllib.parse
import uuid

import pytest

import openapi
import sbi
import testbed

pytestmark = pytest.mark.proves(on="sbi")

FORM = "application/x-www-form-urlencoded"
AANF_ID = "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"
NRF_ID = "11111111-1111-4111-8111-111111111111"
AF_NF_ID = "22222222-2222-4222-8222-222222222222"
AUSF_NF_ID = "33333333-3333-4333-8333-333333333333"
OTHER_NF_ID = "44444444-4444-4444-8444-444444444444"
AF_ID = "msgin5g.lab.example:0100000009"
GET = "naanf-akma:applicationkeyget"
SUPI = GET + ":supi-access"
ANCHOR = "naanf-akma:anchorkey"
ALL = "naanf-akma %s %s" % (GET, SUPI)
INFO = {"supi": "imsi-001010000000001", "kAkma": "11" * 32,
        "aKId": "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"}


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens(sbi.Consumer):
    """An NF that asks for tokens and shows them."""

    token = None

    def ask(self, method="POST", content_type=FORM, body=None, **members):
        octets = body if body is not None else urllib.parse.urlencode(members).encode()
        return self.request(method, "/oauth2/token", octets, content_type)

    def get(self, instance, scope, **members):
        answer = self.ask(grant_type="client_credentials", nfInstanceId=instance, scope=scope, **members)
        assert answer.status == 200, answer.text
        return answer.body["access_token"]

    def naanf(self, operation, **members):
        options = ["--header", "Authorization: Bearer " + self.token] if self.token is not None else []
        return self.request("POST", "/naanf-akma/v1/" + operation, members, options=options)

    def _judge(self, operation, answer):
        if operation != "token" or answer.status not in (200, 400):
            sbi.Consumer._judge(operation, answer)
            return
        assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
        assert answer.headers["content-type"] == "application/json"
        schema = "AccessTokenRsp" if answer.status == 200 else "AccessTokenErr"
        if openapi.skip_reason() is None:
            assert openapi.problems("TS29510_Nnrf_AccessToken.yaml", schema, answer.body) == []


def sign(key_file, claims, alg="ES256", kid=None):
    """A token of our own making: openssl signs, so that nothing of ours judges itself."""
    header = {"typ": "JWT", "alg": alg, **({"kid": kid} if kid else {})}
    text = "%s.%s" % (b64(json.dumps(header).encode()), b64(json.dumps(claims).encode()))
    if alg == "none":
        return text + "."
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key_file)], input=text.encode(), check=True,
                         capture_output=True).stdout
    r_length = der[3]
    r = der[4:4 + r_length]
    s = der[4 + r_length + 2:]
    return "%s.%s" % (text, b64(r[-32:].rjust(32, b"\0") + s[-32:].rjust(32, b"\0")))


def make_key(bed, name):
    path = bed.folder / name
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(path)],
                   check=True, capture_output=True)
    path.chmod(0o600)
    return path


def configure(bed, **oauth):
    return {"nf_instance_id": AANF_ID, "log": {"level": "debug"},
            "afs": [{"certificate": "localhost", "fqdns": [testbed.FQDN, "msgin5g.lab.example"], "identity": "supi"},
                    {"certificate": "gpsi.lab.example", "fqdns": ["msgin5g.lab.example"], "identity": "gpsi"}],
            "oauth": {"enabled": True, "key": str(bed.key), "issuer": NRF_ID,
                      "instances": [{"certificate": "ausf.lab.example", "nf_instance_id": AUSF_NF_ID, "nf_type": "AUSF"},
                                    {"certificate": "stranger.lab.example", "nf_instance_id": OTHER_NF_ID}], **oauth}}


def prepare(bed):
    """The AF's certificate says its NF instance id itself, the AUSF's is in the configuration."""
    bed.key = make_key(bed, "nrf.key")
    subprocess.run([str(testbed.SUPPORT / "make_certs.sh"), str(bed.certs),
                    "af:URI:urn:uuid:%s,DNS:localhost" % AF_NF_ID], check=True, capture_output=True)


@pytest.fixture(scope="module")
def nrf(bed):
    prepare(bed)
    bed.add_subscribers(1)
    bed.start_aanf(**configure(bed))
    bed.af = Tokens(bed.aanf_url, bed.certs, "af")
    bed.ausf = Tokens(bed.aanf_url, bed.certs, "ausf-client")
    bed.stranger = Tokens(bed.aanf_url, bed.certs, "stranger")
    bed.ausf.token = bed.ausf.get(AUSF_NF_ID, "naanf-akma " + ANCHOR, nfType="AUSF")
    assert bed.ausf.register(**INFO).status == 200
    return bed


@pytest.fixture()
def af(nrf):
    nrf.af.token = None
    return nrf.af


def claims(**changes):
    made = {"iss": NRF_ID, "sub": AF_NF_ID, "aud": "AANF", "scope": ALL, "exp": int(time.time()) + 60, **changes}
    return {name: value for name, value in made.items() if value is not None}


def assert_challenge(bed, answer, status, error=None, scope=None):
    """WWW-Authenticate of TS 29.500 6.7.3."""
    assert answer.status == status
    expected = 'Bearer realm="%s/naanf-akma/v1"' % bed.aanf_url
    expected += ', error="%s"' % error if error else ""
    expected += ', scope="%s"' % scope if scope else ""
    assert answer.headers["www-authenticate"] == expected


def test_token_as_ts_29_510_has_it(nrf, af):
    answer = af.ask(grant_type="client_credentials", nfInstanceId=AF_NF_ID, nfType="AF", targetNfType="AANF", scope=ALL,
                    requesterPlmn=json.dumps({"mcc": "001", "mnc": "01"}))
    assert answer.status == 200
    assert (answer.body["token_type"], answer.body["expires_in"], answer.body["scope"]) == ("Bearer", 600, ALL)
    header, payload, _ = answer.body["access_token"].split(".")
    seen = json.loads(unb64(payload))
    assert (seen["iss"], seen["sub"], seen["aud"], seen["scope"]) == (NRF_ID, AF_NF_ID, "AANF", ALL)
    assert 590 <= seen["exp"] - time.time() <= 600
    if openapi.skip_reason() is None:
        for name in ("aud",):  # NFType is in a file that is not there
            seen.pop(name)
        schema = dict(openapi.load("TS29510_Nnrf_AccessToken.yaml")["components"]["schemas"]["AccessTokenClaims"])
        assert set(schema["required"]) - {"aud"} <= set(seen)
    header = json.loads(unb64(header))
    jwks = json.loads(testbed.http_get(nrf.aanf.port("management"), "/jwks")[1])["keys"]
    assert (header["alg"], header["kid"]) == ("ES256", jwks[0]["kid"])
    thumbprint = json.dumps({name: jwks[0][name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    assert b64(hashlib.sha256(thumbprint.encode()).digest()) == jwks[0]["kid"]  # RFC 7638
    assert "d" not in jwks[0]


def test_signature_holds_for_openssl(nrf, af):
    """The key in /jwks is that of the file, and openssl verifies with it."""
    token = af.get(AF_NF_ID, ALL)
    text, _, signature = token.rpartition(".")
    raw = unb64(signature)

    def integer(octets):
        octets = octets.lstrip(b"\0") or b"\0"
        octets = b"\0" + octets if octets[0] & 0x80 else octets
        return b"\x02" + bytes([len(octets)]) + octets

    body = integer(raw[:32]) + integer(raw[32:])
    der = nrf.folder / "signature.der"
    der.write_bytes(b"\x30" + bytes([len(body)]) + body)
    public = nrf.folder / "nrf.pub"
    subprocess.run(["openssl", "pkey", "-in", str(nrf.key), "-pubout", "-out", str(public)], check=True)
    subprocess.run(["openssl", "dgst", "-sha256", "-verify", str(public), "-signature", str(der)], input=text.encode(),
                   check=True, capture_output=True)


def test_token_opens_the_key(nrf, af):
    af.token = af.get(AF_NF_ID, ALL)
    answer = af.retrieve(INFO["aKId"], AF_ID)
    assert (answer.status, answer.body["supi"]) == (200, INFO["supi"])
    af.token = af.get(AF_NF_ID, ALL, targetNfInstanceId=AANF_ID)
    assert json.loads(unb64(af.token.split(".")[1]))["aud"] == [AANF_ID]
    assert af.retrieve(INFO["aKId"], AF_ID).status == 200


@pytest.mark.parametrize("members,error", [
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": None}, "invalid_request"),
    ({"nfInstanceId": None}, "invalid_request"),
    ({"scope": None}, "invalid_request"),
    ({"scope": "naanf-akma  x"}, "invalid_request"),
    ({"scope": "naanf-akma nudm-sdm"}, "invalid_scope"),
    ({"scope": ANCHOR}, "invalid_scope"),                # the AF may not register keys
    ({"nfInstanceId": AUSF_NF_ID}, "invalid_client"),    # somebody else's
    ({"nfInstanceId": "x" * 2000}, "invalid_request"),
    ({"targetNfType": "UDM"}, "unauthorized_client"),
    ({"targetNfInstanceId": OTHER_NF_ID}, "unauthorized_client"),
])
def test_token_requests_refused(af, members, error):
    asked = {"grant_type": "client_credentials", "nfInstanceId": AF_NF_ID, "scope": ALL, **members}
    answer = af.ask(**{name: value for name, value in asked.items() if value is not None})
    assert (answer.status, answer.body["error"]) == (400, error)


def test_nf_type_is_that_of_the_configuration(nrf):
    answer = nrf.ausf.ask(grant_type="client_credentials", nfInstanceId=AUSF_NF_ID, nfType="AF", scope=ANCHOR)
    assert (answer.status, answer.body["error"]) == (400, "invalid_client")


def test_who_is_in_no_policy_gets_no_scope(nrf):
    answer = nrf.stranger.ask(grant_type="client_credentials", nfInstanceId=OTHER_NF_ID, scope=GET)
    assert (answer.status, answer.body["error"]) == (400, "invalid_scope")


GOOD_FORM = b"grant_type=client_credentials&nfInstanceId=" + AF_NF_ID.encode() + b"&scope=naanf-akma"


@pytest.mark.parametrize("body", [b"", b"&", b"=", GOOD_FORM + b"&", GOOD_FORM + b"&scope=naanf-akma", GOOD_FORM + b"&a",
                                  GOOD_FORM + b"&a=%0", GOOD_FORM + b"&a=%00", GOOD_FORM + b"&a=%zz",
                                  b"&".join([b"a=1"] * 100) + b"&" + GOOD_FORM, b"{}", b"\xff" * 70000],
                         ids=range(12))
def test_bodies_that_are_no_form(af, body):
    answer = af.ask(body=body)
    assert answer.status == (413 if len(body) > 65536 else 400)
    assert answer.status == 413 or answer.body["error"] == "invalid_request"


def test_other_content_types_and_methods(af):
    assert af.ask(content_type="application/json", body=b"{}").status == 415
    assert af.ask(method="PUT", body=GOOD_FORM).status == 501
    assert af.request("GET", "/oauth2/token").status == 501


def test_n19_register_without_token(nrf):
    """N19: nor remove, nor retrieve."""
    ausf = Tokens(nrf.aanf_url, nrf.certs, "ausf-client")
    for answer in (ausf.register(**INFO), ausf.remove(INFO["supi"]), nrf.af.__class__.retrieve(
            Tokens(nrf.aanf_url, nrf.certs, "af"), INFO["aKId"], AF_ID)):
        assert_challenge(nrf, answer, 401)


def test_primary_authentication_needs_no_token(nrf):
    """Nausf_UEAuthentication stands for the serving network here; tokens guard Naanf_AKMA alone."""
    assert nrf.ausf.authenticate(nrf.subscribers[0].supi, testbed.SN_NAME).status == 201


# TC_AUTHORIZATION_TOKEN_VERIFICATION_FAILURE_ONE_PLMN (TS 33.117 4.2.2.2.3.1), and what else N18 names.
@pytest.mark.proves("TC_AUTHORIZATION_TOKEN_VERIFICATION_FAILURE_ONE_PLMN")
@pytest.mark.parametrize("changes", [
    {"aud": "UDM"}, {"aud": [OTHER_NF_ID]}, {"aud": ["AANF"]}, {"aud": None}, {"aud": []},
    {"exp": 1}, {"exp": None}, {"exp": "soon"},
    {"sub": OTHER_NF_ID}, {"sub": AUSF_NF_ID}, {"sub": None},
    {"iss": OTHER_NF_ID}, {"iss": None},
    {"scope": None}, {"scope": ""},
])
def test_n18_claims(nrf, af, changes):
    af.token = sign(nrf.key, claims())
    assert af.retrieve(INFO["aKId"], AF_ID).status == 200
    af.token = sign(nrf.key, claims(**changes))
    assert_challenge(nrf, af.retrieve(INFO["aKId"], AF_ID), 401, "invalid_token")


@pytest.mark.proves("TC_AUTHORIZATION_TOKEN_VERIFICATION_FAILURE_ONE_PLMN")
def test_n18_signature(nrf, af):
    """A foreign key, also under our kid; altered claims; no signature at all."""
    good = sign(nrf.key, claims())
    kid = json.loads(testbed.http_get(nrf.aanf.port("management"), "/jwks")[1])["keys"][0]["kid"]
    foreign = make_key(nrf, "foreign.key")
    header, payload, signature = good.split(".")
    more = b64(json.dumps(claims(scope=ALL + " " + ANCHOR)).encode())
    for token in (sign(foreign, claims()), sign(foreign, claims(), kid=kid), sign(nrf.key, claims(), kid="another"),
                  sign(nrf.key, claims(), alg="none"), sign(nrf.key, claims(), alg="HS256"),
                  sign(nrf.key, claims(), alg="none") + signature, "%s.%s.%s" % (header, more, signature),
                  "%s.%s." % (header, payload), "x", "a.b.c", good + "=", good + "." + signature, "A" * 5000):
        af.token = token
        assert_challenge(nrf, af.retrieve(INFO["aKId"], AF_ID), 401, "invalid_token")


@pytest.mark.proves("TC_AUTHORIZATION_TOKEN_VERIFICATION_FAILURE_ONE_PLMN")
def test_n18_scope(nrf, af):
    af.token = sign(nrf.key, claims(scope="naanf-akma"))
    assert_challenge(nrf, af.retrieve(INFO["aKId"], AF_ID), 403, "insufficient_scope", GET)
    af.token = sign(nrf.key, claims(scope=ALL))
    assert_challenge(nrf, af.register(**INFO), 403, "insufficient_scope", ANCHOR)
    assert_challenge(nrf, af.remove(INFO["supi"]), 403, "insufficient_scope", ANCHOR)


@pytest.mark.proves("N18")
def test_token_of_another_client(nrf, af):
    """Stolen: the thief's certificate is not that of sub."""
    nrf.stranger.token = af.get(AF_NF_ID, ALL)
    assert_challenge(nrf, nrf.stranger.retrieve(INFO["aKId"], AF_ID), 401, "invalid_token")


def test_token_does_not_replace_the_policy(nrf, af):
    af.token = af.get(AF_NF_ID, ALL)
    answer = af.retrieve(INFO["aKId"], "other.lab.example:0100000009")
    assert (answer.status, answer.cause) == (403, "AF_NOT_ALLOWED")
    af.token = sign(nrf.key, claims(scope=ANCHOR))
    assert af.register(**INFO).cause == "CONSUMER_NOT_ALLOWED"


def test_supi_access(nrf, af):
    """Choice C17: without the scope the SUPI is withheld: the GPSI if feature 1 is agreed, else 403."""
    subscriber = nrf.subscribers[0]
    info = {**INFO, "supi": subscriber.supi}
    assert nrf.ausf.register(**info).status == 200
    af.token = af.get(AF_NF_ID, "naanf-akma " + GET)
    assert_challenge(nrf, af.retrieve(INFO["aKId"], AF_ID), 403, "insufficient_scope", SUPI)
    answer = af.retrieve(INFO["aKId"], AF_ID, suppFeat="1")
    assert (answer.status, answer.body.get("gpsi"), answer.body.get("supi")) == (200, subscriber.gpsi, None)
    anonymous = af.retrieve(INFO["aKId"], AF_ID, anonInd=True)
    assert anonymous.status == 200 and "supi" not in anonymous.body


def test_tokens_stay_out_of_the_log(nrf, af):
    af.token = af.get(AF_NF_ID, ALL)
    assert af.retrieve(INFO["aKId"], AF_ID).status == 200
    log = nrf.aanf.log()
    assert af.token not in log and af.token.rsplit(".", 1)[1] not in log
    assert "token issued" in log and "sub=" + AF_NF_ID in log


def test_metrics(nrf, af):
    before = nrf.aanf.metric('msgin5g_aanf_operations_total{operation="oauth2_token",result="ok"}')
    af.get(AF_NF_ID, ALL)
    assert nrf.aanf.metric('msgin5g_aanf_operations_total{operation="oauth2_token",result="ok"}') == before + 1


def test_tokens_when_none_is_required(nrf):
    """Without a token the policy decides alone, with full access; a token that is shown must be good all the same.
    `required` is taken over at SIGHUP, the key is not."""
    def reload(**oauth):
        count = nrf.aanf.log().count("configuration reloaded")
        nrf.write("akma-aanf.yaml", json.dumps(nrf.aanf_config(**configure(nrf, **oauth))))
        nrf.aanf.reload()
        testbed.wait_for(lambda: nrf.aanf.log().count("configuration reloaded") > count, what="reload")

    assert nrf.ausf.register(**INFO).status == 200
    reload(required=False)
    try:
        af = Tokens(nrf.aanf_url, nrf.certs, "af")
        assert af.retrieve(INFO["aKId"], AF_ID).body["supi"] == INFO["supi"]
        af.token = sign(nrf.key, claims(exp=1))
        assert_challenge(nrf, af.retrieve(INFO["aKId"], AF_ID), 401, "invalid_token")
    finally:
        reload()


def test_no_endpoint_unless_enabled(bed, nrf):
    plain = nrf.start("akma-aanf", nrf.aanf_config())
    other = Tokens("https://127.0.0.1:%d" % plain.port("sbi"), nrf.certs, "af")
    assert other.ask(body=GOOD_FORM).status == 404
    assert testbed.http_get(plain.port("management"), "/jwks")[0] == 404
    other.token = "x"
    assert other.retrieve(INFO["aKId"], AF_ID).cause == "K_AKMA_NOT_PRESENT"  # the header means nothing here


def check(bed, **oauth):
    path = bed.write("checked.yaml", json.dumps(bed.aanf_config(**configure(bed, **oauth))))
    return subprocess.run([testbed.program("akma-aanf"), "--config", str(path), "--check-config"], capture_output=True,
                          text=True, check=False, timeout=20)


def test_configuration_is_checked(nrf):
    assert check(nrf).returncode == 0
    bad = check(nrf, issuer="nrf", lifetime="1500ms", instances=[{"certificate": "*", "nf_instance_id": "x" * 36}])
    assert bad.returncode == 3
    for expected in ("oauth.issuer: must be a UUID", "oauth.lifetime: must be whole seconds",
                     "oauth.instances[0].nf_instance_id: must be a UUID", "oauth.instances[0].certificate: must be one"):
        assert expected in bad.stderr
    readable = nrf.write("readable.key", nrf.key.read_text(), 0o644)
    assert "oauth.key: others may read it" in check(nrf, key=str(readable)).stderr


def test_key_that_is_none(nrf):
    for text in ("", "nonsense", subprocess.run(["openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout"],
                                                check=True, capture_output=True, text=True).stdout):
        path = nrf.write("bad.key", text)
        config = nrf.write("bad.yaml", json.dumps(nrf.aanf_config(**configure(nrf, key=str(path)))))
        started = subprocess.run([testbed.program("akma-aanf"), "--config", str(config)], capture_output=True, text=True,
                                 check=False, timeout=20)
        assert started.returncode == 3
        assert re.search(r"no private key of P-256 or Ed25519 in PEM file=\S*bad.key", started.stderr)


def test_ids_are_uuids():
    for text in (AANF_ID, NRF_ID, AF_NF_ID, AUSF_NF_ID, OTHER_NF_ID):
        assert uuid.UUID(text).version == 4
