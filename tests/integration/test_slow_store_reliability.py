"""100 cycles of kill -9 under load with 100,000 messages stored: none acknowledged is lost, none arrives twice, and the
server is ready within 2 s each time. The figures mean something in a release build."""

import kill_cycles

import testbed


def test_100_kills(tmp_path):
    with testbed.Testbed(tmp_path) as bed:
        bed.start_aanf(limits={"contexts": 60000, "af_ids": 64})
        kill_cycles.start_server(bed)
        settled, stored, slowest_s = kill_cycles.run(bed, cycles=100, messages=110_000, pairs=400)
    assert stored >= 100_000 and settled["acknowledged"] >= 100_000
    assert settled["lost"] == 0 and settled["twice"] == 0, settled
    assert slowest_s < 2
