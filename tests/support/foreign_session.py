"""A UE that is not ours: CoAP written octet by octet over a DTLS session of OpenSSL."""

import json

import foreign_ue
import openssl_dtls


class Session:
    """One DTLS session of a UE of ours, driven octet by octet through OpenSSL."""

    def __init__(self, lab, subscriber):
        self.subscriber = subscriber
        identity, key = foreign_ue.keys(lab, subscriber, foreign_ue.UA_ID_CCAC)
        self.dtls = openssl_dtls.Session(lab.server.port("coaps"), identity, key, foreign_ue.CCAC)
        self.message_id = 0x100
        self.requests = []  # of the server, oldest first

    def exchange(self, octets):
        """Send one datagram; (code, payload) of its answer. Requests of the server are answered with 2.04 on the way."""
        self.dtls.send(octets)
        while True:
            answer = self.dtls.receive()
            if answer[1] == 0x02:
                self._acknowledge(answer)
                continue
            payload = answer.split(b"\xff", 1)[1] if b"\xff" in answer else b""
            return "%d.%02d" % (answer[1] >> 5, answer[1] & 31), payload

    def _acknowledge(self, request):
        token_length = request[0] & 15
        self.requests.append(request)
        self.dtls.send(bytes([0x60 | token_length, 0x44]) + request[2:4 + token_length])

    def post(self, body, **options):
        self.message_id += 1
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.exchange(foreign_ue.coap_post(octets, self.message_id, self.message_id.to_bytes(2, "big"), **options))

    def register(self, **members):
        body = dict(json.loads(foreign_ue.registration(self.subscriber.service_id)), **members)
        code, payload = self.post(body)
        assert code in ("2.01", "2.04"), payload
        return self

    def close(self):
        self.dtls.close()

    def wait_request(self, condition=lambda body: True):
        """Body of the next request of the server that fits; it is acknowledged with 2.04. Others are left out."""
        while True:
            while self.requests:
                body = json.loads(b"{" + self.requests.pop(0).split(b"\xff{", 1)[1])  # a token may hold 0xff, too
                if condition(body):
                    return body
            octets = self.dtls.receive()
            if octets[1] == 0x02:
                self._acknowledge(octets)

    def wait_type(self, msg_type):
        return self.wait_request(lambda body: body["msgType"] == msg_type)
