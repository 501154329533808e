"""Keys and CoAP messages for peers we did not write: a real A-KID, K_AF for one Ua* id, bytes of a request."""

import base64
import json
import struct

import milenage
import sbi
import testbed

CCAC = "ECDHE-PSK-CHACHA20-POLY1305"  # the suite of our list that OpenSSL and GnuTLS have too
UA_ID_CCAC = "010001ccac"
UA_ID_C0A8 = "010001c0a8"


def a_kid_and_k_akma(bed, subscriber):
    """Run 5G AKA with a USIM of the tests' own and derive by TS 33.535 Annex A."""
    ausf = sbi.Consumer(bed.aanf_url, bed.certs, "ausf-client")
    challenge = ausf.authenticate(subscriber.supi, testbed.SN_NAME)
    assert challenge.status == 201, challenge.text
    res_star, k_ausf = milenage.Usim(subscriber).answer(challenge, testbed.SN_NAME)
    assert ausf.confirm(challenge, res_star).body["authResult"] == "AUTHENTICATION_SUCCESS"
    digits = subscriber.supi[len("imsi-"):].encode()
    a_tid = milenage.kdf(k_ausf, 0x81, b"A-TID", digits)
    return "0.%s@5gc.mnc001.mcc001.3gppnetwork.org" % base64url(a_tid), milenage.kdf(k_ausf, 0x80, b"AKMA", digits)


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def k_af(k_akma, ua_id, fqdn="localhost"):
    return milenage.kdf(k_akma, 0x82, fqdn.encode() + bytes.fromhex(ua_id))


def keys(bed, subscriber, ua_id, text=False):
    """(PSK identity, K_AF). text: without a zero octet, since coap-client takes its key as text; AKA runs again until so."""
    while True:
        a_kid, k_akma = a_kid_and_k_akma(bed, subscriber)
        key = k_af(k_akma, ua_id)
        if not text or 0 not in key:
            return "3GPP-AKMA;" + a_kid, key


def registration(service_id):
    """Body of REG (TS 24.538 7.3.3.1)."""
    return json.dumps({"msgIden": "urn:3gpp:msgin5g", "msgType": "REG",
                       "oriAddr": {"oriAddrType": "UE", "addr": service_id}}).encode()


def coap_post(body, message_id=0x1234, token=b"\x42", path=b"msgin5g", confirmable=True, content_format=50, block1=None):
    """One CoAP POST (RFC 7252 3) with Uri-Path, Content-Format and Block1 (RFC 7959: number, more) of 1024 octets."""
    first = 0x40 if confirmable else 0x50
    head = bytes([first | len(token), 0x02]) + struct.pack(">H", message_id) + token
    options = bytes([0xB0 | len(path)]) + path if len(path) < 13 else bytes([0xBD, len(path) - 13]) + path
    options += bytes([0x11, content_format]) if content_format is not None else b""
    if block1 is not None:
        number, more = block1
        options += bytes([0xD1, 27 - (12 if content_format is not None else 11) - 13, number << 4 | more << 3 | 6])
    return head + options + (b"\xff" + body if body else b"")
