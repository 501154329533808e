/* The USIM's file: K, OPc and what else a card holds, as YAML; SQN is written back in place. */
#include "usim_internal.h"

#include "akma/milenage.h"
#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX   65536
#define SQN_DIGITS ((size_t)2 * SQN_LEN)

struct usim_file {
    char *supi, *k, *op, *opc, *sqn, *rid;
    int64_t mnc_digits;
};

static const struct config_key schema[] = {
    { .name = "supi",
        .type = CONFIG_STRING,
        .offset = offsetof(struct usim_file, supi),
        .min = 1,
        .max = AKMA_SUPI_MAX,
        .help = "Subscription: imsi- and 6 to 15 digits, or nai- and user@realm." },
    { .name = "k",
        .type = CONFIG_STRING,
        .offset = offsetof(struct usim_file, k),
        .min = 32,
        .max = 32,
        .help = "Subscriber key K, 32 hexadecimal digits." },
    { .name = "op",
        .type = CONFIG_STRING,
        .offset = offsetof(struct usim_file, op),
        .default_text = "",
        .help = "Operator's OP, 32 hexadecimal digits; either op or opc." },
    { .name = "opc",
        .type = CONFIG_STRING,
        .offset = offsetof(struct usim_file, opc),
        .default_text = "",
        .help = "OPc, 32 hexadecimal digits; either op or opc." },
    { .name = "sqn",
        .type = CONFIG_STRING,
        .offset = offsetof(struct usim_file, sqn),
        .min = (int64_t)SQN_DIGITS,
        .max = (int64_t)SQN_DIGITS,
        .help = "Highest sequence number accepted so far, 12 hexadecimal digits; written back." },
    { .name = "rid",
        .type = CONFIG_STRING,
        .offset = offsetof(struct usim_file, rid),
        .default_text = "0",
        .min = 1,
        .max = AKMA_RID_MAX,
        .help = "Routing indicator, 1 to 4 digits." },
    { .name = "mnc_digits",
        .type = CONFIG_INT,
        .offset = offsetof(struct usim_file, mnc_digits),
        .default_text = "2",
        .min = 2,
        .max = 3,
        .help = "Digits of the mobile network code within the IMSI." },
    { .name = NULL },
};

static void read_hex(struct config_report *report, const char *name, const char *text, void *out, size_t length)
{
    if (secret_from_hex(msgin5g_str(text), out, length) != MSGIN5G_OK)
        config_report_add(report, name, "%s must be %zu hexadecimal digits", name, 2 * length);
}

static enum msgin5g_err read_opc(const struct usim_file *file, struct usim_config *config, struct config_report *report)
{
    uint8_t op[16];
    enum msgin5g_err err = MSGIN5G_OK;

    if ((file->op[0] == '\0') == (file->opc[0] == '\0'))
        config_report_add(report, "op", "give either op or opc, %s", file->op[0] == '\0' ? "not none" : "not both");
    else if (file->opc[0] != '\0')
        read_hex(report, "opc", file->opc, config->opc.octets, sizeof config->opc.octets);
    else {
        read_hex(report, "op", file->op, op, sizeof op);
        err = milenage_opc(&config->k, op, &config->opc);
    }
    secret_wipe(op, sizeof op);
    return err;
}

/* @p config borrows from @p file. */
static enum msgin5g_err to_config(
    const struct usim_file *file, struct usim_config *config, struct config_report *report)
{
    uint8_t sqn[SQN_LEN] = { 0 };
    char realm[AKMA_A_KID_MAX + 1];
    enum msgin5g_err err;

    config->supi = file->supi;
    config->rid = file->rid;
    config->mnc_digits = (int)file->mnc_digits;
    read_hex(report, "k", file->k, config->k.octets, sizeof config->k.octets);
    read_hex(report, "sqn", file->sqn, sqn, sizeof sqn);
    for (size_t i = 0; i < sizeof sqn; i++)
        config->sqn = config->sqn << 8 | sqn[i];
    err = read_opc(file, config, report);
    if (!rid_valid(file->rid))
        config_report_add(report, "rid", "the routing indicator must be 1 to 4 digits");
    if (a_kid_home_realm(file->supi, config->mnc_digits, realm) != MSGIN5G_OK)
        config_report_add(report, "supi", "supi must be imsi- and 6 to 15 digits, or nai- and user@realm");
    return report->count > 0 ? MSGIN5G_ERR_CONFIG : err;
}

/* Place of the twelve digits in a line "sqn: <digits>" that starts at the margin; NULL when there is none. */
static char *find_sqn(char *text)
{
    for (char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "sqn:", 4) == 0) {
            char *digits = line + 4 + strspn(line + 4, " \t\"'");

            return strspn(digits, "0123456789abcdefABCDEF") == SQN_DIGITS ? digits : NULL;
        }
    }
    return NULL;
}

