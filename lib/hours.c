#include "hours.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static bool on_day(const struct hours *h, int wday)
{
    return h->days & (1u << wday);
}

bool hours_contain(const struct hours *h, struct wall at)
{
    time_t t = wall_seconds(at);
    struct tm tm;

    localtime_r(&t, &tm);
    if (h->start <= h->stop)
        return on_day(h, tm.tm_wday) && tm.tm_hour >= h->start && tm.tm_hour < h->stop;
    if (tm.tm_hour >= h->start)
        return on_day(h, tm.tm_wday);
    return tm.tm_hour < h->stop && on_day(h, (tm.tm_wday + 6) % 7);
}

static int parse_day(const char *text, size_t len)
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

    for (int d = 0; d < 7; d++) {
        if (len == 3 && strncasecmp(text, names[d], 3) == 0)
            return d;
    }
    return -EINVAL;
}

int hours_parse_days(const char *text, uint8_t *days)
{
    uint8_t mask = 0;

    while (*text) {
        size_t len = strcspn(text, " \t,"), first_len = strcspn(text, " \t,-");
        int first, last;

        if (len == 0) {
            text++;
            continue;
        }
        if (len == 3 && strncasecmp(text, "all", 3) == 0) {
            mask = HOURS_ALL_DAYS;
            text += len;
            continue;
        }
        first = parse_day(text, first_len);
        last = first_len < len ? parse_day(text + first_len + 1, len - first_len - 1) : first;
        if (first < 0 || last < 0)
            return -EINVAL;
        for (int d = first;; d = (d + 1) % 7) {
            mask |= (uint8_t)(1u << d);
            if (d == last)
                break;
        }
        text += len;
    }
    if (!mask)
        return -EINVAL;
    *days = mask;
    return 0;
}
