/* Amounts of quota as they are typed and shown: points, time, money; spans and times of day. */
#include "amount.h"
#include "tap.h"

#include <errno.h>

#define UNTOUCHED INT64_C(-7777)
#define ANY AMOUNT_MIN
#define MOST INT64_C(1000000000000000)

static const struct amount_price tenth = {100000, "SEK"}; /* the default: 0.1 a minute */

static const struct {
    const char *text;
    int64_t min;
    int result;
    int64_t points;
} amounts[] = {
    /* points */
    {"3600", 1, 0, 3600},
    {"1", 1, 0, 1},
    {"08", 1, 0, 8},
    {"0", 1, -ERANGE, 0},
    {"0", ANY, 0, 0},
    {"-0", ANY, 0, 0},
    {"-5", 1, -ERANGE, 0},
    {"-5", ANY, 0, -5},
    {"1000000000000000", 1, 0, MOST},
    {"1000000000000001", 1, -ERANGE, 0},
    {"-1000000000000000", ANY, 0, -MOST},
    {"-1000000000000001", ANY, -ERANGE, 0},
    {"9223372036854775807", 1, -ERANGE, 0},
    {"9223372036854775808", 1, -ERANGE, 0},
    {"-9223372036854775808", ANY, -ERANGE, 0},
    {"99999999999999999999999999", ANY, -ERANGE, 0},
    {"-99999999999999999999999999", ANY, -ERANGE, 0},
    {"", ANY, -EINVAL, 0},
    {"-", ANY, -EINVAL, 0},
    {"+5", ANY, -EINVAL, 0},
    {"--5", ANY, -EINVAL, 0},
    {"-+5", ANY, -EINVAL, 0},
    {" 5", ANY, -EINVAL, 0},
    {"5 ", ANY, -EINVAL, 0},
    {"- 5", ANY, -EINVAL, 0},
    {"5.0", ANY, -EINVAL, 0},
    {"1e3", ANY, -EINVAL, 0},
    {"0x10", ANY, -EINVAL, 0},
    {"1,000", ANY, -EINVAL, 0},
    {"1 000", ANY, -EINVAL, 0},
    {"all", ANY, -EINVAL, 0},
    {"NaN", ANY, -EINVAL, 0},
    /* time */
    {"90m", 1, 0, 5400},
    {"2h", 1, 0, 7200},
    {"1h30m", 1, 0, 5400},
    {"45s", 1, 0, 45},
    {"3d", 1, 0, 259200},
    {"1d2h3m4s", 1, 0, 93784},
    {"1h5s", 1, 0, 3605},
    {"100h", 1, 0, 360000},
    {"1h00m", 1, 0, 3600},
    {"-5m", ANY, 0, -300},
    {"-1h30m", ANY, 0, -5400},
    {"-5m", 1, -ERANGE, 0},
    {"0m", 1, -ERANGE, 0},
    {"0m", ANY, 0, 0},
    {"16666666666666m", 1, 0, INT64_C(999999999999960)},
    {"16666666666667m", 1, -ERANGE, 0},
    {"153722867280912931m", 1, -ERANGE, 0}, /* 2^63 seconds and a bit */
    {"-153722867280912931m", ANY, -ERANGE, 0},
    {"99999999999999999999d", ANY, -ERANGE, 0},
    {"9223372036854775807s", ANY, -ERANGE, 0},
    {"-106751991167301d59s", ANY, -ERANGE, 0},
    {"1h60m", ANY, -EINVAL, 0},
    {"1m60s", ANY, -EINVAL, 0},
    {"1d24h", ANY, -EINVAL, 0},
    {"1h99999999999999999999m", ANY, -ERANGE, 0},
    {"30m1h", ANY, -EINVAL, 0},
    {"1h1h", ANY, -EINVAL, 0},
    {"1h30", ANY, -EINVAL, 0},
    {"1h 30m", ANY, -EINVAL, 0},
    {"1h-30m", ANY, -EINVAL, 0},
    {"1.5h", ANY, -EINVAL, 0},
    {"2H", ANY, -EINVAL, 0},
    {"h", ANY, -EINVAL, 0},
    {"2w", ANY, -EINVAL, 0},
    {"2 h", ANY, -EINVAL, 0},
    {"1:30", ANY, -EINVAL, 0},
    /* money, a tenth a minute: 600 points each */
    {"20SEK", 1, 0, 12000},
    {"12.50SEK", 1, 0, 7500},
    {"12.50 SEK", 1, 0, 7500},
    {"12.5 \tsek", 1, 0, 7500},
    {"1Sek", 1, 0, 600},
    {"0.01SEK", 1, 0, 6},
    {"0.005 SEK", 1, 0, 3},
    {"0.001 SEK", 1, -ERANGE, 0}, /* six tenths of a point */
    {"0.001 SEK", ANY, 0, 0},
    {"0.003 SEK", 1, 0, 1},
    {"0.019999 SEK", 1, 0, 11},
    {"0 SEK", 1, -ERANGE, 0},
    {"0 SEK", ANY, 0, 0},
    {"-1 SEK", ANY, 0, -600},
    {"-1 SEK", 1, -ERANGE, 0},
    {"-0.001 SEK", ANY, 0, -1},
    {"-0.01 SEK", ANY, 0, -6},
    {"-0.011 SEK", ANY, 0, -7},
    {"1666666666666 SEK", 1, 0, INT64_C(999999999999600)},
    {"1666666666667 SEK", 1, -ERANGE, 0},
    {"9223372036854 SEK", 1, -ERANGE, 0},
    {"9223372036855 SEK", 1, -ERANGE, 0},
    {"99999999999999999999999999999999999999999999999999 SEK", 1, -ERANGE, 0},
    {"-99999999999999999999 SEK", ANY, -ERANGE, 0},
    {"12.1234567 SEK", 1, -EINVAL, 0},
    {"12. SEK", 1, -EINVAL, 0},
    {".5 SEK", 1, -EINVAL, 0},
    {"12,50 SEK", 1, -EINVAL, 0},
    {"1.2.3 SEK", 1, -EINVAL, 0},
    {"12 SEKS", 1, -EINVAL, 0},
    {"12 SE", 1, -EINVAL, 0},
    {"12 EUR", 1, -EINVAL, 0},
    {"12 SEK ", 1, -EINVAL, 0},
    {"SEK", 1, -EINVAL, 0},
    {"SEK 12", 1, -EINVAL, 0},
    {"12.50", 1, -EINVAL, 0},
    {"12 ", 1, -EINVAL, 0},
};

