"""A capture file of what a relay of the tests saw: no privilege is needed, and nothing else is in it."""

import struct

CLIENT_PORT, SERVER_PORT = 40000, 5684
RAW_IP, TCP, UDP = 101, 6, 17
_ADDRESSES = {"up": (b"\x7f\0\0\1", b"\x7f\0\0\2"), "down": (b"\x7f\0\0\2", b"\x7f\0\0\1")}
_PORTS = {"up": (CLIENT_PORT, SERVER_PORT), "down": (SERVER_PORT, CLIENT_PORT)}
_SEGMENT = 16000


def _ip(direction, protocol, payload):
    source, destination = _ADDRESSES[direction]
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0) + source + destination + payload


def _udp(direction, octets):
    return _ip(direction, UDP, struct.pack(">HHHH", *_PORTS[direction], 8 + len(octets), 0) + octets)


class _Stream:
    """TCP segments of one connection, from its SYN on."""

    def __init__(self):
        self.next = {"up": 1000, "down": 2000}

    def segment(self, direction, octets=b"", flags=0x18):
        other = "down" if direction == "up" else "up"
        acknowledged = self.next[other] if flags & 0x10 else 0
        head = struct.pack(">HHIIBBHHH", *_PORTS[direction], self.next[direction], acknowledged, 0x50, flags, 65535, 0, 0)
        self.next[direction] += len(octets) + (flags >> 1 & 1)
        return _ip(direction, TCP, head + octets)

    def opening(self):
        return [self.segment("up", flags=2), self.segment("down", flags=0x12), self.segment("up", flags=0x10)]


def write(path, protocol, passed):
    """@p passed: (direction, octets) in order, "up" from the client; datagrams for UDP, pieces of the stream for TCP."""
    stream = _Stream()
    packets = stream.opening() if protocol == TCP else []
    for direction, octets in passed:
        if protocol == UDP:
            packets.append(_udp(direction, octets))
        else:
            packets += [stream.segment(direction, octets[at:at + _SEGMENT]) for at in range(0, len(octets), _SEGMENT)]
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP))
        for number, packet in enumerate(packets):
            file.write(struct.pack("<IIII", 1700000000, number, len(packet), len(packet)) + packet)
