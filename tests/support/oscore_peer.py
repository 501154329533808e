"""A UE that speaks OSCORE from K_AF (TS 33.535 Annex D, RFC 8613) and nothing of our code: good ones, and broken ones.

Only what the tests need: AES-CCM-16-64-128, one block, UDP on loopback. Cryptography is Debian's python3-cryptography.
"""

import base64
import hashlib
import hmac
import os
import select
import socket
import struct
import time

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

import foreign_ue

CON, NON, ACK, RST = range(4)
EMPTY, POST = 0, 2
URI_HOST, OSCORE, URI_PATH, CONTENT_FORMAT, MAX_AGE, BLOCK1, ECHO = 3, 9, 11, 12, 14, 27, 252
OUTER = (URI_HOST, 7, OSCORE, 35, 39)  # class U of RFC 8613 4.1; the rest is encrypted
CBOR, JSON = 60, 50
UA_ID = "0100000008"
LABEL = b"AKMA-OSCORE"
ALG = 10


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


def keys(bed, subscriber, ua_id=UA_ID):
    """(A-KID, K_AF for OSCORE) of a fresh primary authentication."""
    a_kid, k_akma = foreign_ue.a_kid_and_k_akma(bed, subscriber)
    return a_kid, foreign_ue.k_af(k_akma, ua_id)


def akma_request(a_kid, n1=None, af_sid=b"\x01"):
    """Body of POST /akma (D.3.5)."""
    username, realm = a_kid.split("@")
    rid, a_tid = username.split(".")
    item = [rid, base64.urlsafe_b64decode(a_tid + "="), realm]
    return cbor([cbor(item), os.urandom(8) if n1 is None else n1, af_sid])


class Message:
    """One CoAP message (RFC 7252 3)."""

    def __init__(self, kind, code, mid, token=b"", options=(), payload=b""):
        self.kind, self.code, self.mid, self.token = kind, code, mid, token
        self.options, self.payload = list(options), payload
        self.protected = False

    @property
    def status(self):
        return "%d.%02d" % (self.code >> 5, self.code & 31)

    def option(self, number):
        return next((value for n, value in self.options if n == number), None)

    def uint(self, number):
        value = self.option(number)
        return None if value is None else int.from_bytes(value, "big")

    def encode(self):
        head = struct.pack(">BBH", 0x40 | self.kind << 4 | len(self.token), self.code, self.mid)
        return head + self.token + encode_options(self.options) + (b"\xff" + self.payload if self.payload else b"")


def encode_options(options):
    out, before = b"", 0
    for number, value in sorted(options, key=lambda option: option[0]):
        parts = [(n, b"") if n < 13 else (13, bytes([n - 13])) if n < 269 else (14, struct.pack(">H", n - 269))
                 for n in (number - before, len(value))]
        out += bytes([parts[0][0] << 4 | parts[1][0]]) + parts[0][1] + parts[1][1] + value
        before = number
    return out


def decode_options(octets):
    """(options, payload)."""
    options, number, at = [], 0, 0

    def extended(nibble):
        nonlocal at
        size = {13: 1, 14: 2}.get(nibble, 0)
        value = int.from_bytes(octets[at:at + size], "big")
        at += size
        return nibble if size == 0 else value + (13 if size == 1 else 269)

    while at < len(octets) and octets[at] != 0xFF:
        head = octets[at]
        at += 1
        number += extended(head >> 4)
        length = extended(head & 15)
        options.append((number, octets[at:at + length]))
        at += length
    return options, octets[at + 1:]


def decode(datagram):
    length = datagram[0] & 15
    options, payload = decode_options(datagram[4 + length:])
    return Message(datagram[0] >> 4 & 3, datagram[1], struct.unpack(">H", datagram[2:4])[0], datagram[4:4 + length],
                   options, payload)


class Context:
    """An OSCORE context of a UE (RFC 8613 3)."""

    def __init__(self, secret, salt, ue_sid, af_sid):
        self.ue_sid, self.af_sid, self.salt = ue_sid, af_sid, salt
        self.send_key, self.receive_key = (hkdf(salt, secret, cbor([sid, None, ALG, "Key", 16]), 16)
                                           for sid in (ue_sid, af_sid))
        self.iv = hkdf(salt, secret, cbor([b"", None, ALG, "IV", 13]), 13)
        self.sequence = 0

    def nonce(self, sid, piv):
        plain = bytes([len(sid)]) + sid.rjust(7, b"\0") + piv.rjust(5, b"\0")
        return bytes(a ^ b for a, b in zip(plain, self.iv))

    @staticmethod
    def aad(sid, piv):
        return cbor(["Encrypt0", b"", cbor([1, [ALG], sid, piv, b""])])

    def next_piv(self):
        piv = self.sequence.to_bytes(5, "big").lstrip(b"\0") or b"\0"
        self.sequence += 1
        return piv

    def protect_request(self, code, options, payload, piv=None):
        """(outer options, ciphertext, what the answer needs)."""
        piv = piv or self.next_piv()
        inner = [option for option in options if option[0] not in OUTER]
        outer = [option for option in options if option[0] in OUTER]
        plain = bytes([code]) + encode_options(inner) + (b"\xff" + payload if payload else b"")
        nonce = self.nonce(self.ue_sid, piv)
        sealed = AESCCM(self.send_key, 8).encrypt(nonce, plain, self.aad(self.ue_sid, piv))
        return outer + [(OSCORE, bytes([8 | len(piv)]) + piv + self.ue_sid)], sealed, (self.ue_sid, piv)

    def protect_answer(self, code, request):
        """An answer to the server's request, without options or body."""
        sid, piv = request
        sealed = AESCCM(self.send_key, 8).encrypt(self.nonce(sid, piv), bytes([code]), self.aad(sid, piv))
        return [(OSCORE, b"")], sealed

    def open(self, message, request=None):
        """Decrypt an answer to @p request, or a request of the server; raises InvalidTag. @return what it names."""
        value = message.option(OSCORE)
        length = value[0] & 7 if value else 0
        piv, sid = value[1:1 + length], self.af_sid
        if request is None:
            assert value[0] & 0x18 == 8 and value[1 + length:] == self.af_sid, value.hex()
            request = (sid, piv)
        nonce = self.nonce(sid, piv) if length else self.nonce(*request)
        plain = AESCCM(self.receive_key, 8).decrypt(nonce, message.payload, self.aad(*request))
        message.code, message.protected = plain[0], True
        message.options, message.payload = decode_options(plain[1:])
        return request


