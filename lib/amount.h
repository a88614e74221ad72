/*
 * amount: amounts of quota as administrators type and read them: points, time, money; and the two
 * ways to say how long, a span and a time of day. Pure: the time is passed in, the zone is TZ's.
 *
 * A point is read as a second, and 60 points cost RATE_QUOTA of MONEY_VALUE (tcpquota.cf(5)).
 * Nothing here blocks or allocates. A text is an amount as a whole or not at all: no blanks but
 * between a number and its currency, no exponents, `.` as the decimal point.
 */
#ifndef TCPQUOTA_AMOUNT_H
#define TCPQUOTA_AMOUNT_H

#include "clock.h"

#include <stddef.h>
#include <stdint.h>

/* Points: the largest amount, and the smallest for those that may be negative. */
#define AMOUNT_MAX INT64_C(1000000000000000)
#define AMOUNT_MIN (-AMOUNT_MAX)
/* Seconds: the longest span, ten years. */
#define AMOUNT_SPAN_MAX_S INT64_C(315360000)

/* Length of any int64 of points as time, and as money without its currency, with the NUL. */
#define AMOUNT_TIME_LEN 24
#define AMOUNT_MONEY_LEN 48

struct amount_price {
    int64_t rate;         /* struct conf's rate_quota: millionths of money for 60 points */
    const char *currency; /* struct conf's money_value */
};

/*
 * Points of one of
 *   3600             points
 *   2h, 90m, 1h30m   days, hours, minutes, seconds (d h m s, lower case), the greater first;
 *                    behind a greater one at most 23h, 59m, 59s
 *   20SEK, 12.50 sek money, at most six decimals and INT64_MAX millionths; case is ignored
 * with a `-` in front for a negative one. Where MONEY_VALUE is one of d h m s, money needs the
 * blank. `min` is 1 for what is added or taken, AMOUNT_MIN for what is set.
 *
 * Money that is no whole number of points gives the next lower one (-0.1 point is -1), so that
 * nobody is credited with more than was paid; taking a sum takes what adding it gave.
 *
 * 0; -EINVAL if `text` is none of these, or money while it buys nothing (a rate of 0); -ERANGE
 * if it lies outside [min, AMOUNT_MAX], which a sum too small for one point does when min is 1.
 * *points only on 0.
 */
int amount_parse(const char *text, int64_t min, const struct amount_price *price, int64_t *points);

/* Points as `h:mm:ss`, the hours unbounded: `0:05:00`, `-0:05:00`, `1000:00:00`. Returns `out`. */
const char *amount_format_time(int64_t points, char out[AMOUNT_TIME_LEN]);
/*
 * Points as money, `12.50 SEK`: two decimals, a half is rounded away from zero, and what rounds to
 * zero has no sign. The sum is exact for every int64. `size` is at least AMOUNT_MONEY_LEN; a
 * currency that does not fit is cut. Returns `out`.
 */
const char *amount_format_money(int64_t points, const struct amount_price *price, char *out,
                                size_t size);

/*
 * Seconds of a span, `45m`, `1h30m`, `3d`, in the form amount_parse() has for time; a number
 * without a unit is none. 0; -EINVAL; -ERANGE outside [1, AMOUNT_SPAN_MAX_S]. *seconds only on 0.
 */
int amount_parse_span(const char *text, int64_t *seconds);
/*
 * The next time after `now` that clocks in the zone of TZ show `15:00` or `7:30` (0:00 to 23:59).
 * What happens twice when summer time ends is found twice; what is left out when it begins is the
 * moment at which it is left out. 0; -EINVAL; -ERANGE past the end of struct wall. *at only on 0.
 */
int amount_parse_clock(const char *text, struct wall now, struct wall *at);

#endif
