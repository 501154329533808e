/* Bodies of TS 29.538: the first octet modulo 9 picks one, the rest is it; what is taken is written and taken again. */
#include "msg/api.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static uint8_t out[2 * API_BODY_MAX];

static void try_message(enum api_message_kind kind, struct msgin5g_str body)
{
    struct api_message first, second;
    struct api_problem problem;
    size_t length;
    if (api_message_decode(kind, body, &first, &problem) != MSGIN5G_OK)
        return;
    CHECK(api_message_encode(kind, &first, out, sizeof out, &length) == MSGIN5G_OK);
    /* Escapes may make it longer than a body may be; then there is nothing to take again. */
    if (length <= API_BODY_MAX) {
        struct msgin5g_str again = { (const char *)out, length };
        CHECK(api_message_decode(kind, again, &second, &problem) == MSGIN5G_OK);
        CHECK(msgin5g_str_equal(first.message.payload, second.message.payload));
        CHECK(msgin5g_str_equal(first.message.msg_id, second.message.msg_id));
        CHECK(first.message.segment.number == second.message.segment.number);
        api_message_free(&second);
    }
    api_message_free(&first);
}

static void try_report(struct msgin5g_str body)
{
    struct api_report report;
    struct api_problem problem;
    size_t length;
    if (api_report_decode(body, &report, &problem) != MSGIN5G_OK)
        return;
    CHECK(api_report_encode(&report.message, out, sizeof out, &length) == MSGIN5G_OK);
    api_report_free(&report);
}

static void try_ack(struct msgin5g_str body)
{
    struct api_ack ack;
    struct api_problem problem;
    size_t length;
    if (api_ack_decode(body, &ack, &problem) != MSGIN5G_OK)
        return;
    CHECK(api_ack_encode(&ack, out, sizeof out, &length) == MSGIN5G_OK);
    api_ack_free(&ack);
}

static void try_registration(struct msgin5g_str body)
{
    struct api_as_registration registration;
    struct api_problem problem;
    if (api_as_registration_decode(body, &registration, &problem) != MSGIN5G_OK)
        return;
    CHECK(registration.as_service_id.length > 0 && registration.group_count <= API_GROUPS_MAX);
    api_as_registration_free(&registration);
}

static void try_ue_registrations(struct msgin5g_str body, bool bulk)
{
    static struct api_ue_registrations registrations;
    struct api_problem problem;
    if (api_ue_registrations_decode(body, bulk, &registrations, &problem) != MSGIN5G_OK)
        return;
    CHECK(registrations.count > 0 && registrations.count <= API_UE_REGISTRATIONS_MAX);
    for (size_t i = 0; i < registrations.count; i++)
        CHECK(registrations.list[i].ue_service_id.length > 0 && registrations.list[i].mgw_service_id.length > 0);
    api_ue_registrations_free(&registrations);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    if (length == 0)
        return 0;
    struct msgin5g_str body = { (const char *)data + 1, length - 1 };
    switch (data[0] % 9) {
    case 4:
        try_report(body);
        break;
    case 5:
        try_ack(body);
        break;
    case 6:
        try_registration(body);
        break;
    case 7:
    case 8:
        try_ue_registrations(body, data[0] % 9 == 8);
        break;
    default:
        try_message((enum api_message_kind)(data[0] % 4), body);
    }
    return 0;
}
