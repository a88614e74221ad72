/* Spans of the week in local time, at their edges, and the words for days. */
#include "hours.h"
#include "tap.h"

#include <errno.h>

#define SUN 0x01u
#define MON 0x02u
#define TUE 0x04u
#define WED 0x08u
#define THU 0x10u
#define FRI 0x20u
#define SAT 0x40u

/* 16 November 2026 is a Monday; Stockholm is at UTC+1 in winter, +2 from 29 March to 25 October. */
static const struct {
    const char *what;
    const char *at; /* UTC */
    struct hours hours;
    bool within;
} cases[] = {
    {"Monday 07:59:59", "2026-11-16T06:59:59Z", {8, 18, HOURS_MON_FRI}, false},
    {"Monday 08:00:00", "2026-11-16T07:00:00Z", {8, 18, HOURS_MON_FRI}, true},
    {"Monday 17:59:59", "2026-11-16T16:59:59Z", {8, 18, HOURS_MON_FRI}, true},
    {"Monday 18:00:00", "2026-11-16T17:00:00Z", {8, 18, HOURS_MON_FRI}, false},
    {"Friday 17:59:59", "2026-11-20T16:59:59Z", {8, 18, HOURS_MON_FRI}, true},
    {"Saturday 08:00", "2026-11-21T07:00:00Z", {8, 18, HOURS_MON_FRI}, false},
    {"Saturday 12:00", "2026-11-21T11:00:00Z", {8, 18, HOURS_MON_FRI}, false},
    {"Sunday 12:00", "2026-11-22T11:00:00Z", {8, 18, HOURS_MON_FRI}, false},
    {"summer, Wednesday 07:59:59", "2026-07-01T05:59:59Z", {8, 18, HOURS_MON_FRI}, false},
    {"summer, Wednesday 08:00:00", "2026-07-01T06:00:00Z", {8, 18, HOURS_MON_FRI}, true},
    {"summer, Wednesday 18:00:00", "2026-07-01T16:00:00Z", {8, 18, HOURS_MON_FRI}, false},
    {"Saturday 23:30 UTC is Sunday", "2026-11-21T23:30:00Z", {0, 24, SUN}, true},
    {"Saturday 22:30 UTC is Saturday", "2026-11-21T22:30:00Z", {0, 24, SUN}, false},

    {"over midnight: Friday 21:59:59", "2026-11-20T20:59:59Z", {22, 6, FRI}, false},
    {"over midnight: Friday 22:00", "2026-11-20T21:00:00Z", {22, 6, FRI}, true},
    {"over midnight: Saturday 00:00", "2026-11-20T23:00:00Z", {22, 6, FRI}, true},
    {"over midnight: Saturday 05:59:59", "2026-11-21T04:59:59Z", {22, 6, FRI}, true},
    {"over midnight: Saturday 06:00", "2026-11-21T05:00:00Z", {22, 6, FRI}, false},
    {"over midnight: Saturday 22:00", "2026-11-21T21:00:00Z", {22, 6, FRI}, false},
    {"over midnight: Friday 05:00 is Thursday's", "2026-11-20T04:00:00Z", {22, 6, FRI}, false},
    {"over midnight: Sunday 01:00 is Saturday's", "2026-11-22T00:00:00Z", {22, 6, SAT}, true},
    {"over midnight: Monday 01:00 is Sunday's", "2026-11-16T00:00:00Z", {22, 6, SUN}, true},
    {"over midnight: Monday 01:00, Monday alone", "2026-11-16T00:00:00Z", {22, 6, MON}, false},
    {"22 to 0: Friday 23:59:59", "2026-11-20T22:59:59Z", {22, 0, FRI}, true},
    {"22 to 0: Saturday 00:00", "2026-11-20T23:00:00Z", {22, 0, FRI}, false},
    {"24 to 6 is after midnight only: Saturday 05:00", "2026-11-21T04:00:00Z", {24, 6, FRI}, true},
    {"24 to 6: Friday 23:00", "2026-11-20T22:00:00Z", {24, 6, FRI}, false},
    {"22 to 24: Friday 23:59:59", "2026-11-20T22:59:59Z", {22, 24, FRI}, true},
    {"22 to 24: Saturday 00:00", "2026-11-20T23:00:00Z", {22, 24, FRI}, false},

    {"start and stop the same, at it", "2026-11-16T07:00:00Z", {8, 8, HOURS_ALL_DAYS}, false},
    {"start and stop the same, elsewhere", "2026-11-16T12:00:00Z", {8, 8, HOURS_ALL_DAYS}, false},
    {"0 to 0", "2026-11-15T23:00:00Z", {0, 0, HOURS_ALL_DAYS}, false},
    {"24 to 24", "2026-11-15T23:00:00Z", {24, 24, HOURS_ALL_DAYS}, false},
    {"0 to 24 at 00:00:00", "2026-11-15T23:00:00Z", {0, 24, HOURS_ALL_DAYS}, true},
    {"0 to 24 at 23:59:59", "2026-11-16T22:59:59Z", {0, 24, HOURS_ALL_DAYS}, true},
    {"0 to 24 on no day", "2026-11-16T12:00:00Z", {0, 24, 0}, false},

    {"spring forward: 01:59:59 before 3", "2026-03-29T00:59:59Z", {3, 5, SUN}, false},
    {"spring forward: a second later it is 3", "2026-03-29T01:00:00Z", {3, 5, SUN}, true},
    {"spring forward: 02 to 03 does not happen", "2026-03-29T01:00:00Z", {2, 3, SUN}, false},
    {"spring forward: nor before", "2026-03-29T00:59:59Z", {2, 3, SUN}, false},
    {"Monday after: 08:00 summer time", "2026-03-30T06:00:00Z", {8, 18, HOURS_MON_FRI}, true},
    {"Monday after: 07:59:59", "2026-03-30T05:59:59Z", {8, 18, HOURS_MON_FRI}, false},
    {"fall back: the first 02:30", "2026-10-25T00:30:00Z", {2, 3, SUN}, true},
    {"fall back: the second 02:30", "2026-10-25T01:30:00Z", {2, 3, SUN}, true},
    {"fall back: 03:00", "2026-10-25T02:00:00Z", {2, 3, SUN}, false},
    {"fall back, over midnight: 02:30 again", "2026-10-25T01:30:00Z", {22, 3, SAT}, true},
    {"Monday after: 08:00 winter time", "2026-10-26T07:00:00Z", {8, 18, HOURS_MON_FRI}, true},
    {"Monday after: 07:59:59 winter time", "2026-10-26T06:59:59Z", {8, 18, HOURS_MON_FRI}, false},
};