static const struct {
    const char *text;
    struct amount_price price;
    int result;
    int64_t points;
} prices[] = {
    {"1 SEK", {0, "SEK"}, -EINVAL, 0},
    {"0 SEK", {0, "SEK"}, -EINVAL, 0},
    {"60", {0, "SEK"}, 0, 60},
    {"1m", {0, "SEK"}, 0, 60},
    {"1 SEK", {1, "SEK"}, 0, 60000000},
    {"1 SEK", {7000000, "SEK"}, 0, 8},   /* 8.57 */
    {"-1 SEK", {7000000, "SEK"}, 0, -9}, /* a credit of 8 would be less than was lent */
    {"1 SEK", {60000001, "SEK"}, 0, 0},  /* a point costs more than that */
    {"1.000001 SEK", {60000001, "SEK"}, 0, 1},
    {"9223372036854 SEK", {INT64_C(1000000000000), "SEK"}, 0, INT64_C(553402322)},
    {"16666666 SEK", {1, "SEK"}, 0, INT64_C(999999960000000)},
    {"16666667 SEK", {1, "SEK"}, -ERANGE, 0},
    {"9223372036854.775807 SEK", {1, "SEK"}, -ERANGE, 0},
    {"-9223372036854.775807 SEK", {1, "SEK"}, -ERANGE, 0},
    {"12.50 kr", {100000, "KR"}, 0, 7500},
    {"12.50\xe2\x82\xac", {100000, "\xe2\x82\xac"}, 0, 7500},
    {"2 US dollars", {100000, "us DOLLARS"}, 0, 1200},
    {"2m", {100000, "m"}, 0, 120},
    {"2 m", {100000, "m"}, 0, 1200},
    {"2M", {100000, "m"}, 0, 1200},
    {"2", {100000, ""}, 0, 2},
    {"2.5", {100000, ""}, -EINVAL, 0},
    {"2 ", {100000, ""}, -EINVAL, 0},
};

