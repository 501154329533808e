"""An application server for tests: HTTP/1.1 over TLS with certificates on both sides, from Python's library alone.

It keeps what is pushed to it and answers what the test tells it to.
"""

import http.server
import json
import ssl
import threading


class ApplicationServer:
    """Serves on a free port of loopback; end with close() or as a context manager."""

    def __init__(self, certs, name, port=0):
        self.requests = []  # (path, body as a value)
        self.answers = []   # statuses to give, in order; 204 when there is none
        self.connections = set()
        self.changed = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with outer.changed:
                    outer.requests.append((self.path, json.loads(body)))
                    outer.connections.add(self.client_address)
                    status = outer.answers.pop(0) if outer.answers else 204
                    outer.changed.notify_all()
                self.send_response(status)
                if status == 307:
                    self.send_header("location", "https://127.0.0.1:1/elsewhere")
                if status != 204:
                    self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs / (name + ".pem"), certs / (name + ".key"))
        context.load_verify_locations(certs / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path=""):
        return "https://127.0.0.1:%d%s" % (self.port, path)

    def wait_for(self, count, timeout_s=15):
        """The first @p count requests, once there are as many."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.requests) >= count, timeout_s):
                raise AssertionError("%d of %d requests came: %s" % (len(self.requests), count, self.requests))
            return self.requests[:count]
