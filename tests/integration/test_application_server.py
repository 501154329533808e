"""MSGin5G-3: application servers send to UEs and get what UEs send, with reports both ways (TS 29.538 5.2, 5.3).

The caller is curl over HTTP/2 and HTTP/1.1, the application server pushed to is Python's, or nghttpd for HTTP/2.
"""

import json
import subprocess
import uuid

import pytest

from api import Api, problems
from application_server import ApplicationServer, api_config, free_port, make_certs
from testbed import Testbed, program, wait_for

AS_ID = "im:scada@iot.example"
OTHER_ID = "im:other@iot.example"
DELIVERY = "/msgs-msgdelivery/v1"
REGISTRATIONS = "/msgs-asregistration/v1/registrations"


CERTS = ("as:DNS:as.example,DNS:localhost,IP:127.0.0.1", "other:DNS:other.example")


def send(api, to, payload="close", **members):
    message_id = str(uuid.uuid4())
    body = {"oriAddr": {"addrType": "AS", "addr": AS_ID}, "destAddr": {"addrType": "UE", "addr": to},
            "msgId": message_id, "stoAndFwInd": False, "payload": payload, **members}
    assert problems("TS29538_MSGS_MSGDelivery.yaml", "ASMessageDelivery", body) == []
    return (message_id, *api.call("POST", DELIVERY + "/deliver-as-message", body))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Testbed(tmp_path_factory.mktemp("as")) as bed:
        make_certs(bed, *CERTS)
        bed.add_subscribers(3)
        bed.start_aanf()
        with ApplicationServer(bed.certs, "as") as server:
            bed.application_server = server
            start_server(bed, server)
            yield bed


def start_server(bed, server):
    bed.start_server(api=api_config(bed), application_servers=[
        {"id": AS_ID, "certificates": ["as.example"], "target": server.url("/msgin5g"),
         "allowed_targets": [server.url("/elsewhere")]},
        {"id": OTHER_ID, "certificates": ["other.example"]}])


@pytest.fixture
def server(lab):
    """The application server with nothing in it."""
    lab.application_server.requests.clear()
    lab.application_server.answers.clear()
    return lab.application_server


@pytest.mark.parametrize("version", ["--http2", "--http1.1"])
def test_as_to_ue_with_report(lab, server, version):
    """E18, E20: the UE gets it, its report is pushed to the application server."""
    ue = lab.subscribers[0]
    client = lab.listen(ue)
    client.event("registered")
    message_id, status, ack = send(Api(lab, version=version), ue.service_id, delivStReqInd=True, appId="valvectl")
    assert (status, ack) == (200, {"oriAddr": {"addrType": "AS", "addr": AS_ID}, "msgId": message_id})
    assert problems("TS29538_MSGS_MSGDelivery.yaml", "MessageDeliveryAck", ack) == []
    got = client.event("message", msg_id=message_id)
    assert (got["from"], got["payload"]) == (AS_ID, "close")
    (path, report), = server.wait_for(1)
    assert path == "/msgin5g/deliver-report"
    assert problems("TS29538_MSGS_MSGDelivery.yaml", "DeliveryStatusReport", report) == []
    assert report == {"oriAddr": {"addrType": "UE", "addr": ue.service_id},
                      "destAddr": {"addrType": "AS", "addr": AS_ID}, "msgId": message_id,
                      "delivSt": "REPT_DELY_SUCCESS"}
    client.stop()


def test_as_to_a_ue_that_is_away(lab):
    """Accepted as a request, failed as a message (EC-40)."""
    message_id, status, ack = send(Api(lab), lab.subscribers[1].service_id)
    assert status == 200
    assert ack == {"oriAddr": {"addrType": "AS", "addr": AS_ID}, "msgId": message_id, "status": "DELY_FAILED",
                   "failureCause": "RECIPIENT_UNAVAILABLE"}
    assert problems("TS29538_MSGS_MSGDelivery.yaml", "MessageDeliveryAck", ack) == []


def test_ue_to_as_with_report(lab, server):
    """E19: pushed to the application server, whose report reaches the UE."""
    ue = lab.subscribers[0]
    sender = lab.send(ue, "--as", "--to", AS_ID, "--payload", "t=21.4", "--app", "log",
                                               "--report")
    (path, message), = server.wait_for(1)
    assert path == "/msgin5g/deliver-message"
    assert problems("TS29538_MSGG_L3GDelivery.yaml", "L3gMessageDelivery", message) == []
    assert message == {"oriAddr": {"addrType": "UE", "addr": ue.service_id},
                       "destAddr": {"addrType": "AS", "addr": AS_ID}, "msgId": message["msgId"], "appId": "log",
                       "delivStReqInd": True, "payload": "t=21.4"}
    report = {"oriAddr": {"addrType": "AS", "addr": AS_ID}, "destAddr": {"addrType": "UE", "addr": ue.service_id},
              "msgId": message["msgId"], "delivSt": "REPT_DELY_SUCCESS"}
    status, ack = Api(lab).call("POST", DELIVERY + "/deliver-report", report)
    assert (status, ack["msgId"]) == (200, message["msgId"])
    assert sender.process.wait(15) == 0
    sender.event("report", status="success")


