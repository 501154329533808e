"""OSCORE with aiocoap, a stack of other people: it establishes a context, is asked for an Echo, and registers."""

import re
import subprocess
import sys

import pytest

import aiocoap_ue
import oscore_peer
import testbed
import udp_relay

pytestmark = pytest.mark.proves(on="oscore")


def test_registration_with_aiocoap(bed):
    """What aiocoap believes to be protected is looked at on the wire: it can fall back to plain CoAP without a word."""
    subscriber, = bed.add_subscribers(1)
    bed.start_aanf()
    bed.start_server(listen=testbed.OSCORE)
    a_kid, key = oscore_peer.keys(bed, subscriber)
    with udp_relay.Relay(bed.server.port("coap")) as relay:
        done = subprocess.run([sys.executable, "-B", str(testbed.SUPPORT / "aiocoap_ue.py"), str(relay.port), a_kid, key.hex(),
                               subscriber.service_id, str(bed.folder / "context")], capture_output=True, text=True, timeout=60)
    if done.returncode == aiocoap_ue.ABSENT:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "akma 2.01"
    assert len(lines) == 3 and all(re.match(r"registration 2\.0[14] .*\"result\":true", line) for line in lines[1:]), lines
    in_clear = [message for message in map(oscore_peer.decode, relay.passed["up"])
                if message.code != oscore_peer.EMPTY and message.option(oscore_peer.OSCORE) is None]
    assert [message.option(oscore_peer.URI_PATH) for message in in_clear] == [b"akma"]
    assert all(b"msgin5g" not in octets for octets in relay.passed["up"] + relay.passed["down"])
