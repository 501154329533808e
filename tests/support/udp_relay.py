"""A UDP relay between clients and one server on loopback: it records what passes, and may lose, delay or double it."""

import selectors
import socket
import threading
import time


class Relay:
    """Give clients port; @p treat(direction, number, octets) returns a list of (delay_s, octets) to send instead.

    direction is "up" (to the server) or "down"; number counts the datagrams of that direction from 0.
    """

    def __init__(self, server_port, treat=None, host="127.0.0.1"):
        self.server = (host, server_port)
        self.treat = treat or (lambda direction, number, octets: [(0, octets)])
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listener.bind((host, 0))
        self.port = self.listener.getsockname()[1]
        self.passed = {"up": [], "down": []}
        self.in_order = []  # (direction, octets)
        self._seen = {"up": 0, "down": 0}
        self._upstreams = {}
        self._later = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.listener, selectors.EVENT_READ, None)
        self._ended = False
        self._moves = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self._ended = True
        self._thread.join()
        for upstream in self._upstreams.values():
            upstream.close()
        self.listener.close()
        self._selector.close()

    def send_again(self, octets):
        """As if the client that came first had sent it (without one: a client of its own)."""
        client = next(iter(self._upstreams), self.listener.getsockname())
        self._upstream(client).send(octets)

    def move(self):
        """From the next datagram on the server sees every client at another address, as behind a NAT that forgot."""
        self._moves = True

    def _forget_addresses(self):
        self._moves = False
        for upstream in self._upstreams.values():
            self._selector.unregister(upstream)
            upstream.close()
        self._upstreams.clear()

    def _upstream(self, client):
        if client not in self._upstreams:
            upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            upstream.connect(self.server)
            self._upstreams[client] = upstream
            self._selector.register(upstream, selectors.EVENT_READ, client)
        return self._upstreams[client]

    def _pass(self, direction, octets, send):
        number = self._seen[direction]
        self._seen[direction] += 1
        self.passed[direction].append(octets)
        self.in_order.append((direction, octets))
        for delay_s, replacement in self.treat(direction, number, octets):
            self._later.append((time.monotonic() + delay_s, len(self._later), send, replacement))

    def _send_due(self):
        now = time.monotonic()
        due = sorted(entry for entry in self._later if entry[0] <= now)
        self._later = [entry for entry in self._later if entry[0] > now]
        for _, _, send, octets in due:
            try:
                send(octets)
            except OSError:
                pass  # the other end is gone; so would be the datagram

    def _run(self):
        while not self._ended:
            if self._moves:
                self._forget_addresses()
            for key, _ in self._selector.select(0.005 if self._later else 0.05):
                try:
                    self._receive(key)
                except OSError:
                    pass
            self._send_due()

    def _receive(self, key):
        if key.data is None:
            octets, client = self.listener.recvfrom(65536)
            upstream = self._upstream(client)
            self._pass("up", octets, upstream.send)
        else:
            octets = key.fileobj.recv(65536)
            self._pass("down", octets, lambda data, client=key.data: self.listener.sendto(data, client))
