/* Groups from the configuration, section `groups`. */
#ifndef GROUPS_LOCAL_H
#define GROUPS_LOCAL_H

#include "config.h"
#include "groups.h"

/** @p config was checked and is copied. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err groups_local_create(const struct server_config *config, struct groups **out);
/** Groups that somebody still holds go with the last of them. NULL is allowed. */
void groups_local_free(struct groups *groups);
/**
 * Use the groups of @p config from now on; who holds a group keeps it as it was.
 *
 * @param count may be NULL; how many groups there are now.
 * @return MSGIN5G_OK or ERR_NO_MEMORY, nothing has changed then.
 */
enum msgin5g_err groups_local_reload(struct groups *groups, const struct server_config *config, size_t *count);
/** Report what is wrong in section `groups`. */
void groups_local_check(const struct server_config *config, struct config_report *report);

#endif
