"""The Ua* profiles of MSGin5G-1 (section 4 of the AKMA digest): what a test is run for, once each.

`@profiles.each` parametrises a test by `profile`; tests/support/conformance.py reads from that which profile it proves.
"""

import pytest


class Profile:
    """How a UE reaches the server; scheme and version are what our command takes."""

    def __init__(self, name, title, scheme, version, ua_id, on=None):
        self.name = name
        self.title = title
        self.scheme = scheme
        self.version = version
        self.ua_id = ua_id  # that of the suite our own two ends choose
        self.on = on or name  # column of the conformance table

    def __str__(self):
        return self.name

    @property
    def is_datagram(self):
        return self.scheme == "coaps"

    @property
    def options(self):
        return ("--tls", self.version) if self.version else ()

    def run(self, bed, subscriber, command, *arguments, **options):
        """Testbed.run_client() over this profile."""
        return bed.run_client(subscriber, command, *self.options, *arguments, uri=bed.uri(self.scheme), **options)

    def run_plain(self, bed, command, *arguments, **options):
        """Testbed.run_plain() over this profile."""
        return bed.run_plain(command, *self.options, *arguments, uri=bed.uri(self.scheme), **options)

    def listen(self, bed, subscriber, *arguments, **options):
        """Testbed.listen() over this profile."""
        return bed.listen(subscriber, *self.options, *arguments, uri=bed.uri(self.scheme), **options)


DTLS_1_2 = Profile("dtls1.2", "DTLS 1.2", "coaps", "1.2", "010001d001")
DTLS_1_3 = Profile("dtls1.3", "DTLS 1.3", "coaps", "1.3", "0100000009")
TLS_1_2 = Profile("tls1.2", "TLS 1.2", "coaps+tcp", "1.2", "010001d001")
TLS_1_3 = Profile("tls1.3", "TLS 1.3", "coaps+tcp", "1.3", "0100000007")
ALL = (DTLS_1_2, DTLS_1_3, TLS_1_2, TLS_1_3)
# Not in ALL: it has no handshake, so no alerts; its own tests are test_oscore_*.py. The bed adds --oscore by the scheme.
OSCORE = Profile("oscore", "OSCORE", "coap", None, "0100000008")
# The client picks the version, which must be 1.3: not a profile, but a way to one.
AUTO = (Profile("dtls-auto", "DTLS", "coaps", "auto", "0100000009", on="dtls1.3"),
        Profile("tls-auto", "TLS", "coaps+tcp", "auto", "0100000007", on="tls1.3"))


def each_of(*chosen):
    return pytest.mark.parametrize("profile", chosen, ids=str)


each = each_of(*ALL)
each_and_auto = each_of(*ALL, *AUTO)
