"""A UE whose CoAP and OSCORE are aiocoap's: POST /akma, then a registration under the context of both bodies.

    aiocoap_ue.py PORT A_KID K_AF_HEX SERVICE_ID FOLDER

Prints one line for each answer. Ends with 77 and a reason where aiocoap is not to be had or cannot do OSCORE: it would
send everything in clear without a word.
"""

import asyncio
import json
import pathlib
import sys
import types

import foreign_ue
import oscore_peer

ABSENT = 77


def absent(reason):
    print(reason)
    sys.exit(ABSENT)


def load_aiocoap():
    """Debian has it in the suite bookworm-backports, without the modules for groups and EDHOC, which nothing here uses."""
    for name in ("ge25519", "lakers"):
        try:
            __import__(name)
        except ImportError:
            sys.modules[name] = types.ModuleType(name)
    try:
        import aiocoap
        import aiocoap.defaults
    except ImportError as error:
        absent("aiocoap is not installed: %s" % error)
    missing = aiocoap.defaults.oscore_missing_modules()
    if missing:
        absent("aiocoap cannot do OSCORE without %s" % ", ".join(missing))
    return aiocoap


def settings(request, response, key):
    """What aiocoap reads a context from (TS 33.535 D.3.3): the last two items are the Sender IDs."""
    n2 = response[1] - 0x40
    ue_sid = response[3 + n2:]
    return {"algorithm": "AES-CCM-16-64-128", "kdf-hashfun": "sha256", "sender-id_hex": ue_sid.hex(),
            "recipient-id_hex": request[-1:].hex(), "salt_hex": (request + response).hex(),
            "secret_hex": oscore_peer.hkdf(None, key, oscore_peer.LABEL, 32).hex()}


async def main(port, a_kid, key, service_id, folder):
    aiocoap = load_aiocoap()
    from aiocoap.oscore import FilesystemSecurityContext

    context = await aiocoap.Context.create_client_context()
    uri = "coap://127.0.0.1:%s" % port
    request = oscore_peer.akma_request(a_kid)
    asked = aiocoap.Message(code=aiocoap.POST, uri=uri + "/akma", content_format=60, payload=request)
    asked.opt.uri_host = "localhost"
    created = await context.request(asked).response
    print("akma %s" % created.code.dotted, flush=True)
    pathlib.Path(folder).mkdir()
    pathlib.Path(folder, "settings.json").write_text(json.dumps(settings(request, created.payload, bytes.fromhex(key))))
    context.client_credentials[uri + "/*"] = FilesystemSecurityContext(folder)
    for _ in range(2):
        asked = aiocoap.Message(code=aiocoap.POST, uri=uri + "/msgin5g", content_format=50,
                                payload=foreign_ue.registration(service_id))
        answer = await context.request(asked).response
        print("registration %s %s" % (answer.code.dotted, answer.payload.decode()), flush=True)
    await context.shutdown()


if __name__ == "__main__":
    port_, a_kid_, key_, service_id_, folder_ = sys.argv[1:]
    asyncio.run(main(port_, a_kid_, key_, service_id_, folder_))