def test_large_message_to_an_as_comes_whole(lab, server):
    """The server puts the segments together: one call (TS 24.538 6.5.3.3)."""
    ue = lab.subscribers[0]
    text = "aé€" * 3000
    payload = lab.write("large.txt", text)
    code, _ = lab.run_client(ue, "send", "--as", "--to", AS_ID, "--payload", "@%s" % payload)
    (path, message), = server.wait_for(1)
    assert (path, message["payload"]) == ("/msgin5g/deliver-message", text)
    assert "segParams" not in message
    assert code == 0


def test_large_message_of_an_as_goes_in_segments(lab, server):
    """The server cuts what is larger than the UE takes (TS 24.538 6.5.3.1), and the UE puts it together."""
    ue = lab.subscribers[0]
    text = "aé€" * 2000
    client = lab.listen(ue, "--max-segment", 512)
    client.event("registered")
    _, status, _ = send(Api(lab), ue.service_id, payload=text)
    assert status == 200
    assert client.event("message")["payload"] == text
    assert client.stop() == 0


def test_a_report_nobody_asked_for(lab):
    """EC-32: 403, and nothing reaches the UE."""
    ue = lab.subscribers[0]
    client = lab.listen(ue)
    client.event("registered")
    report = {"oriAddr": {"addrType": "AS", "addr": AS_ID}, "destAddr": {"addrType": "UE", "addr": ue.service_id},
              "msgId": str(uuid.uuid4()), "delivSt": "REPT_DELY_SUCCESS"}
    status, problem = Api(lab).call("POST", DELIVERY + "/deliver-report", report)
    assert (status, problem["cause"]) == (403, "NOT_AUTHORIZED")
    send(Api(lab), ue.service_id, payload="after it")
    client.event("message", payload="after it")
    assert [event["event"] for event in client.events if event["event"] == "report"] == []
    client.stop()


def test_deny_by_default(lab, server):
    """No certificate: no TLS. Somebody else's: 403, no side effect, one line in the log."""
    ue = lab.subscribers[0]
    client = lab.listen(ue)
    client.event("registered")
    code, _ = Api(lab, name=None).call("DELETE", REGISTRATIONS + "/x")
    assert code in (35, 55, 56)  # curl: the TLS handshake failed
    _, status, problem = send(Api(lab, name="other"), ue.service_id, payload="spoofed")
    assert (status, problem["cause"]) == (403, "UNAUTHORIZED_ORIGINATOR")
    _, status, problem = send(Api(lab, name="stranger"), ue.service_id, payload="spoofed")
    assert (status, problem["cause"]) == (403, "UNAUTHORIZED_ORIGINATOR")
    status, _ = Api(lab, name="other").call("POST", REGISTRATIONS, {"asSvcId": AS_ID})
    assert status == 403
    send(Api(lab), ue.service_id, payload="genuine")
    client.event("message", payload="genuine")
    assert [event["payload"] for event in client.events if event["event"] == "message"] == ["genuine"]
    assert "caller of the API is somebody else" in lab.server.log()
    client.stop()


def test_registration_moves_the_target(lab, server):
    """E17: targetUri counts until the application server de-registers; the old id is no longer good (EC-41)."""
    api = Api(lab)
    body = {"asSvcId": AS_ID, "appId": "scada", "targetUri": server.url("/elsewhere/deep/"),
            "asProf": {"appName": "SCADA", "appSenarios": ["pumping"]}}
    assert problems("TS29538_MSGS_ASRegistration.yaml", "ASRegistration", body) == []
    status, ack = api.call("POST", REGISTRATIONS, body)
    assert (status, ack) == (201, {"asSvcId": AS_ID, "result": {"title": "Created", "status": 201}})
    assert problems("TS29538_MSGS_ASRegistration.yaml", "ASRegistrationAck", ack) == []
    first = api.header("location")
    assert lab.run_client(lab.subscribers[0], "send", "--as", "--to", AS_ID, "--payload", "1")[0] == 0
    assert server.wait_for(1)[0][0] == "/elsewhere/deep/deliver-message"
    assert api.call("POST", REGISTRATIONS, {"asSvcId": AS_ID, "targetUri": server.url("/elsewhere")})[0] == 201
    second = api.header("location")
    assert api.call("DELETE", first)[0] == 404
    assert Api(lab, name="other").call("DELETE", second)[0] == 404
    status, ack = api.call("DELETE", second)
    assert (status, ack) == (200, {"asSvcId": AS_ID, "result": {"title": "OK", "status": 200}})
    assert api.call("DELETE", second)[0] == 404
    assert lab.run_client(lab.subscribers[0], "send", "--as", "--to", AS_ID, "--payload", "2")[0] == 0
    assert server.wait_for(2)[1][0] == "/msgin5g/deliver-message"


