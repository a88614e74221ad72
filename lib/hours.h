/*
 * hours: spans of the week in local time, such as 8 to 18 from Monday to Friday. Pure: the time
 * is passed in.
 *
 * A stop before the start goes over midnight and belongs to the day it started on; a stop equal
 * to the start is no time at all; 0 to 24 is the whole day.
 */
#ifndef TCPQUOTA_HOURS_H
#define TCPQUOTA_HOURS_H

#include "clock.h"

#include <stdbool.h>
#include <stdint.h>

#define HOURS_ALL_DAYS 0x7fu
#define HOURS_MON_FRI 0x3eu

struct hours {
    int start, stop; /* hours of the day, 0 to 24 */
    uint8_t days;    /* bit 0 is Sunday, as in tm_wday */
};

/* Whether `at`, in the zone of TZ, lies within: start included, stop excluded. */
bool hours_contain(const struct hours *h, struct wall at);
/*
 * `all`, or days and ranges of days: `mon-fri`, `sat,sun`, `fri-mon`; blanks or commas between,
 * case ignored. 0, or -EINVAL and *days untouched.
 */
int hours_parse_days(const char *text, uint8_t *days);

#endif
