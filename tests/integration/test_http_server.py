"""The HTTP server of common/http with peers we did not write: curl, nghttp, openssl s_client, and raw sockets."""

import json
import re
import socket
import subprocess
import time

import pytest
from testbed import SUPPORT, Daemon, program

HEAD = b"Host: a\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("http")
    subprocess.run([str(SUPPORT / "make_certs.sh"), str(folder), "server:localhost,127.0.0.1", "client:urn:uuid:1234"],
                   check=True, capture_output=True)
    return folder


def start(folder, name, *arguments):
    return Daemon(name, [program("http_echo"), *arguments], str(folder))


@pytest.fixture(scope="module")
def tls(folder):
    """Mutual TLS."""
    daemon = start(folder, "tls", "--tls", str(folder / "server.pem"), "--key", str(folder / "server.key"),
                   "--ca", str(folder / "ca.pem"))
    yield daemon
    assert daemon.stop() == 0


@pytest.fixture(scope="module")
def clear(folder):
    daemon = start(folder, "clear")
    yield daemon
    assert daemon.stop() == 0


@pytest.fixture(scope="module")
def hasty(folder):
    """Short deadlines and few connections."""
    daemon = start(folder, "hasty", "--idle", "300", "--request", "300", "--connections", "2")
    yield daemon
    assert daemon.stop() == 0


def identity(folder):
    return ["--cacert", str(folder / "ca.pem"), "--cert", str(folder / "client.pem"), "--key", str(folder / "client.key")]


def curl(*arguments, check=True):
    """Output of curl, with status and HTTP version in the last line."""
    run = subprocess.run(["curl", "-sS", "--max-time", "10", "-w", "\n%{http_code} %{http_version}", *arguments],
                         capture_output=True, check=False)
    if check:
        assert run.returncode == 0, run.stderr.decode()
    body, _, last = run.stdout.rpartition(b"\n")
    return body, last.decode()


