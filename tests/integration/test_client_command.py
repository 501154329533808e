"""msgin5g-client as people and scripts meet it: options, exit codes (decision D10), output, staying registered."""

import json
import os
import re
import secrets
import subprocess

import pytest
import yaml

import foreign_ue
import library
import testbed

CLIENT = testbed.program("msgin5g-client")
UNKNOWN_A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)
UE = "im:ue-0001@lab.example"


def run(*arguments, stdin=b"", timeout_s=30, cwd=None):
    done = subprocess.run([CLIENT, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout_s, cwd=cwd)
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode()
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def key(bed):
    return "@%s" % bed.write("some.key", secrets.token_hex(32) + "\n")


@pytest.fixture(scope="module")
def basics(key):
    """What a command needs that will not get far."""
    return ["--server", "coaps://127.0.0.1:1", "--server-name", "localhost", "--service-id", UE, "--a-kid", UNKNOWN_A_KID,
            "--k-akma", key]


@pytest.mark.parametrize("arguments, text", [
    ([], "no command"),
    (["resign"], "'resign' is no command"),
    (["register", "listen"], "one command at a time"),
    (["register", "--nonsense"], "unrecognized option"),
    (["send"], "send needs --to"),
    (["register", "--server", "https://127.0.0.1"], "server 'https://127.0.0.1' or service id"),
    (["register", "--server", "coaps://server.example"], "numeric address or localhost"),
    (["register", "--service-id", "ue-0001"], "service id 'ue-0001'"),
    (["register", "--server-name", "a_b."], "not valid"),
    (["register", "--k-akma", "00" * 32], "keys do not belong on a command line"),
    (["register", "--tls", "1.1"], "none of auto, 1.2, 1.3"),
    (["register", "--lifetime", "soon"], "not a duration"),
    (["register", "--lifetime", "8d"], "not a duration"),
    (["register", "--timeout", "-1"], "not a whole number"),
    (["listen", "--count", "1x"], "not a whole number"),
    (["send", "--to", UE, "--priority", "urgent"], "none of high, normal, low"),
    (["send", "--to", UE, "--expires", "1h"], "add --store"),
    (["register", "--max-segment", "63"], "at least 64 octets"),
    (["register", "--max-segment", "2049"], "not a whole number"),
    (["send", "--to", UE, "--payload", b"\xff"], "not UTF-8"),
    (["register", "--service-id-template", "im:ue-{n}@x"], "for listen, send and bench"),
    (["listen", "--service-id-template", "im:ue@x", "--count", "2"], "needs {n}"),
    (["listen", "--service-id-template", "im:ue-{n}@x", "--count", "2"], "every UE needs its own key"),
    (["listen", "--service-id-template", "im:ue-{n}@x", "--count", "100001"], "from 1 to 100000"),
    (["listen", "--service-id-template", "im:ue-{n}@x", "--keys", "0.x@y 00"], "keys do not belong on a command line"),
    (["bench", "--size", "33"], "at least 34 octets"),
    (["bench", "--payload", "x"], "its own payload"),
    (["bench", "--group"], "which group"),
])
def test_wrong_usage(basics, arguments, text):
    """Exit code 2, and the message names what is wrong."""
    code, out, err = run(*basics, *[os.fsdecode(a) if isinstance(a, bytes) else a for a in arguments])
    assert (code, out) == (2, "")
    assert text in err


def test_payload_larger_than_a_message_can_be(basics, bed):
    large = bed.write("large.txt", "x" * 262145)
    code, out, err = run(*basics, "send", "--to", UE, "--payload", "@%s" % large)
    assert (code, out) == (2, "")
    assert "more than 262144 octets" in err


@pytest.mark.parametrize("missing, text", [("--server", "say --server"), ("--a-kid", "say --usim FILE"), ("--k-akma", "say --usim FILE")])
def test_what_is_missing(basics, missing, text):
    at = basics.index(missing)
    code, _, err = run("register", *basics[:at], *basics[at + 2:])
    assert code == 2
    assert text in err


def test_keys_that_are_none(basics, bed):
    for name, content in (("short", "00" * 31), ("words", "zz" * 32), ("empty", "")):
        code, _, err = run("register", *basics, "--k-akma", "@%s" % bed.write(name, content))
        assert code == 2
        assert "64 hexadecimal digits" in err
    assert run("register", *basics, "--k-akma", "@/nonexistent")[0] == 1
    assert run("send", "--to", UE, *basics, "--payload", "@/nonexistent")[0] == 1


def test_help_and_version():
    code, out, _ = run("--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    for word in ("register, deregister, send, listen", "Examples:", "Exit codes:", "--k-akma=@FILE"):
        assert word in out
    assert run("--version")[:2] == (0, "msgin5g-client 0.1.0\n")


def test_manual_page_knows_every_option():
    page = (testbed.SUPPORT.parent.parent / "docs" / "man" / "msgin5g-client.1").read_text().replace("\\-", "-")
    options = set(re.findall(r"--[a-z][a-z-]+", run("--help")[1])) - {"--help", "--usage", "--version"}
    assert len(options) > 25
    assert [option for option in sorted(options) if option not in page] == []


def test_configuration_file(bed, basics, key):
    """--print-config is a file --config reads; problems come with file and line; options win."""
    code, text, _ = run("--print-config")
    assert code == 0
    path = bed.write("printed.yaml", text)
    assert "no server" in run("register", "--config", path)[2]
    settings = yaml.safe_load(text)
    settings.update({"server": "coaps://127.0.0.1:1", "server_name": "localhost", "service_id": UE})
    path = bed.write("client.yaml", json.dumps(settings))
    code, _, err = run("register", "--config", path, "--a-kid", UNKNOWN_A_KID, "--k-akma", key)
    assert (code, "coaps://127.0.0.1:1" in err) == (4, True)
    assert "coaps://127.0.0.1:2" in run("register", "--config", path, *basics, "--server", "coaps://127.0.0.1:2")[2]
    path = bed.write("wrong.yaml", "server: coaps://127.0.0.1:1\nservise_id: x\ntls:\n  version: 1.1\n")
    code, _, err = run("register", "--config", path)
    assert code == 3
    assert "wrong.yaml:2" in err and "service_id" in err and "wrong.yaml:4" in err
    assert run("register", "--config", "/nonexistent.yaml")[0] == 3


def test_usim_file_with_problems(bed, basics):
    path = bed.write("broken.usim.yaml", "supi: imsi-001010000000001\nk: 00\n")
    code, _, err = run("register", *basics, "--usim", path, "--ausf", "https://127.0.0.1:1")
    assert code == 3
    assert "broken.usim.yaml" in err


def test_nobody_there(basics):
    """Exit code 4, said once on standard error: where, what, how."""
    code, out, err = run("register", *basics)
    assert (code, out) == (4, "")
    assert err.startswith("msgin5g-client: coaps://127.0.0.1:1: cannot connect: ")
    code, out, err = run("register", *basics, "--json")
    assert (code, err) == (4, "")
    assert json.loads(out)["where"] == "coaps://127.0.0.1:1"


def test_listen_goes_on_until_its_time_is_over(basics):
    code, out, _ = run("listen", *basics, "--json", "--backoff", 50, "--timeout", 1)
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 4
    assert [event["event"] for event in events][-1] == "error"
    assert [event["state"] for event in events[:-1]] == ["waiting"] * (len(events) - 1)
    assert len(events) > 3


EXIT_CODES = {
    "unknown A-KID": (5, "authentication failed"),
    "malformed A-KID": (5, "the A-KID is malformed"),
    "foreign UE Service ID": (6, "policy does not allow this"),
    "SIM the network does not know": (7, None),
    "SIM with another K": (5, "AUTN: wrong MAC, the network is not genuine"),
    "AUSF does not answer": (4, "cannot connect"),
}


@pytest.mark.parametrize("case", EXIT_CODES)
def test_exit_codes(lab, key, case):
    ue = lab.subscribers[0]
    plain = ["register", "--service-id", ue.service_id, "--k-akma", key, "--a-kid"]
    stranger = testbed.Subscriber(91)
    if case == "unknown A-KID":
        code, events = lab.run_plain(*plain, UNKNOWN_A_KID)
    elif case == "malformed A-KID":
        code, events = lab.run_plain(*plain, UNKNOWN_A_KID[1:])
    elif case == "foreign UE Service ID":
        code, events = lab.run_client(ue, "register", service_id=lab.subscribers[1].service_id)
    elif case == "SIM the network does not know":
        code, events = lab.run_client(stranger, "register")
    elif case == "SIM with another K":
        stranger.supi, stranger.k = lab.subscribers[7].supi, "00" * 16
        code, events = lab.run_client(stranger, "register")
    else:
        code, events = lab.run_client(ue, "register", "--ausf", "https://127.0.0.1:1")
    expected, text = EXIT_CODES[case]
    assert code == expected, events
    assert events[-1]["event"] == "error"
    assert text is None or events[-1]["error"] == text


def test_payload_from_file_and_standard_input(lab):
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve, "--count", 2)
    listener.event("registered")
    a_kid, k_akma = library.credentials(lab, meter)
    arguments = ["--server", lab.server_uri, "--service-id", meter.service_id, "--a-kid", a_kid, "--to",
                 valve.service_id, "--report"]
    code, out, _ = run("send", *arguments, "--k-akma", "@%s" % k_akma, "--payload", "-", stdin="from a pipe ü".encode())
    assert code == 0
    assert [line.split(" ")[0] for line in out.splitlines()] == ["registered", "sent", "report"]
    assert "protection=DTLSv1.3 TLS_AES_128_GCM_SHA256" in out and "status=success" in out
    code, _, _ = run("send", *arguments, "--k-akma", "-", "--payload", "@%s" % lab.write("text", "from a file"),
                     stdin=k_akma.read_bytes())
    assert code == 0
    assert [listener.event("message")["payload"] for _ in range(2)] == ["from a pipe ü", "from a file"]
    assert listener.process.wait(10) == 0
    listener.event("deregistered")


def test_text_cannot_steer_the_terminal(lab):
    """Control characters of a peer are shown, not obeyed."""
    meter, valve = lab.subscribers[:2]
    argv = [word for word in lab.client_argv(valve, "listen", "--count", 1) if word != "--json"]
    listener = library.start(argv[0], *argv[1:], folder=lab.folder)
    lines = [listener.stdout.readline(), listener.stdout.readline()]
    assert [line.split(" ")[0] for line in lines] == ["authenticated", "registered"]
    assert lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "a\x1b[2Jb\nregistered")[0] == 0
    out = listener.communicate(timeout=15)[0]
    assert listener.returncode == 0
    assert "payload=a\\x1b[2Jb\\x0aregistered\n" in out
    assert "\x1b" not in out


