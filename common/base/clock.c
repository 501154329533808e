#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define RFC3339_MAX 64           /* characters; longer fractions are nobody's clock */
#define LAST_S      253402300799 /* 9999-12-31T23:59:59Z */

static int64_t system_monotonic_ms(void *ctx)
{
    struct timespec now;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_utc_s(void *ctx)
{
    (void)ctx;
    return time(NULL);
}

struct clock_source clock_system(void)
{
    return (struct clock_source){ .monotonic_ms = system_monotonic_ms, .utc_s = system_utc_s };
}

enum msgin5g_err clock_format_rfc3339(int64_t utc_s, char out[CLOCK_RFC3339_LEN + 1])
{
    struct tm parts;
    time_t time_s = utc_s;
    if (utc_s < 0 || utc_s > LAST_S || gmtime_r(&time_s, &parts) == NULL)
        return MSGIN5G_ERR_INVALID;
    strftime(out, CLOCK_RFC3339_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return MSGIN5G_OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* True when @p text begins with @p shape, in which 0 stands for a digit, T for either case of T, others for themselves.
 */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape != '\0'; text++, shape++) {
        bool fits = *shape == '0' ? is_digit(*text) : *shape == 'T' ? (*text == 'T' || *text == 't') : *text == *shape;
        if (!fits)
            return false;
    }
    return true;
}

static int number(const char *digits)
{
    return (digits[0] - '0') * 10 + (digits[1] - '0');
}

/* "Z", "z", "+hh:mm" or "-hh:mm", and nothing after it. */
static bool read_offset(const char *text, int *offset_s)
{
    *offset_s = 0;
    if ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0')
        return true;
    if ((text[0] != '+' && text[0] != '-') || !has_shape(text + 1, "00:00") || text[6] != '\0')
        return false;
    int hours = number(text + 1), minutes = number(text + 4);
    *offset_s = (hours * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
    return hours < 24 && minutes < 60;
}

/* RFC 3339 5.6; a leap second (:60) counts as the second after it. */
static bool read_date_time(const char *text, int64_t *utc_s)
{
    if (!has_shape(text, "0000-00-00T00:00:00"))
        return false;
    struct tm parts = {
        .tm_year = number(text) * 100 + number(text + 2) - 1900,
        .tm_mon = number(text + 5) - 1,
        .tm_mday = number(text + 8),
        .tm_hour = number(text + 11),
        .tm_min = number(text + 14),
        .tm_sec = number(text + 17),
    };
    struct tm given = parts;
    if (parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60)
        return false;
    parts.tm_sec = 0;
    time_t minute_s = timegm(&parts);
    if (parts.tm_mon != given.tm_mon || parts.tm_mday != given.tm_mday)
        return false; /* timegm() carried 30 February over into March */

    const char *rest = text + strlen("0000-00-00T00:00:00");
    if (*rest == '.') {
        if (!is_digit(*++rest))
            return false;
        while (is_digit(*rest))
            rest++;
    }
    int offset_s;
    if (!read_offset(rest, &offset_s))
        return false;
    *utc_s = (int64_t)minute_s + given.tm_sec - offset_s;
    return true;
}

enum msgin5g_err clock_parse_rfc3339(struct msgin5g_str text, int64_t *utc_s)
{
    char copy[RFC3339_MAX + 1];
    if (text.length == 0 || text.length > RFC3339_MAX || memchr(text.octets, '\0', text.length) != NULL)
        return MSGIN5G_ERR_MALFORMED;
    memcpy(copy, text.octets, text.length);
    copy[text.length] = '\0';
    return read_date_time(copy, utc_s) ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
}

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
    "Dec" };
static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

enum msgin5g_err clock_format_http_date(int64_t utc_ms, char out[CLOCK_HTTP_DATE_LEN + 1])
{
    struct tm parts;
    time_t time_s = utc_ms / 1000;
    if (utc_ms < 0 || time_s > LAST_S || gmtime_r(&time_s, &parts) == NULL)
        return MSGIN5G_ERR_INVALID;
    (void)snprintf(out, CLOCK_HTTP_DATE_LEN + 1, "%s, %02d %s %04d %02d:%02d:%02d.%03d GMT", days[parts.tm_wday % 7],
        parts.tm_mday % 100, months[parts.tm_mon % 12], (parts.tm_year + 1900) % 10000, parts.tm_hour % 100,
        parts.tm_min % 100, parts.tm_sec % 100, (int)(utc_ms % 1000));
    return MSGIN5G_OK;
}

static int month_of(const char *name)
{
    for (int i = 0; i < 12; i++)
        if (strncmp(name, months[i], 3) == 0)
            return i;
    return -1;
}

/* The name of the day is not compared with the date: it says nothing new. */
enum msgin5g_err clock_parse_http_date(struct msgin5g_str text, int64_t *utc_ms)
{
    static const char before_month[] = "00 ", after_month[] = " 0000 00:00:00";
    char copy[CLOCK_HTTP_DATE_LEN + 1];
    if (text.length < strlen("Sun, 06 Nov 1994 08:49:37 GMT") || text.length > CLOCK_HTTP_DATE_LEN ||
        memchr(text.octets, '\0', text.length) != NULL)
        return MSGIN5G_ERR_MALFORMED;
    memcpy(copy, text.octets, text.length);
    copy[text.length] = '\0';
    const char *date = copy + 5;
    const char *rest = date + strlen("06 Nov 1994 08:49:37");
    bool fraction = has_shape(rest, ".000 GMT") && rest[8] == '\0';
    if (copy[3] != ',' || copy[4] != ' ' || !has_shape(date, before_month) || !has_shape(date + 6, after_month) ||
        month_of(date + 3) < 0 || !(fraction || strcmp(rest, " GMT") == 0))
        return MSGIN5G_ERR_MALFORMED;
    struct tm parts = { .tm_mday = number(date),
        .tm_mon = month_of(date + 3),
        .tm_year = number(date + 7) * 100 + number(date + 9) - 1900,
        .tm_hour = number(date + 12),
        .tm_min = number(date + 15),
        .tm_sec = number(date + 18) };
    struct tm given = parts;
    if (parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60)
        return MSGIN5G_ERR_MALFORMED;
    parts.tm_sec = 0;
    int64_t minute_s = timegm(&parts);
    if (parts.tm_mon != given.tm_mon || parts.tm_mday != given.tm_mday)
        return MSGIN5G_ERR_MALFORMED;
    *utc_ms = (minute_s + given.tm_sec) * 1000 + (fraction ? number(rest + 1) * 10 + (rest[3] - '0') : 0);
    return MSGIN5G_OK;
}
