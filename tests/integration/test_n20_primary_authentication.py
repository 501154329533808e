"""N20: what a UE makes of a challenge that is not right; the network's side is in test_aanf_primary_auth.py."""

import pytest

pytestmark = pytest.mark.proves(on="sbi")
CHALLENGES = 'msgin5g_aanf_operations_total{operation="ue_authentications",result="ok"}'


def write_usim(lab, subscriber, **changes):
    """The USIM file of this subscriber, with other values."""
    values = {"supi": subscriber.supi, "k": subscriber.k, "opc": subscriber.opc, "sqn": "000000000000", **changes}
    lab.write(subscriber.supi + ".usim.yaml", "".join("%s: %s\n" % item for item in values.items()))


@pytest.mark.parametrize("changes", [{"k": "11" * 16}, {"opc": "22" * 16}], ids=["K", "OPc"])
def test_n20_wrong_mac(lab, changes):
    """The network does not know this USIM's key: the UE answers nothing, and no A-KID comes of it."""
    subscriber = lab.subscribers[0]
    write_usim(lab, subscriber, **changes)
    contexts = lab.aanf.metric("msgin5g_aanf_contexts")
    code, events = lab.run_client(subscriber, "register")
    assert code == 5
    assert "authenticated" not in [event["event"] for event in events]
    assert lab.aanf.metric("msgin5g_aanf_contexts") == contexts
    assert lab.aanf.metric('msgin5g_aanf_operations_total{operation="5g_aka_confirmation",result="ok"}') == 0


def test_n20_sequence_number_of_the_past(lab):
    """The USIM has seen later ones: AUTS, the AUSF moves on, and the UE gets in with the next challenge."""
    subscriber = lab.subscribers[1]
    write_usim(lab, subscriber, sqn="000000100000")
    before = lab.aanf.metric(CHALLENGES)
    assert lab.run_client(subscriber, "register")[0] == 0
    assert lab.aanf.metric(CHALLENGES) == before + 2
    assert lab.run_client(subscriber, "register")[0] == 0
    assert lab.aanf.metric(CHALLENGES) == before + 3
