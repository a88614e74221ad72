/* Hosts on one machine, and hosts of a free user, pay once: for every moment, and no other. */
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

/* Every hour costs `rate`. */
static struct charge_terms flat(int64_t rate)
{
    return (struct charge_terms){.tariff = {{0, 24, HOURS_ALL_DAYS}, rate, rate, 1},
                                 .cap = {15 * S},
                                 .now = {INT64_C(1795847400) * S}};
}

/* Sessions on machines: a number each, 0 if it is not known. */
struct seat {
    const char *user; /* NULL: no more */
    int64_t elapsed_ms;
    uint8_t machine;
    bool active, free_user, later;
    int64_t points, covered_ms; /* expected: of the session; paid for it by another */
};

static const struct {
    const char *what;
    bool shared;
    struct seat seats[ITEMS];
} machines[] = {
    {"both hosts of a machine: once", false,
     {{"alice", 5000, 1, true, false, false, 5, 0}, {"alice", 5000, 1, true, false, false, 0, 0}}},
    {"the one that ran longest", false,
     {{"alice", 3000, 1, true, false, false, 0, 0}, {"alice", 5000, 1, true, false, false, 5, 0}}},
    {"the one that is active", false,
     {{"alice", 5000, 1, false, false, false, 0, 0}, {"alice", 3000, 1, true, false, false, 3, 0}}},
    {"two machines of one user pay each", false,
     {{"alice", 5000, 1, true, false, false, 5, 0}, {"alice", 5000, 2, true, false, false, 5, 0}}},
    {"two users on one machine pay each", false,
     {{"alice", 5000, 1, true, false, false, 5, 0}, {"bob", 5000, 1, true, false, false, 5, 0}}},
    {"not known: each is one of its own", false,
     {{"alice", 5000, 0, true, false, false, 5, 0}, {"alice", 5000, 0, true, false, false, 5, 0}}},
    {"one known, one not", false,
     {{"alice", 5000, 1, true, false, false, 5, 0}, {"alice", 5000, 0, true, false, false, 5, 0}}},
    {"a free user pays once on two machines", false,
     {{"free", 5000, 1, true, true, false, 5, 0}, {"free", 5000, 2, true, true, false, 0, 0},
      {"free", 5000, 0, true, true, false, 0, 0}}},
    {"shared: a machine is one part", true,
     {{"alice", 6000, 1, true, false, false, 3, 0}, {"alice", 6000, 1, true, false, false, 0, 0},
      {"bob", 6000, 2, true, false, false, 3, 0}}},
    {"shared: two users on one machine are two", true,
     {{"alice", 6000, 1, true, false, false, 3, 0}, {"bob", 6000, 1, true, false, false, 3, 0}}},
    {"shared: who pays later is a part", true,
     {{"alice", 6000, 1, true, false, false, 3, 0}, {"bob", 6000, 2, true, false, true, 0, 0}}},
    {"the other pays later: it is covered", false,
     {{"alice", 5000, 1, true, false, false, 5, 0},
      {"alice", 5000, 1, true, false, true, 0, 5000}}},
    {"it has run longer: in part", false,
     {{"alice", 9000, 1, true, false, true, 0, 5000}, {"alice", 5000, 1, true, false, false, 5, 0}}},
    {"it was opened later: all of it", false,
     {{"alice", 5000, 1, true, false, false, 5, 0},
      {"alice", 2000, 1, true, false, true, 0, 2000}}},
    {"it sleeps: it may wake before it pays", false,
     {{"alice", 5000, 1, true, false, false, 5, 0},
      {"alice", 5000, 1, false, false, true, 0, 5000}}},
    {"who closes sleeps: nobody pays now", false,
     {{"alice", 5000, 1, false, false, false, 0, 0}, {"alice", 5000, 1, true, false, true, 0, 0}}},
    {"all later: nobody pays now", false,
     {{"alice", 5000, 1, true, false, true, 0, 0}, {"alice", 5000, 1, true, false, true, 0, 0}}},
    {"another machine is not covered", false,
     {{"alice", 5000, 1, true, false, false, 5, 0}, {"alice", 5000, 2, true, false, true, 0, 0}}},
    {"nor one that is not known", false,
     {{"alice", 5000, 0, true, false, false, 5, 0}, {"alice", 5000, 0, true, false, true, 0, 0}}},
    {"of a free user, another machine is", false,
     {{"free", 5000, 1, true, true, false, 5, 0}, {"free", 5000, 2, true, true, true, 0, 5000}}},
    {"time that ran backwards covers nothing", false,
     {{"alice", -5000, 1, true, false, false, 0, 0}, {"alice", 5000, 1, true, false, true, 0, 0}}},
};

