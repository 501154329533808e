"""`openssl s_client` over TLS towards the coaps+tcp port, and CoAP over TCP by hand (RFC 8323)."""

import re
import select
import struct
import subprocess
import time

CSM = b"\x00\xe1"  # no options: the defaults of RFC 8323 5.3.1
TLS_1_2 = ("-tls1_2", "-cipher", "ECDHE-PSK-CHACHA20-POLY1305")
TLS_1_3 = ("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256")


def coap_post(body, token=b"\x42", path=b"msgin5g"):
    """One CoAP POST of JSON, framed for TCP (RFC 8323 3.2)."""
    content = bytes([0xB0 | len(path)]) + path + bytes([0x11, 50]) + b"\xff" + body
    if len(content) < 13:
        head = bytes([len(content) << 4 | len(token)])
    elif len(content) < 269:
        head = bytes([13 << 4 | len(token), len(content) - 13])
    else:
        head = bytes([14 << 4 | len(token)]) + struct.pack(">H", len(content) - 269)
    return head + b"\x02" + token + content


def s_client(port, identity, key, version, *options, request=b"", until=None, timeout_s=5, server_name="localhost",
             psk=True):
    """Run it with @p version (TLS_1_2, TLS_1_3 or options of your own) until the server closes, or the output matches
    @p until, or the time is over. All output as octets."""
    name = ["-servername", server_name] if server_name else ["-noservername"]
    secret = ["-psk_identity", identity, "-psk", key.hex()] if psk else []
    process = subprocess.Popen(["openssl", "s_client", "-nocommands", "-ign_eof", "-connect", "127.0.0.1:%d" % port,
                                *secret, *name, *version, *options],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
    output = b""
    try:
        process.stdin.write(request)
        deadline = time.monotonic() + timeout_s
        while not (until and re.search(until, output)):
            readable, _, _ = select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))
            chunk = process.stdout.read(4096) if readable else b""
            if not chunk:
                break
            output += chunk
        return output
    finally:
        process.kill()
        process.communicate()


def alert(output):
    """Number of the alert the server sent; None: none."""
    found = re.search(rb"SSL alert number (\d+)", output)
    return int(found.group(1)) if found else None


def connected(output):
    """True when the handshake was completed."""
    return b"error:" not in output and re.search(rb"(New|Reused), TLSv1\.[23], Cipher is (?!\(NONE\))", output) is not None
