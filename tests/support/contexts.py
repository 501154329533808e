"""AKMA contexts put into an AAnF over its API, without a primary authentication (TS 29.535 AnchorKey_Register)."""

import base64
import datetime
import hashlib

REALM = "5gc.mnc001.mcc001.3gppnetwork.org"


def a_kid_of(text, realm=REALM):
    """A well-formed A-KID, another one for each text (octets)."""
    return "0.%s@%s" % (base64.urlsafe_b64encode(hashlib.sha256(b"a-tid" + text).digest()).rstrip(b"=").decode(), realm)


class Context:
    """One context for a subscriber, registered by @p ausf (sbi.Consumer); another text is another A-KID and key."""

    def __init__(self, bed, ausf, subscriber, text):
        octets = text.encode()
        self.a_kid = a_kid_of(octets)
        self.k_akma = hashlib.sha256(b"k_akma" + octets).digest()
        self.service_id = subscriber.service_id
        self.key_file = bed.write(hashlib.sha256(octets).hexdigest()[:16] + ".hex", self.k_akma.hex())
        assert ausf.register(aKId=self.a_kid, supi=subscriber.supi, kAkma=self.k_akma.hex()).status == 200

    @property
    def arguments(self):
        """Of a client that has this context and needs no USIM."""
        return ("--service-id", self.service_id, "--a-kid", self.a_kid, "--k-akma", "@%s" % self.key_file)

    def register(self, bed, profile, *arguments):
        """Exit code of one registration over this profile."""
        return profile.run_plain(bed, "register", *self.arguments, *arguments)[0]


def expiry(answer):
    """Seconds since 1970-01-01 of an AkmaAfKeyData."""
    return datetime.datetime.strptime(answer.body["expiry"], "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp()
