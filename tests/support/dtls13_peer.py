"""The opening of DTLS 1.3 by hand, for no stack of Debian's speaks it: up to where the server judges the binder.

RFC 9147, RFC 8446 4.2.11: ClientHello, HelloRetryRequest with a cookie, ClientHello with the cookie and a binder that only
the holder of the PSK can compute. The key share is the generator of P-256.
"""

import hashlib
import hmac
import os
import socket

from dtls_octets import DTLS_1_2, DTLS_1_3, extension, number, record, vector

P256 = 0x0017
GENERATOR = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                          "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
RETRY = hashlib.sha256(b"HelloRetryRequest").digest()  # RFC 8446 4.1.3
ALERT, CLIENT_HELLO, SERVER_HELLO, COOKIE = 21, 1, 2, 44
BINDERS_OCTETS = 2 + 1 + 32


def hkdf_label(secret, label, context=b""):
    """HKDF-Expand-Label of DTLS 1.3 (RFC 9147 5.9), 32 octets."""
    info = number(32, 2) + vector(1, b"dtls13" + label) + vector(1, context)
    return hmac.new(secret, info + b"\1", hashlib.sha256).digest()


def binder(key, transcript):
    """Of an external PSK (RFC 8446 4.2.11.2)."""
    early = hmac.new(bytes(32), key, hashlib.sha256).digest()
    finished = hkdf_label(hkdf_label(early, b"ext binder", hashlib.sha256(b"").digest()), b"finished")
    return hmac.new(finished, hashlib.sha256(transcript).digest(), hashlib.sha256).digest()


def message(kind, body):
    """As transcripts have it: without DTLS' own fields (RFC 9147 5.2)."""
    return number(kind, 1) + vector(3, body)


class Peer:
    """One attempt; identity None offers no PSK, modes are psk_key_exchange_modes, server_name None sends none."""

    def __init__(self, server_port, identity, key=bytes(32), source="127.0.0.1", server_name="localhost", modes=b"\1",
                 suites=(0x1301,), timeout_s=5, more=b""):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.settimeout(timeout_s)
        self.socket.connect(("127.0.0.1", server_port))
        self.random = os.urandom(32)
        self.identity, self.key, self.server_name, self.modes, self.suites = identity, key, server_name, modes, suites
        self.more = more  # extensions
        self.opening = b""  # transcript: both messages before the second ClientHello

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def _hello(self, cookie=None):
        extensions = extension(43, vector(1, number(DTLS_1_3, 2))) + extension(10, vector(2, number(P256, 2)))
        extensions += extension(51, vector(2, number(P256, 2) + vector(2, GENERATOR)))
        extensions += self.more
        if self.server_name is not None:
            extensions += extension(0, vector(2, b"\0" + vector(2, self.server_name.encode())))
        if cookie is not None:
            extensions += extension(COOKIE, cookie)
        if self.identity is not None:
            extensions += extension(45, vector(1, self.modes))
            extensions += extension(41, vector(2, vector(2, self.identity) + number(0, 4)) + vector(2, vector(1, bytes(32))))
        body = (number(DTLS_1_2, 2) + self.random + vector(1, b"") + vector(1, b"")
                + vector(2, b"".join(number(suite, 2) for suite in self.suites)) + vector(1, b"\0") + vector(2, extensions))
        if self.identity is None:
            return body
        truncated = message(CLIENT_HELLO, body)[:-BINDERS_OCTETS]
        return body[:-32] + binder(self.key, self.opening + truncated)

    def retry(self):
        """Send the first ClientHello and keep the cookie of the HelloRetryRequest; else the alert's description."""
        first = self._hello()
        self.socket.send(record(CLIENT_HELLO, first))
        answer = self.socket.recv(4096)
        if answer[0] == ALERT:
            return answer[14]
        assert answer[0] == 22 and answer[13] == SERVER_HELLO, answer.hex()
        body = answer[25:25 + int.from_bytes(answer[14:17], "big")]
        assert body[2:34] == RETRY, "no HelloRetryRequest"
        self.cookie = self._cookie_of(body)
        digest = hashlib.sha256(message(CLIENT_HELLO, first)).digest()
        self.opening = number(254, 1) + vector(3, digest) + message(SERVER_HELLO, body)
        self.second = record(CLIENT_HELLO, self._hello(self.cookie), 1, 1)
        return None

    @staticmethod
    def _cookie_of(body):
        at = 35 + body[34] + 3 + 2  # session id; suite and compression; length of extensions
        while at < len(body):
            kind, length = int.from_bytes(body[at:at + 2], "big"), int.from_bytes(body[at + 2:at + 4], "big")
            if kind == COOKIE:
                return body[at + 4:at + 4 + length]
            at += 4 + length
        raise AssertionError("no cookie")

    def verdict(self):
        """Send the second ClientHello: the alert's description, or None when the server goes on with a ServerHello."""
        self.socket.send(self.second)
        return self.answer()

    def answer(self):
        answer = self.socket.recv(4096)
        if answer[0] == ALERT:
            return answer[14]
        assert answer[0] == 22 and answer[13] == SERVER_HELLO, answer.hex()
        return None

    def attempt(self):
        """Both."""
        refused = self.retry()
        return refused if refused is not None else self.verdict()
