/* Old rows go, and the audit holds on: whole, in pieces, broken off, twice, and beside others. */
#include "prune.h"
#include "database.h"

#include <errno.h>

#define BEFORE "2026-03-01T00:00:00Z"
#define REASON "opening balance, pruned before " BEFORE

static struct wall at(const char *text)
{
    struct wall w = {0};

    if (wall_parse_utc(text, &w) != 0)
        database_fail(text, "the test itself is wrong");
    return w;
}

/* Breaks off after so many transactions; checks the audit after each. */
struct watcher {
    struct database *d;
    int left;
    unsigned calls, wrong;
};

static bool watch(void *context, const struct prune_counts *counts)
{
    struct watcher *w = context;

    (void)counts;
    w->calls++;
    w->wrong += database_read(w->d, DATABASE_AUDIT)[0] != '\0';
    return w->left < 0 || w->left-- > 0;
}

static int prune(struct database *d, struct prune_counts *n)
{
    return prune_run(d->store, at(BEFORE), at("2026-06-01T00:00:00Z"), "root", NULL, NULL, n);
}

/* A balance as it came about: rows of logging and of usage as they would have been written. */
static const char alice[] =
    "BEGIN; INSERT INTO actor VALUES ('tcpquotad', 'charge', NULL);"
    "INSERT INTO tcptab VALUES ('alice', 540), ('owes', -7), ('free', -50), ('new', 5);"
    "DELETE FROM actor;"
    "INSERT INTO logging (\"when\", user, action, name, delta, balance, reason) VALUES"
    " ('2025-12-01T00:00:00Z', 'bert', 'allow', 'alice', 0, 0, 'allowed'),"
    " ('2025-12-01T00:00:00Z', 'bert', 'add', 'alice', 600, 600, NULL),"
    " ('2026-01-01T00:00:00Z', 'bert', 'add', 'gone', 10, 10, NULL),"
    " ('2026-02-01T00:00:00Z', 'bert', 'delete', 'gone', -10, 0, 'left'),"
    " ('2026-02-28T23:59:59Z', 'bert', 'take', 'alice', -20, 480, 'mistake'),"
    " ('2026-02-28T23:59:59Z', 'bert', 'take', 'owes', -7, -7, 'x'),"
    " ('2026-03-01T00:00:00Z', 'bert', 'add', 'alice', 100, 570, NULL),"
    " ('2026-03-02T00:00:00Z', 'bert', 'add', 'new', 5, 5, NULL),"
    " ('1998-04-13T08:38:00Z', 'turbo', 'import', '', 0, 0, 'old');"
    "INSERT INTO usage VALUES ('alice', '2026-01-05T10:00:00Z', 100, 100),"
    " ('alice', '2026-02-28T23:00:00Z', 10, 10), ('alice', '2026-03-01T00:00:00Z', 30, 30),"
    " ('free', '2026-01-05T10:00:00Z', 50, 50), ('a'' OR ''1', '2026-01-05T10:00:00Z', 5, 0);"
    "INSERT INTO session (name, host, opened, closed) VALUES"
    " ('alice', 'a', '2026-01-01T00:00:00Z', '2026-02-28T23:59:59Z'),"
    " ('alice', 'b', '2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z'),"
    " ('alice', 'c', '2026-01-01T00:00:00Z', NULL);"
    "INSERT INTO logging_openfw VALUES ('2026-02-28T23:59:59Z', 'bert', 'old'),"
    " ('2026-03-01T00:00:00Z', 'bert', 'new');"
    "INSERT INTO lookuplog VALUES ('10.0.0.1', 1, 1, '2026-02-28T23:59:59Z'),"
    " ('10.0.0.2', NULL, 0, '2026-03-01T00:00:00Z');"
    "COMMIT;";

