"""Running akma-aanf: configuration errors, files others may read, reload, fault injection, h2c for labs."""

import json
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import milenage
import sbi
import testbed

AF_ID = "msgin5g.lab.example:0100000009"


def run(bed, config, *arguments, mode=0o600):
    path = bed.write("checked.yaml", json.dumps(config, indent=1), mode)
    return subprocess.run([testbed.program("akma-aanf"), "--config", str(path), *arguments], capture_output=True,
                          text=True, check=False, timeout=20)


@pytest.fixture(scope="module")
def aanf(bed):
    bed.add_subscribers(2)
    bed.start_aanf()
    bed.ue = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    bed.af = sbi.Consumer(bed.aanf_url, bed.certs, "server")
    return bed


def a_kid_of(bed, subscriber):
    """Authenticate and give the A-KID."""
    challenge = bed.ue.authenticate(subscriber.supi, testbed.SN_NAME)
    res_star, k_ausf = milenage.Usim(subscriber).answer(challenge, testbed.SN_NAME)
    assert bed.ue.confirm(challenge, res_star).body["authResult"] == "AUTHENTICATION_SUCCESS"
    derived = subprocess.run([testbed.program("akma"), "derive", "--supi", subscriber.supi, "--k-ausf", "-", "--rid", "0",
                              "--af", "a", "--ua-id", "0100000009", "--json"], input=k_ausf.hex() + "\n", text=True,
                             capture_output=True, check=True)
    return json.loads(derived.stdout)["a_kid"]


