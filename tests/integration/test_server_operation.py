"""Running the server: K_AF that expires, reload at SIGHUP, management port, configuration errors."""

import json
import shutil
import subprocess

import pytest

import testbed


def reconfigure(bed, change):
    """Rewrite the server's file and tell it."""
    path = bed.folder / "msgin5g-server.yaml"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))
    bed.server.reload()
    return config


def wait_for_log(bed, text):
    testbed.wait_for(lambda: text in bed.server.log(), what="'%s' in the log" % text)


def test_management_port(lab):
    port = lab.server.port("management")
    assert testbed.http_get(port, "/healthz") == (200, "ok\n")
    assert testbed.http_get(port, "/readyz") == (200, "ok\n")
    assert testbed.http_get(port, "/nothing")[0] == 404


def test_metrics_are_clean(lab):
    """promtool finds nothing, and nothing names a UE."""
    lab.run_client(lab.subscribers[0], "register")
    text = testbed.http_get(lab.server.port("management"), "/metrics")[1]
    assert 'msgin5g_requests_total{type="REG",result="OK"} ' in text
    assert "imsi" not in text and "im:ue" not in text
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not here")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=20)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_bindings_are_read_again(lab):
    ue, other = lab.subscribers[1:3]
    listener = lab.listen(ue)
    listener.event("registered")

    def take_away(config):
        config["bindings"] = [b for b in config["bindings"] if b["identity"] != ue.supi]
        config["listen"]["path"] = "elsewhere"
        config["log"] = {"level": "debug"}

    reconfigure(lab, take_away)
    wait_for_log(lab, "bindings read again")
    assert "registrations_ended=1" in lab.server.log()
    assert "a restart is needed for this change key=listen.path" in lab.server.log()
    assert lab.server.log().count("a restart is needed") == 1
    assert lab.run_client(ue, "register")[0] == 6
    assert lab.run_client(other, "register")[0] == 0
    listener.stop()

    def give_back(config):
        config["bindings"].append({"identity": ue.supi, "service_ids": [ue.service_id]})
        config["listen"]["path"] = "msgin5g"
        config["log"] = {"level": "info"}

    reconfigure(lab, give_back)
    testbed.wait_for(lambda: lab.server.log().count("bindings read again") == 2)
    assert lab.run_client(ue, "register")[0] == 0


def test_bad_configuration_changes_nothing(lab):
    good = json.loads((lab.folder / "msgin5g-server.yaml").read_text())
    reconfigure(lab, lambda config: config.update(nonsense=1))
    wait_for_log(lab, "configuration stays as it was")
    assert lab.run_client(lab.subscribers[3], "register")[0] == 0
    (lab.folder / "msgin5g-server.yaml").write_text(json.dumps(good))


@pytest.mark.parametrize("text, part", [
    ("aanf: {url: 'http://127.0.0.1:1'}\n", "fqdns"),
    ("auth: {fqdns: [localhost], polcy: akma-only}\naanf: {url: 'http://127.0.0.1:1'}\n", ":1: "),
    ("auth: {fqdns: [localhost], policy: seal-psk-allowed}\naanf: {url: 'http://127.0.0.1:1'}\n", "not available"),
    ("auth: {fqdns: [localhost]}\naanf: {url: 'https://127.0.0.1:1'}\n", "aanf.ca"),
])
def test_check_config_names_the_place(bed, text, part):
    path = bed.write("wrong.yaml", text)
    checked = subprocess.run([testbed.program("msgin5g-server"), "--config", str(path), "--check-config"],
                             capture_output=True, text=True, timeout=20)
    assert checked.returncode == 3
    assert part in checked.stderr
    assert "wrong.yaml" in checked.stderr


def test_port_that_is_taken(lab):
    config = lab.server_config(management={"port": lab.server.port("management")})
    path = lab.write("taken.yaml", json.dumps(config))
    started = subprocess.run([testbed.program("msgin5g-server"), "--config", str(path)], capture_output=True, text=True,
                             timeout=20)
    assert started.returncode != 0
    assert "cannot start" in started.stderr
    assert started.stdout == ""
