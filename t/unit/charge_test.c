/* Who pays and how much: points, fractions, shared lines, free users, hours, time left. */
#include "charge.h"
#include "tap.h"

#define S NS_PER_S
#define MS NS_PER_MS
#define ITEMS 4

static struct user_name name(const char *text)
{
    struct user_name n = {{0}};

    snprintf(n.text, sizeof n.text, "%s", text);
    return n;
}

static struct wall at_utc(const char *text)
{
    struct wall at = {0};

    if (wall_parse_utc(text, &at) != 0)
        tap_note("the test itself is wrong: %s is no time", text);
    return at;
}

/* Every hour costs `rate`. */
static struct charge_terms flat(int64_t rate)
{
    return (struct charge_terms){.tariff = {{0, 24, HOURS_ALL_DAYS}, rate, rate, 1},
                                 .cap = {15 * S},
                                 .now = at_utc("2026-11-16T06:30:00Z")};
}

struct item {
    const char *user; /* NULL: no more items */
    int64_t elapsed_ms;
    bool active, free_user;
};

struct owed {
    const char *user;
    int64_t points;
};

static const struct {
    const char *what;
    int64_t rate;
    unsigned channels;
    bool shared;
    struct item items[ITEMS];
    struct owed owed[ITEMS];
} passes[] = {
    {"five seconds at 1", 1, 1, false, {{"alice", 5000, true, false}}, {{"alice", 5}}},
    {"five seconds at 4", 4, 1, false, {{"alice", 5000, true, false}}, {{"alice", 20}}},
    {"whole points only", 1, 1, false, {{"alice", 4999, true, false}}, {{"alice", 4}}},
    {"a fraction at a rate", 4, 1, false, {{"alice", 4999, true, false}}, {{"alice", 19}}},
    {"rate 0", 0, 1, false, {{"alice", 5000, true, false}}, {{"alice", 0}}},
    {"not active", 4, 1, false, {{"alice", 5000, false, false}}, {{"alice", 0}}},
    {"no time", 4, 1, false, {{"alice", 0, true, false}}, {{"alice", 0}}},
    {"time that ran backwards", 4, 1, false, {{"alice", -5000, true, false}}, {{"alice", 0}}},
    {"exactly three periods", 2, 1, false, {{"alice", 15000, true, false}}, {{"alice", 30}}},
    {"more is capped", 2, 1, false, {{"alice", 15001, true, false}}, {{"alice", 30}}},
    {"a day asleep is capped", 2, 1, false, {{"alice", 86400000, true, false}}, {{"alice", 30}}},
    {"link down", 4, 0, false, {{"alice", 5000, true, false}}, {{"alice", 0}}},
    {"two channels", 4, 2, false, {{"alice", 5000, true, false}}, {{"alice", 40}}},
    {"two users", 1, 1, false,
     {{"alice", 5000, true, false}, {"bob", 3000, true, false}}, {{"alice", 5}, {"bob", 3}}},
    {"two hosts of one user", 1, 1, false,
     {{"alice", 5000, true, false}, {"alice", 3000, true, false}}, {{"alice", 8}}},
    {"two hosts, one active", 1, 1, false,
     {{"alice", 5000, true, false}, {"alice", 3000, false, false}}, {{"alice", 5}}},
    {"two hosts, the halves add up", 1, 1, false,
     {{"alice", 2500, true, false}, {"alice", 2500, true, false}}, {{"alice", 5}}},
    {"shared by two", 4, 1, true,
     {{"alice", 5000, true, false}, {"bob", 5000, true, false}}, {{"alice", 10}, {"bob", 10}}},
    {"shared by one", 4, 1, true, {{"alice", 5000, true, false}}, {{"alice", 20}}},
    {"shared: who sleeps does not count", 4, 1, true,
     {{"alice", 5000, true, false}, {"bob", 5000, false, false}}, {{"alice", 20}, {"bob", 0}}},
    {"shared by three, rounded down", 1, 1, true,
     {{"a", 5000, true, false}, {"b", 5000, true, false}, {"c", 5000, true, false}},
     {{"a", 1}, {"b", 1}, {"c", 1}}},
    {"shared: two sessions of one user", 4, 1, true,
     {{"alice", 5000, true, false}, {"alice", 5000, true, false}}, {{"alice", 20}}},
    {"free user, two hosts: the longest once", 1, 1, false,
     {{"free", 3000, true, true}, {"free", 5000, true, true}}, {{"free", 5}}},
    {"free user, longest first", 1, 1, false,
     {{"free", 5000, true, true}, {"free", 3000, true, true}}, {{"free", 5}}},
    {"free user, three alike", 1, 1, false,
     {{"free", 5000, true, true}, {"free", 5000, true, true}, {"free", 5000, true, true}},
     {{"free", 5}}},
    {"free user, the longest sleeps", 1, 1, false,
     {{"free", 5000, false, true}, {"free", 3000, true, true}}, {{"free", 3}}},
    {"two free users pay each", 1, 1, false,
     {{"free", 5000, true, true}, {"admin", 4000, true, true}, {"free", 2000, true, true}},
     {{"free", 5}, {"admin", 4}}},
    {"free and not, shared", 4, 1, true,
     {{"free", 5000, true, true}, {"free", 5000, true, true}, {"alice", 5000, true, false}},
     {{"free", 10}, {"alice", 10}}},
};