static void check_pruned(struct tap *t, struct database *d, const char *what)
{
    tap_text(t, database_read(d, DATABASE_AUDIT), "", "%s: the audit is right", what);
    tap_text(t,
             database_read(d, "SELECT name, \"when\", user, action, delta, balance, reason"
                              " FROM logging ORDER BY rowid"),
             "free|" BEFORE "|root|import|-50|-50|" REASON "; "
             "alice|" BEFORE "|root|import|470|470|" REASON "; "
             "owes|" BEFORE "|root|import|-7|-7|" REASON "; "
             "alice|2026-03-01T00:00:00Z|bert|add|100|570|NULL; "
             "new|2026-03-02T00:00:00Z|bert|add|5|5|NULL",
             "%s: the log", what);
    tap_text(t, database_read(d, "SELECT * FROM usage"), "alice|2026-03-01T00:00:00Z|30|30",
             "%s: usage", what);
    tap_text(t, database_read(d, "SELECT host FROM session"), "b; c", "%s: sessions", what);
    tap_text(t, database_read(d, "SELECT action FROM logging_openfw"), "new", "%s: openfw", what);
    tap_text(t, database_read(d, "SELECT hostAddress FROM lookuplog"), "10.0.0.2", "%s: look-ups",
             what);
    tap_text(t, database_read(d, "SELECT * FROM tcptab"), "alice|540; free|-50; new|5; owes|-7",
             "%s: balances", what);
    tap_text(t, database_read(d, "SELECT count(*) FROM actor"), "0", "%s: nobody acts", what);
}

static void test_small(struct tap *t)
{
    struct prune_counts n;
    struct database d;

    database_make(&d);
    database_write(&d, alice);
    tap_text(t, database_read(&d, DATABASE_AUDIT), "", "the audit is right before");
    tap_is(t, prune(&d, &n), 0, "old rows go");
    check_pruned(t, &d, "once");
    tap_is(t, n.log, 7, "rows of logging");
    tap_is(t, n.usage, 4, "rows of usage");
    tap_is(t, n.sessions, 1, "sessions");
    tap_is(t, n.openfw, 1, "lines of openfw");
    tap_is(t, n.lookups, 1, "look-ups");
    tap_is(t, n.names, 6, "names");
    tap_is(t, prune(&d, &n), 0, "a second time");
    check_pruned(t, &d, "twice");
    tap_is(t, n.log + n.usage + n.sessions + n.openfw + n.names, 0, "nothing goes then");
    tap_is(t,
           prune_run(d.store, at("2026-04-01T00:00:00Z"), at("2026-06-01T00:00:00Z"), "root", NULL,
                     NULL, &n),
           0, "a later time");
    tap_text(t, database_read(&d, "SELECT name, delta, balance FROM logging ORDER BY name"),
             "alice|540|540; free|-50|-50; new|5|5; owes|-7|-7", "takes the opening rows along");
    tap_text(t, database_read(&d, DATABASE_AUDIT), "", "and the audit is right");
    database_remove(&d);
}

static void test_times(struct tap *t)
{
    static const struct {
        const char *before, *now;
        int rc;
    } cases[] = {
        {"2026-03-01T00:00:01Z", "2026-06-01T00:00:00Z", -EINVAL},
        {"2026-03-01T00:30:00Z", "2026-06-01T00:00:00Z", -EINVAL},
        {"2026-06-01T01:00:00Z", "2026-06-01T00:59:59Z", -ERANGE},
        {"2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z", 0},
    };
    struct prune_counts n;
    struct database d;

    database_make(&d);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tap_is(t, prune_run(d.store, at(cases[i].before), at(cases[i].now), "root", NULL, NULL, &n),
               cases[i].rc, "before %s at %s", cases[i].before, cases[i].now);
    }
    database_remove(&d);
}