static const struct {
    int64_t points;
    const char *time, *money; /* at a tenth a minute */
} shown[] = {
    {0, "0:00:00", "0.00 SEK"},
    {1, "0:00:01", "0.00 SEK"},
    {2, "0:00:02", "0.00 SEK"},
    {3, "0:00:03", "0.01 SEK"}, /* half a hundredth */
    {8, "0:00:08", "0.01 SEK"},
    {9, "0:00:09", "0.02 SEK"},
    {-1, "-0:00:01", "0.00 SEK"},
    {-2, "-0:00:02", "0.00 SEK"},
    {-3, "-0:00:03", "-0.01 SEK"},
    {-8, "-0:00:08", "-0.01 SEK"},
    {-9, "-0:00:09", "-0.02 SEK"},
    {60, "0:01:00", "0.10 SEK"},
    {-300, "-0:05:00", "-0.50 SEK"},
    {3599, "0:59:59", "6.00 SEK"},
    {3600, "1:00:00", "6.00 SEK"},
    {7500, "2:05:00", "12.50 SEK"},
    {5999, "1:39:59", "10.00 SEK"},
    {86400, "24:00:00", "144.00 SEK"},
    {3600000, "1000:00:00", "6000.00 SEK"},
    {-3661, "-1:01:01", "-6.10 SEK"},
    {MOST, "277777777777:46:40", "1666666666666.67 SEK"},
    {-MOST, "-277777777777:46:40", "-1666666666666.67 SEK"},
    {INT64_MAX, "2562047788015215:30:07", "15372286728091293.01 SEK"},
    {INT64_MIN, "-2562047788015215:30:08", "-15372286728091293.01 SEK"},
};

static const struct {
    int64_t points;
    struct amount_price price;
    const char *money;
} sums[] = {
    {3600, {0, "SEK"}, "0.00 SEK"},
    {-3600, {0, "SEK"}, "0.00 SEK"},
    {3600, {100000, ""}, "6.00"},
    {1, {INT64_C(1000000000000), "SEK"}, "16666.67 SEK"},
    {INT64_MAX, {INT64_C(1000000000000), "SEK"}, "153722867280912930116666.67 SEK"},
    {INT64_MIN, {INT64_C(1000000000000), "SEK"}, "-153722867280912930133333.33 SEK"},
    {INT64_MIN, {INT64_MAX, "SEK"}, "-1417843195503910264277004663684.79 SEK"},
    {299999, {1, "SEK"}, "0.00 SEK"},
    {300000, {1, "SEK"}, "0.01 SEK"},
    {899999, {1, "SEK"}, "0.01 SEK"},
    {900000, {1, "SEK"}, "0.02 SEK"},
};

static const struct {
    const char *text;
    int result;
    int64_t seconds;
} spans[] = {
    {"45m", 0, 2700},
    {"2h", 0, 7200},
    {"1h30m", 0, 5400},
    {"90s", 0, 90},
    {"3d", 0, 259200},
    {"1s", 0, 1},
    {"3650d", 0, INT64_C(315360000)},
    {"3650d1s", -ERANGE, 0},
    {"0s", -ERANGE, 0},
    {"0d0h", -ERANGE, 0},
    {"9999999999999999999999d", -ERANGE, 0},
    {"45", -EINVAL, 0},
    {"", -EINVAL, 0},
    {"-45m", -EINVAL, 0},
    {"+45m", -EINVAL, 0},
    {" 45m", -EINVAL, 0},
    {"45m ", -EINVAL, 0},
    {"m", -EINVAL, 0},
    {"45min", -EINVAL, 0},
    {"1.5h", -EINVAL, 0},
    {"1h90m", -EINVAL, 0},
    {"1m1h", -EINVAL, 0},
    {"1:30", -EINVAL, 0},
};

