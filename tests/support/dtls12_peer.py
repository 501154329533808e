"""Handshakes in pieces: what an attacker without a key can send to a DTLS 1.2 server (RFC 6347), and no more."""

import os
import socket
import struct

HANDSHAKE, CLIENT_HELLO, CLIENT_KEY_EXCHANGE = 22, 1, 16


def record(kind, sequence, body, epoch=0):
    return struct.pack(">BHHHIH", kind, 0xFEFD, epoch, 0, sequence, len(body)) + body


def handshake(kind, message_sequence, body):
    length = struct.pack(">I", len(body))[1:]
    return bytes([kind]) + length + struct.pack(">H", message_sequence) + bytes(3) + length + body


def client_hello(random, cookie=b"", server_name=b"localhost", suites=(0xCCAC, 0xD001), session_id=b"", more=b""):
    name = struct.pack(">HBH", len(server_name) + 3, 0, len(server_name)) + server_name
    extensions = struct.pack(">HH", 0, len(name)) + name
    extensions += bytes.fromhex("000a000400020017" "000b00020100" "00170000") + more  # P-256, uncompressed, EMS
    listed = b"".join(struct.pack(">H", suite) for suite in suites)
    return (b"\xfe\xfd" + random + bytes([len(session_id)]) + session_id + bytes([len(cookie)]) + cookie
            + struct.pack(">H", len(listed)) + listed + b"\x01\0" + struct.pack(">H", len(extensions)) + extensions)


class Peer:
    """One socket; bind it to any loopback address to be another source."""

    def __init__(self, server_port, source="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", server_port))
        self.random = os.urandom(32)
        self.sequence = 0

    def send(self, kind, body):
        self.socket.send(record(kind, self.sequence, body))
        self.sequence += 1

    def hello(self, cookie=b"", **options):
        """First ClientHello, or with the cookie the second."""
        self.send(HANDSHAKE, handshake(CLIENT_HELLO, 1 if cookie else 0, client_hello(self.random, cookie, **options)))

    def cookie(self):
        """Read the HelloVerifyRequest."""
        answer = self.socket.recv(2048)
        assert answer[0] == HANDSHAKE and answer[13] == 3, answer.hex()
        return answer[28:28 + answer[27]]

    def key_exchange(self, identity, point=None):
        """ClientKeyExchange of ECDHE_PSK: identity, then a point on P-256 (the generator will do)."""
        generator = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                                  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
        point = point or generator
        body = struct.pack(">H", len(identity)) + identity + bytes([len(point)]) + point
        self.send(HANDSHAKE, handshake(CLIENT_KEY_EXCHANGE, 2, body))

    def garbage_finish(self):
        """ChangeCipherSpec and a Finished that decrypts to nothing."""
        self.send(20, b"\x01")
        self.socket.send(record(HANDSHAKE, 0, os.urandom(40), epoch=1))

    def handshake_types(self, count):
        """Types of the next messages, whatever way they share datagrams; fragments not expected."""
        types = []
        while len(types) < count:
            datagram = self.socket.recv(4096)
            while datagram and datagram[0] == HANDSHAKE:
                types.append(datagram[13])
                datagram = datagram[13 + struct.unpack(">H", datagram[11:13])[0]:]
        return types

    def alert(self):
        """Description of the next alert; handshake records in between are skipped."""
        while True:
            answer = self.socket.recv(4096)
            if answer[0] == 21:
                return answer[14]

    def close(self):
        self.socket.close()
