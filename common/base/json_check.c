#include "base/json_check.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

struct checker {
    const uint8_t *at;
    const uint8_t *end;
    size_t depth;
    struct msgin5g_str member; /* name of the member of the outermost object that is being read */
    struct json_nul nul;
    const char *problem;
};

static bool check_value(struct checker *c);

static bool fail(struct checker *c, const char *problem)
{
    c->problem = problem;
    return false;
}

static int peek(const struct checker *c)
{
    return c->at < c->end ? *c->at : -1;
}

static void skip_space(struct checker *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool skip_literal(struct checker *c, const char *word, size_t length)
{
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
        return fail(c, "not JSON");
    c->at += length;
    return true;
}

static size_t skip_digits(struct checker *c)
{
    const uint8_t *start = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        c->at++;
    return (size_t)(c->at - start);
}

static bool check_number(struct checker *c)
{
    const uint8_t *start = c->at;
    if (peek(c) == '-')
        c->at++;
    if (peek(c) == '0')
        c->at++;
    else if (skip_digits(c) == 0)
        return fail(c, "not JSON");
    if (peek(c) == '.') {
        c->at++;
        if (skip_digits(c) == 0)
            return fail(c, "not JSON");
    }
    if (peek(c) == 'e' || peek(c) == 'E') {
        c->at++;
        if (peek(c) == '+' || peek(c) == '-')
            c->at++;
        if (skip_digits(c) == 0)
            return fail(c, "not JSON");
    }
    return c->at - start <= JSON_NUMBER_MAX || fail(c, "a number has too many characters");
}

/* Four hexadecimal digits behind "\u"; -1 when there are none. */
static int32_t read_unit(struct checker *c)
{
    int32_t unit = 0;
    if (c->end - c->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        uint8_t digit = *c->at++;
        if (digit >= '0' && digit <= '9')
            unit = unit * 16 + (digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            unit = unit * 16 + ((digit | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return unit;
}

/* Behind "\u": one UTF-16 unit or a surrogate pair (RFC 8259 7). Returns its octets in UTF-8; 0 when it is wrong. */
static size_t check_unicode_escape(struct checker *c, bool *is_nul)
{
    int32_t unit = read_unit(c);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return 0;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        if (c->end - c->at < 2 || c->at[0] != '\\' || c->at[1] != 'u')
            return 0;
        c->at += 2;
        unit = read_unit(c);
        return unit >= 0xDC00 && unit <= 0xDFFF ? 4 : 0;
    }
    *is_nul |= unit == 0;
    if (unit < 0x80)
        return 1;
    return unit < 0x800 ? 2 : 3;
}

/* Behind a backslash. Returns the octets of the character in UTF-8; 0 when the escape is wrong. */
static size_t check_escape(struct checker *c, bool *is_nul)
{
    int escaped = peek(c);
    if (escaped < 0)
        return 0;
    c->at++;
    if (escaped == 'u')
        return check_unicode_escape(c, is_nul);
    return escaped != 0 && strchr("\"\\/bfnrt", escaped) != NULL ? 1 : 0;
}

static void note_nul(struct checker *c, bool is_value, size_t length)
{
    bool outermost = is_value && c->depth == 1;
    c->nul.count++;
    c->nul.member = outermost ? c->member : (struct msgin5g_str){ NULL, 0 };
    c->nul.length = length;
}

/* Plain octets of a string: the run that most strings consist of. */
static void skip_plain(struct checker *c)
{
    while (c->at < c->end && *c->at >= 0x20 && *c->at < 0x80 && *c->at != '"' && *c->at != '\\')
        c->at++;
}

static bool check_string(struct checker *c, bool is_value)
{
    const uint8_t *start = ++c->at; /* behind the quotation mark */
    size_t saved = 0;               /* octets that the escapes take more than what they stand for */
    bool is_nul = false;
    for (;;) {
        skip_plain(c);
        int octet = peek(c);
        if (octet == '"')
            break;
        if (octet == '\\') {
            const uint8_t *escape = c->at++;
            size_t length = check_escape(c, &is_nul);
            if (length == 0)
                return fail(c, "a wrong escape in a string");
            saved += (size_t)(c->at - escape) - length;
        } else if (octet >= 0x80) {
            size_t length = utf8_sequence(c->at, (size_t)(c->end - c->at));
            if (length == 0)
                return fail(c, "not UTF-8");
            c->at += length;
        } else {
            return fail(c, octet < 0 ? "not JSON" : "a control character in a string");
        }
    }
    if (is_nul)
        note_nul(c, is_value, (size_t)(c->at - start) - saved);
    c->at++;
    return true;
}

static bool check_member(struct checker *c)
{
    skip_space(c);
    if (peek(c) != '"')
        return fail(c, "not JSON");
    const uint8_t *name = c->at + 1;
    if (!check_string(c, false))
        return false;
    if (c->depth == 1)
        c->member = (struct msgin5g_str){ (const char *)name, (size_t)(c->at - name) - 1 };
    skip_space(c);
    if (peek(c) != ':')
        return fail(c, "not JSON");
    c->at++;
    return check_value(c);
}

/* An object or an array: entries with commas between them, up to @p close. */
static bool check_entries(struct checker *c, int close, bool (*check_entry)(struct checker *))
{
    if (++c->depth > JSON_DEPTH_MAX)
        return fail(c, "nested too deeply");
    c->at++;
    skip_space(c);
    if (peek(c) != close) {
        for (;;) {
            if (!check_entry(c))
                return false;
            if (peek(c) != ',')
                break;
            c->at++;
        }
    }
    if (peek(c) != close)
        return fail(c, "not JSON");
    c->at++;
    c->depth--;
    return true;
}

/* One value with the white space around it. */
static bool check_value(struct checker *c)
{
    bool ok = false;
    skip_space(c);
    switch (peek(c)) {
    case '{':
        ok = check_entries(c, '}', check_member);
        break;
    case '[':
        ok = check_entries(c, ']', check_value);
        break;
    case '"':
        ok = check_string(c, true);
        break;
    case 't':
        ok = skip_literal(c, "true", 4);
        break;
    case 'f':
        ok = skip_literal(c, "false", 5);
        break;
    case 'n':
        ok = skip_literal(c, "null", 4);
        break;
    default:
        ok = check_number(c);
    }
    skip_space(c);
    return ok;
}

enum msgin5g_err json_check(const uint8_t *text, size_t length, struct json_nul *nul, const char **problem)
{
    struct checker c = { .at = text, .end = text + length, .problem = "" };
    bool ok = check_value(&c) && (c.at == c.end || fail(&c, "octets behind the JSON text"));
    if (ok && nul == NULL && c.nul.count > 0)
        ok = fail(&c, "U+0000 in a string");
    if (nul != NULL)
        *nul = c.nul;
    *problem = c.problem;
    return ok ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
}
