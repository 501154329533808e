"""What 2.04 to a message with sfFlag promises: nothing acknowledged is lost, whatever happens to the process, its files
and its disk, and no application gets a message twice. test_slow_store_reliability.py has the size of the goal."""

import kill_cycles
import pytest

import testbed


@pytest.fixture()
def home(tmp_path):
    with testbed.Testbed(tmp_path) as bed:
        bed.start_aanf(limits={"contexts": 60000, "af_ids": 64})
        kill_cycles.start_server(bed)
        yield bed


def test_nothing_acknowledged_is_lost_by_kill_9(home):
    settled, _, _ = kill_cycles.run(home, cycles=3, messages=1500, pairs=20)
    assert settled["acknowledged"] >= 1500
    assert settled["lost"] == 0 and settled["twice"] == 0, settled
