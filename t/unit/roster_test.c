/* Rows come and go: who keeps a place, which spelling holds a host, what is carried over. */
#include "roster.h"
#include "tap.h"

#define ROWS 4

struct given {
    const char *host; /* NULL: no more */
    const char *user;
    enum order order;
};

static size_t make(struct store_row rows[ROWS], const struct given given[ROWS])
{
    size_t n = 0;

    for (; n < ROWS && given[n].host; n++) {
        rows[n] = (struct store_row){.order = given[n].order};
        snprintf(rows[n].host, sizeof rows[n].host, "%s", given[n].host);
        snprintf(rows[n].user.text, sizeof rows[n].user.text, "%s", given[n].user);
    }
    return n;
}

static void update(struct tap *t, struct roster *r, const struct given given[ROWS],
                   const char *what)
{
    struct store_row rows[ROWS];
    size_t n = make(rows, given);

    tap_is(t, roster_update(r, rows, n), 0, "%s: rows are read", what);
}

static struct roster_host *find(const struct roster *r, const char *text)
{
    struct addr a;

    if (addr_parse(text, &a) != 0)
        exit(1);
    return roster_find(r, &a);
}

static const struct roster_host *by_text(const struct roster *r, const char *host)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->hosts[i].row.host, host) == 0)
            return &r->hosts[i];
    }
    return NULL;
}

/* What rows alone make of the roster. `holder` is the spelling whose row has the host `host`. */
static const struct {
    const char *what;
    struct given rows[ROWS];
    size_t count;
    const char *host, *holder, *user;
    bool respelled;
    const char *held; /* spelling of the row that is held, or NULL */
} spellings[] = {
    {"one row", {{"10.0.0.1", "alice", 2}}, 1, "10.0.0.1", "10.0.0.1", "alice", false, NULL},
    {"two hosts", {{"10.0.0.1", "alice", 2}, {"10.0.0.2", "bob", 2}}, 2, "10.0.0.2", "10.0.0.2",
     "bob", false, NULL},
    {"another spelling", {{"FD00::1", "alice", 2}}, 1, "fd00::1", "FD00::1", "alice", true, NULL},
    {"a mapped address", {{"::ffff:10.0.0.1", "alice", 2}}, 1, "10.0.0.1", "::ffff:10.0.0.1",
     "alice", true, NULL},
    {"the canonical row holds", {{"10.0.0.1", "alice", 1}, {"::ffff:10.0.0.1", "bob", 2}}, 2,
     "10.0.0.1", "10.0.0.1", "alice", false, "::ffff:10.0.0.1"},
    {"wherever it stands", {{"::ffff:10.0.0.1", "bob", 2}, {"10.0.0.1", "alice", 1}}, 2,
     "10.0.0.1", "10.0.0.1", "alice", false, "::ffff:10.0.0.1"},
    {"an order to close holds too", {{"fd00::1", "alice", 3}, {"FD00::1", "bob", 2}}, 2, "fd00::1",
     "fd00::1", "alice", false, "FD00::1"},
    {"a closed row makes room", {{"10.0.0.1", "alice", 0}, {"::ffff:10.0.0.1", "bob", 2}}, 1,
     "10.0.0.1", "::ffff:10.0.0.1", "bob", true, NULL},
    {"the first of two odd ones holds", {{"FD00::1", "alice", 2}, {"fd00:0::1", "bob", 2}}, 2,
     "fd00::1", "FD00::1", "alice", true, "fd00:0::1"},
    {"unless it is closed", {{"FD00::1", "alice", 0}, {"fd00:0::1", "bob", 2}}, 1, "fd00::1",
     "fd00:0::1", "bob", true, NULL},
};

