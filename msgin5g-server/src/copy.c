#include "copy.h"

#include <stdlib.h>
#include <string.h>

static char *put_text(char **at, struct msgin5g_str text)
{
    char *place = *at;
    if (text.length > 0)
        memcpy(place, text.octets, text.length);
    place[text.length] = '\0';
    *at += text.length + 1;
    return place;
}

struct copy *copy_create(const struct parcel *parcel)
{
    size_t texts = parcel->recipient.length + parcel->originator.length + parcel->message_id.length + 3;
    struct copy *copy = malloc(sizeof *copy + texts + parcel->length);
    if (copy == NULL)
        return NULL;
    char *at = copy->text;
    *copy = (struct copy){ .type = parcel->type, .originator_type = parcel->originator_type, .length = parcel->length };
    copy->recipient = put_text(&at, parcel->recipient);
    copy->originator = put_text(&at, parcel->originator);
    copy->message_id = put_text(&at, parcel->message_id);
    copy->body = memcpy(at, parcel->body, parcel->length);
    return copy;
}
