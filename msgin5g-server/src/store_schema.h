/* Tables of the store, their version, and the way from older versions to this one. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store_seal.h"

#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x4d354753 /* "M5GS": what file(1) and we know the file by */
#define STORE_SCHEMA_VERSION 1

/** Make the tables in an empty file, or bring older ones to this version. @return MSGIN5G_OK, ERR_INVALID (made by a
 * newer version, or by another program; in the log), or ERR_STORE (@p db says why). */
enum msgin5g_err store_schema_prepare(sqlite3 *db);
/** Compare the key with the one the store was made with. @return MSGIN5G_OK, ERR_AUTHENTICATION (in the log),
 * ERR_STORE. */
enum msgin5g_err store_schema_check_key(sqlite3 *db, const struct store_seal *seal);

#endif
