"""Tokens signed with Ed25519 (RFC 8037) in place of P-256: for openssl they are right, for the AAnF no other kind is."""

import base64
import hashlib
import json
import subprocess
import time

import pytest

import testbed
from test_tokens import AF_ID, AF_NF_ID, AANF_ID, ALL, INFO, NRF_ID, Tokens, b64, configure, prepare, sign, unb64

CLAIMS = {"iss": NRF_ID, "sub": AF_NF_ID, "aud": "AANF", "scope": ALL}


@pytest.fixture(scope="module")
def nrf(bed):
    prepare(bed)
    bed.p256 = bed.key
    bed.key = bed.folder / "nrf-ed25519.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(bed.key)], check=True)
    bed.key.chmod(0o600)
    bed.start_aanf(**configure(bed))
    bed.af = Tokens(bed.aanf_url, bed.certs, "af")
    return bed


@pytest.fixture()
def af(nrf):
    nrf.af.token = None
    return nrf.af


def public_octets(nrf):
    """The 32 octets, from openssl."""
    return subprocess.run(["openssl", "pkey", "-in", str(nrf.key), "-pubout", "-outform", "DER"], check=True,
                          capture_output=True).stdout[-32:]


def eddsa(nrf, key_file, claims, header=None):
    """A token that openssl signed."""
    text = "%s.%s" % (b64(json.dumps(header or {"typ": "JWT", "alg": "EdDSA"}).encode()), b64(json.dumps(claims).encode()))
    path = nrf.write("to-sign", text)
    signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", str(key_file), "-rawin", "-in", str(path)], check=True,
                               capture_output=True).stdout
    return "%s.%s" % (text, b64(signature))


def test_jwk(nrf):
    """RFC 8037 2, RFC 7638."""
    jwk = json.loads(testbed.http_get(nrf.aanf.port("management"), "/jwks")[1])["keys"][0]
    x = b64(public_octets(nrf))
    kid = b64(hashlib.sha256(('{"crv":"Ed25519","kty":"OKP","x":"%s"}' % x).encode()).digest())
    assert jwk == {"crv": "Ed25519", "kty": "OKP", "x": x, "use": "sig", "alg": "EdDSA", "kid": kid}


def test_signature_holds_for_openssl(nrf, af):
    token = af.get(AF_NF_ID, ALL)
    text, _, signature = token.rpartition(".")
    assert json.loads(unb64(token.split(".")[0]))["alg"] == "EdDSA"
    public = nrf.folder / "nrf.pub"
    subprocess.run(["openssl", "pkey", "-in", str(nrf.key), "-pubout", "-out", str(public)], check=True)
    nrf.write("signature", "").write_bytes(unb64(signature))
    subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin", "-in", str(nrf.write("text", text)),
                    "-sigfile", str(nrf.folder / "signature")], check=True, capture_output=True)


def test_token_opens_the_key(nrf, af):
    af.token = af.get(AF_NF_ID, ALL)
    assert af.retrieve(INFO["aKId"], AF_ID).cause == "K_AKMA_NOT_PRESENT"
    af.token = eddsa(nrf, nrf.key, {**CLAIMS, "exp": int(time.time()) + 60})
    assert af.retrieve(INFO["aKId"], AF_ID).cause == "K_AKMA_NOT_PRESENT"


def test_n18_other_algorithms_and_keys(nrf, af):
    """One whitelist, and the key says which of it: none, ES256, HS256 with the public key as secret, another Ed25519 key."""
    claims = {**CLAIMS, "exp": int(time.time()) + 60}
    stranger = nrf.folder / "stranger-ed25519.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(stranger)], check=True)
    right = eddsa(nrf, nrf.key, claims)
    text = "%s.%s" % (b64(b'{"alg":"HS256"}'), right.split(".")[1])
    mac = subprocess.run(["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" + public_octets(nrf).hex(),
                          "-binary"], input=text.encode(), check=True, capture_output=True).stdout
    wrong = [sign(nrf.p256, claims, "none"), sign(nrf.p256, claims, "ES256"), sign(nrf.p256, claims, "EdDSA"),
             "%s.%s" % (text, b64(mac)), eddsa(nrf, stranger, claims), eddsa(nrf, nrf.key, claims, {"alg": "ES256"}),
             eddsa(nrf, nrf.key, claims, {"alg": "Ed25519"}), eddsa(nrf, nrf.key, claims, {"alg": "none"}),
             right[:-4] + "AAAA", right.rpartition(".")[0] + "." + base64.urlsafe_b64encode(bytes(64)).rstrip(b"=").decode(),
             eddsa(nrf, nrf.key, {**claims, "exp": int(time.time()) - 1}), eddsa(nrf, nrf.key, {**claims, "aud": "AMF"})]
    for token in wrong:
        af.token = token
        answer = af.retrieve(INFO["aKId"], AF_ID)
        assert answer.status == 401 and 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_server_gets_in_with_such_tokens(nrf):
    """The whole flow, with a key that the AAnF made itself: oauth.algorithm."""
    with testbed.Testbed(nrf.folder / "flow") as bed:
        bed.add_subscribers(1)
        bed.start_aanf(nf_instance_id=AANF_ID, oauth={
            "enabled": True, "algorithm": "EdDSA", "instances": [{"certificate": "localhost", "nf_instance_id": AF_NF_ID}]})
        bed.start_server(aanf={"token_url": bed.aanf_url + "/oauth2/token", "nf_instance_id": AF_NF_ID})
        assert bed.run_client(bed.subscribers[0], "register")[0] == 0
        assert bed.server.metric('msgin5g_token_requests_total{result="ok"}') == 1


def test_a_p256_key_still_signs_es256(nrf):
    with testbed.Testbed(nrf.folder / "p256") as bed:
        prepare(bed)
        bed.start_aanf(**configure(bed, algorithm="EdDSA"))
        jwk = json.loads(testbed.http_get(bed.aanf.port("management"), "/jwks")[1])["keys"][0]
        assert (jwk["kty"], jwk["alg"]) == ("EC", "ES256")
