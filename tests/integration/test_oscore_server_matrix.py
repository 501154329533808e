"""The negative matrix (section 7.2 of the AKMA digest) on the OSCORE profile: what must not work, and how it is told."""

import json
import os
import subprocess

import pytest
from cryptography.exceptions import InvalidTag

import aanf_faults
import foreign_ue
import oscore_peer
import sbi
import testbed

pytestmark = pytest.mark.proves(on="oscore")
GONE = (False, "4.01", b"Security context not found")


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(6)
    bed.start_aanf()
    bed.start_server(listen=testbed.OSCORE)
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    yield bed


@pytest.fixture()
def ue(net):
    made = oscore_peer.Ue(net.server.port("coap"))
    yield made
    made.close()


def asked(net):
    """How often the AAnF was asked."""
    return net.server.metric("msgin5g_aanf_requests_total")


def result(name):
    return 'msgin5g_oscore_establishments_total{result="%s"}' % name


def contexts(net):
    return net.server.metric("msgin5g_oscore_contexts")


def random_a_kid():
    return "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % foreign_ue.base64url(os.urandom(32))


def verdict(answer):
    return answer.protected, answer.status, answer.payload


def register(ue, net, number=0):
    return ue.request("msgin5g", foreign_ue.registration(net.subscribers[number].service_id))


def established(ue, net, number=0, register_too=True):
    """A UE with a context, and registered."""
    ue.a_kid, ue.key = oscore_peer.keys(net, net.subscribers[number])
    assert ue.establish(ue.a_kid, ue.key).status == "2.01"
    if register_too:
        assert json.loads(register(ue, net, number).payload)["result"]


def test_n1_unknown_a_kid(net, ue):
    before, refused, existing = asked(net), net.server.metric(result("k_akma_not_present")), contexts(net)
    a_kid = random_a_kid()
    for _ in range(3):
        answer = ue.akma(oscore_peer.akma_request(a_kid))
        assert verdict(answer) == (False, "4.01", b"K_AKMA_NOT_PRESENT")
    assert asked(net) == before + 1  # then the refusal is remembered
    assert net.server.metric(result("k_akma_not_present")) == refused + 3
    assert contexts(net) == existing


A_TID, REALM = b"\x58\x20" + bytes(range(32)), b"\x78\x215gc.mnc001.mcc001.3gppnetwork.org"
N1, AF_SID = b"\x48" + bytes(8), b"\x41\x01"


def wrapped(octets):
    return b"\x58" + bytes([len(octets)]) + octets


def body(a_kid=b"\x83\x610" + A_TID + REALM, n1=N1, af_sid=AF_SID, head=b"\x83", rest=b""):
    return head + wrapped(a_kid) + n1 + af_sid + rest


