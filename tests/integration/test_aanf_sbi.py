"""The AAnF's service-based interface: rules of TS 29.500 for crooked requests (N21), mutual TLS, foreign clients."""

import json
import re
import subprocess

import pytest

import sbi
import testbed

pytestmark = pytest.mark.proves(on="sbi")

RETRIEVE = "/naanf-akma/v1/retrieve-applicationkey"
REQUEST = {"aKId": "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org",
           "afId": "msgin5g.lab.example:0100000007"}
TEXT = json.dumps(REQUEST)
TLS_FAILED = (16, 35, 55, 56)  # exit codes of curl: with TLS 1.3 it may hear of it only while sending


@pytest.fixture(scope="module")
def af(bed):
    bed.start_aanf(nf_instance_id="4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f")
    return sbi.Consumer(bed.aanf_url, bed.certs, "server")


@pytest.mark.proves("N21", "33.117-4.3.6")
@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", TEXT[:-1].encode(), TEXT.encode() + b"}", TEXT.encode() + b"\0",
    TEXT.replace("}", ', "aKId": "x"}').encode(),              # duplicate member
    TEXT.replace("}", ', "x": %s}' % ("[" * 40 + "]" * 40)).encode(),  # depth 40
    TEXT.replace("msgin5g", "\\u0000").encode(), b'{"aKId": "\xff"}',
])
def test_bodies_that_are_no_good_json(af, body):
    answer = af.request("POST", RETRIEVE, body)
    assert (answer.status, answer.cause) == (400, "INVALID_MSG_FORMAT")


@pytest.mark.proves("N21", "33.117-4.3.4.3")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods(af, method):
    assert af.request(method, RETRIEVE).status == 501


@pytest.mark.proves("N21")
def test_other_paths(af):
    for path in ("/naanf-akma/v2/retrieve-applicationkey", "/naanf/v1/retrieve-applicationkey", "/"):
        answer = af.request("POST", path, REQUEST)
        assert (answer.status, answer.cause) == (400, "INVALID_API")
    assert af.request("POST", "/naanf-akma/v1/unknown", REQUEST).status == 404
    assert af.request("POST", RETRIEVE + "/more", REQUEST).status == 404


@pytest.mark.proves("N21")
def test_query_parameters(af):
    answer = af.request("POST", RETRIEVE + "?supi=1&x", REQUEST)
    assert (answer.status, answer.cause, answer.param) == (400, "INVALID_QUERY_PARAM", "query supi")


@pytest.mark.proves("N21")
@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonx", "application/cbor", None])
def test_other_content_types(af, content_type):
    assert af.request("POST", RETRIEVE, REQUEST, content_type=content_type).status == 415


def test_content_type_with_parameter(af):
    answer = af.request("POST", RETRIEVE, REQUEST, content_type="Application/JSON; charset=utf-8")
    assert answer.cause == "K_AKMA_NOT_PRESENT"


@pytest.mark.proves("N21")
def test_large_body(af):
    assert af.request("POST", RETRIEVE, b" " * 1048576).status == 413


@pytest.mark.proves("33.117-4.3.4.11")
def test_server_header_names_the_instance(af):
    answer = af.retrieve(REQUEST["aKId"], REQUEST["afId"])
    assert answer.headers["server"] == "AANF-4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"


def test_standard_headers_do_no_harm(af):
    options = []
    for header in ("3gpp-Sbi-Message-Priority: 10", "3gpp-Sbi-Max-Rsp-Time: 2000", "3gpp-Sbi-NF-Peer-Info: srcinst=a",
                   "3gpp-Sbi-Correlation-Info: imsi-1", "3gpp-Sbi-Oci: crooked", "User-Agent: AF-test"):
        options += ["--header", header]
    assert af.request("POST", RETRIEVE, REQUEST, options=options).cause == "K_AKMA_NOT_PRESENT"


@pytest.mark.proves("TC_PROTECT_TRANSPORT_LAYER")
def test_client_needs_a_certificate(bed, af):
    with pytest.raises(sbi.Refused) as refused:
        sbi.Consumer(bed.aanf_url, bed.certs, None).retrieve(REQUEST["aKId"], REQUEST["afId"])
    assert refused.value.args[0] in TLS_FAILED


@pytest.mark.proves("TC_PROTECT_TRANSPORT_LAYER")
def test_client_of_another_ca_is_refused(bed, af):
    other = bed.folder / "other"
    subprocess.run([str(testbed.SUPPORT / "make_certs.sh"), str(other), "server:DNS:localhost"], check=True,
                   capture_output=True)
    argv = sbi.Consumer(bed.aanf_url, bed.certs, None)
    argv.curl += ["--cert", str(other / "server.pem"), "--key", str(other / "server.key")]
    with pytest.raises(sbi.Refused) as refused:
        argv.retrieve(REQUEST["aKId"], REQUEST["afId"])
    assert refused.value.args[0] in TLS_FAILED


def s_client(bed, *options):
    certs = bed.certs
    run = subprocess.run(["openssl", "s_client", "-connect", bed.aanf_url[len("https://"):], "-CAfile",
                          str(certs / "ca.pem"), "-cert", str(certs / "server.pem"), "-key", str(certs / "server.key"),
                          "-alpn", "h2", *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                         timeout=10)
    return run.stdout + run.stderr


@pytest.mark.proves("TC_PROTECT_TRANSPORT_LAYER")
@pytest.mark.parametrize("options,version", [(["-tls1_3"], "TLSv1.3"), (["-tls1_2"], "TLSv1.2")])
def test_mandated_versions_work(bed, af, options, version):
    text = s_client(bed, *options)
    assert re.search(r"New, %s, Cipher is \S+GCM" % version, text)
    assert "Verify return code: 0 (ok)" in text
    assert "ALPN protocol: h2" in text


@pytest.mark.proves("TC_PROTECT_TRANSPORT_LAYER")
@pytest.mark.parametrize("options", [
    ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "AES128-GCM-SHA256:NULL-SHA256:@SECLEVEL=0"],
])
def test_forbidden_versions_and_suites_fail(bed, af, options):
    """TC_PROTECT_TRANSPORT_LAYER (TS 33.117 4.2.2.2.2)."""
    assert re.search(r"Cipher is \(NONE\)|New, \(NONE\)", s_client(bed, *options))


@pytest.mark.proves("33.117-4.2.3.2.4")
def test_http_1_1_is_not_spoken(bed, af):
    with pytest.raises((sbi.Refused, AssertionError, ValueError)):
        sbi.Consumer(bed.aanf_url, bed.certs, "server").request("POST", RETRIEVE, REQUEST, options=["--http1.1"])


def test_nghttp_gets_its_answer(bed, af):
    body = bed.write("request.json", TEXT)
    run = subprocess.run(["nghttp", "-v", "--cert=" + str(bed.certs / "server.pem"), "--key=" +
                          str(bed.certs / "server.key"), "-d", str(body), "-H", "content-type: application/json",
                          "-H", ":method: POST", bed.aanf_url + RETRIEVE], capture_output=True, text=True, check=True,
                         timeout=10)
    assert ":status: 403" in run.stdout
    assert "K_AKMA_NOT_PRESENT" in run.stdout


def test_management_port(bed, af):
    port = bed.aanf.port("management")
    assert testbed.http_get(port, "/healthz")[0] == 200
    assert testbed.http_get(port, "/readyz")[0] == 200
    assert "msgin5g_aanf_contexts 0" in testbed.http_get(port, "/metrics")[1]
    assert testbed.http_get(port, "/naanf-akma/v1/retrieve-applicationkey")[0] == 404
