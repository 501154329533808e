/* Log: one line an event, "event key=value ...", or JSON; to standard error or the journal (decision D10). */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/**
 * Set up the process's log; call once at start, before any thread. Until then: level info, text, standard error.
 * The log is the one process-wide object of this library: every line goes to the same file descriptor in one write().
 */
void log_setup(enum log_level level, enum log_format format, const char *program);
/** Change the level while running; any thread. */
void log_set_level(enum log_level level);
/** True when a line of @p level would be written; guards costly arguments. */
bool log_enabled(enum log_level level);

/** Write one line. The text before the first " key=" is the event; control characters are written as \xNN. At most 4096
 * octets. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                                                 \
    do {                                                                                                               \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                                              \
            log_write(LOG_LEVEL_DEBUG, __VA_ARGS__);                                                                   \
    } while (0)

#define LOG_A_KID_LEN 24
/** Shorten an A-KID for a log line: routing indicator, first 8 characters of the A-TID, an ellipsis. @return @p out. */
const char *log_a_kid(const char *a_kid, char out[LOG_A_KID_LEN]);

#define LOG_IDENTITY_LEN 64
/**
 * Shorten a SUPI, GPSI or UE Service ID for a log line, since it may name a person (TS 33.117 4.2.3.2.5): of a number
 * of more than seven digits the first five (an IMSI's MCC and MNC) and the last two stay, of the user in `nai-` and
 * `extid-` the first character. @return @p out.
 */
const char *log_identity(const char *identity, char out[LOG_IDENTITY_LEN]);

/** Lines about one event that peers can cause at will; zeroed at first. */
struct log_limit {
    int64_t next_ms;
    unsigned left_out;
};
/**
 * True when a line may be written now: one a second, all of them when the level is debug.
 *
 * @param now_ms   any clock that does not go back.
 * @param left_out set with true: how many were not written since the last one that was.
 */
bool log_limit_take(struct log_limit *limit, int64_t now_ms, unsigned *left_out);

#endif