static const struct {
    const char *zone, *now, *text, *at; /* at NULL: -EINVAL */
} clocks[] = {
    {"Europe/Stockholm", "2026-11-21T09:00:00Z", "15:00", "2026-11-21T14:00:00Z"},
    {"Europe/Stockholm", "2026-11-21T09:00:00Z", "7:30", "2026-11-22T06:30:00Z"},
    {"Europe/Stockholm", "2026-11-21T09:00:00Z", "07:30", "2026-11-22T06:30:00Z"},
    {"Europe/Stockholm", "2026-11-21T09:00:00Z", "10:01", "2026-11-21T09:01:00Z"},
    {"Europe/Stockholm", "2026-11-21T09:00:00Z", "10:00", "2026-11-22T09:00:00Z"},
    {"Europe/Stockholm", "2026-11-21T08:59:59Z", "10:00", "2026-11-21T09:00:00Z"},
    {"Europe/Stockholm", "2026-11-21T09:00:01Z", "10:00", "2026-11-22T09:00:00Z"},
    {"Europe/Stockholm", "2026-11-21T09:00:00Z", "0:00", "2026-11-21T23:00:00Z"},
    {"Europe/Stockholm", "2026-11-21T09:00:00Z", "23:59", "2026-11-21T22:59:00Z"},
    {"Europe/Stockholm", "2026-12-31T22:59:59Z", "00:00", "2026-12-31T23:00:00Z"},
    {"Europe/Stockholm", "2028-02-28T12:00:00Z", "12:00", "2028-02-29T11:00:00Z"},
    {"Europe/Stockholm", "2026-07-01T10:00:00Z", "15:00", "2026-07-01T13:00:00Z"},
    /* summer time begins on 29 March 2026: 02:00 is 03:00 */
    {"Europe/Stockholm", "2026-03-28T21:00:00Z", "1:59", "2026-03-29T00:59:00Z"},
    {"Europe/Stockholm", "2026-03-28T21:00:00Z", "2:00", "2026-03-29T01:00:00Z"},
    {"Europe/Stockholm", "2026-03-28T21:00:00Z", "2:30", "2026-03-29T01:00:00Z"},
    {"Europe/Stockholm", "2026-03-28T21:00:00Z", "3:00", "2026-03-29T01:00:00Z"},
    {"Europe/Stockholm", "2026-03-28T21:00:00Z", "3:01", "2026-03-29T01:01:00Z"},
    {"Europe/Stockholm", "2026-03-29T01:00:00Z", "2:30", "2026-03-30T00:30:00Z"},
    {"Europe/Stockholm", "2026-03-29T00:59:59Z", "2:30", "2026-03-29T01:00:00Z"},
    {"Europe/Stockholm", "2026-03-28T11:00:00Z", "12:00", "2026-03-29T10:00:00Z"},
    /* it ends on 25 October 2026: 03:00 is 02:00 */
    {"Europe/Stockholm", "2026-10-24T20:00:00Z", "1:59", "2026-10-24T23:59:00Z"},
    {"Europe/Stockholm", "2026-10-24T20:00:00Z", "2:00", "2026-10-25T00:00:00Z"},
    {"Europe/Stockholm", "2026-10-24T20:00:00Z", "2:30", "2026-10-25T00:30:00Z"},
    {"Europe/Stockholm", "2026-10-24T20:00:00Z", "3:00", "2026-10-25T02:00:00Z"},
    {"Europe/Stockholm", "2026-10-25T00:00:00Z", "2:00", "2026-10-25T01:00:00Z"},
    {"Europe/Stockholm", "2026-10-25T00:45:00Z", "2:30", "2026-10-25T01:30:00Z"},
    {"Europe/Stockholm", "2026-10-25T01:30:00Z", "2:30", "2026-10-26T01:30:00Z"},
    {"Europe/Stockholm", "2026-10-24T10:00:00Z", "12:00", "2026-10-25T11:00:00Z"},
    {"Asia/Kathmandu", "2026-11-21T09:00:00Z", "15:00", "2026-11-21T09:15:00Z"},
    {"Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2:15", "2026-10-03T15:30:00Z"},
    {"UTC", "1969-12-31T23:59:30Z", "0:00", "1970-01-01T00:00:00Z"},
    {"UTC", "1969-12-31T12:00:00Z", "13:00", "1969-12-31T13:00:00Z"},
    {"UTC", "2026-11-21T09:00:00Z", "24:00", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "12:60", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "12:5", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "12:005", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "012:05", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "12", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "12:", NULL},
    {"UTC", "2026-11-21T09:00:00Z", ":30", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "12:30:00", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "12.30", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "1:30pm", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "-1:30", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "1:-3", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "1:+3", NULL},
    {"UTC", "2026-11-21T09:00:00Z", " 1:30", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "1:30 ", NULL},
    {"UTC", "2026-11-21T09:00:00Z", "", NULL},
};

static void check_amount(struct tap *t, const char *text, int64_t min,
                         const struct amount_price *price, int result, int64_t expected)
{
    int64_t points = UNTOUCHED;

    tap_is(t, amount_parse(text, min, price, &points), result, "amount_parse(\"%s\", %s) returns",
           text, min == 1 ? "add" : "set");
    tap_is(t, points, result ? UNTOUCHED : expected, "amount_parse(\"%s\") sets", text);
}

static void test_amounts(struct tap *t)
{
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        check_amount(t, amounts[i].text, amounts[i].min, &tenth, amounts[i].result,
                     amounts[i].points);
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++)
        check_amount(t, prices[i].text, ANY, &prices[i].price, prices[i].result, prices[i].points);
}

