"""Speaks to a service-based interface as its consumers do, through curl: HTTP/2 over TLS with a client certificate.

Bodies of successful answers are judged by our schemas and, where a machine has them, by the official OpenAPI files.
"""

import json
import subprocess

import openapi
import schemas

JSON = "application/json"
# Our schema, official file and schema of the body of a 200 or 201, by operation.
ANSWERS = {
    "register-anchorkey": ("naanf_key_info", "TS29535_Naanf_AKMA.yaml", "AkmaKeyInfo"),
    "retrieve-applicationkey": ("naanf_key_data", "TS29522_AKMA.yaml", "AkmaAfKeyData"),
    "ue-authentications": (None, "TS29509_Nausf_UEAuthentication.yaml", "UEAuthenticationCtx"),
    "5g-aka-confirmation": (None, "TS29509_Nausf_UEAuthentication.yaml", "ConfirmationDataResponse"),
}


class Answer:
    """Status, headers (lower-case names) and body of one answer."""

    def __init__(self, text):
        head, _, self.text = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.protocol, status = lines[0].split(" ")[:2]
        self.status = int(status)
        self.headers = dict(line.split(": ", 1) for line in lines[1:])
        self.body = json.loads(self.text) if "json" in self.headers.get("content-type", "") else None

    @property
    def cause(self):
        return self.body.get("cause") if self.body else None

    @property
    def param(self):
        """The first of invalidParams."""
        return self.body["invalidParams"][0]["param"] if self.body and "invalidParams" in self.body else None


class Refused(Exception):
    """There was no HTTP answer; exit code of curl in args[0]."""


class Consumer:
    """One NF with its certificate (a name in @p certs; None: none)."""

    def __init__(self, url, certs, certificate):
        self.url = url
        self.curl = ["curl", "--silent", "--show-error", "--include", "--http2", "--max-time", "10", "--cacert",
                     str(certs / "ca.pem"), "--header", "Expect:"]
        if certificate is not None:
            self.curl += ["--cert", str(certs / (certificate + ".pem")), "--key", str(certs / (certificate + ".key"))]

    def request(self, method, path, body=None, content_type=JSON, options=()):
        """@p body: a value to be written as JSON, or octets as they are."""
        argv = [*self.curl, "--request", method, *options]
        octets = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if octets is not None:
            argv += ["--header", "content-type: " + content_type if content_type else "content-type:", "--data-binary", "@-"]
        url = path if path.startswith("http") else self.url + path
        result = subprocess.run([*argv, url], input=octets, capture_output=True, check=False)
        if result.returncode != 0:
            raise Refused(result.returncode, result.stderr.decode())
        answer = Answer(result.stdout.decode())
        assert answer.protocol == "HTTP/2"
        self._judge(path.rsplit("/", 1)[1], answer)
        return answer

    @staticmethod
    def _judge(operation, answer):
        if answer.status in (200, 201):
            ours, file, schema = ANSWERS[operation]
            if ours is not None:
                assert schemas.problems(ours, answer.body) == []
        elif answer.body is not None:
            file, schema = "TS29571_CommonData.yaml", "ProblemDetails"
            assert answer.headers["content-type"] == "application/problem+json"
            if answer.cause is not None:  # left out where the status says it all (TS 29.500 5.2.7.2)
                assert schemas.problems("problem_details", answer.body) == []
        else:
            return
        if openapi.skip_reason() is None:
            assert openapi.problems(file, schema, answer.body) == []

    def naanf(self, operation, **members):
        return self.request("POST", "/naanf-akma/v1/" + operation, members)

    def register(self, **members):
        return self.naanf("register-anchorkey", **members)

    def retrieve(self, a_kid, af_id, **members):
        return self.naanf("retrieve-applicationkey", aKId=a_kid, afId=af_id, **members)

    def remove(self, supi):
        return self.naanf("remove-context", supi=supi)

    def authenticate(self, supi, sn_name, **members):
        return self.request("POST", "/nausf-auth/v1/ue-authentications",
                            {"supiOrSuci": supi, "servingNetworkName": sn_name, **members})

    def confirm(self, challenge, res_star):
        return self.request("PUT", challenge.body["_links"]["5g-aka"]["href"], {"resStar": res_star})
