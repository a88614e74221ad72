/* Dates as they are typed. */
#include "tcpquota.h"

#include "num.h"

#include <string.h>
#include <time.h>

int date_read(const char *text, bool after, char out[WALL_UTC_LEN])
{
    struct tm tm = {.tm_isdst = -1}, given;
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    bool day = end && !*end;
    struct wall at;

    if (end && *end == 'T')
        end = strptime(end, "T%H:%M", &tm);
    if (!end || *end || strlen(text) != (day ? 10U : 16U))
        return arguments_fail(text, _("no date such as 2026-11-21 or 2026-11-21T09:00"));
    given = tm;
    given.tm_isdst = -1;
    at.ns = num_mul(mktime(&given), NS_PER_S);
    if (given.tm_mday != tm.tm_mday) /* 31 February */
        return arguments_fail(text, _("there is no such day"));
    if (day && after) {
        tm.tm_mday++;
        tm.tm_isdst = -1;
        at.ns = num_mul(mktime(&tm), NS_PER_S);
    }
    wall_format_utc(at, out);
    return 0;
}
