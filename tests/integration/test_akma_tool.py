"""The `akma` command: the two JSON contracts scripts rely on, the worked examples, and errors that help."""
import json
import os
import pathlib
import subprocess

import pytest
import testbed

VECTORS = json.loads((pathlib.Path(__file__).parent.parent / "vectors" / "akma.json").read_text())["vectors"]
W1 = VECTORS[0]
DERIVE_KEYS = ["k_akma", "a_tid", "a_kid", "af_id", "k_af", "psk_identity"]
VECTOR_KEYS = ["mac_a", "res", "ck", "ik", "ak", "autn", "k_ausf", "res_star", "hxres_star"]
USAGE = 2


def akma(*argv, **kwargs):
    return subprocess.run([testbed.program("akma"), *argv], text=True, capture_output=True, timeout=30, **kwargs)


def options(**values):
    return [part for name, value in values.items() for part in ("--" + name.replace("_", "-"), value)]


def derive_options(example=W1, profile=0, **changes):
    values = {"supi": example["supi"], "k_ausf": example["k_ausf"], "rid": example["rid"], "af": example["fqdn"],
              "ua_id": example["k_af"][profile]["ua_id"], **changes}
    return options(**{name: value for name, value in values.items() if value is not None})


def vector_options(example=W1, **changes):
    values = {"k": example["k"], "opc": example["opc"], "rand": example["rand"], "sqn": example["sqn"],
              "amf": example["amf"], "sn_name": example["sn_name"], **changes}
    return options(**{name: value for name, value in values.items() if value is not None})


def result_of(done):
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("example,profile", [(example, i) for example in VECTORS for i in range(len(example["k_af"]))],
                         ids=lambda value: value["name"] if isinstance(value, dict) else str(value))
def test_derive_gives_the_worked_examples(example, profile):
    result = result_of(akma("derive", *derive_options(example, profile), "--json"))
    assert list(result) == DERIVE_KEYS
    assert result["k_akma"] == example["k_akma"]
    assert result["a_kid"] == example["a_kid"]
    assert result["a_tid"] == example["a_kid"].split(".", 1)[1].split("@")[0]
    assert result["af_id"] == example["fqdn"] + ":" + example["k_af"][profile]["ua_id"]
    assert result["k_af"] == example["k_af"][profile]["k_af"]
    assert result["psk_identity"] == example["psk_identity"]


@pytest.mark.parametrize("example", VECTORS, ids=lambda example: example["name"])
@pytest.mark.parametrize("operator", ["op", "opc"])
def test_auth_vector_gives_the_worked_examples(example, operator):
    argv = vector_options(example, **{"opc": None, operator: example[operator]})
    result = result_of(akma("auth-vector", *argv, "--json"))
    assert list(result) == VECTOR_KEYS
    assert result == {key: example[key] for key in VECTOR_KEYS}


def test_lines_for_people_hold_the_same():
    result = result_of(akma("derive", *derive_options(), "--json"))
    lines = akma("derive", *derive_options()).stdout.splitlines()
    assert [line.split() for line in lines] == [[name, value] for name, value in result.items()]


def test_upper_case_is_taken_and_lower_case_is_written():
    argv = derive_options(k_ausf=W1["k_ausf"].upper(), af=W1["fqdn"].upper())
    assert result_of(akma("derive", *argv, "--json"))["k_af"] == W1["k_af"][0]["k_af"]


def test_keys_come_from_a_file_or_standard_input(tmp_path):
    (tmp_path / "k.hex").write_text(W1["k_ausf"] + "\n")
    from_file = akma("derive", *derive_options(k_ausf=f"@{tmp_path}/k.hex"), "--json")
    assert result_of(from_file)["k_akma"] == W1["k_akma"]
    from_stdin = akma("derive", *derive_options(k_ausf="-"), "--json", input=f" {W1['k_ausf']}\n")
    assert result_of(from_stdin)["k_akma"] == W1["k_akma"]


