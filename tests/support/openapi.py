"""The official OpenAPI files of 3GPP, where a machine has them: they are not ours, so not in this tree (decision D11).

They are looked for in $MSGIN5G_OPENAPI_DIR, else in ../shared/openapi beside this tree. A test says

    pytestmark = pytest.mark.skipif(openapi.skip_reason(), reason=str(openapi.skip_reason()))
    assert openapi.problems("TS29535_Naanf_AKMA.yaml", "AkmaKeyInfo", body) == []

Files of release 19 (folder rel19) are taken before those of release 18; release=18 asks for the older ones alone.
"""
import functools
import json
import os
import pathlib
import re

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_date_time(value):
    return not isinstance(value, str) or DATE_TIME.fullmatch(value) is not None


def folder():
    return pathlib.Path(os.environ.get("MSGIN5G_OPENAPI_DIR", ROOT.parent / "shared" / "openapi"))


def skip_reason():
    """None when the files are there, else why a test that needs them cannot run."""
    if (folder() / "TS29571_CommonData.yaml").is_file():
        return None
    return f"no OpenAPI files in {folder()}; name their folder with MSGIN5G_OPENAPI_DIR"


@functools.lru_cache(maxsize=None)
def load(name, release=19):
    """One file as Python values."""
    for place in ([folder() / "rel19"] if release >= 19 else []) + [folder()]:
        if (place / name).is_file():
            with open(place / name, encoding="utf-8") as file:
                return yaml.load(file, Loader=LOADER)
    raise FileNotFoundError(f"{name} is not in {folder()}")


def _type(validator, types, instance, schema):
    """OpenAPI 3.0 says `nullable` where JSON Schema says the type null."""
    if instance is None and schema.get("nullable"):
        return
    yield from jsonschema.Draft4Validator.VALIDATORS["type"](validator, types, instance, schema)


# OpenAPI 3.0 schemas are those of draft 4 in all we need but `nullable`.
_Validator = jsonschema.validators.extend(jsonschema.Draft4Validator, {"type": _type})


def validator(name, schema, release=19):
    """A validator for one entry of components/schemas; follows $ref into the other files."""
    base = f"file:///{name}"  # only the name counts: load() knows the folder
    resolver = jsonschema.RefResolver(base, load(name, release), handlers={
        "file": lambda uri: load(uri.rsplit("/", 1)[1].split("#")[0], release)})
    return _Validator({"$ref": f"{base}#/components/schemas/{schema}"}, resolver=resolver, format_checker=FORMATS)


def problems(name, schema, body, release=19):
    """What is wrong with a body (a value, or JSON as text or octets) by the official schema; empty when nothing is."""
    value = json.loads(body) if isinstance(body, (str, bytes)) else body
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in validator(name, schema, release).iter_errors(value)]
