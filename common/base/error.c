#include "msgin5g/error.h"

#include <stddef.h>

struct row {
    const char *text;
    const char *cause;
    unsigned char coap_code;
    int http_status;
};

static const struct row rows[MSGIN5G_ERR_COUNT] = {
#define ROW(name, class, detail, http, cause, text)                                                                    \
    [MSGIN5G_##name] = { text, cause, MSGIN5G_COAP_CODE(class, detail), http },
    MSGIN5G_ERRORS(ROW)
#undef ROW
};

static const struct row unknown = { "unknown error", "INTERNAL", MSGIN5G_COAP_CODE(5, 0), 500 };

static const struct row *row_of(enum msgin5g_err err)
{
    return (size_t)err < MSGIN5G_ERR_COUNT ? &rows[err] : &unknown;
}

const char *msgin5g_err_text(enum msgin5g_err err)
{
    return row_of(err)->text;
}

const char *msgin5g_err_cause(enum msgin5g_err err)
{
    return row_of(err)->cause;
}

unsigned char msgin5g_err_coap_code(enum msgin5g_err err)
{
    return row_of(err)->coap_code;
}

int msgin5g_err_http_status(enum msgin5g_err err)
{
    return row_of(err)->http_status;
}