static void test_spellings(struct tap *t)
{
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        const struct roster_host *h;
        struct roster r;

        roster_init(&r);
        update(t, &r, spellings[i].rows, spellings[i].what);
        tap_is(t, (int64_t)r.count, (int64_t)spellings[i].count, "%s: places", spellings[i].what);
        h = find(&r, spellings[i].host);
        if (tap_ok(t, h != NULL, "%s: %s is found", spellings[i].what, spellings[i].host)) {
            tap_text(t, h->row.host, spellings[i].holder, "%s: by this row", spellings[i].what);
            tap_text(t, h->row.user.text, spellings[i].user, "%s: its user", spellings[i].what);
            tap_is(t, h->respelled, spellings[i].respelled, "%s: to be respelled",
                   spellings[i].what);
            tap_is(t, h->is_held, false, "%s: it is not held itself", spellings[i].what);
        }
        for (size_t k = 0; k < r.count; k++) {
            bool held = spellings[i].held && strcmp(r.hosts[k].row.host, spellings[i].held) == 0;

            tap_is(t, r.hosts[k].is_held, held, "%s: row %s is held", spellings[i].what,
                   r.hosts[k].row.host);
        }
        roster_free(&r);
    }
}

static void test_no_addresses(struct tap *t)
{
    static const struct given rows[ROWS] = {{"room1-pc4", "alice", 2}, {"", "bob", 2}};
    struct roster r;

    roster_init(&r);
    update(t, &r, rows, "no addresses");
    tap_is(t, (int64_t)r.count, 2, "hosts that are no addresses have their places");
    tap_is(t, r.by_addr.used, 0, "and are found by none");
    tap_is(t, r.hosts[0].addr.family, 0, "they have no address");
    r.hosts[0].told = true;
    r.hosts[0].closed_passes = 3;
    update(t, &r, rows, "no addresses, again");
    tap_is(t, by_text(&r, "room1-pc4")->told, true, "what was told of them is known");
    tap_is(t, by_text(&r, "")->told, false, "of each");
    roster_free(&r);
}

/* What stands for a host outlives its row, for as long as it is open or in session. */
static void test_vanished(struct tap *t)
{
    static const struct given all[ROWS] = {{"10.0.0.1", "alice", 1}, {"10.0.0.2", "bob", 1},
                                           {"10.0.0.3", "carol", 0}, {"FD00::1", "dan", 1}};
    static const struct given none[ROWS] = {{NULL, NULL, 0}};
    static const struct given back[ROWS] = {{"10.0.0.1", "eve", 2}};
    struct roster_host *h;
    struct roster r;

    roster_init(&r);
    update(t, &r, all, "four rows");
    find(&r, "10.0.0.1")->open = true;
    find(&r, "10.0.0.2")->meter.running = true;
    find(&r, "fd00::1")->open = true;
    update(t, &r, none, "no row");
    tap_is(t, (int64_t)r.count, 3, "rows gone: who is open or in session keeps the place");
    h = find(&r, "10.0.0.1");
    if (tap_ok(t, h != NULL, "the open one is there")) {
        tap_is(t, h->has_row, false, "without a row");
        tap_is(t, h->open, true, "and still open");
        tap_text(t, h->row.user.text, "alice", "its user is still known");
    }
    tap_ok(t, find(&r, "10.0.0.2") != NULL, "the one in session is there");
    tap_ok(t, find(&r, "10.0.0.3") == NULL, "the closed one is not");
    tap_ok(t, find(&r, "fd00::1") != NULL, "another spelling makes no difference");
    update(t, &r, none, "no row, again");
    tap_is(t, (int64_t)r.count, 3, "they stay until they are closed");
    h = find(&r, "10.0.0.2");
    if (h)
        h->meter.running = false;
    update(t, &r, back, "one row is back");
    tap_is(t, (int64_t)r.count, 2, "who has ended is gone");
    h = find(&r, "10.0.0.1");
    tap_is(t, h && h->has_row && h->open, true, "the open one has a row again");
    tap_text(t, h ? h->row.user.text : NULL, "eve", "of its new user");
    roster_free(&r);
}