static void test_passes(struct tap *t)
{
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        struct session sessions[ITEMS] = {{.id = 0}};
        struct charge_item items[ITEMS] = {{0}};
        struct charge_terms terms = flat(passes[i].rate);
        struct charge_book book;
        int64_t in_sessions = 0, owed = 0;
        size_t n = 0;

        terms.tariff.channels = passes[i].channels;
        terms.shared_line = passes[i].shared;
        for (; n < ITEMS && passes[i].items[n].user; n++) {
            const struct item *from = &passes[i].items[n];

            sessions[n].user = name(from->user);
            items[n] = (struct charge_item){.session = &sessions[n],
                                            .elapsed = span_ms(from->elapsed_ms),
                                            .active = from->active,
                                            .free_user = from->free_user};
        }
        charge_book_init(&book);
        tap_is(t, charge_pass(&book, &terms, items, n), 0, "%s: charged", passes[i].what);
        for (size_t k = 0; k < ITEMS && passes[i].owed[k].user; k++) {
            struct user_name user = name(passes[i].owed[k].user);

            tap_is(t, charge_owed(&book, &user), passes[i].owed[k].points, "%s: %s owes",
                   passes[i].what, user.text);
            owed += passes[i].owed[k].points;
        }
        for (size_t k = 0; k < n; k++)
            in_sessions += sessions[k].points;
        tap_is(t, in_sessions, owed, "%s: the sessions have as much", passes[i].what);
        charge_book_free(&book);
    }
}

static void test_choose(struct tap *t)
{
    struct session s[4] = {{.id = 0}};
    struct charge_item items[4] = {{.session = &s[0], .active = true, .elapsed = {3 * S}},
                                   {.session = &s[1], .active = true, .elapsed = {3 * S},
                                    .free_user = true},
                                   {.session = &s[2], .active = true, .elapsed = {4 * S},
                                    .free_user = true},
                                   {.session = &s[3], .elapsed = {9 * S}}};
    static const bool expected[4] = {true, false, true, false};
    size_t payers = 77;

    s[0].user = name("alice");
    s[1].user = s[2].user = name("free");
    s[3].user = name("bob");
    tap_is(t, charge_choose(items, 4, &payers), 0, "who pays is chosen");
    tap_is(t, (int64_t)payers, 2, "number of payers");
    for (size_t i = 0; i < 4; i++)
        tap_is(t, items[i].pays, expected[i], "session %zu pays", i);
    tap_is(t, charge_choose(items, 0, &payers), 0, "nobody to choose from");
    tap_is(t, (int64_t)payers, 0, "no payers");
}

