/* The gate over TLS streams of hostile peers: the first octet says how long each run is (0: all at once), then the
 * stream. */
#include "psk_gate_stream.h"

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

/* @return false once the stream is broken, which it then stays. */
static bool check(enum psk_gate_event event, const struct psk_gate_finding *finding, bool broken)
{
    assert(!broken || event == PSK_GATE_MALFORMED);
    if (event == PSK_GATE_HELLO || event == PSK_GATE_KEY_EXCHANGE) {
        assert(finding->cookie.length == 0);
        assert(event != PSK_GATE_KEY_EXCHANGE || finding->psk_offered);
        touch(finding->server_name);
        touch(finding->identity);
    }
    return event == PSK_GATE_MALFORMED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct psk_gate_stream *gate = psk_gate_stream_create();
    if (gate == NULL || length < 2) {
        psk_gate_stream_free(gate);
        return 0;
    }
    size_t run = *data != 0 ? *data : length;
    bool broken = false;
    data++;
    length--;
    while (length > 0) {
        struct psk_gate_finding finding;
        size_t count = run < length ? run : length;
        broken = check(psk_gate_stream_read(gate, data, count, &finding), &finding, broken);
        data += count;
        length -= count;
    }
    psk_gate_stream_free(gate);
    return 0;
}