/* Thousands of rows of some names, charges among them. */
static void fill(struct database *d)
{
    database_write(
        d, "BEGIN;"
           "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5999)"
           " INSERT INTO logging (\"when\", user, action, name, delta, balance)"
           " SELECT strftime('%Y-%m-%dT%H:%M:%SZ', '2026-01-01', '+' || i || ' minutes'), 'x',"
           " 'add', 'user' || (i * i % 7), i % 13 - 5, 0 FROM n;"
           "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)"
           " INSERT INTO usage SELECT 'user' || (i % 5),"
           " strftime('%Y-%m-%dT%H:%M:%SZ', '2026-01-01', '+' || i || ' hours'), 1, i % 3 FROM n;"
           "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2499)"
           " INSERT INTO session (name, host, opened, closed) SELECT 'x', 'h', '2026',"
           " '2026-01-01T00:00:00Z' FROM n;"
           "INSERT INTO actor VALUES ('tcpquotad', 'charge', NULL);"
           "INSERT INTO tcptab SELECT name, coalesce((SELECT sum(delta) FROM logging l"
           " WHERE l.name = u.name), 0) - coalesce((SELECT sum(points) FROM usage s"
           " WHERE s.name = u.name), 0) FROM (SELECT name FROM usage UNION SELECT name"
           " FROM logging) u;"
           "DELETE FROM actor; COMMIT;");
}

static void test_broken_off(struct tap *t)
{
    struct prune_counts n;
    struct database d;
    char balances[512], whole[4096];
    unsigned runs = 0, wrong = 0;
    int rc;

    database_make(&d);
    fill(&d);
    tap_text(t, database_read(&d, DATABASE_AUDIT), "", "many rows: the audit is right before");
    snprintf(balances, sizeof balances, "%s", database_read(&d, "SELECT * FROM tcptab"));
    do {
        struct watcher w = {.d = &d, .left = (int)(runs % 5)};

        rc = prune_run(d.store, at(BEFORE), at("2026-06-01T00:00:00Z"), "root", watch, &w, &n);
        wrong += w.wrong;
    } while (rc == -ECANCELED && ++runs < 100);
    tap_is(t, rc, 0, "it comes to its end, broken off %u times", runs);
    tap_ok(t, runs > 3, "it was broken off");
    tap_is(t, wrong, 0, "the audit was right after each transaction");
    tap_text(t, database_read(&d, "SELECT * FROM tcptab"), balances, "no balance has changed");
    tap_text(t,
             database_read(&d, "SELECT (SELECT count(*) FROM logging WHERE \"when\" < '" BEFORE
                               "'), (SELECT count(*) FROM usage WHERE hour < '" BEFORE
                               "'), (SELECT count(*) FROM session)"),
             "0|0|0", "nothing old is left");
    snprintf(whole, sizeof whole, "%s",
             database_read(&d, "SELECT name, delta, balance, action, reason FROM logging"
                               " ORDER BY name"));
    database_remove(&d);
    database_make(&d);
    fill(&d);
    tap_is(t, prune(&d, &n), 0, "the same at one go");
    tap_is(t, n.log, 6000, "rows of logging");
    tap_is(t, n.usage, 5 * 1416 / 5, "rows of usage");
    tap_is(t, n.sessions, 2500, "sessions");
    tap_text(t,
             database_read(&d, "SELECT name, delta, balance, action, reason FROM logging"
                               " ORDER BY name"),
             whole, "comes to the same");
    database_remove(&d);
}

/* Somebody else writes between the transactions. */
static bool deposit(void *context, const struct prune_counts *counts)
{
    struct database *d = context;

    (void)counts;
    database_write(d, "UPDATE tcptab SET quota = quota + 1");
    return true;
}

static void test_beside_others(struct tap *t)
{
    struct prune_counts n;
    struct database d;

    database_make(&d);
    fill(&d);
    tap_is(t, prune_run(d.store, at(BEFORE), at("2026-06-01T00:00:00Z"), "root", deposit, &d, &n),
           0, "beside others");
    tap_text(t, database_read(&d, DATABASE_AUDIT), "", "the audit is right");
    database_write(&d, "BEGIN IMMEDIATE");
    tap_is(t, prune(&d, &n), -EBUSY, "while somebody keeps it locked");
    database_write(&d, "COMMIT");
    tap_is(t, prune(&d, &n), 0, "and then not any more");
    database_remove(&d);
}

int main(void)
{
    struct tap t = {0};

    test_small(&t);
    test_times(&t);
    test_broken_off(&t);
    test_beside_others(&t);
    return tap_done(&t);
}
