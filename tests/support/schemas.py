"""Our JSON Schemas (tests/schemas) of the MSGin5G-1 bodies, ready to validate with."""
import json
import pathlib

import jsonschema

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "schemas"


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def validator(name):
    """A validator for one body: reg, dereg, msg, msg_delivered, msgresp, imdn, reg_response, dereg_response."""
    schema = load(name)
    resolver = jsonschema.RefResolver("", schema, store={"common.json": load("common")})
    return jsonschema.Draft7Validator(schema, resolver=resolver)


def problems(name, body):
    """What is wrong with a body (a dict, or JSON as text or octets) by schema; empty when nothing is."""
    value = body if isinstance(body, dict) else json.loads(body)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator(name).iter_errors(value)]
