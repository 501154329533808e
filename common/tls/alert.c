#include "tls/psk.h"

#include <string.h>

#define CONTENT_TYPE_ALERT 21
#define ALERT_LEVEL_FATAL  2

static size_t put_u16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return 2;
}

/* Record layer: RFC 5246 6.2.1, RFC 6347 4.1 (epoch 0: no keys yet); alert: RFC 8446 6. */
size_t tls_alert_record(bool dtls, uint16_t record_version, uint64_t sequence, enum tls_alert alert, uint8_t out[15])
{
    size_t length = 0;
    out[length++] = CONTENT_TYPE_ALERT;
    length += put_u16(out + length, record_version);
    if (dtls) {
        length += put_u16(out + length, 0);
        for (int shift = 40; shift >= 0; shift -= 8)
            out[length++] = (uint8_t)(sequence >> shift);
    }
    length += put_u16(out + length, 2);
    out[length++] = ALERT_LEVEL_FATAL;
    out[length++] = (uint8_t)alert;
    return length;
}
