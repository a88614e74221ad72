/* Rows of sessions, of hosts and on the gateway itself; and whether anybody is allowed at all. */
#include "database.h"
#include "store_read.h"

#include <errno.h>

#define ROWS                                                                                       \
    "SELECT id, name, host, opened, closed, seconds, points, cause FROM session ORDER BY id"

static struct session session_of(const char *user, const char *host)
{
    struct session s = {.points = 0};

    snprintf(s.user.text, sizeof s.user.text, "%s", user);
    if ((host && addr_parse(host, &s.host) != 0) ||
        wall_parse_utc("2026-11-16T06:30:00Z", &s.opened) != 0)
        database_fail("the test itself is wrong", host);
    return s;
}

static void test_place(struct tap *t)
{
    static const char *const hosts[] = {"10.99.0.2", "fd99::2", "0.0.0.0", "::"};
    struct session s = session_of("alice", NULL);
    char out[ADDR_TEXT_LEN];

    memset(out, 'x', sizeof out);
    tap_text(t, session_place(&s, out), "local", "no host: the gateway itself");
    tap_ok(t, session_place(&s, out) == out, "the text is the caller's");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        s = session_of("alice", hosts[i]);
        tap_text(t, session_place(&s, out), hosts[i], "host %s", hosts[i]);
    }
}

/* In a transaction of its own. */
static void save(struct tap *t, struct database *d, struct session *s, const char *what)
{
    int err = store_begin(d->store);

    if (!err)
        err = store_save_session(d->store, s);
    tap_is(t, err ? err : store_commit(d->store), 0, "%s: saved", what);
}

static void test_local(struct tap *t)
{
    struct session local = session_of("alice", NULL), host = session_of("alice", "10.99.0.2");
    struct session bobs = session_of("bob", NULL), seen = session_of("alice", NULL);
    struct database d;

    database_make(&d);
    tap_is(t, store_find_session(d.store, &seen), 0, "none: looked for");
    tap_is(t, seen.id, 0, "none: not found");
    save(t, &d, &host, "on a host");
    tap_is(t, store_find_session(d.store, &seen), 0, "on a host alone: looked for");
    tap_is(t, seen.id, 0, "on a host alone: not found on the gateway");
    save(t, &d, &bobs, "another user's");
    store_find_session(d.store, &seen);
    tap_is(t, seen.id, 0, "another user's: not found");

    local.used = span_ms(7900);
    local.points = 12;
    save(t, &d, &local, "local");
    tap_text(t, database_read(&d, ROWS " LIMIT 1 OFFSET 2"),
             "3|alice|local|2026-11-16T06:30:00Z|NULL|7|12|NULL", "local: the row");
    tap_is(t, local.id, 3, "local: its id is known");
    seen.opened.ns = 0;
    tap_is(t, store_find_session(d.store, &seen), 0, "local: looked for");
    tap_is(t, seen.id, local.id, "local: found");
    tap_is(t, seen.opened.ns, local.opened.ns, "local: since when");
    tap_is(t, seen.used.ns, span_seconds(7).ns, "local: the time used, in whole seconds");
    tap_is(t, seen.points, 12, "local: the points");

    seen.used = span_seconds(30);
    seen.points = 40;
    seen.closed = (struct wall){seen.opened.ns + 60 * NS_PER_S};
    seen.cause = CAUSE_QUOTA;
    save(t, &d, &seen, "local, over");
    tap_text(t, database_read(&d, ROWS " LIMIT 1 OFFSET 2"),
             "3|alice|local|2026-11-16T06:30:00Z|2026-11-16T06:31:00Z|30|40|quota",
             "local, over: the same row");
    local = session_of("alice", NULL);
    store_find_session(d.store, &local);
    tap_is(t, local.id, 0, "local, over: not found any more");
    host = session_of("alice", "10.99.0.2");
    store_find_session(d.store, &host);
    tap_is(t, host.id, 1, "the one on the host is");
    database_remove(&d);
}

/* What a daemon that has died has left: on the gateway nothing is open. */
static void test_end(struct tap *t)
{
    struct session local = session_of("alice", NULL), host = session_of("alice", "10.99.0.2");
    struct wall at = {local.opened.ns + 60 * NS_PER_S};
    struct database d;

    database_make(&d);
    database_write(&d, "INSERT INTO masq (host, name, open) VALUES ('10.99.0.2', 'alice', 1)");
    save(t, &d, &host, "left: on an open host");
    save(t, &d, &local, "left: local");
    tap_is(t, store_begin(d.store), 0, "left: begin");
    tap_is(t, store_end_sessions(d.store, at, CAUSE_EXIT), 0, "left: ended");
    tap_is(t, store_commit(d.store), 0, "left: commit");
    tap_text(t, database_read(&d, "SELECT host, closed, cause FROM session ORDER BY id"),
             "10.99.0.2|NULL|NULL; local|2026-11-16T06:31:00Z|exit",
             "left: the one on the gateway is over, that on an open host goes on");
    database_remove(&d);
}

static void test_anybody(struct tap *t)
{
    struct user_name alice = {"alice"};
    struct database d;

    database_make(&d);
    tap_is(t, store_is_anybody_allowed(d.store), 0, "in a new database nobody is allowed");
    database_write(&d, "INSERT INTO tcptab VALUES ('alice', 100)");
    tap_is(t, store_is_anybody_allowed(d.store), 0, "a quota allows nobody");
    database_write(&d, "INSERT INTO allowed VALUES ('bob')");
    tap_is(t, store_is_anybody_allowed(d.store), 1, "one is");
    tap_is(t, store_is_allowed(d.store, &alice), 0, "though not everybody");
    database_write(&d, "INSERT INTO allowed VALUES ('alice')");
    for (int i = 0; i < 3; i++)
        tap_is(t, store_is_anybody_allowed(d.store), 1, "two are, ask %d", i);
    tap_is(t, store_begin(d.store), 0, "after that something can be written");
    tap_is(t, store_commit(d.store), 0, "and is");
    database_write(&d, "DELETE FROM allowed");
    tap_is(t, store_is_anybody_allowed(d.store), 0, "nobody is any more");
    database_write(&d, "PRAGMA writable_schema = ON; DROP TABLE allowed");
    tap_ok(t, store_is_anybody_allowed(d.store) < 0, "without the table it is an error");
    database_remove(&d);
}

int main(void)
{
    struct tap t = {0};

    test_place(&t);
    test_local(&t);
    test_end(&t);
    test_anybody(&t);
    return tap_done(&t);
}
