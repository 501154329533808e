#include "suci.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define IMSI_MAX  15
#define FIELDS    7 /* type, MCC, MNC, routing indicator, scheme, key id, output */
#define FIELD_MAX 63

/* "suci-0-001-01-0-0-0-0000000001": fields between hyphens. @return how many there are. */
static size_t split(const char *text, char fields[FIELDS][FIELD_MAX + 1])
{
    size_t count = 0;
    while (count < FIELDS) {
        size_t length = strcspn(text, "-");
        if (length > FIELD_MAX)
            return 0;
        memcpy(fields[count], text, length);
        fields[count++][length] = '\0';
        text += length;
        if (*text == '\0')
            return count;
        text++;
    }
    return 0;
}

static bool digits(const char *text, size_t min, size_t max)
{
    size_t length = strspn(text, "0123456789");
    return text[length] == '\0' && length >= min && length <= max;
}

enum msgin5g_err suci_to_supi(const char *supi_or_suci, char supi[AKMA_SUPI_MAX + 1])
{
    char fields[FIELDS][FIELD_MAX + 1];
    if (strncmp(supi_or_suci, "suci-", 5) != 0) {
        memcpy(supi, supi_or_suci, strlen(supi_or_suci) + 1);
        return MSGIN5G_OK;
    }
    if (split(supi_or_suci + 5, fields) != FIELDS)
        return MSGIN5G_ERR_MALFORMED;
    if (strcmp(fields[0], "0") != 0 || strcmp(fields[4], "0") != 0) /* type IMSI, null scheme */
        return MSGIN5G_ERR_UNSUPPORTED_FORMAT;
    if (!digits(fields[1], 3, 3) || !digits(fields[2], 2, 3) || !digits(fields[6], 1, IMSI_MAX) ||
        strlen(fields[1]) + strlen(fields[2]) + strlen(fields[6]) > IMSI_MAX)
        return MSGIN5G_ERR_MALFORMED;
    (void)snprintf(supi, AKMA_SUPI_MAX + 1, "imsi-%s%s%s", fields[1], fields[2], fields[6]);
    return MSGIN5G_OK;
}
