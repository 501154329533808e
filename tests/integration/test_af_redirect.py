"""The AF role against an AAnF that sends it on (307, 308; TS 29.500 6.10.9.1), and the custom headers between them."""

import json
import time
import uuid

import pytest

import aanf_faults
import sbi
import testbed

PATH = "/naanf-akma/v1/retrieve-applicationkey"
AF_ID = "msgin5g.lab.example:0100000009"
A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)


@pytest.fixture(scope="module")
def net(bed):
    """One AAnF that redirects, one that knows the UEs."""
    bed.add_subscribers(6)
    path = bed.write("first.yaml", json.dumps(bed.aanf_config()))
    bed.first = testbed.Daemon("akma-aanf-first", [testbed.program("akma-aanf"), "--config", str(path)], bed.folder)
    bed.daemons.append(bed.first)
    first_url = "https://127.0.0.1:%d" % bed.first.port("sbi")
    bed.start_aanf()
    bed.start_server(aanf={"url": first_url, "redirect_urls": [bed.aanf_url]})
    return bed


class First:
    """The redirecting AAnF, as aanf_faults wants it."""

    def __init__(self, daemon):
        self.aanf = daemon


def redirect(bed, location, status=308):
    aanf_faults.begin(First(bed.first), status=status, location=location)


@pytest.mark.parametrize("status, number", [(307, 0), (308, 1)])
def test_redirect_is_followed(net, status, number):
    redirect(net, net.aanf_url + PATH, status)
    assert net.run_client(net.subscribers[number], "register")[0] == 0
    assert net.aanf.metric('msgin5g_aanf_operations_total{operation="retrieve_applicationkey",result="ok"}') == number + 1


@pytest.mark.parametrize("location", ["https://127.0.0.1:1" + PATH, "http://127.0.0.1:8444" + PATH, "nonsense", ""])
def test_redirect_elsewhere_is_not_followed(net, location):
    """N9: alert 80, and whoever the Location names never hears of the A-KID or the token."""
    redirect(net, location)
    assert net.run_client(net.subscribers[2], "register")[0] == 8
    testbed.wait_for(lambda: "redirect of the aanf not followed" in net.server.log(), what="line in the log")


def test_clear_text_redirect_is_not_followed(net):
    redirect(net, net.aanf_url.replace("https:", "http:") + PATH)
    assert net.run_client(net.subscribers[2], "register")[0] == 8


def test_second_redirect_is_an_error(net):
    redirect(net, net.aanf_url + PATH)
    aanf_faults.begin(net, status=307, location=net.aanf_url + PATH)
    assert net.run_client(net.subscribers[3], "register")[0] == 8
    aanf_faults.end(net)
    assert net.run_client(net.subscribers[3], "register")[0] == 0


# ---- custom headers ------------------------------------------------------------------------------------------------


def retrieve(bed, *headers):
    af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    options = [word for header in headers for word in ("--header", header)]
    return af.request("POST", PATH, {"aKId": A_KID, "afId": AF_ID}, options=options)


def date(offset_s):
    return time.strftime("%a, %d %b %Y %H:%M:%S.000 GMT", time.gmtime(time.time() + offset_s))


def test_max_rsp_time_that_is_over(net):
    """TS 29.500 6.11.2: 504 TIMED_OUT_REQUEST; a time that is not over, or makes no sense, changes nothing."""
    answer = retrieve(net, "3gpp-Sbi-Sender-Timestamp: " + date(-10), "3gpp-Sbi-Max-Rsp-Time: 2000")
    assert (answer.status, answer.cause) == (504, "TIMED_OUT_REQUEST")
    for good in (["3gpp-Sbi-Max-Rsp-Time: 0"], ["3gpp-Sbi-Sender-Timestamp: " + date(-10)],
                 ["3gpp-Sbi-Sender-Timestamp: " + date(0), "3gpp-Sbi-Max-Rsp-Time: 5000"],
                 ["3gpp-Sbi-Sender-Timestamp: " + date(-10), "3gpp-Sbi-Max-Rsp-Time: 123456"],
                 ["3gpp-Sbi-Sender-Timestamp: yesterday", "3gpp-Sbi-Max-Rsp-Time: soon"],
                 ["3gpp-Sbi-Sender-Timestamp: " + date(60), "3gpp-Sbi-Max-Rsp-Time: 100"]):
        assert retrieve(net, *good).cause == "K_AKMA_NOT_PRESENT", good


def test_max_rsp_time_and_latency(net):
    aanf_faults.begin(net, latency_ms=300)
    assert retrieve(net, "3gpp-Sbi-Max-Rsp-Time: 200").cause == "TIMED_OUT_REQUEST"
    assert retrieve(net, "3gpp-Sbi-Max-Rsp-Time: 2000").cause == "K_AKMA_NOT_PRESENT"
    aanf_faults.end(net)


def test_nf_peer_info(net):
    """TS 29.500 5.2.3.2.20: who answers whom."""
    me = str(uuid.uuid4())
    answer = retrieve(net, "3gpp-Sbi-NF-Peer-Info: srcinst=%s; dstinst=x" % me)
    own = answer.headers["server"].split("AANF-")[1]
    assert answer.headers["3gpp-sbi-nf-peer-info"] == "srcinst=%s; dstinst=%s" % (own, me)
    for crooked in ("srcinst=", "srcinst=x", ";;;=", "dstinst=" + me, "srcinst=%s%s" % (me, me)):
        assert "3gpp-sbi-nf-peer-info" not in retrieve(net, "3gpp-Sbi-NF-Peer-Info: " + crooked).headers
    assert "3gpp-sbi-nf-peer-info" not in retrieve(net).headers


def test_unknown_and_crooked_headers_are_ignored(net):
    """Every mandatory and optional custom header of TS 29.500 5.2.3.2, 5.2.3.3 and one that nobody knows."""
    names = ("Message-Priority Callback Target-apiRoot Routing-Binding Binding Discovery-target-nf-type Producer-Id Oci Lci "
             "Client-Credentials Source-NF-Client-Credentials Nrf-Uri Nrf-Uri-Callback Target-Nf-Id Target-Nf-Group-Id "
             "Max-Forward-Hops Originating-Network-Id Access-Scope Access-Token NF-Peer-Info Sender-Timestamp Max-Rsp-Time "
             "Correlation-Info Request-Info Response-Info Consumer-Info Selection-Info Retry-Info Notif-Accepted-Encoding "
             "Interplmn-Purpose Alternate-Chf-Id Other-Access-Scopes Unheard-Of").split()
    assert retrieve(net, *("3gpp-Sbi-%s: %s" % (name, '"crooked; =,' * 3) for name in names)).cause == "K_AKMA_NOT_PRESENT"
