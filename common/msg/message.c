#include "msgin5g/message.h"

struct msgin5g_message msgin5g_message_init(enum msgin5g_type type)
{
    return (struct msgin5g_message){
        .type = type,
        .priority = MSGIN5G_PRIORITY_NORMAL,
        .reg_exp_time_s = MSGIN5G_REG_EXP_TIME_NONE,
        .req_exp_time_s = MSGIN5G_REG_EXP_TIME_NONE,
    };
}

const char *msgin5g_type_text(enum msgin5g_type type)
{
    static const char *const texts[] = {
#define TYPE_TEXT(name) [MSGIN5G_TYPE_##name] = #name,
        MSGIN5G_TYPES(TYPE_TEXT)
#undef TYPE_TEXT
    };
    return (unsigned)type < MSGIN5G_TYPE_COUNT ? texts[type] : "unknown";
}

const char *msgin5g_addr_type_text(enum msgin5g_addr_type type)
{
    static const char *const texts[] = {
#define ADDR_TEXT(name) [MSGIN5G_ADDR_##name] = #name,
        MSGIN5G_ADDR_TYPES(ADDR_TEXT)
#undef ADDR_TEXT
    };
    return (unsigned)type < MSGIN5G_ADDR_COUNT ? texts[type] : "unknown";
}
