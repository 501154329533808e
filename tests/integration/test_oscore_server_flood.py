"""Strangers at POST /akma: what they cost the AAnF and the server, and that the UE with a key gets in all the same."""

import collections
import json
import os
import statistics
import time

import pytest

import foreign_ue
import oscore_peer
import sbi
import testbed

pytestmark = pytest.mark.proves(on="oscore")
BURST, STRANGERS = 40, 1000


@pytest.fixture(scope="module")
def net(bed):
    bed.add_subscribers(4)
    bed.start_aanf()
    bed.start_server(listen=testbed.OSCORE, limits={"key_requests_per_source": 1, "key_requests_burst": BURST})
    bed.ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    return bed


def random_a_kid():
    return "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % foreign_ue.base64url(os.urandom(32))


def flood(net, source):
    """1,000 requests for A-KIDs nobody has; their answers, as far as they come, are read by nobody."""
    stranger = oscore_peer.Ue(net.server.port("coap"), source=source)
    for _ in range(STRANGERS):
        stranger.akma(oscore_peer.akma_request(random_a_kid()), kind=oscore_peer.NON, answer=False)
    return stranger


def established(ue, net, number):
    ue.a_kid, ue.key = oscore_peer.keys(net, net.subscribers[number])
    return ue.establish(ue.a_kid, ue.key)


def registered(ue, net, number):
    answer = ue.request("msgin5g", foreign_ue.registration(net.subscribers[number].service_id))
    return answer.protected and json.loads(answer.payload)["result"]


def test_n13_n14_1000_strangers_keep_nobody_out(net):
    """From another address: the flood has its own share of requests to the AAnF, and that is small."""
    asked = net.server.metric("msgin5g_aanf_requests_total")
    stranger = flood(net, "127.0.0.99")
    ue = oscore_peer.Ue(net.server.port("coap"))
    begin = time.monotonic()
    assert established(ue, net, 0).status == "2.01"
    assert registered(ue, net, 0)
    assert time.monotonic() - begin < 5
    assert net.server.metric("msgin5g_aanf_requests_total") - asked < 2 * BURST
    assert net.server.metric("msgin5g_oscore_contexts") == 1
    for made in (stranger, ue):
        made.close()


def test_n13_a_forged_address_keeps_its_owner_out_for_one_round_trip(net):
    """The flood comes from the UE's own address; who repeats the Echo (RFC 9175) has shown to be really there."""
    stranger = flood(net, "127.0.0.98")
    required = net.server.metric('msgin5g_oscore_establishments_total{result="echo_required"}')
    assert required > 0
    ue = oscore_peer.Ue(net.server.port("coap"), source="127.0.0.98")
    answer = established(ue, net, 1)
    assert (answer.status, answer.payload) == ("4.01", b"ECHO_REQUIRED")
    echo = answer.option(oscore_peer.ECHO)
    elsewhere = oscore_peer.Ue(net.server.port("coap"), source="127.0.0.98")
    again = elsewhere.establish(ue.a_kid, ue.key, options=[(oscore_peer.ECHO, echo)])
    assert (again.status, again.payload) == ("4.01", b"ECHO_REQUIRED")  # it is good for the port it was sent to
    assert ue.establish(ue.a_kid, ue.key, options=[(oscore_peer.ECHO, echo)]).status == "2.01"
    assert registered(ue, net, 1)
    for made in (stranger, elsewhere, ue):
        made.close()


def test_n13_even_who_is_there_has_a_limit(net):
    stranger = flood(net, "127.0.0.97")
    ue = oscore_peer.Ue(net.server.port("coap"), source="127.0.0.97")
    echo = ue.akma(oscore_peer.akma_request(random_a_kid())).option(oscore_peer.ECHO)
    answers = [ue.akma(oscore_peer.akma_request(random_a_kid()), options=[(oscore_peer.ECHO, echo)]) for _ in range(BURST + 20)]
    assert answers[0].payload == b"K_AKMA_NOT_PRESENT"
    refused = [answer for answer in answers if answer.status == "4.29"]
    assert refused and refused[-1].payload == b"RATE_LIMITED" and refused[-1].uint(oscore_peer.MAX_AGE) == 2
    for made in (stranger, ue):
        made.close()


@pytest.fixture(scope="module")
def hiding(net):
    return net.start("msgin5g-server", net.server_config(listen=testbed.OSCORE, store={"folder": "hiding"},
                                                         auth={"hide_identities": True}))


def test_hidden_identities(net, hiding):
    """auth.hide_identities: an A-KID nobody has and one with a wrong key look alike, in what is said and in what it costs."""
    ue = oscore_peer.Ue(hiding.port("coap"))
    known, key = oscore_peer.keys(net, net.subscribers[2])
    a_kids = {"known": known, "nobody": random_a_kid()}
    outcomes, seconds = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(24):
        for name, a_kid in a_kids.items():
            begin = time.perf_counter()
            answer = ue.establish(a_kid, os.urandom(32))
            seconds[name].append(time.perf_counter() - begin)
            refusal = ue.request("msgin5g", b"{}")
            outcomes[name].append((answer.status, len(answer.payload), refusal.protected, refusal.status, refusal.payload))
    assert outcomes["known"] == outcomes["nobody"] == [("2.01", 15, False, "4.00", b"Decryption failed")] * 24
    shorter, longer = sorted(map(statistics.median, seconds.values()))
    assert longer < 2 * shorter + 0.001, seconds
    assert ue.establish(known, key).status == "2.01"
    assert registered(ue, net, 2)
    ue.close()
