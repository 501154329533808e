#include "availability.h"

int64_t availability_opens_s(const struct msgin5g_availability *availability, int64_t now_s)
{
    if (!availability->known || availability->length_s == 0)
        return 0; /* a window without length would keep everything away for ever */
    if (now_s < availability->start_s)
        return availability->start_s;
    if (availability->period_s <= availability->length_s)
        return 0;
    int64_t into_s = (now_s - availability->start_s) % availability->period_s;
    return into_s < availability->length_s ? 0 : now_s - into_s + availability->period_s;
}
