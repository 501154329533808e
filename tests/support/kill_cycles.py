"""Kill -9 of the server under load, over and over: what was acknowledged, what arrived, what arrived twice."""

import time

import testbed
from load import LIMITS, TEMPLATE, Load


def start_server(bed, port=0, **overrides):
    """@return seconds until it was ready."""
    begin = time.monotonic()
    bed.start_server(listen={"coaps": {"host": "127.0.0.1", "port": port}}, binding_template=TEMPLATE,
                     tls={"coap_ccm8": True}, limits=LIMITS, log={"level": "warning"}, **overrides)
    return time.monotonic() - begin


def kill_and_restart(bed):
    """On the same port. @return as start_server()."""
    port = bed.server.port("coaps")
    bed.server.kill()
    bed.daemons.remove(bed.server)
    return start_server(bed, port)


def stored(bed):
    return bed.server.metric("msgin5g_store_messages")


def run(bed, cycles, messages, pairs):
    """Kills while messages are stored, then twice while they are delivered; the UEs come back by themselves.

    @return what loadgen counted, how many were stored at most, and the slowest start in seconds.
    """
    slowest_s = 0
    with Load(bed, 2 * pairs) as load:
        assert load.step("register", pairs)["registered"] == pairs
        load.begin("store", pairs, 8)
        for _ in range(cycles):
            goal = stored(bed) + messages // cycles
            testbed.wait_for(lambda: stored(bed) >= goal, 120, "messages to be stored")
            slowest_s = max(slowest_s, kill_and_restart(bed))
            assert bed.server.metric("msgin5g_store_damaged_total") == 0
        filled = load.stop()
        there = stored(bed)
        assert there >= filled["acknowledged"], filled
        load.begin("settle", pairs)
        for part in (0.75, 0.4):
            testbed.wait_for(lambda: stored(bed) <= there * part, 300, "messages to be delivered")
            slowest_s = max(slowest_s, kill_and_restart(bed))
        settled = load.end()
        testbed.wait_for(lambda: stored(bed) == 0, 60, "the store to be empty")
    print("acknowledged %d of %d, stored %d, slowest start %.2f s" % (
        settled["acknowledged"], settled["sent"], there, slowest_s))
    return settled, there, slowest_s
