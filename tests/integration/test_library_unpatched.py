"""The client library over a libcoap without our patches (decision D2): builds, installs, and does its job."""

import os
import secrets
import subprocess

import pytest

import library
import testbed

BUILD = testbed.build_dir()
SOURCE = testbed.SUPPORT.parent.parent
DEPS = library.cached(BUILD, "MSGIN5G_DEPS_DIR")
UNKNOWN_A_KID = "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % ("A" * 43)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Built in a folder of its own, once a file; without sanitizers, as an integrator would."""
    build = tmp_path_factory.mktemp("unpatched")
    library.run("cmake", "-S", SOURCE, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                "-DCMAKE_C_COMPILER=%s" % library.cached(BUILD, "CMAKE_C_COMPILER"), "-DMSGIN5G_WERROR=ON",
                "-DMSGIN5G_UNPATCHED_LIBCOAP=ON", "-DMSGIN5G_TESTS=OFF", "-DMSGIN5G_DEPS_DIR=%s" % DEPS)
    library.run("cmake", "--build", build, "--target", "msgin5g", "msgin5g_archive")
    return library.install(build, tmp_path_factory.mktemp("prefix"))


@pytest.fixture(scope="module")
def examples(prefix, tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    library.run("cmake", "-S", library.EXAMPLES, "-B", folder, "-DCMAKE_PREFIX_PATH=%s" % prefix)
    library.run("cmake", "--build", folder)
    return folder


def test_libcoap_is_the_unpatched_one():
    folder = os.path.join(DEPS, "prefix-unpatched", "include", "coap3")
    assert not [name for name in os.listdir(folder) if "hooks" in name]


def test_examples_exchange_a_message(lab, examples):
    received, sent = library.exchange(lab, examples / "listen", examples / "register_and_send", "without patches")
    for text in (received, sent):
        assert "protected by DTLSv1.3 TLS_AES_128_GCM_SHA256" in text


def test_examples_exchange_a_message_over_tcp(lab, examples):
    """Nobody can say which key belongs to a TLS 1.3 hello there: TLS 1.2, and the key follows the suite (decision D2)."""
    real, lab.server_uri = lab.server_uri, lab.uri("coaps+tcp")
    try:
        received, sent = library.exchange(lab, examples / "listen", examples / "register_and_send", "over TCP")
    finally:
        lab.server_uri = real
    for text in (received, sent):
        assert "protected by TLSv1.2 TLS_ECDHE_PSK_WITH_" in text


def test_unknown_a_kid_is_refused(lab, examples):
    """The alert is understood here too."""
    subscriber = lab.subscribers[0]
    _, key = library.credentials(lab, subscriber)
    done = subprocess.run([str(examples / "register_and_send"), lab.server_uri, testbed.FQDN, subscriber.service_id,
                           UNKNOWN_A_KID, str(key), subscriber.service_id, "x"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr == "not registered: authentication failed\n"


def test_server_of_dtls_1_2_alone(examples, tmp_path):
    """One ClientHello offers both versions; the server picks, and the key follows the suite it picked."""
    k_akma = secrets.token_bytes(32)
    (tmp_path / "k_akma").write_text(k_akma.hex())
    with library.Dtls12Server(k_akma) as server:
        client = library.start(examples / "listen", "coaps://localhost:%d" % server.port, testbed.FQDN,
                               "im:ue-0001@lab.example", UNKNOWN_A_KID, tmp_path / "k_akma", 1, folder=tmp_path)
        try:
            server.wait_for(b'"msgType":"REG"')
        finally:
            client.kill()
            client.communicate()
