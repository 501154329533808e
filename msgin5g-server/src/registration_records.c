#include "registration_records.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION 1

/* A value: version, length of the identity, identity, REG as it was received. */
#define HEAD_LEN 2

static void warn(struct registration_records *records, enum msgin5g_err err)
{
    unsigned left_out;
    if (log_limit_take(&records->lines, loop_now_ms(records->loop), &left_out))
        log_warning(
            "registration not written to the store problem=\"%s\" left_out=%u", msgin5g_err_text(err), left_out);
}

static void put(
    struct store_write *write, const char *id, const char *identity, struct msgin5g_str reg, int64_t expires_s)
{
    uint8_t value[HEAD_LEN + UINT8_MAX + MSGIN5G_MESSAGE_MAX];
    struct msgin5g_str who = msgin5g_str(identity);
    if (who.length > UINT8_MAX || reg.length > MSGIN5G_MESSAGE_MAX)
        return; /* longer ones are not admitted */
    value[0] = RECORD_VERSION;
    value[1] = (uint8_t)who.length;
    memcpy(value + HEAD_LEN, who.octets, who.length);
    memcpy(value + HEAD_LEN + who.length, reg.octets, reg.length);
    store_write_record(
        write, STORE_REGISTRATION, msgin5g_str(id), value, HEAD_LEN + who.length + reg.length, expires_s);
}

void registration_records_keep(
    void *ctx, const char *ue_service_id, const char *identity, struct msgin5g_str reg, int64_t expires_s)
{
    struct registration_records *records = ctx;
    struct store_write *write = store_write_create(records->door);
    if (write == NULL) {
        warn(records, MSGIN5G_ERR_NO_MEMORY);
        return;
    }
    if (expires_s > 0)
        put(write, ue_service_id, identity, reg, expires_s);
    else
        store_write_forget(write, STORE_REGISTRATION, msgin5g_str(ue_service_id));
    enum msgin5g_err err = store_write_commit(write, NULL, NULL);
    if (err != MSGIN5G_OK)
        warn(records, err);
}

/* The REG is read again as it was the first time, so that its profile is the same. */
static void restore(const struct registration_records *records, const struct store_record *row)
{
    char identity[UINT8_MAX + 1];
    struct msgin5g_message reg;
    struct msgin5g_service_id id;
    if (row->length < HEAD_LEN || row->value[0] != RECORD_VERSION || row->length < HEAD_LEN + (size_t)row->value[1] ||
        msgin5g_service_id_parse(row->key, &id) != MSGIN5G_OK)
        return;
    size_t identity_length = row->value[1];
    memcpy(identity, row->value + HEAD_LEN, identity_length);
    identity[identity_length] = '\0';
    if (msgin5g_message_decode(row->value + HEAD_LEN + identity_length, row->length - HEAD_LEN - identity_length, &reg,
            NULL, NULL) != MSGIN5G_OK)
        return;
    registrations_restore(records->registrations, &id, identity, &reg, row->expires_s);
    msgin5g_message_free(&reg);
}

static void on_records(void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last)
{
    struct registration_records *records = ctx;
    for (size_t i = 0; i < count; i++)
        restore(records, &rows[i]);
    if (err != MSGIN5G_OK)
        log_error("registrations cannot be read from the store problem=\"%s\"", msgin5g_err_text(err));
    else if (last)
        log_info("registrations read count=%zu", registrations_count(records->registrations));
}

enum msgin5g_err registration_records_load(struct registration_records *records)
{
    return store_records_read(records->door, STORE_REGISTRATION, on_records, records);
}
