/* What a second costs at the edges of the tariff, and how a stretch of time is cut at them. */
#include "tariff.h"
#include "tap.h"

#define S NS_PER_S

/* 8 to 18 from Monday to Friday costs 4, everything else 2, on one channel. */
static const struct tariff day = {{8, 18, HOURS_MON_FRI}, 4, 2, 1};

static struct wall at_utc(const char *text)
{
    struct wall at = {0};

    if (wall_parse_utc(text, &at) != 0)
        tap_note("the test itself is wrong: %s is no time", text);
    return at;
}

static const struct {
    const char *what, *at, *zone;
    unsigned channels;
    int64_t rate;
} rates[] = {
    {"Monday 07:59:59", "2026-11-16T06:59:59Z", "Europe/Stockholm", 1, 2},
    {"Monday 08:00:00", "2026-11-16T07:00:00Z", "Europe/Stockholm", 1, 4},
    {"Monday 17:59:59", "2026-11-16T16:59:59Z", "Europe/Stockholm", 1, 4},
    {"Monday 18:00:00", "2026-11-16T17:00:00Z", "Europe/Stockholm", 1, 2},
    {"Saturday 12:00", "2026-11-21T11:00:00Z", "Europe/Stockholm", 1, 2},
    {"summer, Monday 07:59:59", "2026-07-06T05:59:59Z", "Europe/Stockholm", 1, 2},
    {"summer, Monday 08:00:00", "2026-07-06T06:00:00Z", "Europe/Stockholm", 1, 4},
    {"Friday before summer time, 08:00", "2026-03-27T07:00:00Z", "Europe/Stockholm", 1, 4},
    {"Friday before summer time, 07:59", "2026-03-27T06:59:00Z", "Europe/Stockholm", 1, 2},
    {"Monday of summer time, 08:00", "2026-03-30T06:00:00Z", "Europe/Stockholm", 1, 4},
    {"Monday of winter time, 07:59:59", "2026-10-26T06:59:59Z", "Europe/Stockholm", 1, 2},
    {"Monday of winter time, 08:00", "2026-10-26T07:00:00Z", "Europe/Stockholm", 1, 4},
    {"Monday 08:00 in India", "2026-11-16T02:30:00Z", "Asia/Kolkata", 1, 4},
    {"Monday 07:59:59 in India", "2026-11-16T02:29:59Z", "Asia/Kolkata", 1, 2},
    {"two channels, high", "2026-11-16T07:00:00Z", "Europe/Stockholm", 2, 8},
    {"two channels, low", "2026-11-16T06:59:59Z", "Europe/Stockholm", 2, 4},
    {"link down", "2026-11-16T07:00:00Z", "Europe/Stockholm", 0, 0},
};

static void test_rates(struct tap *t)
{
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct tariff terms = day;

        tap_zone(rates[i].zone);
        terms.channels = rates[i].channels;
        tap_is(t, tariff_rate(&terms, at_utc(rates[i].at)), rates[i].rate, "rate: %s",
               rates[i].what);
    }
}

struct expected_part {
    const char *hour;
    int64_t seconds, rate;
};

