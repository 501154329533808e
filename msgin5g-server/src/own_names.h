/* The names of this application function: the part of AF_ID that a UE says (TS 33.535 A.4). */
#ifndef OWN_NAMES_H
#define OWN_NAMES_H

#include "base/config.h"
#include "msgin5g/error.h"
#include "msgin5g/ids.h"

struct own_names;

/** @p fqdns is copied, in lower case. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err own_names_create(const struct config_strings *fqdns, struct own_names **out);
/** NULL is allowed. */
void own_names_free(struct own_names *names);
/** @return ours that is @p name, in lower case; NULL when none is. */
const char *own_names_find(const struct own_names *names, struct msgin5g_str name);
/** @return our only name; NULL when there are several. */
const char *own_names_only(const struct own_names *names);

#endif
