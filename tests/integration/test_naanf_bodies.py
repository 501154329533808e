"""The bodies of Naanf_AKMA our encoders write, by our own schemas and by the official ones."""
import json
import subprocess

import openapi
import pytest
import schemas
import testbed

OURS = {"AkmaKeyInfo": "naanf_key_info", "AkmaAfKeyRequest": "naanf_key_request", "AkmaAfKeyData": "naanf_key_data",
        "CtxRemove": "naanf_ctx_remove"}
OFFICIAL = {"AkmaKeyInfo": "TS29535_Naanf_AKMA.yaml", "AkmaAfKeyRequest": "TS29522_AKMA.yaml",
            "AkmaAfKeyData": "TS29522_AKMA.yaml", "CtxRemove": "TS29535_Naanf_AKMA.yaml"}
needs_openapi = pytest.mark.skipif(openapi.skip_reason() is not None, reason=str(openapi.skip_reason()))

# One change of a good body that has to be noticed: schema, member, new value (None: removed).
CHANGES = [("AkmaKeyInfo", "aKId", None), ("AkmaKeyInfo", "kAkma", None), ("AkmaKeyInfo", "kAkma", 7),
           ("AkmaKeyInfo", "supi", None), ("AkmaKeyInfo", "gpsi", "msisdn-12345"),
           ("AkmaAfKeyRequest", "afId", None), ("AkmaAfKeyRequest", "aKId", 7), ("AkmaAfKeyRequest", "anonInd", "true"),
           ("AkmaAfKeyData", "expiry", None), ("AkmaAfKeyData", "expiry", "tomorrow"), ("AkmaAfKeyData", "kaf", None),
           ("AkmaAfKeyData", "suppFeat", "x")]
# What only our own profile demands (choices C2 to C6, C12, C13).
STRICTER = [("AkmaKeyInfo", "kAkma", "00" * 32), ("AkmaKeyInfo", "kAkma", "AB" * 32), ("AkmaKeyInfo", "aKId", "x@y"),
            ("AkmaAfKeyRequest", "afId", "msgin5g.lab.example"), ("AkmaAfKeyData", "expiry", "2026-11-21T12:00:00+01:00"),
            ("AkmaAfKeyData", "supi", "imsi-1"), ("CtxRemove", "supi", None)]


@pytest.fixture(scope="module")
def bodies():
    """(schema, body) of every line the encoders wrote."""
    lines = subprocess.run([str(testbed.build_dir() / "tests" / "print_naanf_bodies")], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    assert len(lines) == 7
    return [(line.split(" ", 1)[0], json.loads(line.split(" ", 1)[1])) for line in lines]


def changed(bodies, schema, member, value):
    body = dict(next(body for name, body in bodies if name == schema))
    if value is None:
        del body[member]
    else:
        body[member] = value
    return body


def test_ours_accept_what_we_write(bodies):
    for name, body in bodies:
        assert schemas.problems(OURS[name], body) == [], name


@pytest.mark.parametrize("schema,member,value", CHANGES + STRICTER)
def test_ours_refuse(bodies, schema, member, value):
    assert schemas.problems(OURS[schema], changed(bodies, schema, member, value)) != []


@needs_openapi
@pytest.mark.parametrize("release", [18, 19])
def test_official_ones_accept_what_we_write(bodies, release):
    for name, body in bodies:
        assert openapi.problems(OFFICIAL[name], name, body, release) == [], name


@needs_openapi
@pytest.mark.parametrize("schema,member,value", CHANGES)
def test_official_ones_refuse(bodies, schema, member, value):
    assert openapi.problems(OFFICIAL[schema], schema, changed(bodies, schema, member, value)) != []


@needs_openapi
def test_official_authentication_bodies_resolve_across_files():
    challenge = {"authType": "5G_AKA", "servingNetworkName": testbed.SN_NAME,
                 "5gAuthData": {"rand": "ab" * 16, "autn": "cd" * 16, "hxresStar": "ef" * 16},
                 "_links": {"5g-aka": {"href": "https://ausf.lab.example/nausf-auth/v1/ue-authentications/1"}}}
    file = "TS29509_Nausf_UEAuthentication.yaml"
    assert openapi.problems(file, "UEAuthenticationCtx", challenge) == []
    assert openapi.problems(file, "UEAuthenticationCtx", {**challenge, "authType": 7}) != []
    assert openapi.problems(file, "ConfirmationData", {"resStar": None}) == []
    assert openapi.problems(file, "ConfirmationData", {"resStar": "ab"}) != []
    assert openapi.problems("TS29571_CommonData.yaml", "ProblemDetails", {"status": 403, "cause": "AF_NOT_ALLOWED"}) == []
    assert openapi.problems("TS29571_CommonData.yaml", "ProblemDetails", {"status": "403"}) != []
