#include "clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

struct mono mono_now(void)
{
    return (struct mono){read_clock(CLOCK_BOOTTIME)};
}

struct wall wall_now(void)
{
    return (struct wall){read_clock(CLOCK_REALTIME)};
}

struct span span_seconds(int64_t s)
{
    return (struct span){s * NS_PER_S};
}

struct span span_ms(int64_t ms)
{
    return (struct span){ms * NS_PER_MS};
}

struct span mono_since(struct mono earlier, struct mono later)
{
    return (struct span){later.ns - earlier.ns};
}

struct mono mono_add(struct mono at, struct span d)
{
    return (struct mono){at.ns + d.ns};
}

struct wall wall_add(struct wall at, struct span d)
{
    return (struct wall){at.ns + d.ns};
}

time_t wall_seconds(struct wall at)
{
    int64_t s = at.ns / NS_PER_S;

    return (time_t)(at.ns % NS_PER_S < 0 ? s - 1 : s);
}

void wall_format_utc(struct wall at, char out[WALL_UTC_LEN])
{
    time_t t = wall_seconds(at);
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(out, WALL_UTC_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void wall_format_local(struct wall at, char out[WALL_LOCAL_LEN])
{
    time_t t = wall_seconds(at);
    struct tm tm;
    size_t n;

    localtime_r(&t, &tm);
    n = strftime(out, WALL_LOCAL_LEN - 1, "%Y-%m-%dT%H:%M:%S%z", &tm);
    if (n < 5)
        return;
    /* strftime writes the offset as +0100; ISO 8601's extended form wants +01:00. */
    memmove(out + n - 1, out + n - 2, 3);
    out[n - 2] = ':';
}

int wall_parse_utc(const char *text, struct wall *out)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    char back[WALL_UTC_LEN];
    struct tm tm = {0};
    struct wall at;
    time_t t;

    if (strlen(text) != sizeof shape - 1)
        return -EINVAL;
    for (size_t i = 0; shape[i]; i++) {
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return -EINVAL;
    }
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec) != 6)
        return -EINVAL;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (tm.tm_year < 0)
        return -EINVAL;
    t = timegm(&tm);
    /* The range of int64 nanoseconds ends in 2262: what is later is that end. */
    if (__builtin_mul_overflow((int64_t)t, NS_PER_S, &at.ns))
        at.ns = INT64_MAX;
    strftime(back, sizeof back, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
    /* timegm() carries 31 April over into May: what does not come back was no date. */
    if (strcmp(back, text) != 0)
        return -EINVAL;
    *out = at;
    return 0;
}

struct wall wall_utc_hour(struct wall at)
{
    int64_t s = (int64_t)wall_seconds(at);
    int64_t into = s % 3600;

    return (struct wall){(s - (into < 0 ? into + 3600 : into)) * NS_PER_S};
}
