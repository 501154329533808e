"""Messages larger than a segment: UE to UE in segments (TS 23.554 8.5, TS 24.538 6.5; EC-14, EC-33 to EC-35)."""

import pytest


def text_of(octets):
    """So many octets of text with characters of one, two, three and four octets."""
    unit = "aé€😀"
    text = unit * (octets // len(unit.encode()))
    return text + "x" * (octets - len(text.encode()))


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp"])
def test_large_payload_goes_in_segments(lab, scheme):
    meter, valve = lab.subscribers[:2]
    text = text_of(20000)
    payload = lab.write("segments.txt", text)
    listener = lab.listen(valve, uri=lab.uri(scheme))
    listener.event("registered")
    code, events = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "@%s" % payload, "--report",
                                  uri=lab.uri(scheme))
    message = listener.event("message")
    assert message["payload"] == text
    assert message["report_requested"] is True
    assert [event["event"] for event in events] == ["authenticated", "registered", "sent", "report"]
    assert events[3]["status"] == "success"
    assert code == 0
    assert listener.stop() == 0
