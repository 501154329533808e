"""A UE of the tests' own over OpenSSL's DTLS: every CoAP message in its hands, every answer and every silence."""

import json
import uuid

import foreign_ue
import openssl_dtls

MSG = {"msgIden": "urn:3gpp:msgin5g", "msgType": "MSG"}
CON, NON, ACK, RST = range(4)


def ue(service_id):
    return {"destAddrType": "UE", "addr": service_id}


def code_of(octet):
    return "%d.%02d" % (octet >> 5, octet & 31)


class Message:
    """One CoAP message that came in; body is the JSON of its payload, None without."""

    def __init__(self, octets):
        self.octets = octets
        self.type = octets[0] >> 4 & 3
        self.token_length = octets[0] & 15
        self.code = code_of(octets[1])
        self.id = octets[2:4]
        self.token = octets[4:4 + self.token_length]
        self.is_request = 0 < octets[1] < 32
        self.options, self.payload = options_of(octets)
        try:
            self.body = json.loads(self.payload)
        except ValueError:
            self.body = None


class RawUe:
    """
    A UE with one DTLS session; requests of the server are acknowledged with 2.04 unless hold() was said.

    requests: bodies of the server's requests, each once, in the order in which they came.
    """

    def __init__(self, bed, subscriber, keys=None):
        self.bed = bed
        self.subscriber = subscriber
        self.service_id = subscriber.service_id
        self.keys = keys or foreign_ue.keys(bed, subscriber, foreign_ue.UA_ID_CCAC)
        self.message_id = 0x100
        self.requests = []
        self.messages = []  # as requests, as Message
        self.acknowledges = True
        self._seen = {}  # message id of the server: the answer given
        self.connect()

    def connect(self):
        """A new session over a new port, with the same keys; the old one is left as it is."""
        self.dtls = openssl_dtls.Session(self.bed.server.port("coaps"), *self.keys, foreign_ue.CCAC)
        self._seen = {}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.dtls.close()

    def hold(self, holds=True):
        """Leave requests of the server without any answer."""
        self.acknowledges = not holds

    def answer(self, message, code=0x44):
        """Piggyback @p code on the acknowledgement of a request (0: nothing but a Reset)."""
        kind = 0x70 if code == 0 else 0x60 | message.token_length
        reply = bytes([kind, code]) + message.id + (b"" if code == 0 else message.token)
        self._seen[message.id] = reply
        self.dtls.send(reply)

    def _receive(self):
        """One message, after the server's retransmissions are answered as their first was."""
        while True:
            message = Message(self.dtls.receive())
            if not message.is_request:
                return message
            if message.id in self._seen:
                self.dtls.send(self._seen[message.id])
                continue
            if not any(other.id == message.id for other in self.messages):
                self.messages.append(message)
                self.requests.append(message.body)
            if self.acknowledges and message.type == CON:
                self.answer(message)
            return message

    def send(self, body, confirmable=True, **options):
        """Send a request; its token."""
        self.message_id += 1
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        token = self.message_id.to_bytes(2, "big")
        self.dtls.send(foreign_ue.coap_post(octets, self.message_id, token, confirmable=confirmable, **options))
        return token

    def result(self, token, timeout_s=10):
        """The answer to the request with this token, piggybacked or separate: (code, body or diagnostic)."""
        self.dtls.timeout(timeout_s)
        while True:
            message = self._receive()
            if message.is_request or message.code == "0.00" or message.token != token:
                continue
            if message.type == CON:
                self.dtls.send(bytes([0x60, 0]) + message.id)
            self.max_age = max_age_of(message.options)
            return message.code, message.body if message.body is not None else message.payload.decode()

    def post(self, body, timeout_s=10, **options):
        return self.result(self.send(body, **options), timeout_s)

    def listen(self, count=1, timeout_s=10):
        """Wait until the server has sent @p count requests in all; their bodies."""
        self.dtls.timeout(timeout_s)
        while len(self.requests) < count:
            self._receive()
        return self.requests

    def silence(self, seconds=0.5):
        """Nothing new comes for this long."""
        count = len(self.requests)
        self.dtls.timeout(seconds)
        try:
            while True:
                self._receive()
        except openssl_dtls.Failed:
            return len(self.requests) == count

    def register(self, **members):
        code, body = self.post({**json.loads(foreign_ue.registration(self.service_id)), **members})
        assert code in ("2.01", "2.04") and body["result"], (code, body)
        return self

    def deregister(self):
        return self.post({"msgIden": "urn:3gpp:msgin5g", "msgType": "DEREG",
                          "oriAddr": {"oriAddrType": "UE", "addr": self.service_id}})

    def message(self, to, payload="x", **members):
        """Body of a MSG to another RawUe, a subscriber, or an address as it is."""
        to = getattr(to, "service_id", to)
        return {**MSG, "oriAddr": {"oriAddrType": "UE", "addr": self.service_id},
                "destAddr": ue(to) if isinstance(to, str) else to, "msgId": str(uuid.uuid4()), "sfFlag": False,
                "payload": payload, **members}

    def report(self, message, status="success"):
        """Body of the IMDN on a message that came."""
        return {**MSG, "msgType": "IMDN", "oriAddr": {"oriAddrType": "UE", "addr": self.service_id},
                "destAddr": {"destAddrType": message["oriAddr"]["oriAddrType"], "addr": message["oriAddr"]["addr"]},
                "msgId": message["msgId"], "DelSta": status}

    def payloads(self):
        return [request["payload"] for request in self.requests if request["msgType"] == "MSG"]

    def responses(self, body=None):
        """(status, cause) of every MSGRESP that came, or of those on one message."""
        return [(request["DelSta"], request.get("Cause")) for request in self.requests
                if request["msgType"] == "MSGRESP" and (body is None or request["msgId"] == body["msgId"])]


def options_of(octets):
    """[(number, value)] of the options, and the payload (RFC 7252 3.1)."""
    at, number, found = 4 + (octets[0] & 15), 0, []
    while at < len(octets) and octets[at] != 0xFF:
        fields = [octets[at] >> 4, octets[at] & 15]
        at += 1
        for i, nibble in enumerate(fields):
            extra = {13: 1, 14: 2}.get(nibble, 0)
            if extra:
                fields[i] = int.from_bytes(octets[at:at + extra], "big") + (13 if extra == 1 else 269)
                at += extra
        number += fields[0]
        found.append((number, octets[at:at + fields[1]]))
        at += fields[1]
    return found, octets[at + 1:]


def max_age_of(options):
    """Value of Max-Age, None without."""
    return next((int.from_bytes(value, "big") for number, value in options if number == 14), None)