static const struct {
    const char *what;
    struct given before, after;
    bool told;              /* still, after a refusal was told */
    unsigned closed_passes; /* of five before */
} changes[] = {
    {"nothing changed", {"10.0.0.1", "alice", 2}, {"10.0.0.1", "alice", 2}, true, 0},
    {"another user", {"10.0.0.1", "alice", 2}, {"10.0.0.1", "bob", 2}, false, 0},
    {"another order", {"10.0.0.1", "alice", 2}, {"10.0.0.1", "alice", 3}, false, 0},
    {"closed", {"10.0.0.1", "alice", 2}, {"10.0.0.1", "alice", 0}, false, 5},
    {"closed all along", {"10.0.0.1", "alice", 0}, {"10.0.0.1", "alice", 0}, true, 5},
    {"opened again", {"10.0.0.1", "alice", 0}, {"10.0.0.1", "alice", 2}, false, 0},
    {"respelled", {"::ffff:10.0.0.1", "alice", 2}, {"10.0.0.1", "alice", 2}, true, 0},
    {"a longer name", {"10.0.0.1", "alice", 2}, {"10.0.0.1", "alice2", 2}, false, 0},
};

static void test_carried(struct tap *t)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct given before[ROWS] = {{NULL, NULL, 0}}, after[ROWS] = {{NULL, NULL, 0}};
        struct roster_host *h;
        struct roster r;

        before[0] = changes[i].before;
        after[0] = changes[i].after;
        roster_init(&r);
        update(t, &r, before, changes[i].what);
        h = find(&r, "10.0.0.1");
        h->told = true;
        h->closed_passes = 5;
        h->open = true;
        h->meter.uncounted = 7;
        h->meter.charged = (struct mono){42};
        h->meter.session.points = 99;
        update(t, &r, after, changes[i].what);
        h = find(&r, "10.0.0.1");
        tap_is(t, h->told, changes[i].told, "%s: told", changes[i].what);
        tap_is(t, h->closed_passes, changes[i].closed_passes, "%s: closed passes", changes[i].what);
        tap_is(t, h->open, true, "%s: what stands stays", changes[i].what);
        tap_is(t, h->meter.uncounted, 7, "%s: passes not yet counted stay", changes[i].what);
        tap_is(t, h->meter.charged.ns, 42, "%s: the last charge stays", changes[i].what);
        tap_is(t, h->meter.session.points, 99, "%s: the session stays", changes[i].what);
        tap_is(t, h->row.order, changes[i].after.order, "%s: the row is new", changes[i].what);
        tap_is(t, h->respelled, false, "%s: nothing to respell", changes[i].what);
        roster_free(&r);
    }
}

/* A held row starts with nothing of the host that it names, and its refusal is told once. */
static void test_held(struct tap *t)
{
    static const struct given rows[ROWS] = {{"10.0.0.1", "alice", 1},
                                            {"::ffff:10.0.0.1", "bob", 2}};
    static const struct given alone[ROWS] = {{"::ffff:10.0.0.1", "bob", 2}};
    struct roster_host *held = NULL;
    struct roster r;

    roster_init(&r);
    update(t, &r, rows, "a held row");
    find(&r, "10.0.0.1")->open = true;
    update(t, &r, rows, "a held row, again");
    for (size_t i = 0; i < r.count; i++)
        held = r.hosts[i].is_held ? &r.hosts[i] : held;
    if (!tap_ok(t, held != NULL, "there is a held row"))
        return;
    tap_is(t, held->open, false, "it is not open, whatever the host is");
    held->told = true;
    update(t, &r, rows, "a held row, told");
    tap_is(t, by_text(&r, "::ffff:10.0.0.1")->told, true, "its refusal was told");
    tap_is(t, find(&r, "10.0.0.1")->told, false, "nothing was told of the holder");
    update(t, &r, alone, "the holder's row is gone");
    tap_is(t, (int64_t)r.count, 1, "one place is left");
    tap_is(t, find(&r, "10.0.0.1")->is_held, false, "the row is held no longer");
    tap_is(t, find(&r, "10.0.0.1")->open, true, "the host is as open as it was");
    roster_free(&r);
}

int main(void)
{
    struct tap t = {0};

    test_spellings(&t);
    test_no_addresses(&t);
    test_vanished(&t);
    test_carried(&t);
    test_held(&t);
    return tap_done(&t);
}
