"""The server is killed and starts anew: UEs that only listen recover by themselves, over every transport."""

import pytest

import testbed
from testbed import Testbed


@pytest.fixture
def bed(tmp_path):
    with Testbed(tmp_path) as bed:
        bed.add_subscribers(2)
        bed.start_aanf()
        yield bed


def ports(bed):
    return {"listen": {"coaps": {"host": "127.0.0.1", "port": bed.server.port("coaps")},
                       "coaps_tcp": {"host": "127.0.0.1", "port": bed.server.port("coaps+tcp")},
                       "oscore": {**testbed.OSCORE["oscore"], "port": bed.server.port("coap")}}}


@pytest.mark.parametrize("scheme", ["coaps", "coaps+tcp", "coap"])
def test_listeners_come_back(bed, scheme):
    """Over DTLS a server that has forgotten a session is silent: the keep-alive finds out after the retransmissions of
    RFC 7252 (45 s and more); over TCP and OSCORE it is told at once. What was stored meanwhile arrives."""
    bed.start_server(listen=testbed.OSCORE, store={"folder": str(bed.folder / "store")})
    again = ports(bed)
    listener = bed.listen(bed.subscribers[0], "--keep-alive", "1s", uri=bed.uri(scheme))
    listener.event("registered")
    bed.daemons.remove(bed.server)
    bed.server.kill()
    bed.start_server(**again, store={"folder": str(bed.folder / "store")})
    code, events = bed.run_client(bed.subscribers[1], "send", "--to", bed.subscribers[0].service_id, "--payload",
                                  "after it", "--store")
    assert code == 0, events
    listener.event("message", timeout_s=150, payload="after it")
    assert listener.stop() == 0
