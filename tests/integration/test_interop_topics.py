"""libcoap's own client observes a topic over DTLS with a PSK from AKMA, and hears what is published (RFC 7641)."""

import json
import re
import subprocess

import pytest

import foreign_ue
import testbed


def coap_client(program, lab, identity, key, *arguments):
    return [program.encode(), *[str(argument).encode() for argument in arguments[:-1]], b"-u", identity.encode(), b"-k", key,
            (lab.server_uri + arguments[-1]).encode()]


@pytest.mark.parametrize("program", ["coap-client-openssl", "coap-client-gnutls"])
def test_coap_client_observes_a_topic(lab, program):
    meter, valve = lab.subscribers[:2]
    identity, key = foreign_ue.keys(lab, valve, foreign_ue.UA_ID_CCAC, text=True)
    registration = lab.write("reg.json", foreign_ue.registration(valve.service_id).decode())
    request = lab.write("sub.json", json.dumps({"oriAddr": {"oriAddrType": "UE", "addr": valve.service_id}}))
    done = subprocess.run(coap_client(program, lab, identity, key, "-m", "post", "-t", 50, "-B", 5, "-f", registration,
                                      "/msgin5g"), capture_output=True, timeout=20)
    assert b'"result":true' in done.stdout, (done.stdout, done.stderr)

    observer = subprocess.Popen(coap_client(program, lab, identity, key, "-m", "get", "-t", 50, "-s", 4, "-B", 6, "-f",
                                            request, "/msgin5g/alarms"),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        testbed.wait_for(lambda: lab.server.metric("msgin5g_subscriptions") == 1, what="subscription")
        for payload in ("first", "second"):
            code, events = lab.run_client(meter, "send", "--to", "alarms", "--topic", "--payload", payload, "--store")
            assert (code, [event["event"] for event in events][-1]) == (0, "sent"), events
        output, problems = observer.communicate(timeout=20)
    finally:
        observer.kill()
    bodies = [json.loads(text) for text in re.findall(rb'\{(?:[^{}]|\{[^{}]*\})*\}', output)]
    assert bodies[0]["subStat"] == "ADDED", (output, problems)
    messages = [body for body in bodies if body.get("msgType") == "MSG"]
    assert [message["payload"] for message in messages] == ["first", "second"], (output, problems)
    assert {message["msgTopic"] for message in messages} == {"alarms"}
    assert messages[0]["destAddr"] == {"destAddrType": "UE", "addr": valve.service_id}
    testbed.wait_for(lambda: lab.server.metric("msgin5g_subscriptions") == 0, what="coap-client's Observe 1")
