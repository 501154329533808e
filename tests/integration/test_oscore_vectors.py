"""OSCORE from K_AF (TS 33.535 D.3): the vectors that our code is tested with, made once more without our code."""
import base64
import hashlib
import hmac
import json
import struct

import openapi

LABEL = b"AKMA-OSCORE"


def hkdf(salt, ikm, info, length):
    """RFC 5869 with SHA-256; one block is enough here."""
    prk = hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:length]


def cbor(item):
    """Deterministic CBOR of what the bodies and RFC 8613 3.2.1 need."""
    major, body, count = {bytes: (2, item, None), str: (3, None, None), list: (4, None, None), int: (0, b"", item),
                          type(None): (7, b"", 22)}[type(item)]
    if isinstance(item, str):
        body = item.encode()
    if isinstance(item, list):
        body, count = b"".join(map(cbor, item)), len(item)
    count = len(body) if count is None else count
    head = bytes([major << 5 | count]) if count < 24 else struct.pack(">BB", major << 5 | 24, count)
    return head + body


def oscore_key(vector_salt, secret, identifier, what, length):
    return hkdf(vector_salt, secret, cbor([identifier, None, 10, what, length]), length)


def test_vectors_of_oscore_from_k_af():
    vectors = json.loads((openapi.ROOT / "tests" / "vectors" / "oscore.json").read_text())["vectors"]
    assert [vector["name"] for vector in vectors] == ["W2"]
    for vector in vectors:
        octets = {name: bytes.fromhex(text) for name, text in vector.items() if name not in ("name", "a_kid")}
        username, realm = vector["a_kid"].split("@")
        rid, a_tid = username.split(".")
        item = [rid, base64.urlsafe_b64decode(a_tid + "="), realm]
        request = cbor([cbor(item), octets["n1"], octets["af_sid"]])
        response = cbor([octets["n2"], octets["ue_sid"]])
        assert request == octets["request"]
        assert response == octets["response"]
        secret = hkdf(None, octets["k_af"], LABEL, 32)
        assert secret == octets["master_secret"]
        salt = request + response
        assert oscore_key(salt, secret, octets["ue_sid"], "Key", 16) == octets["ue_sender_key"]
        assert oscore_key(salt, secret, octets["af_sid"], "Key", 16) == octets["af_sender_key"]
        assert oscore_key(salt, secret, b"", "IV", 13) == octets["common_iv"]
