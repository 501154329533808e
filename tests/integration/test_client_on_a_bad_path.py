"""Client and server over a path that loses, doubles and delays datagrams: the message comes once, the report comes back."""

import random

import udp_relay


def lossy(seed, loss, double, late):
    """What the relay does with a datagram: the same for the same seed."""
    dice = random.Random(seed)

    def treat(direction, number, octets):
        if dice.random() < loss:
            return []
        copies = 2 if dice.random() < double else 1
        return [(0.15 if dice.random() < late else 0, octets)] * copies

    return treat


def test_message_arrives_once(lab):
    """Handshakes are tried again, requests retransmitted, duplicates absorbed at both layers."""
    meter, valve = lab.subscribers[:2]
    with udp_relay.Relay(lab.server.port("coaps"), lossy(1, 0.08, 0.1, 0.1)) as relay:
        lab.server_uri = "coaps://localhost:%d" % relay.port
        listener = lab.listen(valve)
        listener.event("registered", timeout_s=60)
        code, events = lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "once", "--report",
                                      "--timeout", 60, timeout_s=90)
        assert code == 0, events
        listener.event("message", payload="once")
        assert listener.stop(timeout_s=30) == 0
        assert len([event for event in listener.events if event["event"] == "message"]) == 1