static const struct {
    const char *what, *end, *zone;
    int64_t seconds;
    size_t count;
    struct expected_part parts[TARIFF_PARTS];
} splits[] = {
    {"no time at all", "2026-11-16T07:00:02Z", "Europe/Stockholm", 0, 0, {{0}}},
    {"less than none", "2026-11-16T07:00:02Z", "Europe/Stockholm", -5, 0, {{0}}},
    {"within one hour", "2026-11-16T06:30:00Z", "Europe/Stockholm", 5, 1,
     {{"2026-11-16T06:00:00Z", 5, 2}}},
    {"ending at the edge", "2026-11-16T07:00:00Z", "Europe/Stockholm", 5, 1,
     {{"2026-11-16T06:00:00Z", 5, 2}}},
    {"beginning at the edge", "2026-11-16T07:00:05Z", "Europe/Stockholm", 5, 1,
     {{"2026-11-16T07:00:00Z", 5, 4}}},
    {"across 08:00", "2026-11-16T07:00:02Z", "Europe/Stockholm", 5, 2,
     {{"2026-11-16T06:00:00Z", 3, 2}, {"2026-11-16T07:00:00Z", 2, 4}}},
    {"across 18:00", "2026-11-16T17:00:04Z", "Europe/Stockholm", 5, 2,
     {{"2026-11-16T16:00:00Z", 1, 4}, {"2026-11-16T17:00:00Z", 4, 2}}},
    {"across a UTC hour of the same rate", "2026-11-16T10:00:02Z", "Europe/Stockholm", 5, 2,
     {{"2026-11-16T09:00:00Z", 3, 4}, {"2026-11-16T10:00:00Z", 2, 4}}},
    {"the longest", "2026-11-16T07:10:00Z", "Europe/Stockholm", 1800, 2,
     {{"2026-11-16T06:00:00Z", 1200, 2}, {"2026-11-16T07:00:00Z", 600, 4}}},
    {"across midnight and the year", "2027-01-01T00:00:01Z", "UTC", 3, 2,
     {{"2026-12-31T23:00:00Z", 2, 2}, {"2027-01-01T00:00:00Z", 1, 2}}},
    {"Sunday to Monday 00:00 in UTC", "2026-11-16T00:00:01Z", "UTC", 3, 2,
     {{"2026-11-15T23:00:00Z", 2, 2}, {"2026-11-16T00:00:00Z", 1, 2}}},
    {"across 08:00 in India", "2026-11-16T02:30:02Z", "Asia/Kolkata", 5, 2,
     {{"2026-11-16T02:00:00Z", 3, 2}, {"2026-11-16T02:00:00Z", 2, 4}}},
    {"08:00 in India, then a UTC hour", "2026-11-16T03:00:00Z", "Asia/Kolkata", 1800, 1,
     {{"2026-11-16T02:00:00Z", 1800, 4}}},
    {"India, half an hour over both edges", "2026-11-16T03:00:01Z", "Asia/Kolkata", 1800, 2,
     {{"2026-11-16T02:00:00Z", 1799, 4}, {"2026-11-16T03:00:00Z", 1, 4}}},
    {"Nepal, three parts", "2026-11-16T02:20:00Z", "Asia/Kathmandu", 1800, 3,
     {{"2026-11-16T01:00:00Z", 600, 2}, {"2026-11-16T02:00:00Z", 900, 2},
      {"2026-11-16T02:00:00Z", 300, 4}}},
    {"the hour that summer time leaves out", "2026-03-29T01:00:05Z", "Europe/Stockholm", 10, 2,
     {{"2026-03-29T00:00:00Z", 5, 2}, {"2026-03-29T01:00:00Z", 5, 2}}},
};

static void test_splits(struct tap *t)
{
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        struct tariff_part parts[TARIFF_PARTS];
        size_t n;

        tap_zone(splits[i].zone);
        n = tariff_split(&day, at_utc(splits[i].end), span_seconds(splits[i].seconds), parts);
        if (!tap_is(t, (int64_t)n, (int64_t)splits[i].count, "%s: parts", splits[i].what))
            continue;
        for (size_t k = 0; k < n; k++) {
            const struct expected_part *e = &splits[i].parts[k];
            char hour[WALL_UTC_LEN];

            wall_format_utc(parts[k].hour, hour);
            tap_text(t, hour, e->hour, "%s: hour of part %zu", splits[i].what, k);
            tap_is(t, parts[k].length.ns, e->seconds * S, "%s: length of part %zu",
                   splits[i].what, k);
            tap_is(t, parts[k].rate, e->rate, "%s: rate of part %zu", splits[i].what, k);
        }
    }
}

/* Lengths and ends at odd places: what was cut adds up, and no part leaves its hour. */
static void test_sums(struct tap *t, const char *zone)
{
    uint64_t random = 20261121;
    struct wall base = at_utc("2026-03-28T12:00:00Z");
    int64_t off = 0, strayed = 0, wrong_rate = 0;

    tap_zone(zone);
    for (int i = 0; i < 4000; i++) {
        struct tariff_part parts[TARIFF_PARTS];
        struct wall end, at;
        int64_t length, sum = 0;
        size_t n;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        end.ns = base.ns + (int64_t)(random >> 33) % (3 * 86400) * S + (int64_t)(random % 1000);
        length = (int64_t)(random >> 20) % (TARIFF_SPAN_MAX_S * S) + 1;
        n = tariff_split(&day, end, (struct span){length}, parts);
        at.ns = end.ns - length;
        for (size_t k = 0; k < n; k++) {
            strayed += at.ns < parts[k].hour.ns ||
                       at.ns + parts[k].length.ns > parts[k].hour.ns + 3600 * S;
            wrong_rate += parts[k].rate != tariff_rate(&day, at) ||
                          parts[k].rate != tariff_rate(&day, (struct wall){at.ns +
                                                                 parts[k].length.ns - 1});
            at.ns += parts[k].length.ns;
            sum += parts[k].length.ns;
        }
        off += sum != length;
    }
    tap_is(t, off, 0, "%s: stretches whose parts do not add up", zone);
    tap_is(t, strayed, 0, "%s: parts that reach out of their UTC hour", zone);
    tap_is(t, wrong_rate, 0, "%s: parts with two rates or the wrong one", zone);
}

int main(void)
{
    struct tap t = {0};

    test_rates(&t);
    test_splits(&t);
    test_sums(&t, "Europe/Stockholm");
    test_sums(&t, "Asia/Kolkata");
    test_sums(&t, "Asia/Kathmandu");
    test_sums(&t, "UTC");
    return tap_done(&t);
}
