/* Instants to text and back, in UTC and in local time; hours; durations. */
#include "clock.h"
#include "tap.h"

#include <errno.h>

#define S NS_PER_S

static const struct {
    int64_t ns;
    const char *utc;
} instants[] = {
    {0, "1970-01-01T00:00:00Z"},
    {1 * S, "1970-01-01T00:00:01Z"},
    {999999999, "1970-01-01T00:00:00Z"},
    {-1, "1969-12-31T23:59:59Z"},
    {-1 * S, "1969-12-31T23:59:59Z"},
    {-1 * S - 1, "1969-12-31T23:59:58Z"},
    {951782400 * S, "2000-02-29T00:00:00Z"},
    {1795251600 * S, "2026-11-21T09:00:00Z"},
    {INT64_C(2147483648) * S, "2038-01-19T03:14:08Z"},
    {INT64_C(4107542399) * S, "2100-02-28T23:59:59Z"},
    {INT64_C(4107542400) * S, "2100-03-01T00:00:00Z"},
};

static const char *const bad[] = {
    "", "2026-11-21", "2026-11-21T09:00:00", "2026-11-21T09:00:00z", "2026-11-21t09:00:00Z",
    "2026-11-21 09:00:00Z", "2026-11-21T09:00:00Z ", " 2026-11-21T09:00:00Z",
    "2026-11-21T09:00:00+01:00", "2026-11-21T09:00:00.0Z", "2026-11-21T9:00:00Z",
    "2026-00-21T09:00:00Z", "2026-13-21T09:00:00Z", "2026-11-00T09:00:00Z",
    "2026-11-31T09:00:00Z", "2026-02-29T09:00:00Z", "2100-02-29T09:00:00Z",
    "2026-11-21T24:00:00Z", "2026-11-21T09:60:00Z", "2026-11-21T09:00:60Z",
    "2026-11-21T09:00:61Z", "2026-11-2aT09:00:00Z", "+026-11-21T09:00:00Z",
    "2026-+1-21T09:00:00Z", "2026-11-21T09:00:-1Z", "2026/11/21T09:00:00Z", "0000-01-01T00:00:00Z",
};

static const struct {
    const char *at, *zone, *local;
} locals[] = {
    {"2026-11-21T09:00:00Z", "Europe/Stockholm", "2026-11-21T10:00:00+01:00"},
    {"2026-07-01T09:00:00Z", "Europe/Stockholm", "2026-07-01T11:00:00+02:00"},
    {"2026-12-31T23:30:00Z", "Europe/Stockholm", "2027-01-01T00:30:00+01:00"},
    {"2026-03-29T00:59:59Z", "Europe/Stockholm", "2026-03-29T01:59:59+01:00"},
    {"2026-03-29T01:00:00Z", "Europe/Stockholm", "2026-03-29T03:00:00+02:00"},
    {"2026-10-25T00:59:59Z", "Europe/Stockholm", "2026-10-25T02:59:59+02:00"},
    {"2026-10-25T01:00:00Z", "Europe/Stockholm", "2026-10-25T02:00:00+01:00"},
    {"2026-11-21T09:00:00Z", "UTC", "2026-11-21T09:00:00+00:00"},
    {"2026-11-21T09:00:00Z", "Asia/Kolkata", "2026-11-21T14:30:00+05:30"},
    {"2026-11-21T01:00:00Z", "America/New_York", "2026-11-20T20:00:00-05:00"},
    {"2026-11-21T01:00:00Z", "America/St_Johns", "2026-11-20T21:30:00-03:30"},
};

static const struct {
    int64_t ns, hour;
} hours[] = {
    {0, 0},
    {1, 0},
    {3600 * S - 1, 0},
    {3600 * S, 3600 * S},
    {3600 * S + 1, 3600 * S},
    {1795251600 * S + 1799 * S, 1795251600 * S},
    {-1, -3600 * S},
    {-3600 * S, -3600 * S},
    {-3600 * S - 1, -7200 * S},
    {-3599 * S, -3600 * S},
    {-3601 * S, -7200 * S},
};

static void test_utc(struct tap *t)
{
    char text[WALL_UTC_LEN];

    for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
        struct wall at = {-77};
        int64_t whole = instants[i].ns / S * S - (instants[i].ns % S < 0 ? S : 0);

        wall_format_utc((struct wall){instants[i].ns}, text);
        tap_text(t, text, instants[i].utc, "%" PRId64 " ns written", instants[i].ns);
        tap_is(t, wall_parse_utc(instants[i].utc, &at), 0, "%s is read", instants[i].utc);
        tap_is(t, at.ns, whole, "%s is the instant", instants[i].utc);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wall at = {-77};

        tap_is(t, wall_parse_utc(bad[i], &at), -EINVAL, "\"%s\" is no time", bad[i]);
        tap_is(t, at.ns, -77, "\"%s\" leaves what was there", bad[i]);
    }
}

static void test_local(struct tap *t)
{
    for (size_t i = 0; i < sizeof locals / sizeof *locals; i++) {
        char text[WALL_LOCAL_LEN];
        struct wall at = {0};

        tap_zone(locals[i].zone);
        tap_is(t, wall_parse_utc(locals[i].at, &at), 0, "%s is read", locals[i].at);
        wall_format_local(at, text);
        tap_text(t, text, locals[i].local, "%s in %s", locals[i].at, locals[i].zone);
    }
}

static void test_hours(struct tap *t)
{
    /* Whatever the zone is: rows count by UTC. */
    tap_zone("Asia/Kolkata");
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++)
        tap_is(t, wall_utc_hour((struct wall){hours[i].ns}).ns, hours[i].hour,
               "the UTC hour of %" PRId64 " ns", hours[i].ns);
}

static void test_durations(struct tap *t)
{
    struct mono early = {5 * S}, late = {7 * S + 1};

    tap_is(t, span_seconds(3).ns, INT64_C(3000000000), "three seconds");
    tap_is(t, span_seconds(-3).ns, INT64_C(-3000000000), "minus three seconds");
    tap_is(t, span_ms(1500).ns, INT64_C(1500000000), "1,500 milliseconds");
    tap_is(t, mono_since(early, late).ns, 2 * S + 1, "from early to late");
    tap_is(t, mono_since(late, early).ns, -2 * S - 1, "from late to early");
    tap_is(t, mono_add(early, span_seconds(2)).ns, 7 * S, "early and two seconds");
    tap_is(t, wall_add((struct wall){5 * S}, span_seconds(-6)).ns, -S, "before 1970");
}

int main(void)
{
    struct tap t = {0};

    test_utc(&t);
    test_local(&t);
    test_hours(&t);
    test_durations(&t);
    return tap_done(&t);
}
