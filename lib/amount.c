#include "amount.h"

#include "num.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"
#define BLANKS " \t"
#define DAY_S 86400

/* The greater first; `below` is what the next greater holds of it, 0 for the greatest. */
static const struct {
    char letter;
    int64_t seconds, below;
} units[] = {
    {'d', 86400, 0},
    {'h', 3600, 24},
    {'m', 60, 60},
    {'s', 1, 60},
};

/* Whether `text` is digits and letters of units in turn: what it is then, it is no money. */
static bool looks_like_time(const char *text)
{
    do {
        size_t digits = strspn(text, DIGITS);

        if (digits == 0 || !text[digits] || !strchr("dhms", text[digits]))
            return false;
        text += digits + 1;
    } while (*text);
    return true;
}

/* Seconds, held at INT64_MAX. 0, -EINVAL, -ERANGE. */
static int parse_time(const char *text, int64_t *out)
{
    size_t next = 0;
    int64_t sum = 0;
    bool first = true;

    do {
        size_t digits = strspn(text, DIGITS), unit = next;
        int64_t count;
        int err = num_parse_n(text, digits, 0, INT64_MAX, &count);

        if (err)
            return err;
        while (unit < sizeof units / sizeof *units && units[unit].letter != text[digits])
            unit++;
        if (unit == sizeof units / sizeof *units || (!first && count >= units[unit].below))
            return -EINVAL;
        sum = num_add(sum, num_mul(count, units[unit].seconds));
        next = unit + 1;
        first = false;
        text += digits + 1;
    } while (*text);
    *out = sum;
    return 0;
}

/* Millionths of the money that `text` is. 0, -EINVAL, -ERANGE. */
static int parse_money(const char *text, const struct amount_price *price, int64_t *out)
{
    size_t len = strspn(text, DIGITS ".");
    const char *unit = text + len + strspn(text + len, BLANKS);
    char number[AMOUNT_MONEY_LEN];

    if (!*unit || strcasecmp(unit, price->currency) != 0 || price->rate <= 0)
        return -EINVAL;
    if (len >= sizeof number)
        return -ERANGE;
    memcpy(number, text, len);
    number[len] = '\0';
    return num_parse_millionths(number, INT64_MAX, out);
}

/* The points that so many millionths buy, rounded down, held at INT64_MAX or INT64_MIN. */
static int64_t points_for(int64_t millionths, bool minus, int64_t rate)
{
    __int128 product = (__int128)millionths * 60;
    __int128 points = product / rate;

    if (minus)
        points = -points - (product % rate != 0);
    if (points > INT64_MAX)
        return INT64_MAX;
    return points < INT64_MIN ? INT64_MIN : (int64_t)points;
}

int amount_parse(const char *text, int64_t min, const struct amount_price *price, int64_t *points)
{
    bool minus = text[0] == '-';
    const char *size = text + minus;
    int64_t value;
    int err;

    /* Here, and not in what num_parse() takes: one sign, and a plus would read like `add`. */
    if (size[0] < '0' || size[0] > '9')
        return -EINVAL;
    if (!size[strspn(size, DIGITS)]) {
        err = num_parse(size, 0, INT64_MAX, &value);
        value = !err && minus ? -value : value;
    } else if (looks_like_time(size)) {
        err = parse_time(size, &value);
        value = !err && minus ? -value : value;
    } else {
        err = parse_money(size, price, &value);
        value = !err ? points_for(value, minus, price->rate) : 0;
    }
    if (err)
        return err;
    if (value < min || value < AMOUNT_MIN || value > AMOUNT_MAX)
        return -ERANGE;
    *points = value;
    return 0;
}

const char *amount_format_time(int64_t points, char out[AMOUNT_TIME_LEN])
{
    /* Unsigned, since INT64_MIN has no positive counterpart. */
    uint64_t s = points < 0 ? 0 - (uint64_t)points : (uint64_t)points;

    snprintf(out, AMOUNT_TIME_LEN, "%s%" PRIu64 ":%02u:%02u", points < 0 ? "-" : "", s / 3600,
             (unsigned)(s / 60 % 60), (unsigned)(s % 60));
    return out;
}

const char *amount_format_money(int64_t points, const struct amount_price *price, char *out,
                                size_t size)
{
    /* points / 60 minutes at rate / 10^6 of money are points * rate / 600,000 hundredths. */
    __int128 product = (__int128)points * price->rate;
    unsigned __int128 rest =
        ((unsigned __int128)(product < 0 ? -product : product) + 300000) / 600000;
    bool minus = product < 0 && rest > 0;
    char digits[AMOUNT_MONEY_LEN];
    size_t at = sizeof digits;

    digits[--at] = '\0';
    for (unsigned n = 0; n < 3 || rest > 0; n++) {
        if (n == 2)
            digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    snprintf(out, size, "%s%s%s%s", minus ? "-" : "", digits + at, *price->currency ? " " : "",
             price->currency);
    return out;
}

int amount_parse_span(const char *text, int64_t *seconds)
{
    int64_t value;
    int err = looks_like_time(text) ? parse_time(text, &value) : -EINVAL;

    if (err)
        return err;
    if (value < 1 || value > AMOUNT_SPAN_MAX_S)
        return -ERANGE;
    *seconds = value;
    return 0;
}

/* Seconds since midnight. 0, -EINVAL. */
static int parse_hour_minute(const char *text, int64_t *out)
{
    size_t len = strspn(text, DIGITS);
    int64_t hour, minute;

    if (len < 1 || len > 2 || text[len] != ':' || strspn(text + len + 1, DIGITS) != 2 ||
        text[len + 3] || num_parse_n(text, len, 0, 23, &hour) != 0 ||
        num_parse(text + len + 1, 0, 59, &minute) != 0)
        return -EINVAL;
    *out = hour * 3600 + minute * 60;
    return 0;
}

/* What clocks in the zone of TZ show at `at`, as seconds since their 1970. */
static int64_t local_seconds(time_t at)
{
    struct tm tm;

    localtime_r(&at, &tm);
    return (int64_t)at + tm.tm_gmtoff;
}

/* The number of the day that holds `local`, if days began at `start` seconds after midnight. */
static int64_t day_of(int64_t local, int64_t start)
{
    int64_t into = (local - start) % DAY_S;

    return (local - start - (into < 0 ? into + DAY_S : into)) / DAY_S;
}

int amount_parse_clock(const char *text, struct wall now, struct wall *at)
{
    time_t t = wall_seconds(now);
    int64_t start, before;

    if (parse_hour_minute(text, &start) != 0)
        return -EINVAL;
    t -= (t % 60 + 60) % 60;
    before = local_seconds(t);
    /* Minute by minute, as a person would watch the clock: it knows every zone's rules, and costs
     * a millisecond. Three days are enough for any change of zone. */
    for (int minutes = 0; minutes < 3 * 24 * 60; minutes++) {
        int64_t local;

        t += 60;
        local = local_seconds(t);
        /* The clock shows it, or was put forward past it. */
        if ((local - start) % DAY_S == 0 || day_of(local, start) > day_of(before, start)) {
            int64_t ns;

            if (__builtin_mul_overflow((int64_t)t, NS_PER_S, &ns))
                return -ERANGE;
            at->ns = ns;
            return 0;
        }
        before = local;
    }
    return -ERANGE;
}