def test_home_realm():
    supi = "imsi-310150000000001"
    three = result_of(akma("derive", *derive_options(supi=supi, mnc_digits="3"), "--json"))
    assert three["a_kid"].endswith("@5gc.mnc150.mcc310.3gppnetwork.org")
    two = result_of(akma("derive", *derive_options(supi=supi), "--json"))
    assert two["a_kid"].endswith("@5gc.mnc015.mcc310.3gppnetwork.org")
    nai = result_of(akma("derive", *derive_options(supi="nai-user@Operator.Example"), "--json"))
    assert nai["a_kid"].endswith("@operator.example")
    given = result_of(akma("derive", *derive_options(realm="5gc.nid000007ed9d5.mnc012.mcc345.3gppnetwork.org"), "--json"))
    assert given["a_kid"].endswith("@5gc.nid000007ed9d5.mnc012.mcc345.3gppnetwork.org")


@pytest.mark.parametrize("changes,words", [
    ({"k_ausf": "12"}, ["--k-ausf", "64 hexadecimal digits", "got 2 characters"]),
    ({"k_ausf": "g" * 64}, ["--k-ausf", "64 hexadecimal digits", "another character"]),
    ({"ua_id": "01"}, ["--ua-id", "10 hexadecimal digits"]),
    ({"rid": "12345"}, ["--rid", "1 to 4 digits", "12345"]),
    ({"af": "not a name"}, ["--af", "domain name", "not a name"]),
    ({"realm": "a b"}, ["--realm", "domain name"]),
    ({"supi": "001"}, ["--supi", "imsi-", "--realm"]),
    ({"mnc_digits": "4"}, ["--mnc-digits", "2 or 3"]),
    ({"rid": None, "af": None}, ["required", "--rid, --af"]),
])
def test_derive_says_which_option_is_wrong_and_what_is_expected(changes, words):
    done = akma("derive", *derive_options(**changes), "--json")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.startswith("akma derive: ")
    for word in words:
        assert word in done.stderr
    assert W1["k_ausf"] not in done.stderr


@pytest.mark.parametrize("changes,words", [
    ({"k": "00"}, ["--k:", "32 hexadecimal digits"]),
    ({"rand": "zz" * 16}, ["--rand", "32 hexadecimal digits"]),
    ({"sqn": "1"}, ["--sqn", "12 hexadecimal digits"]),
    ({"amf": "8"}, ["--amf", "4 hexadecimal digits"]),
    ({"sn_name": "5G:mnc01.mcc001.3gppnetwork.org"}, ["--sn-name", "5G:mnc001.mcc001.3gppnetwork.org"]),
    ({"op": W1["op"]}, ["--op and --opc"]),
    ({"opc": None}, ["--op or --opc"]),
])
def test_auth_vector_says_which_option_is_wrong_and_what_is_expected(changes, words):
    done = akma("auth-vector", *vector_options(**changes))
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.startswith("akma auth-vector: ")
    for word in words:
        assert word in done.stderr
    assert W1["k"] not in done.stderr


def test_file_that_is_not_there():
    done = akma("derive", *derive_options(k_ausf="@/nowhere/k.hex"))
    assert done.returncode == 1
    assert "--k-ausf" in done.stderr and "/nowhere/k.hex" in done.stderr and "No such file" in done.stderr


def test_result_that_cannot_be_written():
    if not os.path.exists("/dev/full"):
        pytest.skip("this machine has no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run([testbed.program("akma"), "derive", *derive_options(), "--json"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=30)
    assert done.returncode == 1
    assert "cannot write" in done.stderr


@pytest.mark.parametrize("argv", [["--help"], ["derive", "--help"], ["auth-vector", "--help"]])
def test_help_fits_80_columns_and_has_two_examples(argv):
    done = akma(*argv)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    examples = done.stdout.split("Examples:\n")[1].split("\n\n")[0]
    assert sum(line.startswith("  akma ") for line in examples.splitlines()) == 2
    assert "Exit codes: 0 ok" in done.stdout


def test_version():
    done = akma("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("akma ")


@pytest.mark.parametrize("argv,word", [([], "a command is required"), (["foo"], "foo"), (["derive", "foo"], "foo"),
                                       (["--json"], "--json")])
def test_wrong_usage(argv, word):
    done = akma(*argv)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert word in done.stderr
