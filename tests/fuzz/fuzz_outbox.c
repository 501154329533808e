/* The file of an outbox, whatever a disk made of it: what is read out of it has sound texts, and stands inside of it.
 */
#include "outbox.h"
#include "outbox_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
    const char *begin, *end;
};

static void expect_inside(const struct file *file, struct msgin5g_str text)
{
    if (text.octets != NULL && (text.octets < file->begin || text.octets + text.length > file->end))
        abort();
}

static bool take(void *ctx, uint32_t type, struct msgin5g_str octets)
{
    const struct file *file = ctx;
    struct msgin5g_message message;

    expect_inside(file, octets);
    if (type != 1 || !outbox_record_parse(octets, &message))
        return false;
    expect_inside(file, message.msg_id);
    expect_inside(file, message.dest.addr);
    expect_inside(file, message.app_id);
    expect_inside(file, message.payload);
    if (!msgin5g_uuid_valid(message.msg_id))
        abort();
    return true;
}

/* As a file, and once more as a single record: no fuzzer finds a checksum. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct file file = { (const char *)data, (const char *)data + size };

    (void)outbox_records_read(data, size, take, &file);
    (void)take(&file, 1, (struct msgin5g_str){ file.begin, size });
    return 0;
}