/* The whole file, NUL-terminated. Wipe it: the keys are in there. */
static enum msgin5g_err read_text(const char *path, struct buffer *text)
{
    enum msgin5g_err err = buffer_read_file(text, path);

    return err == MSGIN5G_OK ? buffer_append(text, "", 1) : err;
}

static enum msgin5g_err check_access(const char *path, char *problem, size_t problem_size)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        (void)snprintf(problem, problem_size, "%s: cannot read the USIM file: %s", path, strerror(errno));
        return MSGIN5G_ERR_CONFIG;
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)snprintf(problem, problem_size,
            "%s: others may use this file (mode %03o), and it holds the key K: run chmod 600 %s", path,
            (unsigned)status.st_mode & 0777, path);
        return MSGIN5G_ERR_CONFIG;
    }
    return MSGIN5G_OK;
}

/* usim_save() must find its place, so look for it before anybody relies on it. */
static enum msgin5g_err check_sqn_line(const char *path, struct config_report *report)
{
    struct buffer text;
    enum msgin5g_err err;

    buffer_init(&text, FILE_MAX);
    err = read_text(path, &text);
    if (err == MSGIN5G_OK && find_sqn((char *)text.data) == NULL)
        config_report_add(
            report, "sqn", "sqn must stand on a line of its own, at the margin, as in: sqn: 000000000000");
    buffer_wipe_free(&text);
    return err;
}

static enum msgin5g_err create_from(
    const char *path, const struct usim_file *file, struct config_report *report, struct usim **out)
{
    struct usim_config config = { .supi = NULL };
    struct usim *usim = NULL;
    enum msgin5g_err err;

    err = check_sqn_line(path, report);
    if (err != MSGIN5G_OK)
        return err;
    err = to_config(file, &config, report);
    if (err == MSGIN5G_OK)
        err = usim_create(&config, &usim);
    secret_wipe(&config, sizeof config);
    if (err != MSGIN5G_OK)
        return err;
    usim->path = realpath(path, NULL);
    if (usim->path == NULL) {
        usim_free(usim);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    *out = usim;
    return MSGIN5G_OK;
}

enum msgin5g_err usim_load(const char *path, struct usim **out, char *problem, size_t problem_size)
{
    struct usim_file file = { .supi = NULL };
    struct config_report report;
    enum msgin5g_err err = check_access(path, problem, problem_size);

    if (err != MSGIN5G_OK)
        return err;
    err = config_load(schema, path, &file, &report);
    if (err == MSGIN5G_OK)
        err = create_from(path, &file, &report, out);
    if (report.count > 0) /* without the last line feed */
        (void)snprintf(problem, problem_size, "%.*s", (int)report.text.length - 1, (const char *)report.text.data);
    else if (err != MSGIN5G_OK)
        (void)snprintf(problem, problem_size, "%s: %s", path, msgin5g_err_text(err));
    config_report_free(&report);
    config_free(schema, &file);
    return err;
}

/* ---- writing back ------------------------------------------------------------------------------------------------ */

static bool write_all(int fd, const char *octets, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, octets, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        octets += written;
        length -= (size_t)written;
    }
    return true;
}

/* The new name is on the disk only when its folder is. */
static bool sync_folder(const char *path)
{
    char *copy = strdup(path);
    int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd);
    free(copy);
    return done;
}

/* Readers see the old file or the new one; mkostemp() makes it readable by its owner only. */
static enum msgin5g_err replace_file(const char *path, const char *octets, size_t length)
{
    char *temporary = NULL;
    bool done = false;
    int fd;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return MSGIN5G_ERR_NO_MEMORY;
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd >= 0) {
        done = write_all(fd, octets, length) && fsync(fd) == 0;
        done = close(fd) == 0 && done && rename(temporary, path) == 0;
        if (!done)
            (void)unlink(temporary);
    }
    free(temporary);
    return done && sync_folder(path) ? MSGIN5G_OK : MSGIN5G_ERR_IO;
}

enum msgin5g_err usim_save(const struct usim *usim)
{
    char digits[SQN_DIGITS + 1];
    struct buffer text;
    enum msgin5g_err err;
    char *place;

    if (usim->path == NULL)
        return MSGIN5G_OK;
    (void)snprintf(digits, sizeof digits, "%012" PRIx64, usim->sqn);
    buffer_init(&text, FILE_MAX);
    err = read_text(usim->path, &text);
    if (err == MSGIN5G_OK && (place = find_sqn((char *)text.data)) == NULL)
        err = MSGIN5G_ERR_CONFIG;
    /* Another process may have moved on with the same USIM; never go back. */
    if (err == MSGIN5G_OK && strtoull(place, NULL, 16) < usim->sqn) {
        memcpy(place, digits, SQN_DIGITS);
        err = replace_file(usim->path, (const char *)text.data, text.length - 1);
    }
    buffer_wipe_free(&text);
    return err;
}