def test_registration_expires(lab, server):
    """Rel-19 reqExprTime: after it the configured target counts again."""
    api = Api(lab)
    body = {"asSvcId": AS_ID, "targetUri": server.url("/elsewhere"), "reqExprTime": "2026-01-01T00:00:00Z"}
    status, problem = api.call("POST", REGISTRATIONS, body)
    assert (status, problem["invalidParams"][0]["param"]) == (400, "/reqExprTime")
    body["reqExprTime"] = subprocess.run(["date", "-u", "-d", "+2 seconds", "+%Y-%m-%dT%H:%M:%SZ"],
                                         capture_output=True, text=True, check=True).stdout.strip()
    status, ack = api.call("POST", REGISTRATIONS, body)
    assert (status, ack["regExprTime"]) == (201, body["reqExprTime"])
    wait_for(lambda: "registration of application server expired" in lab.server.log(), what="the registration's end")
    assert lab.run_client(lab.subscribers[0], "send", "--as", "--to", AS_ID, "--payload", "3")[0] == 0
    assert server.wait_for(1)[0][0] == "/msgin5g/deliver-message"


@pytest.mark.parametrize("target", [
    "https://169.254.169.254/latest/meta-data", "https://127.0.0.1:1/msgin5g", "http://localhost/", "file:///etc/passwd",
    "{own}/msgin5g/../secret", "{own}/msgin5gx", "https://user@localhost/", "{own}/msgin5g?x=1"])
def test_ssrf(lab, server, target):
    """10.3: a targetUri outside of what the configuration allows is refused, and nothing connects there."""
    body = {"asSvcId": AS_ID, "targetUri": target.replace("{own}", server.url())}
    status, problem = Api(lab).call("POST", REGISTRATIONS, body)
    assert status in (400, 403)
    assert problem["invalidParams"][0]["param"] == "/targetUri"


@pytest.mark.parametrize("change, member", [
    ({"msgId": None}, "/msgId"), ({"msgId": "7"}, "/msgId"), ({"oriAddr": {"addrType": "UE", "addr": AS_ID}},
                                                             "/oriAddr/addrType"),
    ({"destAddr": {"addrType": "AS", "addr": OTHER_ID}}, "/destAddr/addrType"), ({"priority": "NORMAL"}, "/priority"),
    ({"stoAndFwInd": "yes"}, "/stoAndFwInd"), ({"payload": 7}, "/payload"), ({"segInd": True}, "/segParams")])
def test_bad_members_are_named(lab, change, member):
    """EC-40: 400 with problem details that name the member."""
    body = {"oriAddr": {"addrType": "AS", "addr": AS_ID},
            "destAddr": {"addrType": "UE", "addr": lab.subscribers[0].service_id}, "msgId": str(uuid.uuid4()),
            "stoAndFwInd": False, "payload": "x", **change}
    body = {key: value for key, value in body.items() if value is not None}
    status, problem = Api(lab).call("POST", DELIVERY + "/deliver-as-message", body)
    assert (status, problem["invalidParams"][0]["param"]) == (400, member)
    assert problems("TS29571_CommonData.yaml", "ProblemDetails", problem) == []


def test_bad_requests(lab):
    """Twice the same member, no JSON, another format, too long, another method, another path."""
    api = Api(lab)
    path = DELIVERY + "/deliver-as-message"
    assert api.call("POST", path, '{"msgId":"1","msgId":"2"}')[0] == 400
    assert api.call("POST", path, "<xml/>")[0] == 400
    assert api.call("POST", path, "{}", content_type="text/plain")[0] == 415
    assert api.call("POST", path, '{"payload":"%s"}' % ("x" * 70000))[0] == 413
    assert api.call("GET", path)[0] == 405
    assert api.call("POST", DELIVERY + "/deliver-nothing", "{}")[0] == 404


def test_ec43_push_is_tried_again(lab, server):
    """5xx may pass: again after 1 s; the order of one UE's messages stays."""
    server.answers[:] = [503]
    for payload in ("first", "second"):
        assert lab.run_client(lab.subscribers[0], "send", "--as", "--to", AS_ID, "--payload", payload)[0] == 0
    payloads = [body["payload"] for _, body in server.wait_for(3)]
    assert payloads == ["first", "first", "second"]