static const struct {
    const char *text;
    int result;
    uint8_t days;
} words[] = {
    {"all", 0, HOURS_ALL_DAYS},
    {"ALL", 0, HOURS_ALL_DAYS},
    {"mon-fri", 0, HOURS_MON_FRI},
    {"Mon-Fri", 0, HOURS_MON_FRI},
    {"sun", 0, SUN},
    {"sat,sun", 0, SAT | SUN},
    {"sat sun", 0, SAT | SUN},
    {" sat , sun ", 0, SAT | SUN},
    {"fri-mon", 0, FRI | SAT | SUN | MON},
    {"sat-fri", 0, HOURS_ALL_DAYS},
    {"tue-tue", 0, TUE},
    {"mon,wed-thu", 0, MON | WED | THU},
    {"mon,mon", 0, MON},
    {"", -EINVAL, 0},
    {" ", -EINVAL, 0},
    {",", -EINVAL, 0},
    {"monday", -EINVAL, 0},
    {"mo", -EINVAL, 0},
    {"mon-", -EINVAL, 0},
    {"-fri", -EINVAL, 0},
    {"-", -EINVAL, 0},
    {"mon-fri-sun", -EINVAL, 0},
    {"mon - fri", -EINVAL, 0},
    {"mon;fri", -EINVAL, 0},
    {"1-5", -EINVAL, 0},
    {"all-mon", -EINVAL, 0},
    {"mon,xyz", -EINVAL, 0},
    {"alle", -EINVAL, 0},
};

int main(void)
{
    struct tap t = {0};
    struct hours evening = {23, 24, HOURS_ALL_DAYS};

    tap_zone("Europe/Stockholm");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wall at;

        if (tap_is(&t, wall_parse_utc(cases[i].at, &at), 0, "%s is a time", cases[i].at))
            tap_is(&t, hours_contain(&cases[i].hours, at), cases[i].within, "%s: %d to %d",
                   cases[i].what, cases[i].hours.start, cases[i].hours.stop);
    }
    tap_zone("UTC");
    tap_is(&t, hours_contain(&evening, (struct wall){-NS_PER_S / 2}), true,
           "half a second before 1970 is the last hour of 1969");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        uint8_t days = 0x80;

        tap_is(&t, hours_parse_days(words[i].text, &days), words[i].result,
               "hours_parse_days(\"%s\") returns", words[i].text);
        tap_is(&t, days, words[i].result ? 0x80 : words[i].days, "hours_parse_days(\"%s\") sets",
               words[i].text);
    }
    return tap_done(&t);
}
