/* When a quota runs out: rates, sessions, shared lines, hours of the tariff, the end of the view.
 */
#include "forecast.h"
#include "tap.h"

#define S NS_PER_S

static const struct {
    const char *what;
    const char *now; /* UTC */
    int64_t high_rate, low_rate;
    unsigned channels;
    struct pace pace;
    int64_t points;
    const char *end; /* UTC; NULL: not in sight */
} cases[] = {
    {"a point a second", "2026-11-23T00:00:00Z", 1, 1, 1, {1, 1}, 100, "2026-11-23T00:01:40Z"},
    {"two sessions", "2026-11-23T00:00:00Z", 1, 1, 1, {2, 1}, 100, "2026-11-23T00:00:50Z"},
    {"two channels", "2026-11-23T00:00:00Z", 1, 1, 2, {1, 1}, 100, "2026-11-23T00:00:50Z"},
    {"one of four on a shared line",
     "2026-11-23T00:00:00Z",
     1,
     1,
     1,
     {1, 4},
     100,
     "2026-11-23T00:06:40Z"},
    {"nothing left", "2026-11-23T00:00:00Z", 1, 1, 1, {1, 1}, 0, "2026-11-23T00:00:00Z"},
    {"less than nothing", "2026-11-23T00:00:00Z", 1, 1, 1, {1, 1}, -5, "2026-11-23T00:00:00Z"},
    /* Monday, the high rate of 4 from 8 to 18 o'clock, 2 otherwise */
    {"low rate", "2026-11-23T05:00:00Z", 4, 2, 1, {1, 1}, 7200, "2026-11-23T06:00:00Z"},
    {"into the high rate",
     "2026-11-23T07:00:00Z",
     4,
     2,
     1,
     {1, 1},
     7200 + 14400,
     "2026-11-23T09:00:00Z"},
    {"a point more",
     "2026-11-23T07:00:00Z",
     4,
     2,
     1,
     {1, 1},
     7200 + 14400 + 4,
     "2026-11-23T09:00:01Z"},
    {"out of it", "2026-11-23T17:30:00Z", 4, 2, 1, {1, 1}, 7200 + 2, "2026-11-23T18:00:01Z"},
    {"a weekend is low", "2026-11-21T12:00:00Z", 4, 2, 1, {1, 1}, 7200, "2026-11-21T13:00:00Z"},
    {"free by night", "2026-11-23T17:59:00Z", 1, 0, 1, {1, 1}, 120, "2026-11-24T08:01:00Z"},
    /* what is never over */
    {"no session", "2026-11-23T00:00:00Z", 1, 1, 1, {0, 1}, 100, NULL},
    {"no rate", "2026-11-23T00:00:00Z", 0, 0, 1, {1, 1}, 100, NULL},
    {"the link is down", "2026-11-23T00:00:00Z", 1, 1, 0, {1, 1}, 100, NULL},
    {"the last second in sight",
     "2026-11-23T00:00:00Z",
     1,
     1,
     1,
     {1, 1},
     FORECAST_DAYS *INT64_C(86400),
     "2026-12-24T00:00:00Z"},
    {"one more", "2026-11-23T00:00:00Z", 1, 1, 1, {1, 1}, FORECAST_DAYS *INT64_C(86400) + 1, NULL},
    {"more than 64 bits hold",
     "2026-11-23T00:00:00Z",
     1000000,
     1000000,
     255,
     {1000, 1},
     INT64_C(1000000000000000),
     "2026-11-23T01:05:21Z"},
};

static void check_cases(struct tap *t)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tariff tariff = {.high = {8, 18, HOURS_MON_FRI},
                                .high_rate = cases[i].high_rate,
                                .low_rate = cases[i].low_rate,
                                .channels = cases[i].channels};
        struct wall now, end;
        char text[WALL_UTC_LEN] = "";

        if (wall_parse_utc(cases[i].now, &now) != 0)
            abort();
        end = forecast_end(&tariff, cases[i].pace, cases[i].points, now);
        if (end.ns)
            wall_format_utc(end, text);
        tap_text(t, end.ns ? text : NULL, cases[i].end, "%s", cases[i].what);
    }
}

/* Never early: at the moment it names, what has been charged is all there was. */
static void check_rounding(struct tap *t)
{
    struct tariff tariff = {
        .high = {8, 18, HOURS_MON_FRI}, .high_rate = 3, .low_rate = 3, .channels = 1};
    struct wall now = {1795258800 * S + 123456789};
    struct wall end = forecast_end(&tariff, (struct pace){1, 7}, 100, now);
    __int128 charged = (__int128)(end.ns - now.ns) * 3, all = (__int128)100 * S * 7;

    tap_ok(t, charged >= all && charged - 3 < all, "rounded up to the nanosecond, no more");
}

static void check_warnings(struct tap *t)
{
    char *names[] = {"600", "60", "0"};
    const struct name_list list = {.names = names, .count = 3}, none = {0};
    static const struct {
        int64_t left, level;
    } levels[] = {
        {601, FORECAST_NO_WARNING}, {600, 600}, {61, 600}, {60, 60}, {1, 60}, {0, 0}, {-5, 0}};

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        tap_is(t, forecast_warning(&list, levels[i].left), levels[i].level, "warned at %lld",
               (long long)levels[i].left);
    tap_is(t, forecast_warning(&none, 0), FORECAST_NO_WARNING, "without WARN_AT: never");
}

int main(void)
{
    struct tap t = {0};

    tap_zone("UTC");
    check_cases(&t);
    check_rounding(&t);
    check_warnings(&t);
    return tap_done(&t);
}
