#include "profile_json.h"

#include "base/clock.h"
#include "tree_json.h"

#include <string.h>

#define PORT_MAX 65535

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(struct msgin5g_str text, size_t at)
{
    while (at < text.length && is_digit(text.octets[at]))
        at++;
    return at;
}

/* Behind "3", "2.5" or "2,5"; the same place when there is no number. */
static size_t skip_decimal(struct msgin5g_str text, size_t at)
{
    size_t end = skip_digits(text, at);
    if (end == at || end == text.length || (text.octets[end] != '.' && text.octets[end] != ','))
        return end;
    size_t fraction = skip_digits(text, end + 1);
    return fraction == end + 1 ? at : fraction;
}

/* "P1DT2H" and the like: ISO 8601 4.4.3.2, units in falling order. */
static bool is_iso_duration(struct msgin5g_str text)
{
    const char *units = "YMWD";
    bool in_time = false;
    bool some = false;
    if (text.length == 0 || text.octets[0] != 'P')
        return false;
    for (size_t at = 1; at < text.length; at++) {
        if (text.octets[at] == 'T' && !in_time) {
            in_time = true;
            some = false;
            units = "HMS";
            continue;
        }
        size_t unit = skip_decimal(text, at);
        if (unit == at || unit == text.length || text.octets[unit] == '\0')
            return false;
        units = strchr(units, text.octets[unit]);
        if (units == NULL)
            return false;
        units++;
        some = true;
        at = unit;
    }
    return some;
}

static bool is_date_time(const cJSON *item)
{
    struct msgin5g_str text;
    int64_t ignored;
    return tree_string(item, &text) && clock_parse_rfc3339(text, &ignored) == MSGIN5G_OK;
}

/* EC-13: an ISO 8601 duration, seconds as a number or as text, or the instant of the end. */
static bool is_duration(const cJSON *item)
{
    struct msgin5g_str text;
    int64_t seconds;
    if (tree_integer(item, &seconds))
        return seconds >= 0;
    if (!tree_string(item, &text) || text.length == 0)
        return false;
    return skip_digits(text, 0) == text.length || is_iso_duration(text) || is_date_time(item);
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

static const char *availability_problem(const cJSON *availability)
{
    const cJSON *periodic = tree_member(availability, "periIndi");
    const cJSON *interval = tree_member(availability, "periInterval");
    const cJSON *data_size = tree_member(availability, "dataSize");
    const cJSON *store_forward = tree_member(availability, "storeForward");
    if (!cJSON_IsObject(availability))
        return "cliProfile.comAvail";
    if (!is_date_time(tree_member(availability, "schTime")))
        return "cliProfile.comAvail.schTime";
    if (!is_duration(tree_member(availability, "durTime")))
        return "cliProfile.comAvail.durTime";
    if (periodic != NULL && !cJSON_IsBool(periodic))
        return "cliProfile.comAvail.periIndi";
    if (interval == NULL ? cJSON_IsTrue(periodic) : !is_duration(interval)) /* TS 23.554 Table 8.2.1-3 */
        return "cliProfile.comAvail.periInterval";
    if (data_size != NULL && !cJSON_IsString(data_size))
        return "cliProfile.comAvail.dataSize";
    if (store_forward != NULL && !cJSON_IsString(store_forward))
        return "cliProfile.comAvail.storeForward";
    return NULL;
}

const char *profile_problem(const cJSON *profile)
{
    const cJSON *triggering = tree_member(profile, "triInfo");
    const cJSON *availability = tree_member(profile, "comAvail");
    const cJSON *segment_size = tree_member(profile, "maxSegSize");
    const char *problem = cJSON_IsObject(profile) ? NULL : "cliProfile";
    int64_t octets;
    if (problem == NULL && triggering != NULL)
        problem = triggering_problem(triggering);
    if (problem == NULL && availability != NULL)
        problem = availability_problem(availability);
    if (problem == NULL && segment_size != NULL &&
        (!tree_integer(segment_size, &octets) || octets < MSGIN5G_SEGMENT_SIZE_MIN || octets > MSGIN5G_PAYLOAD_MAX))
        problem = "cliProfile.maxSegSize";
    return problem;
}
