"""A listening client stays registered by itself: refresh, restart of the server, stale keys."""

import testbed


def retire(bed, daemon):
    """Stop a daemon before its time."""
    assert daemon.stop() == 0
    bed.daemons.remove(daemon)


def test_stays_registered_through_restarts(tmp_path):
    """The server goes and comes back, then AAnF and server forget everything: the listener needs nobody's help."""
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


def test_refreshes_its_registration(lab):
    ue = lab.subscribers[2]
    listener = lab.listen(ue, "--lifetime", "1s")
    assert listener.event("registered")["lifetime_s"] == 1
    listener.event("registered")
    listener.event("registered")
    assert listener.stop() == 0
    assert [event["event"] for event in listener.events].count("state") == 0