/* Passes far shorter than a point: nothing is lost, nothing is invented. */
static void test_fractions(struct tap *t)
{
    static const struct {
        int64_t elapsed_ns, rate;
        int passes, sharers;
        int64_t points, seconds; /* of each */
    } cases[] = {
        {INT64_C(333700000), 1, 1000, 1, 333, 333},
        {INT64_C(333700000), 4, 1000, 1, 1334, 333},
        {INT64_C(999999999), 1, 1000, 1, 999, 999},
        {1, 1, 1000, 1, 0, 0},
        {INT64_C(500000000), 1, 1000, 1, 500, 500},
        {INT64_C(250000000), 3, 999, 1, 749, 249},
        {INT64_C(5000000000), 1, 1000, 2, 2500, 5000},
        {INT64_C(1001000000), 2, 500, 2, 500, 500},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct session s[2] = {{.user = name("alice")}, {.user = name("bob")}};
        struct charge_terms terms = flat(cases[i].rate);
        struct user_name user = name("alice");
        struct charge_book book;
        int64_t due = 0, seconds = 0;

        terms.shared_line = true;
        charge_book_init(&book);
        for (int pass = 0; pass < cases[i].passes; pass++) {
            struct charge_item items[2];

            for (int k = 0; k < 2; k++)
                items[k] = (struct charge_item){.session = &s[k], .active = k < cases[i].sharers,
                                                .elapsed = {cases[i].elapsed_ns}};
            charge_pass(&book, &terms, items, 2);
        }
        for (size_t k = 0; k < book.due_count; k++) {
            due += strcmp(book.due[k].user.text, "alice") == 0 ? book.due[k].points : 0;
            seconds += strcmp(book.due[k].user.text, "alice") == 0 ? book.due[k].seconds : 0;
        }
        tap_is(t, charge_owed(&book, &user), cases[i].points,
               "%d passes of %" PRId64 " ns at %" PRId64 ": owed", cases[i].passes,
               cases[i].elapsed_ns, cases[i].rate);
        tap_is(t, due, cases[i].points, "the same is due");
        tap_is(t, seconds, cases[i].seconds, "seconds of use");
        tap_is(t, s[0].used.ns, cases[i].elapsed_ns * cases[i].passes, "use of the session");
        charge_book_free(&book);
    }
}

/* The fraction survives what has been settled. What has reached the database is owed for as long as
 * the balances at hand are older than that. */
static void test_settled(struct tap *t)
{
    struct session s = {.user = name("alice")};
    struct charge_terms terms = flat(1);
    struct charge_item item = {.session = &s, .active = true, .elapsed = {600 * MS}};
    struct user_name bob = name("bob");
    struct charge_book book;

    charge_book_init(&book);
    tap_is(t, charge_owed(&book, &s.user), 0, "an empty book: nothing is owed");
    charge_pass(&book, &terms, &item, 1);
    tap_is(t, charge_owed(&book, &s.user), 0, "0.6 points: none is owed");
    charge_settled(&book);
    charge_balances_read(&book);
    charge_pass(&book, &terms, &item, 1);
    tap_is(t, charge_owed(&book, &s.user), 1, "0.6 more: one is owed");
    charge_balances_read(&book);
    tap_is(t, charge_owed(&book, &s.user), 1, "balances read, nothing settled: one still is");
    charge_settled(&book);
    tap_is(t, (int64_t)book.due_count, 0, "settled: nothing is due");
    tap_is(t, charge_owed(&book, &s.user), 1, "settled: the balance last read does not show it");
    charge_balances_read(&book);
    tap_is(t, charge_owed(&book, &s.user), 0, "settled and read: nothing is owed");
    for (int i = 0; i < 3; i++)
        charge_pass(&book, &terms, &item, 1);
    tap_is(t, charge_owed(&book, &s.user), 2, "0.2 + 1.8: two are owed");
    tap_is(t, charge_owed(&book, &bob), 0, "who never paid owes nothing");
    tap_is(t, s.points, 3, "points of the session");
    charge_book_free(&book);
}

