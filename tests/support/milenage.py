"""USIM of the tests: Milenage (TS 35.206) over AES of the openssl program, so independent of our own code."""

import hashlib
import hmac
import subprocess


def aes(key, block):
    return subprocess.run(["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", key.hex()], input=block, check=True,
                          capture_output=True).stdout


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def rotate(block, octets):
    return block[octets:] + block[:octets]


def milenage(k, opc, rand, sqn=bytes(6), amf=bytes(2)):
    """f1 to f5* by name."""
    temp = aes(k, xor(rand, opc))
    in1 = (sqn + amf) * 2
    out1 = xor(aes(k, xor(temp, rotate(xor(in1, opc), 8))), opc)
    outs = []
    for octets, constant in ((0, 1), (4, 2), (8, 4), (12, 8)):
        outs.append(xor(aes(k, xor(rotate(xor(temp, opc), octets), bytes(15) + bytes([constant]))), opc))
    return {"mac_a": out1[:8], "mac_s": out1[8:], "ak": outs[0][:6], "res": outs[0][8:], "ck": outs[1], "ik": outs[2],
            "ak_star": outs[3][:6]}


def kdf(key, fc, *parameters):
    """TS 33.220 B.2.2."""
    text = bytes([fc]) + b"".join(p + len(p).to_bytes(2, "big") for p in parameters)
    return hmac.new(key, text, hashlib.sha256).digest()


class Usim:
    """Answers challenges; SQN is not judged here."""

    def __init__(self, subscriber):
        self.k = bytes.fromhex(subscriber.k)
        self.opc = bytes.fromhex(subscriber.opc)

    def sqn(self, challenge):
        data = challenge.body["5gAuthData"]
        f = milenage(self.k, self.opc, bytes.fromhex(data["rand"]))
        return int.from_bytes(xor(bytes.fromhex(data["autn"])[:6], f["ak"]), "big")

    def answer(self, challenge, sn_name):
        """RES* and K_AUSF, after checking MAC-A and HXRES*."""
        data = challenge.body["5gAuthData"]
        rand, autn = bytes.fromhex(data["rand"]), bytes.fromhex(data["autn"])
        f = milenage(self.k, self.opc, rand, self.sqn(challenge).to_bytes(6, "big"), autn[6:8])
        assert autn[8:] == f["mac_a"]
        assert autn[6] & 0x80
        res_star = kdf(f["ck"] + f["ik"], 0x6B, sn_name.encode(), rand, f["res"])[16:]
        assert hashlib.sha256(rand + res_star).digest()[16:].hex() == data["hxresStar"]
        return res_star.hex(), kdf(f["ck"] + f["ik"], 0x6A, sn_name.encode(), autn[:6])

    def auts(self, challenge, sqn_ms):
        """TS 33.102 6.3.3."""
        rand = bytes.fromhex(challenge.body["5gAuthData"]["rand"])
        sqn = sqn_ms.to_bytes(6, "big")
        f = milenage(self.k, self.opc, rand, sqn)
        return (xor(sqn, f["ak_star"]) + f["mac_s"]).hex()