def faults(bed, **values):
    request = urllib.request.Request("http://127.0.0.1:%d/faults" % bed.aanf.port("management"),
                                     data=json.dumps(values).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.status


def test_printed_configuration_is_one(bed):
    """All defaults are good but one: somebody has to name the TLS files."""
    printed = subprocess.run([testbed.program("akma-aanf"), "--print-config"], capture_output=True, text=True, check=True)

    def check(text):
        path = bed.write("printed.yaml", text)
        return subprocess.run([testbed.program("akma-aanf"), "--config", str(path), "--check-config"],
                              capture_output=True, text=True, check=False)

    as_it_is = check(printed.stdout)
    assert as_it_is.returncode == 3
    assert "tls: needs certificate, key and ca" in as_it_is.stderr
    for_labs = check(printed.stdout.replace("insecure_h2c: false", "insecure_h2c: true"))
    assert (for_labs.returncode, for_labs.stderr) == (0, "")


def test_every_problem_at_once(bed):
    config = bed.aanf_config()
    config["listen"]["port"] = 70000
    config["k_af_lifetyme"] = "1h"
    config["afs"][0]["identity"] = "imsi"
    config["tls"].pop("ca")
    checked = run(bed, config, "--check-config")
    assert checked.returncode == 3
    for expected in ("listen.port: must be a whole number, from 0 to 65535", 'did you mean "k_af_lifetime"',
                     "afs[0].identity: must be one of: supi, gpsi, anonymous"):
        assert expected in checked.stderr
    assert checked.stderr.count("checked.yaml:") == 3


@pytest.mark.proves("33.117-4.2.3.2.3")
def test_keys_others_may_read(aanf):
    """The message says what to do."""
    checked = run(aanf, aanf.aanf_config(), "--check-config", mode=0o644)
    assert checked.returncode == 3
    assert "others may read this file; run: chmod go=" in checked.stderr
    aanf.write("subscribers.yaml", json.dumps({"subscribers": aanf.aanf_config()["subscribers"]}), 0o640)
    config = aanf.aanf_config(subscribers=[], subscribers_file=str(aanf.folder / "subscribers.yaml"))
    started = run(aanf, config)
    assert started.returncode == 3
    assert "others may read it" in started.stderr


def test_files_that_are_not_there(aanf):
    config = aanf.aanf_config()
    config["tls"]["key"] = str(aanf.folder / "nowhere.key")
    started = run(aanf, config)
    assert started.returncode not in (0, None)
    assert "nowhere.key" in started.stderr


def test_reload(aanf):
    """Subscribers and policies change with SIGHUP, SQN and contexts stay; a bad file changes nothing."""
    first, second = aanf.subscribers[:2]
    a_kids = [a_kid_of(aanf, first), a_kid_of(aanf, second)]
    before = milenage.Usim(first).sqn(aanf.ue.authenticate(first.supi, testbed.SN_NAME))
    config = aanf.aanf_config()
    config["subscribers"] = config["subscribers"][:1]
    config["afs"][0]["fqdns"] = ["other.lab.example"]
    config["limits"] = {"contexts": 7}
    aanf.write("akma-aanf.yaml", json.dumps(config))
    aanf.aanf.reload()
    testbed.wait_for(lambda: "configuration reloaded subscribers=1" in aanf.aanf.log(), what="reload")
    assert aanf.aanf.log().count("a restart is needed for this change key=") == 1
    assert "a restart is needed for this change key=limits.contexts" in aanf.aanf.log()
    assert aanf.ue.authenticate(second.supi, testbed.SN_NAME).cause == "USER_NOT_FOUND"
    assert milenage.Usim(first).sqn(aanf.ue.authenticate(first.supi, testbed.SN_NAME)) > before
    assert aanf.af.retrieve(a_kids[0], AF_ID).cause == "AF_NOT_ALLOWED"
    assert aanf.af.retrieve(a_kids[0], "other.lab.example:0100000009").status == 200
    assert aanf.af.retrieve(a_kids[1], "other.lab.example:0100000009").cause == "K_AKMA_NOT_PRESENT"

    aanf.write("akma-aanf.yaml", "nonsense: [")
    aanf.aanf.reload()
    testbed.wait_for(lambda: "not reloaded" in aanf.aanf.log(), what="refused reload")
    assert aanf.af.retrieve(a_kids[0], "other.lab.example:0100000009").status == 200

    aanf.write("akma-aanf.yaml", json.dumps(aanf.aanf_config()))
    aanf.aanf.reload()
    testbed.wait_for(lambda: "configuration reloaded subscribers=2" in aanf.aanf.log(), what="reload")
    assert aanf.af.retrieve(a_kids[0], AF_ID).status == 200


def test_faults(aanf):
    a_kid = a_kid_of(aanf, aanf.subscribers[0])
    try:
        assert faults(aanf, latency_ms=300) == 204
        begin = time.monotonic()
        assert aanf.af.retrieve(a_kid, AF_ID).status == 200
        assert time.monotonic() - begin >= 0.3
        faults(aanf, latency_ms=0, status=503)
        assert aanf.af.retrieve(a_kid, AF_ID).status == 503
        faults(aanf, status=0, drop=True)
        with pytest.raises(sbi.Refused) as refused:
            aanf.af.request("POST", "/naanf-akma/v1/retrieve-applicationkey", {"aKId": a_kid, "afId": AF_ID},
                            options=["--max-time", "0.3"])
        assert refused.value.args[0] == 28
        with pytest.raises(urllib.error.HTTPError):
            faults(aanf, latency_ms=-1)
    finally:
        faults(aanf, latency_ms=0, status=0, drop=False)
    assert aanf.af.retrieve(a_kid, AF_ID).status == 200


def test_h2c_for_labs_and_no_faults(bed):
    """In clear, with nobody's certificate only rows for "*" fit; fault injection is off unless it is allowed."""
    config = {"listen": {"port": 0}, "management": {"port": 0}, "insecure_h2c": True,
              "consumers": {"anchor_key": ["ausf.lab.example"]}, "afs": [{"certificate": "*", "fqdns": ["localhost"]}]}
    path = bed.write("clear.yaml", json.dumps(config))
    daemon = testbed.Daemon("akma-aanf", [testbed.program("akma-aanf"), "--config", str(path)], bed.folder)
    bed.daemons.append(daemon)
    clear = sbi.Consumer("http://127.0.0.1:%d" % daemon.port("sbi"), bed.certs, None)
    clear.curl.append("--http2-prior-knowledge")
    answer = clear.retrieve("0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@a.example", "localhost:0100000007")
    assert (answer.status, answer.cause) == (403, "K_AKMA_NOT_PRESENT")
    assert clear.remove("imsi-001010000000001").cause == "CONSUMER_NOT_ALLOWED"
    request = urllib.request.Request("http://127.0.0.1:%d/faults" % daemon.port("management"), data=b'{"drop":true}')
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    assert refused.value.code == 404
