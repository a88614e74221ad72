#include "forecast.h"

#include "num.h"

#define SLICE_S                                                                                    \
    900 /* rates change at full hours of local time, in some zones at a quarter of UTC's */

struct wall forecast_end(const struct tariff *tariff, struct pace pace, int64_t points,
                         struct wall now)
{
    /* In units of a nanosecond's share: points times a thousand million times the divisor. */
    __int128 left = (__int128)points * NS_PER_S * pace.divisor;
    struct wall at = now;

    if (points <= 0)
        return now;
    while (at.ns - now.ns < FORECAST_DAYS * 86400 * NS_PER_S) {
        int64_t slice = SLICE_S * NS_PER_S, length = slice - at.ns % slice;
        __int128 rate = (__int128)tariff_rate(tariff, at) * pace.sessions;

        if (rate * length >= left && rate > 0)
            return wall_add(at, (struct span){(int64_t)((left + rate - 1) / rate)});
        left -= rate * length;
        at.ns += length;
    }
    return (struct wall){0};
}

int64_t forecast_warning(const struct name_list *warn_at, int64_t left)
{
    int64_t level = FORECAST_NO_WARNING, at;

    for (size_t i = 0; i < warn_at->count; i++) {
        if (num_parse(warn_at->names[i], 0, INT64_MAX, &at) == 0 && left <= at && at < level)
            level = at;
    }
    return level;
}
