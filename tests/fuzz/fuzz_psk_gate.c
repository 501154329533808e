/* The gate over datagrams of hostile peers: each input is a series of them, two octets of length before each. */
#include "psk_gate.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

/* Every octet of what was found must be readable. */
static void touch(struct msgin5g_str text)
{
    size_t sum = 0;
    for (size_t i = 0; i < text.length; i++)
        sum += (unsigned char)text.octets[i];
    assert(sum <= text.length * 255);
}

static void check(enum psk_gate_event event, const struct psk_gate_finding *finding)
{
    if (event != PSK_GATE_HELLO && event != PSK_GATE_KEY_EXCHANGE)
        return;
    touch(finding->cookie);
    touch(finding->server_name);
    touch(finding->identity);
    assert(event != PSK_GATE_HELLO || finding->cookie.length > 0);
    assert(event != PSK_GATE_KEY_EXCHANGE || finding->psk_offered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct psk_gate *gate = psk_gate_create();
    if (gate == NULL)
        return 0;
    while (length >= 2) {
        struct psk_gate_finding finding;
        size_t datagram = (size_t)data[0] << 8 | data[1];
        data += 2;
        length -= 2;
        if (datagram > length)
            datagram = length;
        check(psk_gate_read(gate, data, datagram, &finding), &finding);
        data += datagram;
        length -= datagram;
    }
    psk_gate_free(gate);
    return 0;
}