def test_listener_whose_reader_went_away_leaves(lab):
    """listen | head: it de-registers and ends when nobody reads what it prints."""
    meter, valve = lab.subscribers[:2]
    listener = lab.listen(valve)
    listener.event("registered")
    listener.process.stdout.close()
    registered = lab.server.metric("msgin5g_registrations")
    lab.run_client(meter, "send", "--to", valve.service_id, "--payload", "to nobody")
    assert listener.process.wait(15) == 0
    testbed.wait_for(lambda: lab.server.metric("msgin5g_registrations") < registered, what="de-registration")


def test_server_of_dtls_1_2_alone(bed):
    """openssl s_server refuses a ClientHello of 1.3 with protocol_version; the second one gets the suite's key."""
    k_akma = secrets.token_bytes(32)
    with library.Dtls12Server(k_akma) as server:
        client = library.start(CLIENT, "register", "--server", "coaps://localhost:%d" % server.port, "--service-id", UE,
                               "--a-kid", UNKNOWN_A_KID, "--k-akma", "@%s" % bed.write("k", k_akma.hex()), folder=bed.folder)
        try:
            server.wait_for(b'"msgType":"REG"')
        finally:
            client.kill()
            client.communicate()
    assert b"protocol version" in server.output
    assert foreign_ue.CCAC.encode() in server.output


def test_aanf_away(tmp_path):
    """Exit code 8: the server cannot get a key."""
    with testbed.Testbed(tmp_path) as bed:
        ue, = bed.add_subscribers(1)
        aanf = bed.start_aanf()
        bed.start_server(aanf={"url": "https://127.0.0.1:1"})
        code, events = bed.run_client(ue, "register")
        assert (code, events[-1]["error"]) == (8, "the peer answered with an error")
        assert aanf.process.poll() is None
