"""The schemas that other tests judge bodies by: they accept the worked examples and refuse what is wrong."""
import copy

import jsonschema
import pytest
import schemas

METER = "im:meter-0001@iot.example"
VALVE = "im:valve-0002@iot.example"
MSG_ID = "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"
SET_ID = "b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c5d"


def ori(addr, kind="UE"):
    return {"oriAddrType": kind, "addr": addr}


def dest(addr, kind="UE"):
    return {"destAddrType": kind, "addr": addr}


def message(kind, **members):
    return {"msgIden": "urn:3gpp:msgin5g", "msgType": kind, **members}


REG = message("REG", oriAddr=ori(METER), regExpTime=3600, cliProfile={
    "maxSegSize": 512,
    "triInfo": {"ueId": "tel:+861380000001", "cliPorts": [{"portNum": 49200, "Protocol": "SMS"}]},
    "comAvail": {"schTime": "2026-03-01T00:00:00Z", "durTime": "PT10M", "periIndi": True, "periInterval": "PT1H"}})
DEREG = message("DEREG", oriAddr=ori(METER))
MSG = message("MSG", oriAddr=ori(METER), destAddr=dest(VALVE), msgId=MSG_ID, appId="valvectl", isDelivStatReq=True,
              priority="HIGH", sfFlag=True, sfParam={"expireTime": "2026-03-01T12:00:00Z"}, payload='{"cmd":"open"}')
DELIVERED = {k: v for k, v in MSG.items() if k not in ("priority", "sfFlag", "sfParam")}
SEGMENT = message("MSG", oriAddr=ori(METER), destAddr=dest(VALVE), msgId=MSG_ID, sfFlag=False, isSegmented=True,
                  segParams={"segId": SET_ID, "totalSegCount": 3, "segNumb": 3, "lastSegFlag": "true"}, payload="CC")
IMDN = message("IMDN", oriAddr=ori(VALVE), destAddr=dest(METER), msgId=MSG_ID, DelSta="success")
MSGRESP = message("MSGRESP", oriAddr=ori(METER), msgId=MSG_ID, DelSta="failure", Cause="RECIPIENT_UNAVAILABLE")

EXAMPLES = [
    ("reg", REG),
    ("reg", message("REG", oriAddr=ori(METER))),
    ("dereg", DEREG),
    ("msg", MSG),
    ("msg", {**MSG, "appId": ["one", "two"]}),
    ("msg", {**MSG, "destAddr": dest("alarms", "TOPIC")}),
    ("msg", SEGMENT),
    ("msg_delivered", DELIVERED),
    ("msg_delivered", {**DELIVERED, "oriAddr": ori("im:scada@iot.example", "AS"), "msgTopic": "alarms"}),
    ("imdn", IMDN),
    ("imdn", {**IMDN, "DelSta": "failure", "Cause": "APP_REJECTED"}),
    ("msgresp", MSGRESP),
    ("msgresp", message("MSGRESP", oriAddr=ori(METER), msgId=MSG_ID, DelSta="stored for deferred delivery")),
    ("reg_response", {"oriAddr": ori(METER), "result": True, "regExpTime": 3600}),
    ("reg_response", {"oriAddr": ori(METER), "result": False, "cause": "UNAUTHORIZED_ORIGINATOR"}),
    ("dereg_response", {"oriAddr": ori(METER), "result": True}),
    ("dereg_response", {"oriAddr": ori(METER), "result": False, "cause": "NOT_REGISTERED"}),
]

WRONG = [
    ("reg", {**REG, "oriAddr": ori(METER, "AS")}),
    ("reg", {**REG, "secCred": "x"}),
    ("reg", {**REG, "cliProfile": {"maxSegSize": 63}}),
    ("reg", {**REG, "cliProfile": {"triInfo": {"ueId": "a"}}}),
    ("reg", {**REG, "cliProfile": {"comAvail": {"schTime": "2026-03-01T00:00:00Z", "durTime": "PT"}}}),
    ("dereg", REG),
    ("msg", DELIVERED),
    ("msg", {**MSG, "sfFlag": False}),
    ("msg", {**MSG, "priority": "MIDDLE"}),
    ("msg", {**MSG, "msgId": "1"}),
    ("msg", {**MSG, "appId": ["one"]}),
    ("msg", {**MSG, "oriAddr": ori(METER, "AS"), "destAddr": dest(VALVE, "AS")}),
    ("msg", {**MSG, "destAddr": [dest(VALVE)]}),
    ("msg", {**MSG, "destAddr": dest("valve")}),
    ("msg", {**MSG, "payload": "x" * 2049}),
    ("msg", {**SEGMENT, "segParams": {**SEGMENT["segParams"], "lastSegFlag": True}}),
    ("msg", {**SEGMENT, "isSegmented": False}),
    ("msg_delivered", MSG),
    ("msg_delivered", {**DELIVERED, "destAddr": dest("alarms", "TOPIC")}),
    ("imdn", {**IMDN, "DelSta": "stored for deferred delivery"}),
    ("imdn", {**IMDN, "Cause": "X"}),
    ("imdn", {**IMDN, "destAddr": dest("im:grp@x", "GROUP")}),
    ("msgresp", {**MSGRESP, "DelSta": "success"}),
    ("msgresp", {**MSGRESP, "destAddr": dest(VALVE)}),
    ("reg_response", {"oriAddr": ori(METER), "result": True}),
    ("reg_response", {"oriAddr": ori(METER), "result": False}),
    ("reg_response", {"oriAddr": ori(METER), "result": False, "cause": "X", "regExpTime": 1}),
    ("dereg_response", {"oriAddr": ori(METER), "result": True, "cause": "X"}),
]

REQUIRED = [(name, body, member) for name, body in EXAMPLES for member in schemas.load(name)["required"]]


@pytest.mark.parametrize("path", sorted(schemas.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_schema_is_draft_07(path):
    schema = schemas.load(path.stem)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("name,body", EXAMPLES)
def test_example_is_accepted(name, body):
    assert schemas.problems(name, body) == []


@pytest.mark.parametrize("name,body", WRONG)
def test_wrong_body_is_refused(name, body):
    assert schemas.problems(name, body) != []


@pytest.mark.parametrize("name,body,member", REQUIRED)
def test_missing_member_is_refused(name, body, member):
    incomplete = copy.deepcopy(body)
    del incomplete[member]
    assert any(member in problem for problem in schemas.problems(name, incomplete))