MALFORMED = {
    "empty": b"", "truncated": body()[:-1], "trailing": body() + b"\0", "not CBOR": b"{\"a\":1}", "text": b"\x63abc",
    "A-TID of 31": body(b"\x83\x610\x58\x1f" + bytes(31) + REALM), "A-TID as text": body(b"\x83\x610\x78\x20" + b"a" * 32 + REALM),
    "AF-SID of 8": body(af_sid=b"\x48" + bytes(8)), "N1 of 7": body(n1=b"\x47" + bytes(7)), "N1 of 33": body(n1=b"\x58\x21" + bytes(33)),
    "RID of letters": body(b"\x83\x61a" + A_TID + REALM), "RID of 5": body(b"\x83\x6500000" + A_TID + REALM),
    "realm with NUL": body(b"\x83\x610" + A_TID + b"\x63a\0b"), "no realm": body(b"\x83\x610" + A_TID + b"\x60"),
    "two elements": body(head=b"\x82"), "five elements": body(head=b"\x85", rest=b"\x41\1\x41\1"),
    "indefinite": b"\x9f" + body()[1:] + b"\xff", "long form": b"\x98\x03" + body()[1:],
    "another algorithm": body(head=b"\x84", rest=b"\x44\xa1\x04\x18\x1f"), "version 2": body(head=b"\x84", rest=b"\x43\xa1\x01\x02"),
    "512 octets": b"\x83" + b"\x59\x01\xf0" + bytes(496) + N1 + AF_SID, "nested": b"\x81" * 200, "huge string": b"\x9b" + b"\xff" * 8,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_n2_n22_malformed(net, ue, name):
    """Refused here: the AAnF is not asked (N2), nothing is kept."""
    before, existing = asked(net), contexts(net)
    answer = ue.akma(MALFORMED[name])
    assert verdict(answer) == (False, "4.00", b"BAD_REQUEST")
    assert asked(net) == before and contexts(net) == existing


def test_n22_oversized(net, ue):
    """The largest request there is has 512 octets; a kilobyte is refused by its size."""
    answer = ue.akma(b"\x83" + bytes(1100))
    assert answer.status in ("4.00", "4.13") and not answer.protected


def test_n22_method_and_format(net, ue):
    good = oscore_peer.akma_request(random_a_kid())
    assert verdict(ue.plain("akma", good, content_format=50)) == (False, "4.15", b"BAD_REQUEST")
    assert verdict(ue.plain("akma", good)) == (False, "4.15", b"BAD_REQUEST")
    for code in (1, 3, 4):
        assert verdict(ue.plain("akma", good, code=code, content_format=60)) == (False, "4.05", b"BAD_REQUEST")


def test_n22_reused_n1(net, ue):
    """Accepted, with a new N2 and UE-SID: the contexts differ."""
    a_kid, key = oscore_peer.keys(net, net.subscribers[0])
    first = ue.establish(a_kid, key, n1=b"12345678")
    second = ue.establish(a_kid, key, n1=b"12345678")
    assert first.status == second.status == "2.01"
    assert first.payload[2:10] != second.payload[2:10] and first.payload[11:] != second.payload[11:]
    assert register(ue, net).protected


def test_n22_swapped_response(net, ue):
    """Who mixes the answer of one establishment with the request of another has other keys: nothing verifies."""
    a_kid, key = oscore_peer.keys(net, net.subscribers[0])
    assert ue.establish(a_kid, key).status == "2.01"
    other = ue.context
    assert ue.establish(a_kid, key).status == "2.01"
    ue.context.ue_sid, other.ue_sid = other.ue_sid, ue.context.ue_sid
    assert verdict(register(ue, net))[:2] == (False, "4.00")


def test_af_sids_may_be_the_same_ue_sids_are_not(net):
    """AF-SIDs belong to the UEs that make them: all of these have the same one, and none."""
    some = [oscore_peer.Ue(net.server.port("coap")) for _ in range(3)]
    for number, ue in enumerate(some):
        a_kid, key = oscore_peer.keys(net, net.subscribers[number])
        assert ue.establish(a_kid, key, af_sid=b"" if number == 2 else b"\x07").status == "2.01"
        assert register(ue, net, number).protected
    assert len({ue.context.ue_sid for ue in some}) == 3
    for ue in some:
        ue.close()


def test_n3_subscriber_without_akma(net, ue):
    """Primary authentication is fine, but no K_AKMA reaches the AAnF: as N1."""
    stranger = testbed.Subscriber(77, akma_allowed=False)
    config = net.aanf_config()
    config["subscribers"].append({"supi": stranger.supi, "k": stranger.k, "opc": stranger.opc, "akma_allowed": False})
    net.write("akma-aanf.yaml", json.dumps(config))
    net.aanf.reload()
    testbed.wait_for(lambda: net.ausf.authenticate(stranger.supi, testbed.SN_NAME).status == 201, what="the new subscriber")
    a_kid, key = oscore_peer.keys(net, stranger)
    assert verdict(ue.establish(a_kid, key)) == (False, "4.01", b"K_AKMA_NOT_PRESENT")


def test_n4_application_function_not_allowed(net):
    server = net.start("msgin5g-server", net.server_config(
        listen=testbed.OSCORE, store={"folder": "n4"}, auth={"fqdns": ["localhost", "denied.example"]}))
    ue = oscore_peer.Ue(server.port("coap"), host="denied.example")
    a_kid, _ = oscore_peer.keys(net, net.subscribers[0])
    assert verdict(ue.akma(oscore_peer.akma_request(a_kid))) == (False, "4.03", b"AF_NOT_ALLOWED")
    ue.host = ""  # and it does not guess which of its names is meant
    assert verdict(ue.akma(oscore_peer.akma_request(a_kid))) == (False, "4.00", b"BAD_REQUEST")
    ue.close()


def test_n5_k_af_of_another_ua_id(net, ue):
    """A UE that derives K_AF as for DTLS 1.3 has another key; there is no fallback."""
    a_kid, key = oscore_peer.keys(net, net.subscribers[0], "0100000009")
    assert ue.establish(a_kid, key).status == "2.01"
    answer = register(ue, net)
    assert verdict(answer)[:2] == (False, "4.00") and answer.uint(oscore_peer.MAX_AGE) == 0


def test_n14_right_a_kid_wrong_key(net, ue):
    """Somebody who saw the A-KID cannot use it, nor keep its owner out, nor end the owner's context."""
    established(ue, net)
    thief = oscore_peer.Ue(net.server.port("coap"), source="127.0.0.66")
    for _ in range(12):
        assert thief.establish(ue.a_kid, os.urandom(32)).status == "2.01"
        assert verdict(register(thief, net))[:2] == (False, "4.00")
    assert net.server.metric('msgin5g_oscore_contexts{state="half_open"}') <= 8 + 6  # 8 of this A-KID; other tests' rest
    assert json.loads(register(ue, net).payload)["result"]
    assert ue.establish(ue.a_kid, ue.key).status == "2.01"
    assert json.loads(register(ue, net).payload)["result"]
    thief.close()


def test_n13_repeated_posts(net, ue):
    """Each is a new one, but K_AF is there already; at most eight wait."""
    established(ue, net, 1)
    before, evicted = asked(net), net.server.metric('msgin5g_oscore_contexts_total{event="evicted"}')
    request = oscore_peer.akma_request(ue.a_kid)
    for _ in range(10):
        assert ue.akma(request).status == "2.01"
    assert asked(net) == before
    assert net.server.metric('msgin5g_oscore_contexts_total{event="evicted"}') == evicted + 2
    assert json.loads(register(ue, net, 1).payload)["result"]


def test_n15_foreign_service_id(net, ue):
    """A good context does not open another UE's Service ID (TS 33.501 Y.2)."""
    established(ue, net)
    answer = register(ue, net, 2)
    assert answer.protected and not json.loads(answer.payload)["result"]


def test_replayed_request(net, ue):
    established(ue, net)
    message, reference = ue.protected([(oscore_peer.URI_PATH, b"nowhere")])
    ue.send(message)
    assert verdict(ue.answer_to(message.token, reference))[:2] == (True, "4.04")
    message.mid = ue.next_mid()  # else it is a retransmission of CoAP's
    ue.send(message)
    answer = ue.answer_to(message.token)
    assert verdict(answer) == (False, "4.01", b"Replay detected") and answer.uint(oscore_peer.MAX_AGE) == 0


def test_tampered_ciphertext(net, ue):
    established(ue, net)
    for place in range(0, 20, 3):
        message, _ = ue.protected([(oscore_peer.URI_PATH, b"msgin5g")], b"x" * 20)
        octets = bytearray(message.payload)
        octets[place] ^= 1
        message.payload = bytes(octets)
        ue.send(message)
        assert verdict(ue.answer_to(message.token))[:2] == (False, "4.00")
    assert json.loads(register(ue, net).payload)["result"]


def test_missing_and_foreign_context(net, ue):
    """No context of that name; and the context of somebody else, under a key that is not its own."""
    established(ue, net)
    mine = ue.context.ue_sid
    ue.context.ue_sid = b"\1\2\3\4"
    assert verdict(register(ue, net)) == GONE
    other = oscore_peer.Ue(net.server.port("coap"))
    established(other, net, 1)
    ue.context.ue_sid = other.context.ue_sid
    assert verdict(register(ue, net))[:2] == (False, "4.00")
    ue.context.ue_sid = mine
    assert json.loads(register(ue, net).payload)["result"]
    assert json.loads(register(other, net, 1).payload)["result"]
    other.close()


@pytest.mark.parametrize("value", [b"", b"\x08", b"\x09", b"\x0e\0\0\0\0\0\0\xc0\0\0\1", b"\xff" * 4, b"\x19\0\xff"])
def test_malformed_oscore_option(net, ue, value):
    """4.02, or whatever RFC 8613 8.2 says, without protection; the server goes on."""
    established(ue, net)
    message, _ = ue.protected([(oscore_peer.URI_PATH, b"msgin5g")])
    message.options = [(oscore_peer.OSCORE, value)]
    ue.send(message)
    answer = ue.answer_to(message.token)
    assert answer.status in ("4.00", "4.01", "4.02") and not answer.protected
    assert json.loads(register(ue, net).payload)["result"]


def test_answers_come_under_the_ue_s_own_key_only(net, ue):
    """An answer cannot be opened with the context of another UE."""
    established(ue, net)
    other = oscore_peer.Ue(net.server.port("coap"))
    established(other, net, 1)
    message, reference = ue.protected([(oscore_peer.URI_PATH, b"nowhere")])
    ue.send(message)
    ue.context, mine = other.context, ue.context
    with pytest.raises(InvalidTag):
        ue.answer_to(message.token, reference)
    ue.context = mine
    other.close()


# ---- what the AAnF can do wrong ----


@pytest.fixture()
def calm(net):
    yield net
    aanf_faults.end(net)


NO_KEY, AWAY, REFUSED = ("4.01", b"K_AKMA_NOT_PRESENT"), ("5.03", b"AANF_UNAVAILABLE"), ("4.03", b"AF_NOT_ALLOWED")
ROWS = [("n7", {"expiry": "past"}, NO_KEY), ("n7", {"expiry": "unparsable"}, NO_KEY), ("n8", {"key": "zero"}, AWAY),
        ("n8", {"key": "short"}, AWAY), ("n8", {"body": "truncated"}, AWAY), ("n9", {"status": 500}, AWAY),
        ("n9", {"status": 503}, AWAY), ("n9", {"status": 429}, AWAY), ("n9", {"status": 204}, NO_KEY),
        ("n9", {"status": 404}, NO_KEY), ("n9", {"status": 403}, REFUSED), ("n9", {"reset": "connection"}, AWAY),
        ("n9", {"reset": "stream"}, AWAY), ("n9", {"drop": True}, AWAY), ("n9", {"latency_ms": 3000}, AWAY)]


@pytest.mark.parametrize("row, fault, expected", ROWS, ids=lambda value: str(value).replace(" ", ""))
def test_n7_n8_n9_faults_of_the_aanf(calm, ue, row, fault, expected):
    """The newcomer is told so; who has a context stays; afterwards the newcomer gets in."""
    del row
    staying = oscore_peer.Ue(calm.server.port("coap"))
    established(staying, calm, 3)
    a_kid, key = oscore_peer.keys(calm, calm.subscribers[4])
    aanf_faults.begin(calm, **fault)
    answer = ue.establish(a_kid, key)
    assert (answer.status, answer.payload) == expected
    if expected == AWAY:
        assert answer.uint(oscore_peer.MAX_AGE) == 30
    assert json.loads(register(staying, calm, 3).payload)["result"]
    aanf_faults.end(calm)
    testbed.wait_for(lambda: ue.establish(a_kid, key).status == "2.01", 15, "a context after the fault")
    assert json.loads(register(ue, calm, 4).payload)["result"]
    staying.close()


def test_n8_key_of_somebody_else(calm, ue):
    aanf_faults.begin(calm, key="other")
    a_kid, key = oscore_peer.keys(calm, calm.subscribers[4])
    assert ue.establish(a_kid, key).status == "2.01"
    assert verdict(register(ue, calm, 4))[:2] == (False, "4.00")


def test_n9_aanf_away(net, bed):
    """Nobody listens there: 5.03, and it stays responsive."""
    server = bed.start("msgin5g-server", net.server_config(
        listen=testbed.OSCORE, store={"folder": "n9"}, aanf={"url": "https://127.0.0.1:1"}))
    ue = oscore_peer.Ue(server.port("coap"))
    answer = ue.akma(oscore_peer.akma_request(random_a_kid()))
    assert verdict(answer) == (False, "5.03", b"AANF_UNAVAILABLE")
    assert testbed.http_get(server.port("management"), "/readyz")[0] == 503
    ue.close()


def test_n10_certificate_of_the_aanf_is_not_trusted(net, bed, tmp_path):
    """No key is taken from an AAnF that shows another CA's certificate."""
    subprocess.run([str(testbed.SUPPORT / "make_certs.sh"), str(tmp_path), "nobody:DNS:localhost"], check=True)
    server = bed.start("msgin5g-server", net.server_config(
        listen=testbed.OSCORE, store={"folder": "n10"}, aanf={"ca": str(tmp_path / "ca.pem")}))
    newcomer = oscore_peer.Ue(server.port("coap"))
    a_kid, key = oscore_peer.keys(net, net.subscribers[5])
    assert verdict(newcomer.establish(a_kid, key)) == (False, "5.03", b"AANF_UNAVAILABLE")
    newcomer.close()


def test_n17_no_identity(calm, ue):
    """Neither SUPI nor GPSI: the UE is authentic, but nobody knows whose UE Service ID it may use (TS 33.501 Y.2)."""
    aanf_faults.begin(calm, body="anonymous")
    a_kid, key = oscore_peer.keys(calm, calm.subscribers[5])
    assert ue.establish(a_kid, key).status == "2.01"
    answer = register(ue, calm, 5)
    assert answer.protected and not json.loads(answer.payload)["result"]
