#include "tariff.h"

#include <time.h>

#define NS_PER_HOUR (3600 * NS_PER_S)

struct tariff tariff_of(const struct conf *conf, unsigned channels)
{
    return (struct tariff){conf->high_hours, conf->high_rate, conf->low_rate, channels};
}

int64_t tariff_rate(const struct tariff *t, struct wall at)
{
    return (hours_contain(&t->high, at) ? t->high_rate : t->low_rate) * t->channels;
}

/* Nanoseconds since the last full hour of local time. */
static int64_t into_local_hour(struct wall at)
{
    time_t s = wall_seconds(at);
    struct tm tm;

    localtime_r(&s, &tm);
    return (tm.tm_min * 60 + tm.tm_sec) * NS_PER_S + at.ns % NS_PER_S;
}

/* The next full hour, of UTC or of local time, after `at`. */
static int64_t next_edge(struct wall at)
{
    int64_t utc = NS_PER_HOUR - at.ns % NS_PER_HOUR, local = NS_PER_HOUR - into_local_hour(at);

    return at.ns + (utc < local ? utc : local);
}

size_t tariff_split(const struct tariff *t, struct wall end, struct span length,
                    struct tariff_part parts[TARIFF_PARTS])
{
    struct wall at = {end.ns - length.ns};
    size_t n = 0;

    while (at.ns < end.ns && n < TARIFF_PARTS) {
        int64_t edge = next_edge(at), until = edge < end.ns && n + 1 < TARIFF_PARTS ? edge : end.ns;

        parts[n++] = (struct tariff_part){wall_utc_hour(at), {until - at.ns}, tariff_rate(t, at)};
        at.ns = until;
    }
    return n;
}