static void test_hours(struct tap *t)
{
    static const struct {
        const char *hour;
        int64_t points, seconds;
    } expected[] = {{"2026-11-16T06:00:00Z", 6, 3}, {"2026-11-16T07:00:00Z", 28, 7}};
    struct session s = {.user = name("alice")};
    struct charge_item item = {.session = &s, .active = true, .elapsed = {5 * S}};
    struct charge_book book;
    struct charge_terms terms = {.tariff = {{8, 18, HOURS_MON_FRI}, 4, 2, 1}, .cap = {15 * S}};

    tap_zone("Europe/Stockholm");
    charge_book_init(&book);
    terms.now = at_utc("2026-11-16T07:00:02Z");
    charge_pass(&book, &terms, &item, 1);
    terms.now = at_utc("2026-11-16T07:00:07Z");
    charge_pass(&book, &terms, &item, 1);
    if (tap_is(t, (int64_t)book.due_count, 2, "a charge for each hour")) {
        for (size_t i = 0; i < 2; i++) {
            char hour[WALL_UTC_LEN];

            wall_format_utc(book.due[i].hour, hour);
            tap_text(t, hour, expected[i].hour, "hour %zu", i);
            tap_is(t, book.due[i].points, expected[i].points, "points of hour %zu", i);
            tap_is(t, book.due[i].seconds, expected[i].seconds, "seconds of hour %zu", i);
        }
    }
    tap_is(t, charge_owed(&book, &s.user), 34, "owed for both");
    charge_book_free(&book);
}

static const struct {
    const char *what;
    int64_t carried_ns, points, rate;
    size_t divisor;
    int64_t left_ns;
} lefts[] = {
    {"ten points at 1", 0, 10, 1, 1, 10 * S},
    {"ten points at 4", 0, 10, 4, 1, 2500 * MS},
    {"one point at 3, rounded up", 0, 1, 3, 1, 333333334},
    {"with 0.6 carried", 600 * MS, 10, 1, 1, 9400 * MS},
    {"with 0.6 carried at 3, rounded up", 600 * MS, 1, 3, 1, 133333334},
    {"shared by three", 0, 10, 1, 3, 30 * S},
    {"shared by three at 7, rounded up", 0, 1, 7, 3, 428571429},
    {"none", 0, 0, 1, 1, 0},
    {"none, with something carried", 600 * MS, 0, 1, 1, 0},
    {"less than none", 0, -5, 1, 1, 0},
    {"far less than none", 600 * MS, INT64_C(-2000000000000), 1, 1, 0},
    {"rate 0", 0, 10, 0, 1, 86400 * S},
    {"a day exactly", 0, 86400, 1, 1, 86400 * S},
    {"more than a day", 0, 86401, 1, 1, 86400 * S},
    {"very much", 0, INT64_C(1000000000000), 1, 1, 86400 * S},
    {"very much, shared", 0, INT64_C(1000000000000), 1, 7, 86400 * S},
    {"very much at the highest rate", 0, INT64_C(10000000000), 1000000, 1, 10000 * S},
};

static void test_time_left(struct tap *t)
{
    for (size_t i = 0; i < sizeof lefts / sizeof *lefts; i++) {
        struct session s = {.user = name("alice")};
        struct charge_item item = {.session = &s, .active = true,
                                   .elapsed = {lefts[i].carried_ns}};
        struct charge_terms terms = flat(1);
        struct charge_book book;
        struct span left;

        charge_book_init(&book);
        if (lefts[i].carried_ns)
            charge_pass(&book, &terms, &item, 1);
        left = charge_time_left(&book, &s.user, lefts[i].points, lefts[i].rate, lefts[i].divisor);
        tap_is(t, left.ns, lefts[i].left_ns, "time left: %s", lefts[i].what);
        charge_book_free(&book);
    }
}

int main(void)
{
    struct tap t = {0};

    tap_zone("UTC");
    test_passes(&t);
    test_choose(&t);
    test_fractions(&t);
    test_settled(&t);
    test_time_left(&t);
    test_hours(&t);
    return tap_done(&t);
}
