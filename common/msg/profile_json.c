#include "profile_json.h"

#include "base/clock.h"
#include "tree_json.h"

#include <string.h>

#define PORT_MAX 65535

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

#define DURATION_MAX_S INT64_C(3155760000) /* a hundred years: longer ones are as long */

static size_t skip_digits(struct msgin5g_str text, size_t at)
{
    while (at < text.length && is_digit(text.octets[at]))
        at++;
    return at;
}

static int64_t at_most(int64_t value, int64_t max)
{
    return value < max ? value : max;
}

/* The decimal digits from @p at to @p end. */
static int64_t number_of(struct msgin5g_str text, size_t at, size_t end)
{
    int64_t value = 0;
    for (; at < end; at++)
        value = at_most(10 * value + (text.octets[at] - '0'), DURATION_MAX_S);
    return value;
}

/* Behind "3", "2.5" or "2,5"; the same place when there is no number. @p thousandths is what it says. */
static size_t read_decimal(struct msgin5g_str text, size_t at, int64_t *thousandths)
{
    size_t end = skip_digits(text, at);
    *thousandths = 1000 * number_of(text, at, end);
    if (end == at || end == text.length || (text.octets[end] != '.' && text.octets[end] != ','))
        return end;
    size_t fraction = skip_digits(text, end + 1);
    for (int64_t place = 100, i = (int64_t)end + 1; place > 0 && i < (int64_t)fraction; place /= 10, i++)
        *thousandths += place * (text.octets[i] - '0');
    return fraction == end + 1 ? at : fraction;
}

/* A year is 365 days here and a month 30: nobody plans a radio by leap years. */
static int64_t unit_s(bool in_time, char unit)
{
    switch (unit) {
    case 'Y':
        return INT64_C(365) * 86400;
    case 'M':
        return in_time ? 60 : INT64_C(30) * 86400;
    case 'W':
        return INT64_C(7) * 86400;
    case 'D':
        return 86400;
    case 'H':
        return 3600;
    default:
        return 1;
    }
}

/* "P1DT2H" and the like: ISO 8601 4.4.3.2, units in falling order. */
static bool read_iso_duration(struct msgin5g_str text, int64_t *seconds)
{
    const char *units = "YMWD";
    bool in_time = false;
    bool some = false;
    int64_t number, sum_ms = 0;
    if (text.length == 0 || text.octets[0] != 'P')
        return false;
    for (size_t at = 1; at < text.length; at++) {
        if (text.octets[at] == 'T' && !in_time) {
            in_time = true;
            some = false;
            units = "HMS";
            continue;
        }
        size_t unit = read_decimal(text, at, &number);
        if (unit == at || unit == text.length || text.octets[unit] == '\0')
            return false;
        units = strchr(units, text.octets[unit]);
        if (units == NULL)
            return false;
        sum_ms = at_most(sum_ms + at_most(number, DURATION_MAX_S) * unit_s(in_time, *units), 1000 * DURATION_MAX_S);
        units++;
        some = true;
        at = unit;
    }
    *seconds = sum_ms / 1000;
    return some;
}

static bool read_date_time(const cJSON *item, int64_t *utc_s)
{
    struct msgin5g_str text;
    return tree_string(item, &text) && clock_parse_rfc3339(text, utc_s) == MSGIN5G_OK;
}

/* EC-13: an ISO 8601 duration, seconds as a number or as text, or the instant of the end, counted from @p start_s. */
static bool read_duration(const cJSON *item, int64_t start_s, int64_t *out)
{
    struct msgin5g_str text;
    int64_t seconds = 0;
    bool read = true;
    if (tree_integer(item, &seconds))
        read = seconds >= 0;
    else if (!tree_string(item, &text) || text.length == 0)
        return false;
    else if (skip_digits(text, 0) == text.length)
        seconds = number_of(text, 0, text.length);
    else if (!read_iso_duration(text, &seconds) && (read = read_date_time(item, &seconds)))
        seconds = seconds > start_s ? seconds - start_s : 0;
    *out = at_most(seconds, DURATION_MAX_S);
    return read;
}

static bool is_text(const cJSON *item)
{
    struct msgin5g_str ignored;
    return tree_identifier(item, MSGIN5G_SERVICE_ID_MAX, &ignored);
}

