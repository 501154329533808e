/* Registrations that outlive the process: one record of the store each, by UE Service ID: who, and the REG itself. */
#ifndef REGISTRATION_RECORDS_H
#define REGISTRATION_RECORDS_H

#include "base/log.h"
#include "registration.h"
#include "store.h"

struct registration_records {
    struct store_door *door; /* borrowed, as are the next two */
    struct registrations *registrations;
    struct loop *loop;
    struct log_limit lines;
};

/** For registrations_config.keep; @p ctx is a struct registration_records. Nobody waits for the disk: a registration
 * made in the last 50 ms before kill -9 is lost, as is the session it was made over. */
void registration_records_keep(
    void *ctx, const char *ue_service_id, const char *identity, struct msgin5g_str reg, int64_t expires_s);
/** Read what was there before the restart, over the next rounds of the loop. @return as store_records_read(). */
enum msgin5g_err registration_records_load(struct registration_records *records);

#endif
