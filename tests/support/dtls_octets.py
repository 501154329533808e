"""DTLS records built octet by octet, for peers that do not play by the rules."""

import os

DTLS_1_2 = 0xFEFD
DTLS_1_3 = 0xFEFC


def number(value, octets):
    return value.to_bytes(octets, "big")


def vector(length_octets, octets):
    return number(len(octets), length_octets) + octets


def extension(kind, body):
    return number(kind, 2) + vector(2, body)


def client_hello(server_name="localhost", legacy_cookie=b"", cookie=None, identity=None, versions=None,
                 suites=(0x1301, 0xD001)):
    """Body of a ClientHello; with an identity it carries a binder of zeros."""
    extensions = extension(10, vector(2, number(0x001D, 2)))
    if server_name is not None:
        extensions += extension(0, vector(2, b"\0" + vector(2, server_name.encode())))
    if versions:
        extensions += extension(43, vector(1, b"".join(number(v, 2) for v in versions)))
    if cookie is not None:
        extensions += extension(44, vector(2, cookie))
    if identity is not None:
        extensions += extension(45, vector(1, b"\1"))
        extensions += extension(41, vector(2, vector(2, identity) + number(0, 4)) + vector(2, vector(1, bytes(32))))
    return (number(DTLS_1_2, 2) + os.urandom(32) + vector(1, b"") + vector(1, legacy_cookie)
            + vector(2, b"".join(number(s, 2) for s in suites)) + vector(1, b"\0") + vector(2, extensions))


def record(kind, body, sequence=0, message_sequence=0, offset=0, length=None):
    """One record with one fragment of a handshake message."""
    part = body[offset:] if length is None else body[offset:offset + length]
    fragment = (number(kind, 1) + number(len(body), 3) + number(message_sequence, 2) + number(offset, 3)
                + vector(3, part))
    return b"\x16" + number(DTLS_1_2, 2) + number(sequence, 8) + vector(2, fragment)


def alert_of(datagram):
    """Description of a plaintext fatal alert, None for anything else."""
    if len(datagram) == 15 and datagram[0] == 21 and datagram[3:5] == b"\0\0" and datagram[13] == 2:
        return datagram[14]
    return None
