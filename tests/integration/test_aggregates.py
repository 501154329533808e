"""Aggregated messages and reports (TS 23.554 8.4, TS 24.538 6.4.1.2.7; EC-6, EC-32; examples E10, E11; rows of 10.3)."""

import uuid

import pytest

from foreign_session import Session


@pytest.fixture
def foreign(lab):
    """Makes sessions of a UE that is not ours, registered with these members."""
    made = []

    def make(subscriber, **members):
        made.append(Session(lab, subscriber).register(**members))
        return made[-1]
    yield make
    for session in made:
        session.close()


def aggregate(sender, to, sizes, **members):
    """As E10: items of these sizes, every second one asks for a report."""
    items = [{"msgId": str(uuid.uuid4()), "payload": chr(ord("a") + i) * size,
              **({"isDelivStatReq": True} if i % 2 else {"appId": "log"})} for i, size in enumerate(sizes)]
    return dict({"msgIden": "urn:3gpp:msgin5g", "msgType": "MSG", "msgId": str(uuid.uuid4()), "sfFlag": False,
                 "oriAddr": {"oriAddrType": "UE", "addr": sender.service_id},
                 "destAddr": {"destAddrType": "UE", "addr": to.service_id},
                 "indMsgCount": len(items), "indMsgs": items}, **members)


def reports(reporter, to, ids):
    """As E11."""
    return {"msgIden": "urn:3gpp:msgin5g", "msgType": "IMDN", "msgId": str(uuid.uuid4()),
            "oriAddr": {"oriAddrType": "UE", "addr": reporter.service_id},
            "destAddr": {"destAddrType": "UE", "addr": to.service_id}, "indMsgCount": len(ids),
            "indMsgs": [{"msgId": one, "DelSta": "success"} for one in ids]}


def test_e10_our_client_takes_it_apart(lab, foreign):
    """Three messages for the application; the one report asked for comes back, as a message of its own."""
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve)
    listener.event("registered")
    sender = foreign(meter)
    body = aggregate(meter, valve, [6, 7, 8])
    assert sender.post(body)[0] == "2.04"
    for item in body["indMsgs"]:
        message = listener.event("message", msg_id=item["msgId"])
        assert message["payload"] == item["payload"]
        assert message["from"] == meter.service_id
        assert message.get("app_id") == item.get("appId")
    report = sender.wait_type("IMDN")
    assert (report["msgId"], report["DelSta"]) == (body["indMsgs"][1]["msgId"], "success")
    assert listener.stop() == 0


def test_e11_reports_of_our_client_go_together(lab, foreign):
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve, "--aggregate", 200)
    listener.event("registered")
    sender = foreign(meter)
    body = aggregate(meter, valve, [5] * 6)
    assert sender.post(body)[0] == "2.04"
    together = sender.wait_type("IMDN")
    assert together["indMsgCount"] == 3
    assert {item["msgId"] for item in together["indMsgs"]} == {item["msgId"] for item in body["indMsgs"][1::2]}
    assert listener.stop() == 0


def test_an_aggregate_that_fits_is_forwarded_unchanged(lab, foreign):
    meter, valve = lab.subscribers[:2]
    receiver, sender = foreign(valve, cliProfile={"maxSegSize": 64}), foreign(meter)
    body = aggregate(meter, valve, [20, 20, 24])
    assert sender.post(body)[0] == "2.04"
    got = receiver.wait_type("MSG")
    assert (got["msgId"], got["indMsgCount"], got["indMsgs"]) == (body["msgId"], 3, body["indMsgs"])
    assert "sfFlag" not in got


def test_aggregate_larger_than_recipient_limit(lab, foreign):
    """Items leave it at the tail; they follow together, alone, or in segments when even one is too large."""
    meter, valve = lab.subscribers[:2]
    receiver, sender = foreign(valve, cliProfile={"maxSegSize": 64}), foreign(meter)
    body = aggregate(meter, valve, [30, 30, 20, 20, 40, 100])
    ids = [item["msgId"] for item in body["indMsgs"]]
    assert sender.post(body)[0] == "2.04"
    first, second, third, *segments = [receiver.wait_type("MSG") for _ in range(5)]
    assert (first["msgId"], [item["msgId"] for item in first["indMsgs"]]) == (body["msgId"], ids[:2])
    assert second["msgId"] not in (body["msgId"], *ids)
    assert [item["msgId"] for item in second["indMsgs"]] == ids[2:4]
    assert (third["msgId"], third["payload"], third["appId"]) == (ids[4], "e" * 40, "log")
    assert [one["msgId"] for one in segments] == [ids[5]] * 2
    assert "".join(one["payload"] for one in segments) == "f" * 100
    assert receiver.post(reports(valve, meter, [ids[1], ids[3], ids[5]]))[0] == "2.04"
    assert sender.wait_type("IMDN")["indMsgCount"] == 3


def test_reports_that_nobody_asked_for(lab, foreign):
    """Each item is checked like a report of its own (EC-32)."""
    meter, valve, stranger = lab.subscribers[:3]
    receiver, sender, other = foreign(valve), foreign(meter), foreign(stranger)
    body = aggregate(meter, valve, [5, 5, 5])
    ids = [item["msgId"] for item in body["indMsgs"]]
    assert sender.post(body)[0] == "2.04"
    receiver.wait_type("MSG")
    assert other.post(reports(stranger, meter, [ids[1]]))[0] == "4.03"
    assert receiver.post(reports(valve, meter, [ids[0], ids[2]]))[0] == "4.03"
    assert receiver.post(reports(valve, meter, ids))[0] == "2.04"
    got = sender.wait_type("IMDN")
    assert [item["msgId"] for item in got["indMsgs"]] == [ids[1]]
    assert receiver.post(reports(valve, meter, [ids[1]]))[0] == "2.04"  # a second time: no news
    assert sender.post(aggregate(meter, valve, [5]))[0] == "2.04"
    assert sender.requests == []


@pytest.mark.parametrize("change", [{"indMsgCount": 3}, {"indMsgCount": 0}, {"indMsgs": []}, {"payload": "x"},
                                    {"isSegmented": True}, {"indMsgs": [{"msgId": "1", "payload": "x"}] * 2}])
def test_malformed_aggregates(lab, foreign, change):
    """EC-6: the count is that of the items; no outer payload, no segmentation (TS 23.554 Table 8.4.2-1)."""
    meter, valve = lab.subscribers[:2]
    sender = foreign(meter)
    assert sender.post(aggregate(meter, valve, [5, 5], **change))[0] == "4.00"
    assert sender.wait_type("MSGRESP")["Cause"] == "MALFORMED"


def test_aggregate_for_somebody_away(lab, foreign):
    """One message for authorisation and for MSGRESP (TS 23.554 8.4.2 step 5)."""
    meter, away = lab.subscribers[0], lab.subscribers[6]
    sender = foreign(meter)
    body = aggregate(meter, away, [5, 5])
    assert sender.post(body)[0] == "2.04"
    response = sender.wait_type("MSGRESP")
    assert (response["msgId"], response["Cause"]) == (body["msgId"], "RECIPIENT_UNAVAILABLE")


def test_spoofed_aggregate(lab, foreign):
    meter, valve, stranger = lab.subscribers[:3]
    sender = foreign(meter)
    assert sender.post(aggregate(stranger, valve, [5, 5]))[0] == "4.03"
