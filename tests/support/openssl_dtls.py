"""A DTLS 1.2 PSK session over OpenSSL's own library (libssl of Debian): datagram in, datagram out."""

import ctypes
import socket

_ssl = ctypes.CDLL("libssl.so.3")
_crypto = ctypes.CDLL("libcrypto.so.3")
for _name in ("DTLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(_ssl, _name).restype = ctypes.c_void_p
_crypto.BIO_new_dgram.restype = ctypes.c_void_p
_PSK = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p,
                        ctypes.c_uint)
_CTRL_SET_CONNECTED, _CTRL_SET_RECV_TIMEOUT, _SET_TLSEXT_HOSTNAME = 32, 33, 55


class Timeval(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("microseconds", ctypes.c_long)]


class Failed(Exception):
    """The handshake or the session ended."""


class Session:
    """Connect to @p port on loopback with identity and key; @p cipher in OpenSSL's words."""

    def __init__(self, port, identity, key, cipher, server_name="localhost", source="127.0.0.1", timeout_s=5):
        self._callback = _PSK(lambda ssl, hint, out_id, id_max, out_key, key_max: self._give(out_id, out_key, identity, key))
        self._context = ctypes.c_void_p(_ssl.SSL_CTX_new(ctypes.c_void_p(_ssl.DTLS_client_method())))
        _ssl.SSL_CTX_set_cipher_list(self._context, cipher.encode())
        _ssl.SSL_CTX_set_psk_client_callback(self._context, self._callback)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((source, 0))
        self._socket.connect(("127.0.0.1", port))
        bio = ctypes.c_void_p(_crypto.BIO_new_dgram(self._socket.fileno(), 0))
        address = ctypes.create_string_buffer(128)
        _crypto.BIO_ADDR_rawmake(address, socket.AF_INET, socket.inet_aton("127.0.0.1"), 4, socket.htons(port))
        _crypto.BIO_ctrl(bio, _CTRL_SET_CONNECTED, 0, address)
        self._ssl = ctypes.c_void_p(_ssl.SSL_new(self._context))
        _ssl.SSL_set_bio(self._ssl, bio, bio)
        if server_name:
            _ssl.SSL_ctrl(self._ssl, _SET_TLSEXT_HOSTNAME, 0, server_name.encode())
        self._bio = bio
        self.timeout(timeout_s)
        if _ssl.SSL_connect(self._ssl) != 1:
            raise Failed("no handshake")

    @staticmethod
    def _give(out_identity, out_key, identity, key):
        ctypes.memmove(out_identity, identity.encode() + b"\0", len(identity) + 1)
        ctypes.memmove(out_key, key, len(key))
        return len(key)

    def timeout(self, seconds):
        limit = Timeval(int(seconds), int(seconds % 1 * 1e6))
        _crypto.BIO_ctrl(self._bio, _CTRL_SET_RECV_TIMEOUT, 0, ctypes.byref(limit))

    def send(self, octets):
        if _ssl.SSL_write(self._ssl, octets, len(octets)) != len(octets):
            raise Failed("cannot send")

    def receive(self):
        """One datagram's worth."""
        out = ctypes.create_string_buffer(16384)
        length = _ssl.SSL_read(self._ssl, out, len(out))
        if length <= 0:
            raise Failed("nothing came")
        return out.raw[:length]

    def close(self):
        _ssl.SSL_shutdown(self._ssl)
        _ssl.SSL_free(self._ssl)
        _ssl.SSL_CTX_free(self._context)
        self._socket.close()