static void test_machines(struct tap *t)
{
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        struct session sessions[ITEMS] = {{.id = 0}};
        struct charge_item items[ITEMS] = {{0}};
        struct charge_terms terms = flat(1);
        struct charge_book book;
        size_t n = 0;

        terms.shared_line = machines[i].shared;
        for (; n < ITEMS && machines[i].seats[n].user; n++) {
            const struct seat *s = &machines[i].seats[n];

            sessions[n].user = name(s->user);
            items[n] = (struct charge_item){.session = &sessions[n],
                                            .machine = lladdr_make(&s->machine, 1),
                                            .elapsed = span_ms(s->elapsed_ms),
                                            .active = s->active,
                                            .free_user = s->free_user,
                                            .later = s->later,
                                            .covered = {77}};
        }
        charge_book_init(&book);
        tap_is(t, charge_pass(&book, &terms, items, n), 0, "%s: charged", machines[i].what);
        for (size_t k = 0; k < n; k++) {
            tap_is(t, sessions[k].points, machines[i].seats[k].points, "%s: points of %zu",
                   machines[i].what, k);
            tap_is(t, items[k].covered.ns, machines[i].seats[k].covered_ms * MS,
                   "%s: covered of %zu", machines[i].what, k);
        }
        charge_book_free(&book);
    }
}

/* Hosts of one user open and close as they like, and are in use all the while. */
#define HOSTS 3

struct host {
    struct session session;
    struct charge_item item;
    bool open;
    int64_t charged, covered; /* ms */
};

/* As the pass does it: charges one host, or all of them. */
static void charge_hosts(struct charge_book *book, struct host *hosts, int one, int64_t now)
{
    struct charge_terms terms = flat(1);
    struct charge_item items[HOSTS];
    size_t n = 0;

    for (int i = 0; i < HOSTS; i++) {
        if (!hosts[i].open)
            continue;
        items[n] = hosts[i].item;
        items[n].session = &hosts[i].session;
        items[n].elapsed = span_ms(now - hosts[i].charged - hosts[i].covered);
        items[n++].later = one >= 0 && one != i;
    }
    charge_pass(book, &terms, items, n);
    n = 0;
    for (int i = 0; i < HOSTS; i++) {
        if (!hosts[i].open)
            continue;
        hosts[i].covered += items[n].covered.ns / MS;
        if (!items[n++].later) {
            hosts[i].charged = now;
            hosts[i].covered = 0;
        }
    }
}

/* A day of openings and closings between passes; the time in which any was open goes to *open_ms,
 * the sum of all to *sum_ms. Returns the time paid for. */
static int64_t live(uint64_t seed, const uint8_t *places, bool free_user, int64_t *open_ms,
                    int64_t *sum_ms)
{
    struct host hosts[HOSTS] = {{.open = false}};
    struct charge_book book;
    int64_t now = 0, used = 0;

    *open_ms = *sum_ms = 0;
    charge_book_init(&book);
    for (int i = 0; i < HOSTS; i++) {
        hosts[i].session.user = name("alice");
        hosts[i].item = (struct charge_item){.machine = lladdr_make(&places[i], 1),
                                             .active = true,
                                             .free_user = free_user};
    }
    for (int step = 0; step < 2000; step++) {
        int64_t passed, any = 0;
        int i;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        i = (int)(seed >> 33) % (HOSTS + 1);
        passed = (int64_t)(seed >> 40) % 900;
        now += passed;
        for (int k = 0; k < HOSTS; k++) {
            any += hosts[k].open;
            *sum_ms += hosts[k].open ? passed : 0;
        }
        *open_ms += any ? passed : 0;
        if (i == HOSTS) {
            charge_hosts(&book, hosts, -1, now);
        } else if (hosts[i].open) {
            charge_hosts(&book, hosts, i, now);
            hosts[i].open = false;
        } else {
            hosts[i].open = true;
            hosts[i].charged = now;
            hosts[i].covered = 0;
        }
    }
    charge_hosts(&book, hosts, -1, now);
    for (int k = 0; k < HOSTS; k++)
        used += hosts[k].session.used.ns / MS;
    charge_book_free(&book);
    return used;
}

static void test_lives(struct tap *t)
{
    static const uint8_t same[HOSTS] = {1, 1, 1}, apart[HOSTS] = {1, 2, 3};

    for (uint64_t seed = 1; seed <= 5; seed++) {
        int64_t open = 0, sum = 0, used = live(seed, apart, false, &open, &sum);

        tap_is(t, used, sum, "three machines pay for each");
        tap_ok(t, sum > open && open > 0, "which is more than the time in which any was open");
        used = live(seed, same, false, &open, &sum);
        tap_is(t, used, open, "one machine pays for its time");
        used = live(seed, apart, true, &open, &sum);
        tap_is(t, used, open, "and so does a free user");
    }
}

int main(void)
{
    struct tap t = {0};

    tap_zone("UTC");
    test_machines(&t);
    test_lives(&t);
    return tap_done(&t);
}
