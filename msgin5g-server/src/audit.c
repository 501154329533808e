#include "audit.h"

#include "base/json_writer.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 1024

/* What one cause has written in the second that runs. */
struct allowance {
    int64_t second;
    int64_t written;
    uint64_t left_out; /* since the last line */
};

struct audit {
    struct loop *loop;
    struct audit_config config;
    int fd; /* -1: the log */
    struct allowance allowances[MSGIN5G_ERR_COUNT];
    struct log_limit lines;
};

static bool open_file(struct audit *audit)
{
    int fd = open(audit->config.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_error("audit file cannot be opened file=%s problem=\"%s\"", audit->config.file, strerror(errno));
        return false;
    }
    if (audit->fd >= 0)
        (void)close(audit->fd);
    audit->fd = fd;
    return true;
}

enum msgin5g_err audit_create(struct loop *loop, const struct audit_config *config, struct audit **out)
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *audit = (struct audit){ .loop = loop, .config = *config, .fd = -1 };
    if (config->enabled && *config->file != '\0' && !open_file(audit)) {
        free(audit);
        return MSGIN5G_ERR_IO;
    }
    *out = audit;
    return MSGIN5G_OK;
}

void audit_free(struct audit *audit)
{
    if (audit == NULL)
        return;
    if (audit->fd >= 0)
        (void)close(audit->fd);
    free(audit);
}

void audit_reopen(struct audit *audit)
{
    if (audit != NULL && audit->fd >= 0)
        (void)open_file(audit);
}

static bool is_refusal(enum msgin5g_err err)
{
    return err != MSGIN5G_OK && err != MSGIN5G_ERR_RECIPIENT_UNAVAILABLE && err != MSGIN5G_ERR_NO_SUBSCRIBERS;
}

static bool take(struct audit *audit, enum msgin5g_err err)
{
    struct allowance *allowance = &audit->allowances[err];
    int64_t second = loop_now_ms(audit->loop) / 1000;
    if (allowance->second != second) {
        allowance->second = second;
        allowance->written = 0;
    }
    if (allowance->written++ < audit->config.lines_per_second)
        return true;
    allowance->left_out++;
    return false;
}

static const char *shown(const char *identity, char out[LOG_IDENTITY_LEN])
{
    return identity != NULL ? log_identity(identity, out) : "";
}

static void write_line(struct audit *audit, const struct audit_refusal *refusal, uint64_t left_out)
{
    uint8_t line[LINE_MAX_OCTETS];
    char time[CLOCK_RFC3339_LEN + 1] = "", identity[LOG_IDENTITY_LEN], originator[LOG_IDENTITY_LEN];
    struct json_writer w;
    size_t length;
    unsigned unwritten;
    (void)clock_format_rfc3339(loop_utc_s(audit->loop), time);
    json_writer_init(&w, line, sizeof line - 1);
    json_object_begin(&w, NULL);
    json_text(&w, "time", time);
    json_text(&w, "event", "refused");
    json_text(&w, "what", refusal->what);
    json_text(&w, "cause", msgin5g_err_cause(refusal->err));
    json_text(&w, "reason", msgin5g_err_text(refusal->err));
    json_text(&w, "identity", shown(refusal->identity, identity));
    json_text(&w, "originator", shown(refusal->originator, originator));
    json_integer(&w, "left_out", (int64_t)left_out);
    json_object_end(&w);
    if (json_writer_finish(&w, &length) != MSGIN5G_OK)
        return;
    line[length++] = '\n';
    if (write(audit->fd, line, length) != (ssize_t)length &&
        log_limit_take(&audit->lines, loop_now_ms(audit->loop), &unwritten))
        log_error("audit file cannot be written problem=\"%s\" left_out=%u", strerror(errno), unwritten);
}

void audit_refused(struct audit *audit, const struct audit_refusal *refusal)
{
    char identity[LOG_IDENTITY_LEN], originator[LOG_IDENTITY_LEN];
    if (audit == NULL || !audit->config.enabled || !is_refusal(refusal->err) || !take(audit, refusal->err))
        return;
    struct allowance *allowance = &audit->allowances[refusal->err];
    uint64_t left_out = allowance->left_out;
    allowance->left_out = 0;
    if (audit->fd >= 0)
        write_line(audit, refusal, left_out);
    else
        log_info("refused what=%s cause=%s reason=\"%s\" identity=%s originator=%s left_out=%llu", refusal->what,
            msgin5g_err_cause(refusal->err), msgin5g_err_text(refusal->err), shown(refusal->identity, identity),
            shown(refusal->originator, originator), (unsigned long long)left_out);
}
