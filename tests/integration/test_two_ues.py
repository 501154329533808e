"""The main job: two UEs with AKMA keys exchange messages and get delivery reports."""

import pytest

def names(events):
    return [event["event"] for event in events]


GCM_1_2 = "v1.2 TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256"
GCM_1_3 = "v1.3 TLS_AES_128_GCM_SHA256"


@pytest.mark.parametrize("scheme, name", [("coaps", "DTLS"), ("coaps+tcp", "TLS")])
@pytest.mark.parametrize("version, protection", [("1.2", GCM_1_2), ("1.3", GCM_1_3), ("auto", GCM_1_3)])
def test_message_with_report(lab, scheme, name, version, protection):
    meter, valve = lab.subscribers[:2]
    uri = lab.uri(scheme)
    listener = lab.listen(valve, "--tls", version, uri=uri)
    assert listener.event("registered")["protection"] == name + protection

    code, events = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", '{"cmd":"open"} ÄÖ€',
                                  "--report", "--app", "valvectl", "--tls", version, uri=uri)

    message = listener.event("message")
    assert message["from"] == meter.service_id
    assert message["payload"] == '{"cmd":"open"} ÄÖ€'
    assert message["app_id"] == "valvectl"
    assert names(events) == ["authenticated", "registered", "sent", "report"]
    assert events[3]["status"] == "success"
    assert events[3]["from"] == valve.service_id
    assert events[3]["msg_id"] == events[2]["msg_id"] == message["msg_id"]
    assert code == 0
    assert listener.stop() == 0


@pytest.mark.parametrize("sender, receiver", [("coaps", "coaps+tcp"), ("coaps+tcp", "coaps")])
def test_message_from_one_transport_to_another(lab, sender, receiver):
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve, uri=lab.uri(receiver))
    listener.event("registered")
    code, events = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "across", "--report",
                                  uri=lab.uri(sender))
    assert listener.event("message")["payload"] == "across"
    assert (code, names(events)[-1]) == (0, "report")
    assert listener.stop() == 0


def test_message_without_report_brings_none(lab):
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve)
    listener.event("registered")
    code, events = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "no report")
    assert listener.event("message", payload="no report")["report_requested"] is False
    assert (code, names(events)) == (0, ["authenticated", "registered", "sent"])
    assert listener.stop() == 0


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp"])
def test_largest_payload(lab, scheme):
    meter, valve = lab.subscribers[:2]
    text = "ü" * 1024  # 2048 octets
    payload = lab.write("largest.txt", text)
    listener = lab.listen(valve, uri=lab.uri(scheme))
    listener.event("registered")
    code, _ = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "@%s" % payload, "--report",
                             uri=lab.uri(scheme))
    assert listener.event("message")["payload"] == text
    assert code == 0
    assert listener.stop() == 0


def test_recipient_not_registered(lab):
    meter, valve = lab.subscribers[2:4]
    code, events = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "anybody there?", "--report")
    response = [event for event in events if event["event"] == "response"]
    assert [(event["status"], event["cause"]) for event in response] == [("failure", "RECIPIENT_UNAVAILABLE")]
    assert code == 9


@pytest.mark.parametrize("target, cause", [
    (("--to", "im:nobody@lab.example"), "UNKNOWN_RECIPIENT"),
    (("--to", "im:all@lab.example", "--group"), "UNKNOWN_GROUP"),
    (("--to", "area-7", "--area"), "NO_ROUTE"),
    (("--to", "im:scada@lab.example", "--as"), "UNKNOWN_RECIPIENT"),
])
def test_no_way_to_the_recipient(lab, target, cause):
    code, events = lab.run_client(lab.subscribers[4], "send", *target, "--payload", "x")
    assert [event["cause"] for event in events if event["event"] == "response"] == [cause]
    assert code == 9


def test_deregistered_ue_is_away(lab):
    meter, valve = lab.subscribers[4:6]
    code, events = lab.run_client(valve, "deregister")
    assert (code, names(events)[-1]) == (0, "deregistered")
    code, events = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "x", "--report")
    assert [event["cause"] for event in events if event["event"] == "response"] == ["RECIPIENT_UNAVAILABLE"]
    assert code == 9


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp"])
def test_second_device_takes_over(lab, scheme):
    """Two devices use one UE Service ID: the latest registration wins (section 10.3 of the digest)."""
    meter, valve = lab.subscribers[:2]
    first = lab.listen(valve)
    first.event("registered")
    second = lab.listen(valve, uri=lab.uri(scheme))
    second.event("registered")
    code, _ = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "to the second", "--report")
    assert code == 0
    second.event("message", payload="to the second")
    assert all(event["event"] != "message" for event in first.events)
    assert second.stop() == 0
    first.kill()


