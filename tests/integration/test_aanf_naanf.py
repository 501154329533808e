"""Naanf_AKMA (TS 29.535 4.2.2): register, retrieve, remove, and who may."""

import base64
import datetime
import hashlib

import pytest

import milenage
import sbi
import testbed

pytestmark = pytest.mark.proves(on="sbi")

FQDN = "msgin5g.lab.example"
AF_ID = FQDN + ":0100000007"
REALM = "5gc.mnc001.mcc001.3gppnetwork.org"
# Worked example W1 of the AKMA digest.
W1 = {"aKId": "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@" + REALM, "supi": "imsi-001010000000001",
      "kAkma": "176cdc89b8bc8634d912bf84cb7ed7b85afe1b8802afa110d1100a881df659a3"}
W1_K_AF = "1b3e4d7656ca49fb8ec0da4ef76a6e356d11301bfa7097f1958a879334567959"


def key_info(number, **members):
    """An AkmaKeyInfo nobody else in this file uses."""
    octets = hashlib.sha256(b"a-tid %d" % number).digest()
    a_tid = base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
    return {"aKId": "0.%s@%s" % (a_tid, REALM), "supi": "imsi-00101%010d" % number,
            "kAkma": hashlib.sha256(b"k_akma %d" % number).hexdigest(), **members}


@pytest.fixture(scope="module")
def aanf(bed):
    bed.add_subscribers(1)
    bed.start_aanf(afs=[
        {"certificate": "localhost", "fqdns": [FQDN], "identity": "supi"},
        {"certificate": "localhost", "fqdns": ["gpsi.lab.example"], "identity": "gpsi"},
        {"certificate": "localhost", "fqdns": ["anon.lab.example"], "identity": "anonymous"},
        {"certificate": "localhost", "fqdns": ["short.lab.example"], "k_af_lifetime": "1s"},
        {"certificate": "localhost", "fqdns": ["tls13.lab.example"], "ua_ids": ["0100000007"]}])
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    bed.stranger = sbi.Consumer(bed.aanf_url, bed.certs, "stranger")
    return bed