class Ue:
    """One socket; bind it to any loopback address to be another source, rebind() to move."""

    def __init__(self, port, source="127.0.0.1", host="localhost"):
        self.port, self.host = port, host
        self.context = None
        self.mid = int.from_bytes(os.urandom(2), "big")
        self.requests = []  # of the server, decrypted and not answered yet
        self.socket = None
        self.rebind(source)

    def rebind(self, source="127.0.0.1"):
        if self.socket is not None:
            self.socket.close()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", self.port))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.socket.close()

    def next_mid(self):
        self.mid = (self.mid + 1) & 0xFFFF
        return self.mid

    def send(self, message):
        self.socket.send(message.encode())

    def receive(self, timeout_s=5):
        """The next message; confirmable ones are acknowledged. None: nothing came."""
        if not select.select([self.socket], [], [], timeout_s)[0]:
            return None
        message = decode(self.socket.recv(2048))
        if message.kind == CON:
            self.send(Message(ACK, EMPTY, message.mid))
        return message

    def answer_to(self, token, request=None, timeout_s=5):
        """The answer with this token, decrypted when it is protected; requests of the server wait in self.requests."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            message = self.receive(left)
            if message is None:
                break
            if message.code >> 5 == 0:
                self._take_request(message)
            elif message.token == token:
                if message.option(OSCORE) is not None:
                    self.context.open(message, request)
                return message
        raise AssertionError("no answer came")

    def _take_request(self, message):
        if message.code != EMPTY:
            message.reference = self.context.open(message)
            self.requests.append(message)

    def plain(self, path, payload=b"", code=POST, content_format=None, kind=CON, host=None, options=(), answer=True):
        """A request without protection, and its answer."""
        host = self.host if host is None else host
        options = [(URI_PATH, path.encode()), *options] + ([(URI_HOST, host.encode())] if host else [])
        if content_format is not None:
            options.append((CONTENT_FORMAT, bytes([content_format])))
        message = Message(kind, code, self.next_mid(), os.urandom(4), options, payload)
        self.send(message)
        return self.answer_to(message.token) if answer else message

    def akma(self, body, **options):
        return self.plain("akma", body, content_format=CBOR, **options)

    def establish(self, a_kid, key, n1=None, af_sid=b"\x01", **options):
        """POST /akma; a 2.01 gives this UE its context. @return the answer."""
        body = akma_request(a_kid, n1, af_sid)
        answer = self.akma(body, **options)
        if answer.status == "2.01":
            assert answer.uint(CONTENT_FORMAT) == CBOR and answer.payload[:2] == b"\x82\x48", answer.payload.hex()
            ue_sid = answer.payload[11:]
            assert answer.payload[10] == 0x40 | len(ue_sid) and ue_sid != af_sid
            self.context = Context(hkdf(None, key, LABEL, 32), body + answer.payload, ue_sid, af_sid)
        return answer

    def protected(self, options, payload=b"", code=POST, kind=CON, piv=None):
        """(message, reference of its answer) of a protected request, not sent yet."""
        outer, sealed, reference = self.context.protect_request(code, options, payload, piv)
        return Message(kind, POST, self.next_mid(), os.urandom(4), outer, sealed), reference

    def request(self, path, payload=b"", content_format=JSON, kind=CON, code=POST, echo=True):
        """A protected request and its answer; a demand for Echo is met (RFC 9175) unless @p echo is False."""
        options = [(URI_PATH, path.encode())]
        if content_format is not None:
            options.append((CONTENT_FORMAT, bytes([content_format])))
        message, reference = self.protected(options, payload, code, kind)
        self.send(message)
        answer = self.answer_to(message.token, reference)
        demanded = answer.option(ECHO)
        if not (echo and answer.protected and answer.status == "4.01" and demanded is not None):
            return answer
        message, reference = self.protected([*options, (ECHO, demanded)], payload, code, kind)
        self.send(message)
        return self.answer_to(message.token, reference)

    def server_request(self, timeout_s=5, code=0x44):
        """The next request of the server, decrypted and answered with @p code (2.04; None: only acknowledged)."""
        deadline = time.monotonic() + timeout_s
        while not self.requests:
            message = self.receive(max(deadline - time.monotonic(), 0))
            assert message is not None, "the server sent nothing"
            if message.code >> 5 == 0:
                self._take_request(message)
        message = self.requests.pop(0)
        if code is not None:
            options, sealed = self.context.protect_answer(code, message.reference)
            self.send(Message(NON, 0x44, self.next_mid(), message.token, options, sealed))
        return message