@pytest.mark.parametrize("status", [400, 404, 307])
def test_ec43_refused_is_final(lab, server, status):
    """4xx, and a redirect, which is not followed: no second try; with sfFlag the sender hears of it at once."""
    server.answers[:] = [status]
    code, events = lab.run_client(lab.subscribers[0], "send", "--as", "--to", AS_ID, "--payload", "no", "--store")
    assert code == 9
    assert [event["cause"] for event in events if event["event"] == "response"] == ["RECIPIENT_UNAVAILABLE"]
    assert len(server.requests) == 1


def test_ec43_given_up(lab, server):
    """After 1, 2 and 4 s it counts as away: what may be stored waits until it takes messages again."""
    server.answers[:] = [500, 502, 503, 429]
    code, events = lab.run_client(lab.subscribers[0], "send", "--as", "--to", AS_ID, "--payload", "no", "--store")
    assert code == 0
    assert [event["status"] for event in events if event["event"] == "response"] == ["stored for deferred delivery"]
    assert [body["payload"] for _, body in server.wait_for(5, 20)] == ["no"] * 5
    wait_for(lambda: lab.server.metric("msgin5g_store_messages") == 0, what="the message to leave the store")


def test_configuration_is_checked(lab):
    """Each problem is named with its place; nothing starts."""
    config = lab.server_config(application_servers=[{"id": "scada", "certificates": ["as.example"],
                                                     "target": "https://localhost/a?b"}])
    path = lab.write("bad.yaml", json.dumps(config))
    done = subprocess.run([program("msgin5g-server"), "--config", str(path), "--check-config"], capture_output=True)
    text = done.stderr.decode() + done.stdout.decode()
    assert done.returncode == 3
    for place in ("application_servers[0].id", "application_servers[0].target", "api.certificate"):
        assert place in text


def test_unknown_application_server(lab):
    code, events = lab.run_client(lab.subscribers[0], "send", "--as", "--to", "im:nobody@iot.example", "--payload", "x")
    assert code == 9
    assert [event["cause"] for event in events if event["event"] == "response"] == ["UNKNOWN_RECIPIENT"]


def test_application_server_without_target(lab):
    code, events = lab.run_client(lab.subscribers[0], "send", "--as", "--to", OTHER_ID, "--payload", "x")
    assert code == 9
    assert [event["cause"] for event in events if event["event"] == "response"] == ["RECIPIENT_UNAVAILABLE"]


def test_another_as_that_is_down_harms_nobody(lab, server):
    """An application server that does not answer holds up neither UEs nor other application servers."""
    api = Api(lab, name="other")
    assert api.call("POST", REGISTRATIONS, {"asSvcId": OTHER_ID})[0] == 201  # without targetUri: still nowhere
    server.answers[:] = [503, 503]
    assert lab.run_client(lab.subscribers[0], "send", "--as", "--to", AS_ID, "--payload", "slow")[0] == 0
    assert lab.run_client(lab.subscribers[1], "send", "--as", "--to", AS_ID, "--payload", "fast")[0] == 0
    wait_for(lambda: "fast" in [body["payload"] for _, body in server.requests], what="the other UE's message")
    assert [body["payload"] for _, body in server.wait_for(4)].count("slow") in (2, 3)


def test_push_over_http2(tmp_path):
    """nghttpd as application server: ALPN chooses HTTP/2."""
    with Testbed(tmp_path) as bed:
        make_certs(bed, *CERTS)
        ue, = bed.add_subscribers(1)
        bed.start_aanf()
        htdocs = tmp_path / "htdocs"
        htdocs.mkdir()
        (htdocs / "deliver-message").write_text("")
        port = free_port()
        log = open(tmp_path / "nghttpd.log", "wb")
        peer = subprocess.Popen(["nghttpd", "-v", "-d", str(htdocs), str(port), str(bed.certs / "as.key"),
                                 str(bed.certs / "as.pem")], stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: "listen" in (tmp_path / "nghttpd.log").read_text(), what="nghttpd")
            bed.start_server(api=api_config(bed), application_servers=[
                {"id": AS_ID, "certificates": ["as.example"], "target": "https://localhost:%d" % port}])
            code, events = bed.run_client(ue, "send", "--as", "--to", AS_ID, "--payload", "over h2", "--store")
            assert code == 0, events
            text = (tmp_path / "nghttpd.log").read_text(errors="replace")
            assert ":path: /deliver-message" in text
        finally:
            peer.terminate()
            peer.wait()
            log.close()