/* Whatever the price: what a sum buys costs no more than the sum, and a point more would. */
static void test_fair(struct tap *t)
{
    unsigned unfair = 0, tried = 0;

    for (int64_t rate = 1; rate < 100000000; rate = rate * 3 + 1) {
        for (int64_t cents = 1; cents < 1000000; cents = cents * 7 / 2 + 1) {
            struct amount_price price = {rate, "SEK"};
            int64_t points, millionths = cents * 10000;
            char text[32];

            snprintf(text, sizeof text, "%" PRId64 ".%02d SEK", cents / 100, (int)(cents % 100));
            if (amount_parse(text, ANY, &price, &points) != 0)
                continue;
            tried++;
            if (points * rate > millionths * 60 || (points + 1) * rate <= millionths * 60) {
                unfair++;
                tap_note("%s at %" PRId64 " gave %" PRId64, text, rate, points);
            }
        }
    }
    tap_ok(t, tried > 100, "sums were tried");
    tap_is(t, unfair, 0, "a sum buys what it pays for, to the point");
}

static void test_shown(struct tap *t)
{
    char time_text[AMOUNT_TIME_LEN], money[64], narrow[AMOUNT_MONEY_LEN];
    struct amount_price wide = {100000, "a currency whose name is longer than there is room"};

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        tap_text(t, amount_format_time(shown[i].points, time_text), shown[i].time,
                 "%" PRId64 " as time", shown[i].points);
        tap_text(t, amount_format_money(shown[i].points, &tenth, money, sizeof money),
                 shown[i].money, "%" PRId64 " as money", shown[i].points);
    }
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        tap_text(t, amount_format_money(sums[i].points, &sums[i].price, money, sizeof money),
                 sums[i].money, "%" PRId64 " at %" PRId64, sums[i].points, sums[i].price.rate);
    amount_format_money(3600, &wide, narrow, sizeof narrow);
    tap_is(t, (int64_t)strlen(narrow), AMOUNT_MONEY_LEN - 1, "a long currency is cut");
    tap_ok(t, strncmp(narrow, "6.00 a currency", 15) == 0, "and the sum is not");
}

static void test_spans(struct tap *t)
{
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        int64_t seconds = UNTOUCHED;

        tap_is(t, amount_parse_span(spans[i].text, &seconds), spans[i].result,
               "amount_parse_span(\"%s\") returns", spans[i].text);
        tap_is(t, seconds, spans[i].result ? UNTOUCHED : spans[i].seconds,
               "amount_parse_span(\"%s\") sets", spans[i].text);
    }
}

static void test_clocks(struct tap *t)
{
    struct wall now, at;

    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        const char *text = clocks[i].text;
        char utc[WALL_UTC_LEN];
        int result;

        tap_zone(clocks[i].zone);
        at.ns = UNTOUCHED;
        if (!tap_is(t, wall_parse_utc(clocks[i].now, &now), 0, "%s is a time", clocks[i].now))
            continue;
        result = amount_parse_clock(text, now, &at);
        tap_is(t, result, clocks[i].at ? 0 : -EINVAL, "`%s' returns", text);
        if (!clocks[i].at) {
            tap_is(t, at.ns, UNTOUCHED, "`%s' sets nothing", text);
        } else if (result == 0) {
            wall_format_utc(at, utc);
            tap_text(t, utc, clocks[i].at, "%s, after %s: %s", clocks[i].zone, clocks[i].now, text);
            tap_is(t, at.ns % NS_PER_S, 0, "and to the second");
        }
    }
    tap_zone("UTC");
    at.ns = UNTOUCHED;
    tap_is(t, amount_parse_clock("12:00", (struct wall){12 * 3600 * NS_PER_S - 1}, &at), 0,
           "a nanosecond before noon");
    tap_is(t, at.ns, 12 * 3600 * NS_PER_S, "noon is the next noon");
    at.ns = UNTOUCHED;
    tap_is(t, amount_parse_clock("12:00", (struct wall){INT64_MAX}, &at), -ERANGE,
           "past the end of time");
    tap_is(t, at.ns, UNTOUCHED, "nothing is set");
}

int main(void)
{
    struct tap t = {0};

    test_amounts(&t);
    test_fair(&t);
    test_shown(&t);
    test_spans(&t);
    test_clocks(&t);
    return tap_done(&t);
}