def expiry(answer):
    return datetime.datetime.strptime(answer.body["expiry"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def test_worked_example(aanf):
    registered = aanf.ausf.register(**W1)
    assert registered.status == 200
    assert registered.body == W1
    answer = aanf.af.retrieve(W1["aKId"], AF_ID)
    assert answer.status == 200
    assert answer.body["kaf"] == W1_K_AF
    assert answer.body["supi"] == W1["supi"]
    assert "gpsi" not in answer.body and "suppFeat" not in answer.body
    left = (expiry(answer) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 3590 <= left <= 3600


@pytest.mark.proves("TC_AKMA_Key_Storage_Update", "N11")
def test_key_storage_update(aanf):
    """TC_AKMA_Key_Storage_Update (TS 33.537 4.2.2.1)."""
    first = key_info(10)
    second = key_info(11, supi=first["supi"])
    assert aanf.ausf.register(**first).status == 200
    old = aanf.af.retrieve(first["aKId"], AF_ID)
    assert old.status == 200
    assert aanf.ausf.register(**second).status == 200
    gone = aanf.af.retrieve(first["aKId"], AF_ID)
    assert (gone.status, gone.cause) == (403, "K_AKMA_NOT_PRESENT")
    new = aanf.af.retrieve(second["aKId"], AF_ID)
    assert new.status == 200
    assert new.body["kaf"] != old.body["kaf"]


@pytest.mark.proves("N1")
def test_unknown_a_kid(aanf):
    """N1."""
    answer = aanf.af.retrieve(key_info(20)["aKId"], AF_ID)
    assert (answer.status, answer.cause) == (403, "K_AKMA_NOT_PRESENT")


def test_expiry_is_kept_and_renewed(aanf):
    """Choice C15: before expiry the same key and time, afterwards the same key and a new time."""
    info = key_info(30)
    assert aanf.ausf.register(**info).status == 200
    first = aanf.af.retrieve(info["aKId"], "short.lab.example:0100000007")
    later = testbed.wait_for(lambda: (answer := aanf.af.retrieve(info["aKId"], "short.lab.example:0100000007")).body[
        "expiry"] != first.body["expiry"] and answer, what="a new expiry")
    assert later.body["kaf"] == first.body["kaf"]
    assert expiry(later) > expiry(first)
    kept = aanf.af.retrieve(info["aKId"], AF_ID)
    assert aanf.af.retrieve(info["aKId"], AF_ID).body == kept.body


def test_key_belongs_to_af_and_protocol(aanf):
    info = key_info(40)
    assert aanf.ausf.register(**info).status == 200
    keys = {aanf.af.retrieve(info["aKId"], af_id).body["kaf"]
            for af_id in (AF_ID, FQDN + ":0100000009", FQDN + ":010001c0a8", "short.lab.example:0100000007")}
    assert len(keys) == 4
    assert aanf.af.retrieve(info["aKId"], AF_ID.upper()).body["kaf"] in keys  # FQDNs know no case
    expected = milenage.kdf(bytes.fromhex(info["kAkma"]), 0x82, FQDN.encode() + bytes.fromhex("0100000009"))
    assert expected.hex() in keys


def test_realm_knows_no_case(aanf):
    info = key_info(50)
    assert aanf.ausf.register(**info).status == 200
    name, realm = info["aKId"].split("@")
    assert aanf.af.retrieve(name + "@" + realm.upper(), AF_ID).status == 200


@pytest.mark.proves("N4")
@pytest.mark.parametrize("consumer,af_id", [
    ("stranger", AF_ID),                           # not in the policy
    ("ausf", AF_ID),                               # not an AF
    ("af", "other.lab.example:0100000007"),        # FQDN of another AF
    ("af", "tls13.lab.example:0100000009"),        # Ua* protocol it may not use
])
def test_af_not_in_the_policy(aanf, consumer, af_id):
    """N4."""
    assert aanf.ausf.register(**W1).status == 200
    answer = getattr(aanf, consumer).retrieve(W1["aKId"], af_id)
    assert (answer.status, answer.cause) == (403, "AF_NOT_ALLOWED")


@pytest.mark.proves("N2", "N4")
def test_malformed_requests(aanf):
    """N2, N4: the body says why."""
    rows = [
        (aanf.af.retrieve(W1["aKId"], FQDN), "MANDATORY_IE_INCORRECT", "/afId"),
        (aanf.af.retrieve("nobody", AF_ID), "MANDATORY_IE_INCORRECT", "/aKId"),
        (aanf.af.retrieve("0." + "A" * 300 + "@r", AF_ID), "MANDATORY_IE_INCORRECT", "/aKId"),
        (aanf.af.naanf("retrieve-applicationkey", aKId=W1["aKId"]), "MANDATORY_IE_MISSING", "/afId"),
        (aanf.af.retrieve(W1["aKId"], AF_ID, anonInd="yes"), "INVALID_MSG_FORMAT", "/anonInd"),
        (aanf.af.retrieve(W1["aKId"], AF_ID, suppFeat="xyz"), "OPTIONAL_IE_INCORRECT", "/suppFeat"),
        (aanf.ausf.register(**{**W1, "kAkma": "00"}), "MANDATORY_IE_INCORRECT", "/kAkma"),
        (aanf.ausf.register(**{**W1, "gpsi": "msisdn-12345"}), "INVALID_MSG_FORMAT", "/gpsi"),
        (aanf.ausf.naanf("remove-context"), "MANDATORY_IE_MISSING", "/supi"),
    ]
    for answer, cause, param in rows:
        assert (answer.status, answer.cause, answer.param) == (400, cause, param)


def test_unknown_members_are_ignored(aanf):
    assert aanf.ausf.register(**W1, future={"a": [1]}).status == 200
    assert aanf.af.retrieve(W1["aKId"], AF_ID, future=[{}]).status == 200


def test_identity_follows_policy_and_features(aanf):
    """TS 29.535 4.2.2.3.2, choice C17: the GPSI only to who understands it, nothing at all to the anonymous."""
    subscriber = aanf.subscribers[0]
    info = key_info(60, supi=subscriber.supi)
    assert aanf.ausf.register(**info, suppFeat="1").body["suppFeat"] == "1"
    a_kid = info["aKId"]

    supi = aanf.af.retrieve(a_kid, AF_ID, suppFeat="3")
    assert (supi.body["supi"], supi.body["suppFeat"]) == (subscriber.supi, "1")
    gpsi = aanf.af.retrieve(a_kid, "gpsi.lab.example:0100000007", suppFeat="1")
    assert (gpsi.body.get("gpsi"), gpsi.body.get("supi")) == (subscriber.gpsi, None)
    for af_id in ("gpsi.lab.example:0100000007", "anon.lab.example:0100000007"):
        refused = aanf.af.retrieve(a_kid, af_id)
        assert (refused.status, refused.cause) == (403, "AF_NOT_ALLOWED")
    for af_id in (AF_ID, "anon.lab.example:0100000007"):
        anonymous = aanf.af.retrieve(a_kid, af_id, anonInd=True, suppFeat="0")
        assert anonymous.status == 200
        assert "supi" not in anonymous.body and "gpsi" not in anonymous.body
        assert anonymous.body["suppFeat"] == "0"


def test_registration_by_gpsi_needs_the_feature(aanf):
    info = key_info(70)
    del info["supi"]
    refused = aanf.ausf.register(**info, gpsi="msisdn-8613800009999")
    assert (refused.status, refused.cause, refused.param) == (400, "MANDATORY_IE_MISSING", "/supi")
    assert aanf.ausf.register(**info, gpsi="msisdn-8613800009999", suppFeat="1").status == 200
    answer = aanf.af.retrieve(info["aKId"], AF_ID, suppFeat="1")
    assert (answer.body.get("gpsi"), answer.body.get("supi")) == ("msisdn-8613800009999", None)


@pytest.mark.proves("N19")
def test_a_kid_of_another_subscriber(aanf):
    """N19."""
    info = key_info(80)
    assert aanf.ausf.register(**info).status == 200
    refused = aanf.ausf.register(**{**info, "supi": "imsi-001010000000081"})
    assert (refused.status, refused.cause) == (403, "A_KID_IN_USE")
    assert aanf.af.retrieve(info["aKId"], AF_ID).body["supi"] == info["supi"]


@pytest.mark.proves("N19")
def test_remove(aanf):
    """N19, and the key is gone at once."""
    info = key_info(90)
    unknown = aanf.ausf.remove(info["supi"])
    assert (unknown.status, unknown.cause) == (404, "AKMA_CONTEXT_NOT_FOUND")
    assert aanf.ausf.register(**info).status == 200
    removed = aanf.ausf.remove(info["supi"])
    assert (removed.status, removed.text) == (204, "")
    assert aanf.af.retrieve(info["aKId"], AF_ID).cause == "K_AKMA_NOT_PRESENT"


@pytest.mark.proves("N19")
@pytest.mark.parametrize("consumer", ["af", "stranger"])
def test_only_the_ausf_registers_and_removes(aanf, consumer):
    other = getattr(aanf, consumer)
    for answer in (other.register(**key_info(100)), other.remove(W1["supi"])):
        assert (answer.status, answer.cause) == (403, "CONSUMER_NOT_ALLOWED")
    assert aanf.af.retrieve(key_info(100)["aKId"], AF_ID).cause == "K_AKMA_NOT_PRESENT"


def test_metrics_tell_results_apart(aanf):
    def count(result):
        return aanf.aanf.metric('msgin5g_aanf_operations_total{operation="retrieve_applicationkey",result="%s"}' % result)

    before = [count(result) for result in ("ok", "not_found", "not_allowed", "bad_request")]
    assert aanf.ausf.register(**W1).status == 200
    aanf.af.retrieve(W1["aKId"], AF_ID)
    aanf.af.retrieve(key_info(110)["aKId"], AF_ID)
    aanf.stranger.retrieve(W1["aKId"], AF_ID)
    aanf.af.retrieve("nobody", AF_ID)
    assert [count(result) for result in ("ok", "not_found", "not_allowed", "bad_request")] == [n + 1 for n in before]
