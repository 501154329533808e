"""A TCP relay between clients and one server on loopback: it keeps what passes, in order, and may change it."""

import itertools
import socket
import threading


class Relay:
    """Give clients port; passed holds (direction, octets) as they came: "up" to the server, "down" from it.

    @p treat(direction, number, octets) returns what goes on instead; number counts what comes in that direction, from 0.
    """

    def __init__(self, server_port, treat=None, host="127.0.0.1"):
        self.server = (host, server_port)
        self.treat = treat or (lambda direction, number, octets: octets)
        self.passed = []
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def octets(self, direction):
        """Everything that went this way."""
        return b"".join(octets for way, octets in self.passed if way == direction)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(self.server)
            for direction, source, sink in (("up", client, upstream), ("down", upstream, client)):
                thread = threading.Thread(target=self._pump, args=(direction, source, sink), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pump(self, direction, source, sink):
        for number in itertools.count():
            try:
                octets = source.recv(65536)
                if not octets:
                    sink.shutdown(socket.SHUT_WR)
                    return
                self.passed.append((direction, octets))
                sink.sendall(self.treat(direction, number, octets))
            except OSError:
                return
