#include "store_mend.h"

#include "base/log.h"
#include "store_files.h"
#include "store_schema.h"
#include "store_sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is taken over, table by table, from both ends: damage in the middle costs the middle. */
static const struct table {
    const char *forward, *backward, *insert;
} tables[] = {
    { "SELECT id, length, octets, chk FROM body NOT INDEXED ORDER BY id",
        "SELECT id, length, octets, chk FROM body NOT INDEXED ORDER BY id DESC",
        "INSERT OR IGNORE INTO body (id, length, octets, chk) VALUES (?1, ?2, ?3, ?4)" },
    { "SELECT id, recipient, rank, due_s, expires_s, flags, length, body_id, octets, chk FROM copy NOT INDEXED ORDER "
      "BY id",
        "SELECT id, recipient, rank, due_s, expires_s, flags, length, body_id, octets, chk FROM copy NOT INDEXED "
        "ORDER BY id DESC",
        "INSERT OR IGNORE INTO copy (id, recipient, rank, due_s, expires_s, flags, length, body_id, octets, chk) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)" },
    { "SELECT kind, key, expires_s, value, chk FROM record ORDER BY kind, key",
        "SELECT kind, key, expires_s, value, chk FROM record ORDER BY kind DESC, key DESC",
        "INSERT OR IGNORE INTO record (kind, key, expires_s, value, chk) VALUES (?1, ?2, ?3, ?4, ?5)" },
};

#define TABLE_COUNT (sizeof tables / sizeof tables[0])

static bool run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* Row by row until the old file cannot be read on. @return SQLITE_DONE when it could be read to the end; a row that the
 * new file does not take is left out. */
static int take_over(sqlite3 *old, sqlite3 *fresh, const char *select, const char *insert)
{
    sqlite3_stmt *from = NULL, *to = NULL;
    int rc = sqlite3_prepare_v2(old, select, -1, &from, NULL);
    if (rc == SQLITE_OK && sqlite3_prepare_v2(fresh, insert, -1, &to, NULL) == SQLITE_OK) {
        while ((rc = sqlite3_step(from)) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(from); i++)
                (void)sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
            (void)sqlite3_step(to);
            (void)sqlite3_reset(to);
        }
    }
    sqlite3_finalize(from);
    sqlite3_finalize(to);
    return rc;
}

static int64_t number(sqlite3 *db, const char *sql, int64_t otherwise)
{
    sqlite3_stmt *statement = NULL;
    int64_t result = otherwise;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        result = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result;
}

/* The counts are those of the rows; the number of commits goes on from what was seen. */
static bool write_state(sqlite3 *fresh, uint64_t commits)
{
    char text[512];
    (void)sqlite3_snprintf(sizeof text, text,
        "DELETE FROM copy WHERE body_id IS NOT NULL AND body_id NOT IN (SELECT id FROM body);"
        "UPDATE state SET commits = %lld, copies = (SELECT count(*) FROM copy),"
        " octets = (SELECT count(*) * %d + coalesce(sum(length) FILTER (WHERE body_id IS NULL), 0) FROM copy)"
        " + (SELECT coalesce(sum(length), 0) FROM body)",
        (long long)commits, STORE_COPY_OVERHEAD);
    return run(fresh, text);
}

static bool fill(sqlite3 *old, sqlite3 *fresh, uint64_t commits, struct store_mended *out)
{
    bool good = run(fresh, "BEGIN");
    for (size_t i = 0; i < TABLE_COUNT && good; i++)
        if (take_over(old, fresh, tables[i].forward, tables[i].insert) != SQLITE_DONE)
            (void)take_over(old, fresh, tables[i].backward, tables[i].insert);
    (void)take_over(old, fresh, "SELECT key_check FROM state", "UPDATE state SET key_check = ?1");
    int64_t expected = number(old, "SELECT copies FROM state", 0);
    commits = (uint64_t)number(old, "SELECT commits FROM state", (int64_t)commits);
    good = good && write_state(fresh, commits) && run(fresh, "COMMIT");
    out->copies = (uint64_t)number(fresh, "SELECT count(*) FROM copy", 0);
    out->records = (uint64_t)number(fresh, "SELECT count(*) FROM record", 0);
    out->missing = expected > (int64_t)out->copies ? (uint64_t)expected - out->copies : 0;
    return good;
}

#define HEADER_OCTETS 100
#define PAGE_SIZE_AT  16 /* two octets; 1 means 65536 */
#define PAGE_COUNT_AT 28 /* four octets */
#define FILE_MAX      (INT64_C(1) << 42)

/* SQLite reads nothing of a file that is shorter than its head says: what is missing becomes a hole. */
static void fill_up(const char *folder)
{
    char path[PATH_MAX];
    uint8_t head[HEADER_OCTETS];
    if (snprintf(path, sizeof path, "%s/" STORE_FILE, folder) >= (int)sizeof path)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    if (pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head) {
        int64_t page = (int64_t)head[PAGE_SIZE_AT] << 8 | head[PAGE_SIZE_AT + 1];
        int64_t pages = (int64_t)head[PAGE_COUNT_AT] << 24 | (int64_t)head[PAGE_COUNT_AT + 1] << 16 |
                        (int64_t)head[PAGE_COUNT_AT + 2] << 8 | head[PAGE_COUNT_AT + 3];
        int64_t octets = (page == 1 ? 65536 : page) * pages;
        if (octets > store_files_octets(path) && octets <= FILE_MAX && ftruncate(fd, octets) != 0)
            log_error("the damaged store cannot be read path=%s", path);
    }
    close(fd);
}

static sqlite3 *open_file(const char *folder, int flags)
{
    char path[PATH_MAX];
    sqlite3 *db = NULL;
    if (snprintf(path, sizeof path, "%s/" STORE_FILE, folder) >= (int)sizeof path)
        return NULL;
    if ((flags & SQLITE_OPEN_READWRITE) != 0) { /* SQLite by itself would let others read it */
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0)
            close(fd);
    }
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) == SQLITE_OK)
        return db;
    (void)sqlite3_close(db);
    return NULL;
}

enum msgin5g_err store_mend(const char *folder, uint64_t commits, struct store_mended *out)
{
    enum msgin5g_err err = store_files_set_aside(folder, out->aside, sizeof out->aside);
    if (err != MSGIN5G_OK)
        return err;
    fill_up(out->aside);
    sqlite3 *old = open_file(out->aside, SQLITE_OPEN_READONLY);
    sqlite3 *fresh = open_file(folder, SQLITE_OPEN_READWRITE);
    bool good = old != NULL && fresh != NULL && run(fresh, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL") &&
                store_schema_prepare(fresh) == MSGIN5G_OK && fill(old, fresh, commits, out);
    if (!good)
        log_error("the damaged store cannot be replaced path=%s reason=\"%s\"", folder,
            fresh != NULL ? sqlite3_errmsg(fresh) : "no file");
    (void)sqlite3_close(old);
    (void)sqlite3_close(fresh);
    return good ? MSGIN5G_OK : MSGIN5G_ERR_STORE;
}
