"""The server as an AF that needs tokens: the whole flow, an NRF that is away, tokens that expire or are refused.

A second akma-aanf plays the NRF where it has to be a process of its own: it signs with the same key.
"""

import json
import subprocess

import pytest

import profiles
import testbed

AANF_ID = "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"
NRF_ID = "11111111-1111-4111-8111-111111111111"
AF_NF_ID = "22222222-2222-4222-8222-222222222222"
REFUSED = 8  # exit code of the client for either alert
ACCESS_DENIED = "access_denied"
INTERNAL_ERROR = "internal_error"


@pytest.fixture()
def bed(tmp_path):
    """Everything anew: these tests stop and restart daemons."""
    with testbed.Testbed(tmp_path) as made:
        made.add_subscribers(4)
        made.key = make_key(made, "nrf.key")
        yield made


def make_key(bed, name):
    path = bed.folder / name
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(path)], check=True)
    path.chmod(0o600)
    return path


def aanf_config(bed, **oauth):
    return bed.aanf_config(nf_instance_id=AANF_ID, log={"level": "debug"}, oauth={
        "enabled": True, "key": str(bed.key), "issuer": NRF_ID,
        "instances": [{"certificate": "localhost", "nf_instance_id": AF_NF_ID}], **oauth})


def start_aanf(bed, listen_port=0, **oauth):
    config = aanf_config(bed, **oauth)
    config["listen"]["port"] = listen_port
    return bed.start_aanf(**config)


def start_nrf(bed, port=0, **oauth):
    """Only its token endpoint is used; a folder of its own keeps its log apart."""
    config = aanf_config(bed, **oauth)
    config["listen"]["port"] = port
    path = bed.write("nrf.yaml", json.dumps(config))
    nrf = testbed.Daemon("nrf", [testbed.program("akma-aanf"), "--config", str(path)], bed.folder)
    bed.daemons.append(nrf)
    return nrf


def start_server(bed, token_port, **aanf):
    return bed.start_server(aanf={"token_url": "https://127.0.0.1:%d/oauth2/token" % token_port,
                                  "nf_instance_id": AF_NF_ID, **aanf}, log={"level": "debug"})


def stop(bed, daemon):
    daemon.stop()
    bed.daemons.remove(daemon)


def refused(bed, subscriber, alert, profile=profiles.DTLS_1_3):
    """The handshake of this UE ends with this alert."""
    series = 'msgin5g_gate_refused_total{alert="%s"}' % alert
    before = bed.server.metric(series)
    return profile.run(bed, subscriber, "register")[0] == REFUSED and bed.server.metric(series) == before + 1


def tokens(bed, result="ok"):
    return bed.server.metric('msgin5g_token_requests_total{result="%s"}' % result)


def test_whole_flow_with_tokens_required(bed):
    """Registration, a message with its report, one token for all of it."""
    start_aanf(bed)
    start_server(bed, bed.aanf.port("sbi"))
    meter, valve, third = bed.subscribers[:3]
    assert tokens(bed) == 0
    listener = bed.listen(valve)
    listener.event("registered")
    code, events = bed.run_client(meter, "send", "--to", valve.service_id, "--payload", "23.5", "--report")
    assert code == 0, events
    listener.event("message", payload="23.5")
    for version in ("1.2", "1.3"):
        assert bed.run_client(third, "register", "--tls", version)[0] == 0
    assert listener.stop() == 0
    assert (tokens(bed), tokens(bed, "failed")) == (1, 0)
    assert "sub=" + AF_NF_ID in bed.aanf.log()
    assert "Bearer" not in bed.server.log()


def test_without_tokens_a_server_is_refused(bed):
    """N18 from the AF's side: it has no token where one is required."""
    start_aanf(bed)
    bed.start_server(log={"level": "debug"})
    assert refused(bed, bed.subscribers[0], ACCESS_DENIED)