def exchange(port, octets, shut=False):
    """What a clear connection answers to @p octets until it closes, or is quiet for a second."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(octets)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        connection.settimeout(1)
        answer = b""
        try:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return answer, True
                answer += piece
        except socket.timeout:
            return answer, False
        except ConnectionResetError:
            return answer, True


@pytest.mark.parametrize("option,version", [("--http2", "2"), ("--http1.1", "1.1")])
def test_curl_over_tls(tls, folder, option, version):
    url = "https://localhost:%d" % tls.port("http")
    body, last = curl(*identity(folder), option, url + "/echo?x=%20", "-d", "hello", "-H", "X-Test: t")
    assert last == "200 " + version
    echo = json.loads(body)
    assert (echo["method"], echo["path"], echo["query"], echo["length"]) == ("POST", "/echo", "x=%20", 5)
    assert (echo["peer"], echo["test"]) == ("urn:uuid:1234", "t")
    assert curl(*identity(folder), option, url + "/none", "-X", "DELETE") == (b"", "204 " + version)
    assert curl(*identity(folder), option, url + "/big")[0] == b"x" * 1000000
    assert curl(*identity(folder), option, "-I", url + "/echo")[1] == "405 " + version
    body, last = curl(*identity(folder), option, url + "/absent")
    assert (json.loads(body), last) == ({"title": "Not Found", "status": 404}, "404 " + version)


@pytest.mark.parametrize("option,version", [("--http2-prior-knowledge", "2"), ("--http1.1", "1.1"), ("--http1.0", "1.1")])
def test_curl_in_clear(clear, option, version):
    body, last = curl(option, "http://127.0.0.1:%d/named/a%%20b/items/c" % clear.port("http"))
    assert last == "200 " + version
    assert (json.loads(body)["name"], json.loads(body)["item"]) == ("a b", "c")


@pytest.mark.parametrize("option", ["--http2-prior-knowledge", "--http1.1"])
def test_bodies(clear, folder, option):
    url = "http://127.0.0.1:%d/body" % clear.port("http")
    (folder / "body").write_bytes(bytes(range(256)) * 256)
    (folder / "large").write_bytes(b"x" * 65537)
    (folder / "huge").write_bytes(b"x" * 3000000)
    assert curl(option, "--data-binary", "@%s" % (folder / "body"), url)[0] == bytes(range(256)) * 256
    assert curl(option, "-H", "Transfer-Encoding: chunked", "--data-binary", "@%s" % (folder / "body"),
                url)[0] == bytes(range(256)) * 256
    assert curl(option, "--data-binary", "@%s" % (folder / "large"), url)[1].startswith("413 ")
    assert curl(option, "--data-binary", "@%s" % (folder / "huge"), url, check=False)[1][:4] in ("413 ", "000 ")
    assert curl(option, url.replace("/body", "/echo"))[1].startswith("200 ")


def test_expect_continue(clear):
    answer, _ = exchange(clear.port("http"), b"POST /body HTTP/1.1\r\n" + HEAD +
                         b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert answer == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_nghttp(tls, folder):
    url = "https://localhost:%d/echo" % tls.port("http")
    certificate = ["--cert=%s" % (folder / "client.pem"), "--key=%s" % (folder / "client.key")]
    output = subprocess.run(["nghttp", "-y", "-m", "20", *certificate, url], check=True, capture_output=True).stdout
    assert output.count(b'"method":"GET"') == 20


def test_client_without_certificate_is_refused(tls, folder):
    before = curl(*identity(folder), "https://localhost:%d/metrics" % tls.port("http"))[0]
    run = subprocess.run(["curl", "-sS", "--cacert", str(folder / "ca.pem"), "https://localhost:%d/echo" % tls.port("http")],
                         capture_output=True, check=False)
    assert run.returncode != 0 and run.stdout == b""
    after = curl(*identity(folder), "https://localhost:%d/metrics" % tls.port("http"))[0]
    pattern = rb'msgin5g_http_tls_failures_total\{server="echo"\} (\d+)'
    assert int(re.search(pattern, after)[1]) == int(re.search(pattern, before)[1]) + 1
    assert re.search(rb'msgin5g_http_requests_total\{server="echo",status="200"\} [1-9]', after)


def s_client(tls, folder, *arguments, octets=b"", wait_s=0.0):
    """Run openssl s_client, with @p octets as what it sends."""
    argv = ["openssl", "s_client", "-connect", "127.0.0.1:%d" % tls.port("http"), "-servername", "localhost",
            "-CAfile", str(folder / "ca.pem"), "-cert", str(folder / "client.pem"), "-key", str(folder / "client.key"),
            "-verify_return_error", *arguments]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        if octets:
            process.stdin.write(octets)
            process.stdin.flush()
        if wait_s:
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                pass
        return process.communicate(timeout=20)[0]


@pytest.mark.parametrize("arguments", [
    ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"],
    ["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
    ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
    ["-tls1_3", "-groups", "X25519"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
])
def test_tls_profile_takes(tls, folder, arguments):
    output = s_client(tls, folder, *arguments)
    assert b"Verify return code: 0 (ok)" in output
    assert b"Cipher is (NONE)" not in output


@pytest.mark.parametrize("arguments", [
    ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
    ["-tls1_2", "-cipher", "NULL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"],
    ["-tls1_3", "-groups", "P-521"],
    ["-alpn", "http/1.0"],
])
def test_tls_profile_refuses(tls, folder, arguments):
    output = s_client(tls, folder, *arguments)
    assert b"Verify return code: 0 (ok)" not in output or b"Cipher is (NONE)" in output


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_no_session_is_resumed(tls, folder, version):
    ticket = folder / ("session" + version)
    first = s_client(tls, folder, version, "-sess_out", str(ticket), octets=b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", wait_s=0.5)
    assert b"HTTP/1.1 200" in first
    assert b"TLS session ticket:" not in first
    if ticket.exists():
        again = s_client(tls, folder, version, "-sess_in", str(ticket))
        assert b"Reused" not in again and b"New" in again


def test_renegotiation_is_refused(tls, folder):
    output = s_client(tls, folder, "-tls1_2", octets=b"R\n", wait_s=1)
    assert b"RENEGOTIATING" in output
    assert b"no renegotiation" in output or b"error" in output


# One row: what must not be taken for a second request, and the status of the one answer.
SMUGGLED = b"GET /echo?smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
ATTEMPTS = [
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Content-Length: 0, 0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: xchunked\r\n\r\n", b"501"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"X: a\nContent-Length: 0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"X: a\rContent-Length: 0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Content-Length\0: 0\r\n\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\n\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\rX\r\n", b"400"),
    (b"POST /none HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n", b"400"),
    (b"GET /none HTTP/1.1\r\n" + HEAD + b"Host: b\r\n\r\n", b"400"),
    (b"GET /none HTTP/1.1\n" + HEAD + b"\r\n", b"400"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", b"400"),
]


def only_answer(answer, status):
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert answer.startswith(b"HTTP/1.1 " + status), answer
    assert b"connection: close" in answer and b"smuggled" not in answer


@pytest.mark.parametrize("octets,status", ATTEMPTS)
def test_smuggling_in_clear(clear, octets, status):
    answer, closed = exchange(clear.port("http"), octets + SMUGGLED)
    assert closed
    only_answer(answer, status)


@pytest.mark.parametrize("octets,status", ATTEMPTS[:3])
def test_smuggling_over_tls(tls, folder, octets, status):
    output = s_client(tls, folder, "-quiet", octets=octets + SMUGGLED, wait_s=5)
    only_answer(output[output.index(b"HTTP/1.1 "):], status)


def test_pipelined_requests_are_answered_in_order(clear):
    requests = [b"GET /slow HTTP/1.1\r\n" + HEAD + b"\r\n"]
    requests += [b"GET /echo?n=%d HTTP/1.1\r\n" % n + HEAD + b"\r\n" for n in range(20)]
    requests += [b"POST /body HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\nConnection: close\r\n\r\nend"]
    answer, closed = exchange(clear.port("http"), b"".join(requests))
    assert closed
    assert answer.count(b"HTTP/1.1 ") == 22
    assert [int(n) for n in re.findall(rb'"query":"n=(\d+)"', answer)] == list(range(20))
    assert answer.startswith(b"HTTP/1.1 204") and answer.endswith(b"\r\n\r\nend")


def test_half_closed_client_gets_its_answer(clear):
    answer, closed = exchange(clear.port("http"), b"GET /slow HTTP/1.1\r\n" + HEAD + b"\r\n", shut=True)
    assert closed and answer.startswith(b"HTTP/1.1 204")


def test_http2_only(folder):
    daemon = start(folder, "h2only", "--h2-only")
    port = daemon.port("http")
    assert curl("--http2-prior-knowledge", "http://127.0.0.1:%d/echo" % port)[1] == "200 2"
    answer, closed = exchange(port, b"GET /echo HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert (answer, closed) == (b"", True)
    assert daemon.stop() == 0


def test_slow_request_is_answered_with_408(hasty):
    begin = time.monotonic()
    answer, closed = exchange(hasty.port("http"), b"POST /body HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\n\r\nhel")
    assert closed and answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - begin < 3


def test_idle_connections_are_closed(hasty):
    answer, closed = exchange(hasty.port("http"), b"")
    assert (answer, closed) == (b"", True)
    answer, closed = exchange(hasty.port("http"), b"GET /echo HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert closed and answer.startswith(b"HTTP/1.1 200")


def test_idle_http2_connection_gets_goaway(hasty):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    answer, closed = exchange(hasty.port("http"), preface)
    assert closed and answer[-17:-8] == bytes.fromhex("000008070000000000")


@pytest.mark.proves("33.117-4.2.3.3")
def test_too_many_connections(hasty):
    port = hasty.port("http")
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
    third, closed = exchange(port, b"GET /echo HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert (third, closed) == (b"", True)
    for connection in held:
        connection.close()


@pytest.mark.proves("33.117-4.4.4")
def test_rapid_reset_ends_the_connection(clear):
    """CVE-2023-44487: streams opened and reset at once, for ever."""
    headers = bytes.fromhex("8287") + b"\x04\x05/slow" + b"\x01\x01a"
    headers = headers.replace(b"\x87", b"\x86")
    with socket.create_connection(("127.0.0.1", clear.port("http")), timeout=5) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"))
        frames = b""
        for stream in range(1, 2 * 400, 2):
            frames += len(headers).to_bytes(3, "big") + b"\x01\x05" + stream.to_bytes(4, "big") + headers
            frames += bytes.fromhex("0000040300") + stream.to_bytes(4, "big") + bytes.fromhex("00000008")
        answer = b""
        try:
            connection.sendall(frames)
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
        except ConnectionResetError:
            pass
    assert bytes.fromhex("0000080700") in answer  # GOAWAY
    assert curl("--http2-prior-knowledge", "http://127.0.0.1:%d/echo" % clear.port("http"))[1] == "200 2"


def test_drain_finishes_what_is_in_hand(folder):
    daemon = start(folder, "draining")
    port = daemon.port("http")
    argv = ["curl", "-sS", "--max-time", "10", "-w", "%{http_code}", "http://127.0.0.1:%d/slow" % port]
    with subprocess.Popen(argv + ["--http2-prior-knowledge"], stdout=subprocess.PIPE) as new, \
            subprocess.Popen(argv + ["--http1.1"], stdout=subprocess.PIPE) as old:
        deadline = time.monotonic() + 5
        while b"msgin5g_http_connections{server=\"echo\"} 3" not in curl("http://127.0.0.1:%d/metrics" % port)[0]:
            assert time.monotonic() < deadline
        assert daemon.stop() == 0
        assert new.communicate()[0] == b"204"
        assert old.communicate()[0] == b"204"


def test_key_log_decrypts(folder):
    path = folder / "keys"
    daemon = start(folder, "keylog", "--tls", str(folder / "server.pem"), "--key", str(folder / "server.key"),
                   "--key-log", str(path))
    url = "https://localhost:%d/echo" % daemon.port("http")
    for version in ("--tls-max", "1.2"), ("--tlsv1.3",):
        curl("--cacert", str(folder / "ca.pem"), *version, url)
    labels = [line.split()[0] for line in path.read_text().splitlines()]
    assert labels.count("CLIENT_RANDOM") == 1 and labels.count("CLIENT_TRAFFIC_SECRET_0") == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert daemon.stop() == 0


def flood(port, begin, again, limit_octets=1 << 26):
    """Send @p again(n) over and over, reading nothing: octets taken until the server stopped listening."""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(begin)
        taken = count = 0
        try:
            while taken < limit_octets:
                piece = b"".join(again(count + n) for n in range(1000))
                connection.sendall(piece)
                taken += len(piece)
                count += 1000
        except (socket.timeout, ConnectionResetError, BrokenPipeError):
            pass
    return taken


def h2_frame(kind, flags, stream, body):
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


@pytest.mark.proves("33.117-4.2.3.3")
@pytest.mark.parametrize("begin, again", [
    (b"", lambda n: b"GET /echo?" + b"x" * 200 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2_frame(4, 0, 0, b""),
     lambda n: h2_frame(1, 5, 2 * n + 1, b"\x82\x86\x84\x41\x01a")),
], ids=["HTTP/1.1", "HTTP/2"])
def test_peer_that_reads_nothing_is_not_listened_to(clear, begin, again):
    """Its answers and resets would pile up in the server's memory; others are served meanwhile and afterwards."""
    assert flood(clear.port("http"), begin, again) < 1 << 25
    assert curl("http://localhost:%d/echo" % clear.port("http"))[1].startswith("200")
