/* uthash as this program uses it: no memory is an error to handle, not the end of the process. */
#ifndef HASH_H
#define HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* After HASH_ADD...: false when memory was short and the element is not in the table. */
#define HASH_ADDED(element) ((element)->hh.tbl != NULL)

#endif