@pytest.mark.proves(on="dtls1.2 dtls1.3 tls1.2 tls1.3")
def test_n10_token_endpoint_down(bed):
    """N10: no token, no key, alert internal_error; sessions stay; it recovers by itself."""
    nrf = start_nrf(bed)
    port = nrf.port("sbi")
    start_aanf(bed)
    stop(bed, nrf)
    start_server(bed, port)
    meter, valve, third = bed.subscribers[:3]
    for profile in profiles.ALL:
        assert refused(bed, meter, INTERNAL_ERROR, profile)
    status, text = testbed.http_get(bed.server.port("management"), "/readyz")
    assert status == 503 and "aanf" in text
    assert bed.aanf.metric("msgin5g_aanf_operations_total") == bed.aanf.metric(
        'msgin5g_aanf_operations_total{operation="ue_authentications",result="ok"}') + bed.aanf.metric(
        'msgin5g_aanf_operations_total{operation="5g_aka_confirmation",result="ok"}')  # no key request went out
    nrf = start_nrf(bed, port, lifetime="2s")
    testbed.wait_for(lambda: bed.run_client(meter, "register")[0] == 0, 30, "registration once the NRF is there")

    listener = bed.listen(valve)
    listener.event("registered")
    stop(bed, nrf)
    testbed.wait_for(lambda: refused(bed, third, INTERNAL_ERROR), 15, "the last token to expire")
    assert listener.stop() == 0


def test_token_expires_while_running(bed):
    """A new one is got in time: the AAnF never sees an expired one."""
    start_aanf(bed, lifetime="2s")
    start_server(bed, bed.aanf.port("sbi"))
    testbed.wait_for(lambda: bed.run_client(bed.subscribers[0], "register")[0] == 0 and tokens(bed) >= 4, 30,
                     "a few tokens")
    assert tokens(bed, "failed") == 0
    assert "token not valid" not in bed.aanf.log()


def test_token_called_invalid_is_replaced_once(bed):
    """The AAnF comes back with another key: 401 invalid_token, one new token, and the UE hears nothing of it."""
    start_aanf(bed, key="")
    port = bed.aanf.port("sbi")
    start_server(bed, port)
    assert bed.run_client(bed.subscribers[0], "register")[0] == 0
    stop(bed, bed.aanf)
    start_aanf(bed, port, key="")
    assert bed.run_client(bed.subscribers[1], "register")[0] == 0
    assert tokens(bed) == 2
    assert bed.aanf.log().count("token not valid") == 1


@pytest.mark.proves(on="sbi")
def test_n18_every_token_refused(bed):
    """The NRF is one that the AAnF does not trust: refused, and no storm of token requests."""
    own = bed.key
    bed.key = make_key(bed, "foreign.key")
    nrf = start_nrf(bed)
    bed.key = own
    start_aanf(bed)
    start_server(bed, nrf.port("sbi"))
    assert refused(bed, bed.subscribers[0], ACCESS_DENIED)
    assert tokens(bed) == 2
    assert bed.aanf.log().count("token not valid") == 2
    assert "no access token" in bed.server.log()


def test_certificate_that_is_not_the_instance(bed):
    """The NRF knows the client by its certificate: another id gets no token, so no key."""
    start_aanf(bed)
    start_server(bed, bed.aanf.port("sbi"), nf_instance_id=NRF_ID)
    assert refused(bed, bed.subscribers[0], INTERNAL_ERROR)
    assert "error=invalid_client" in bed.aanf.log()


def test_without_supi_access_the_gpsi_binds(bed):
    """Choice C17 from end to end."""
    start_aanf(bed)
    first, second = bed.subscribers[:2]
    bed.start_server(aanf={"token_url": "https://127.0.0.1:%d" % bed.aanf.port("sbi"), "nf_instance_id": AF_NF_ID,
                           "token_scope": "naanf-akma naanf-akma:applicationkeyget"},
                     bindings=[{"identity": first.gpsi, "service_ids": [first.service_id]},
                               {"identity": second.supi, "service_ids": [second.service_id]}])
    assert bed.run_client(first, "register")[0] == 0
    assert bed.run_client(second, "register")[0] != 0


def test_server_configuration_is_checked(bed):
    start_aanf(bed)
    config = bed.server_config(aanf={"token_url": "http://127.0.0.1/oauth2/token", "nf_instance_id": "af"})
    path = bed.write("checked.yaml", json.dumps(config))
    checked = subprocess.run([testbed.program("msgin5g-server"), "--config", str(path), "--check-config"],
                             capture_output=True, text=True, check=False, timeout=20)
    assert checked.returncode == 3
    assert "aanf.token_url: must begin with https://" in checked.stderr
    assert "aanf.nf_instance_id: must be a UUID" in checked.stderr