static bool is_client_port(const cJSON *port)
{
    static const char *const protocols[] = { "SMS", "NIDD", "OTHER" };
    const cJSON *protocol = tree_member(port, "Protocol");
    int64_t number;
    if (protocol == NULL)
        protocol = tree_member(port, "protocol"); /* TS 24.538 7.3.3.1 alone writes it with a capital */
    if (!tree_integer(tree_member(port, "portNum"), &number) || number < 0 || number > PORT_MAX)
        return false;
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        if (tree_is(protocol, protocols[i]))
            return true;
    }
    return false;
}

static const char *triggering_problem(const cJSON *info)
{
    const cJSON *port = tree_member(info, "cliPort");
    const cJSON *ports = tree_member(info, "cliPorts");
    const cJSON *entry = NULL;
    if (!cJSON_IsObject(info))
        return "cliProfile.triInfo";
    if (!is_text(tree_member(info, "ueId")))
        return "cliProfile.triInfo.ueId";
    if ((port == NULL) == (ports == NULL)) /* one of the two */
        return "cliProfile.triInfo.cliPort";
    if (port != NULL)
        return is_text(port) ? NULL : "cliProfile.triInfo.cliPort";
    if (!cJSON_IsArray(ports))
        return "cliProfile.triInfo.cliPorts";
    cJSON_ArrayForEach(entry, ports)
    {
        if (!is_client_port(entry))
            return "cliProfile.triInfo.cliPorts";
    }
    return NULL;
}

/* Its value is not defined: anything but a plain no says yes (EC-13). */
static bool opts_out(const cJSON *store_forward)
{
    struct msgin5g_str text;
    return tree_string(store_forward, &text) && text.length > 0 && !tree_is(store_forward, "false") &&
           !tree_is(store_forward, "0");
}

static const char *read_availability(const cJSON *json, struct msgin5g_availability *out)
{
    const cJSON *periodic = tree_member(json, "periIndi");
    const cJSON *interval = tree_member(json, "periInterval");
    const cJSON *data_size = tree_member(json, "dataSize");
    const cJSON *store_forward = tree_member(json, "storeForward");
    int64_t period_s = 0;
    if (!cJSON_IsObject(json))
        return "cliProfile.comAvail";
    if (!read_date_time(tree_member(json, "schTime"), &out->start_s))
        return "cliProfile.comAvail.schTime";
    if (!read_duration(tree_member(json, "durTime"), out->start_s, &out->length_s))
        return "cliProfile.comAvail.durTime";
    if (periodic != NULL && !cJSON_IsBool(periodic))
        return "cliProfile.comAvail.periIndi";
    /* TS 23.554 Table 8.2.1-3 */
    if (interval == NULL ? cJSON_IsTrue(periodic) : !read_duration(interval, out->start_s, &period_s))
        return "cliProfile.comAvail.periInterval";
    if (data_size != NULL && !cJSON_IsString(data_size))
        return "cliProfile.comAvail.dataSize";
    if (store_forward != NULL && !cJSON_IsString(store_forward))
        return "cliProfile.comAvail.storeForward";
    out->known = true;
    out->period_s = cJSON_IsTrue(periodic) ? period_s : 0;
    out->opted_out = opts_out(store_forward);
    return NULL;
}

static const char *read_segment_size(const cJSON *json, uint32_t *out)
{
    int64_t octets;
    if (!tree_integer(json, &octets) || octets < MSGIN5G_SEGMENT_SIZE_MIN || octets > MSGIN5G_PAYLOAD_MAX)
        return "cliProfile.maxSegSize";
    *out = (uint32_t)octets;
    return NULL;
}

const char *profile_read(const cJSON *json, struct profile *out)
{
    const cJSON *availability = tree_member(json, "comAvail");
    const cJSON *segment_size = tree_member(json, "maxSegSize");
    const char *problem = cJSON_IsObject(json) ? NULL : "cliProfile";
    out->triggering = tree_member(json, "triInfo");
    if (problem == NULL && out->triggering != NULL)
        problem = triggering_problem(out->triggering);
    if (problem == NULL && availability != NULL)
        problem = read_availability(availability, &out->availability);
    if (problem == NULL && segment_size != NULL)
        problem = read_segment_size(segment_size, &out->max_segment_size);
    return problem;
}
