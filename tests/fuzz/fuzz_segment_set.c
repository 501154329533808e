/* A set driven by operations of four octets (number, total, flags, payload): it never holds more than its budget, what
 * is missing and what is there are all there is, and a complete set joins to the payloads in order. */
#include "msg/segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { FLAG_LAST = 1, FLAG_REPORT = 2, FLAG_OTHER_ID = 4 };

static struct msgin5g_message compose(const uint8_t operation[4], char octets[256])
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    message.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str("im:a@x") };
    message.dest = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str("im:b@x") };
    message.msg_id = msgin5g_str((operation[2] & FLAG_OTHER_ID) != 0 ? "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e60"
                                                                     : "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f");
    message.report_requested = (operation[2] & FLAG_REPORT) != 0;
    message.segmented = true;
    message.segment.set_id = msgin5g_str("b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c5d");
    message.segment.number = operation[0];
    message.segment.total = operation[1];
    message.segment.last = (operation[2] & FLAG_LAST) != 0;
    memset(octets, 'a' + operation[0] % 26, 256);
    message.payload = (struct msgin5g_str){ octets, operation[3] };
    return message;
}

static void join(struct segment_set *set, size_t octets)
{
    struct msgin5g_message whole;
    CHECK(segment_set_join(set, &whole) == MSGIN5G_OK);
    CHECK(!whole.segmented && whole.payload.length == octets);
}

static void run(struct segment_set *set, const uint8_t *data, size_t length)
{
    size_t octets = 0;
    for (; length >= 4; data += 4, length -= 4) {
        char payload[256];
        struct msgin5g_message segment = compose(data, payload);
        struct segment_numbers missing;
        enum segment_verdict verdict = segment_set_add(set, &segment);
        segment_set_missing(set, &missing);
        if (verdict == SEGMENT_TAKEN || verdict == SEGMENT_COMPLETE)
            octets += segment.payload.length;
        if (verdict == SEGMENT_TAKEN || verdict == SEGMENT_REPEATED)
            CHECK(!segment_numbers_has(&missing, segment.segment.number));
        CHECK(verdict != SEGMENT_COMPLETE || segment_numbers_count(&missing) == 0);
        if (verdict == SEGMENT_COMPLETE) {
            join(set, octets);
            return;
        }
        if (verdict == SEGMENT_BAD)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct segment_budget budget = { .limit = 16384 };
    struct segment_set *set;
    char payload[256];
    if (length < 4)
        return 0;
    struct msgin5g_message first = compose(data, payload);
    if (segment_set_create(&first, &budget, &set) != MSGIN5G_OK)
        return 0;
    run(set, data, length);
    CHECK(budget.used <= budget.limit);
    segment_set_free(set);
    CHECK(budget.used == 0);
    return 0;
}
