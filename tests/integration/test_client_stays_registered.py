"""A listening client needs nobody's help: servers restart and forget, the network that authenticates comes late."""

import testbed


def retire(bed, daemon):
    """Stop a daemon before its time."""
    assert daemon.stop() == 0
    bed.daemons.remove(daemon)


def test_stays_registered_through_restarts(tmp_path):
    """The server goes and comes back, then AAnF and server forget everything: fresh keys follow."""
    with testbed.Testbed(tmp_path) as bed:
        meter, valve = bed.add_subscribers(2)
        aanf = bed.start_aanf()
        server = bed.start_server()
        ports = {"aanf": aanf.port("sbi"), "server": server.port("coaps")}
        listener = bed.listen(valve, "--backoff", 50)
        listener.event("registered")

        retire(bed, server)
        listener.event("state", state="waiting")
        bed.start_server(listen={"coaps": {"host": "127.0.0.1", "port": ports["server"]}})
        listener.event("registered")
        assert bed.run_client(meter, "send", "--to", valve.service_id, "--payload", "again", "--report")[0] == 0
        listener.event("message", payload="again")
        assert len([event for event in listener.events if event["event"] == "authenticated"]) == 1

        retire(bed, bed.server)
        retire(bed, aanf)
        bed.start_aanf(listen={"host": "127.0.0.1", "port": ports["aanf"]})
        bed.start_server(listen={"coaps": {"host": "127.0.0.1", "port": ports["server"]}})
        listener.event("authenticated")
        listener.event("authenticated")  # a fresh key: AAnF and server know the old one no more
        listener.event("registered")
        assert bed.run_client(meter, "send", "--to", valve.service_id, "--payload", "and again", "--report")[0] == 0
        assert listener.stop() == 0


def test_waits_for_the_network_that_authenticates(tmp_path):
    """listen starts before the AUSF does: it says so, and goes on when there is a key."""
    with testbed.Testbed(tmp_path) as bed:
        ue, = bed.add_subscribers(1)
        aanf = bed.start_aanf()
        bed.start_server()
        port = aanf.port("sbi")
        retire(bed, aanf)
        listener = bed.listen(ue, "--backoff", 50)
        assert listener.event("state", state="waiting for a key")["error"] == "cannot connect"
        bed.start_aanf(listen={"host": "127.0.0.1", "port": port})
        listener.event("authenticated")
        listener.event("registered")
        assert listener.stop() == 0
