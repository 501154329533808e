"""How the server takes an identity and a key on each profile, seen by a peer we did not write (DTLS 1.3: by hand)."""

import dtls13_peer
import foreign_ue
import openssl_tls
import profiles

# Ua* id of the suite that these peers and our server choose.
UA_IDS = {profiles.DTLS_1_2: foreign_ue.UA_ID_CCAC, profiles.DTLS_1_3: "0100000009", profiles.TLS_1_2: foreign_ue.UA_ID_CCAC,
          profiles.TLS_1_3: "0100000007"}
# Alert for a key that does not fit; None: DTLS 1.2 drops a Finished it cannot read, without a word.
WRONG_KEY = {profiles.DTLS_1_2: None, profiles.DTLS_1_3: 47, profiles.TLS_1_2: 20, profiles.TLS_1_3: 47}
_OPTIONS = {profiles.DTLS_1_2: ("-dtls1_2", "-cipher", foreign_ue.CCAC), profiles.TLS_1_2: openssl_tls.TLS_1_2,
            profiles.TLS_1_3: openssl_tls.TLS_1_3}


def attempt(bed, profile, identity, key=b"\x01" * 32, server_name="localhost"):
    """(it went on, alert): True when the server took the key; the alert's number, None without one."""
    port = bed.server.port(profile.scheme)
    if profile is profiles.DTLS_1_3:
        with dtls13_peer.Peer(port, identity.encode(), key, server_name=server_name) as peer:
            alert = peer.attempt()
            return alert is None, alert
    output = openssl_tls.s_client(port, identity, key, _OPTIONS[profile], until=rb"Verify return code|alert number \d+",
                                  timeout_s=2, server_name=server_name)
    return openssl_tls.connected(output), openssl_tls.alert(output)
