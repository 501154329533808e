"""TLS over TCP in pieces: what an attacker without a key can send to the coaps+tcp port, and no more (RFC 8446, 5246)."""

import os
import socket

from dtls_octets import extension, number, vector

TLS_1_3, TLS_1_2 = 0x0304, 0x0303
HANDSHAKE, ALERT = 22, 21


def record(kind, octets):
    return number(kind, 1) + number(TLS_1_2, 2) + vector(2, octets)


def message(kind, body):
    return number(kind, 1) + vector(3, body)


def client_hello(server_name=b"localhost", identity=None, modes=b"\1", versions=(TLS_1_3,), suites=(0x1301, 0xCCAC, 0xD001),
                 session_id=b"", share=None, more=b""):
    """The handshake message; with an identity it carries a binder of zeros, without a share (on P-256) none is offered."""
    extensions = extension(10, vector(2, number(0x0017, 2))) + extension(11, vector(1, b"\0")) + extension(23, b"")
    extensions += more
    if server_name is not None:
        extensions += extension(0, vector(2, b"\0" + vector(2, server_name)))
    if versions:
        extensions += extension(43, vector(1, b"".join(number(v, 2) for v in versions)))
        extensions += extension(51, vector(2, number(0x0017, 2) + vector(2, share) if share else b""))
    if identity is not None:
        extensions += extension(45, vector(1, modes))
        extensions += extension(41, vector(2, vector(2, identity) + number(0, 4)) + vector(2, vector(1, bytes(32))))
    return message(1, number(TLS_1_2, 2) + os.urandom(32) + vector(1, session_id)
                   + vector(2, b"".join(number(s, 2) for s in suites)) + vector(1, b"\0") + vector(2, extensions))


class Peer:
    """One connection; bind it to any loopback address to be another source."""

    def __init__(self, server_port, source="127.0.0.1", timeout_s=5):
        self.socket = socket.create_connection(("127.0.0.1", server_port), timeout_s, (source, 0))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def hello(self, **options):
        self.send(record(HANDSHAKE, client_hello(**options)))

    def _read(self, length):
        octets = b""
        while len(octets) < length:
            more = self.socket.recv(length - len(octets))
            if not more:
                raise EOFError("the server closed")
            octets += more
        return octets

    def record(self):
        """(type, content) of the next record."""
        header = self._read(5)
        return header[0], self._read(int.from_bytes(header[3:], "big"))

    def handshake_types(self, count):
        """Types of the next messages, one a record, as our server sends them."""
        types = []
        while len(types) < count:
            kind, content = self.record()
            assert kind == HANDSHAKE, (kind, content)
            types.append(content[0])
        return types

    def alert(self):
        """Description of the alert that comes next, before the end; handshake records in between are skipped."""
        while True:
            kind, content = self.record()
            if kind == ALERT:
                return content[1]

    def ended(self):
        """Wait until the server closes; False when it does not within the time-out."""
        try:
            while self.socket.recv(4096):
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
