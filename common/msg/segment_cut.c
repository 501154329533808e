#include "base/utf8.h"
#include "msg/segment.h"

/* Octets of the next segment: whole characters, as many as fit; 0 when it is not UTF-8. */
static size_t next_segment(const uint8_t *octets, size_t length, size_t limit)
{
    size_t end = 0;
    while (end < length) {
        size_t character = utf8_sequence(octets + end, length - end);
        if (character == 0)
            return 0;
        if (end + character > limit)
            break;
        end += character;
    }
    return end;
}

enum msgin5g_err segment_cut(struct msgin5g_str payload, size_t limit, struct segment_cuts *out)
{
    const uint8_t *octets = (const uint8_t *)payload.octets;
    size_t at = 0;
    if (limit < MSGIN5G_SEGMENT_SIZE_MIN)
        return MSGIN5G_ERR_INVALID;
    if (payload.length > MSGIN5G_WHOLE_MAX)
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    out->count = 0;
    out->offset[0] = 0;
    do {
        size_t step = next_segment(octets + at, payload.length - at, limit);
        if (step == 0 && payload.length > 0)
            return MSGIN5G_ERR_INVALID;
        if (out->count == SEGMENTS_MAX)
            return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
        at += step;
        out->offset[++out->count] = (uint32_t)at;
    } while (at < payload.length);
    return MSGIN5G_OK;
}

struct msgin5g_message segment_of(
    const struct msgin5g_message *whole, const struct segment_cuts *cuts, struct msgin5g_str set_id, unsigned number)
{
    struct msgin5g_message segment = *whole;
    uint32_t start = cuts->offset[number - 1];
    segment.storage = NULL;
    segment.report_requested = whole->report_requested && number == 1;
    segment.segmented = true;
    segment.segment = (struct msgin5g_segment){ set_id, cuts->count, number, number == cuts->count };
    segment.payload.octets = whole->payload.octets + start;
    segment.payload.length = cuts->offset[number] - start;
    return segment;
}
