/*
 * store_sql: what the parts of the store share and nobody else includes: its statements, and how
 * they are bound and stepped. store.c alone knows the library itself.
 */
#ifndef TCPQUOTA_STORE_SQL_H
#define TCPQUOTA_STORE_SQL_H

#include "store.h"

/* What a balance is limited to by its CHECK. A number that an administrator has written is held
 * there where it is added to: a sum past int64 would be refused, and with it everybody's charges.
 */
#define SQL_LIMIT "1000000000000000"

/*
 * Every statement the store runs more than once, prepared at its first use.
 *
 * What store_read.h reads for others comes from USERS on. There a single step has to be cheap,
 * whatever stands in the tables: no sorter, and no WHERE that passes over rows without an end; `in
 * order` always means that of an index. USERS merges two of them; BETWEEN '' AND x'' holds every
 * text, since a blob comes after all of them. HOSTS, LOCALS and USAGE give a row for what is not
 * shown, too.
 * USAGE goes from name to name without passing over the hours in between, and LEFT JOIN holds it to
 * that order.
 */
#define STORE_STATEMENTS(X)                                                                        \
    X(VERSION, "PRAGMA data_version")                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(LOAD, "SELECT m.host, m.name, m.cnts, m.tic, m.counter, m.open, m.free,"                     \
            " a.name IS NOT NULL, coalesce(t.quota, 0), o.cause, o.until, o.user"                  \
            " FROM masq m LEFT JOIN allowed a ON a.name = m.name"                                  \
            " LEFT JOIN tcptab t ON t.name = m.name LEFT JOIN orders o ON o.host = m.host"         \
            " ORDER BY m.host")                                                                    \
    X(BALANCE, "SELECT quota FROM tcptab WHERE name = ?1")                                         \
    X(ACT, "INSERT INTO actor (user, action) VALUES ('tcpquotad', 'charge')")                      \
    X(ACTED, "DELETE FROM actor")                                                                  \
    X(TAKE, "UPDATE tcptab SET quota = max(quota - ?2, -" SQL_LIMIT ") WHERE name = ?1")           \
    X(TAKE_FIRST, "INSERT INTO tcptab (name, quota) VALUES (?1, -?2)")                             \
    X(USE,                                                                                         \
      "INSERT INTO usage (name, hour, seconds, points) VALUES (?1, ?2, ?3, ?4)"                    \
      " ON CONFLICT (name, hour) DO UPDATE"                                                        \
      " SET seconds = min(seconds, " SQL_LIMIT ") + ?3, points = min(points, " SQL_LIMIT ") + ?4") \
    X(PERIOD, "UPDATE periodtab SET quota = min(quota, " SQL_LIMIT ") + ?1"                        \
              " WHERE id = (SELECT max(id) FROM periodtab)")                                       \
    X(SESSION_NEW, "INSERT INTO session (name, host, opened) VALUES (?1, ?2, ?3)"                  \
                   " RETURNING id")                                                                \
    X(SESSION_SET, "UPDATE session SET seconds = ?2, points = ?3, closed = ?4, cause = ?5"         \
                   " WHERE id = ?1")                                                               \
    X(SESSION_FIND, "SELECT id, opened, seconds, points FROM session"                              \
                    " WHERE closed IS NULL AND host = ?1 AND name = ?2 ORDER BY id DESC LIMIT 1")  \
    X(SESSIONS_END, "UPDATE session SET closed = ?1, cause = ?2 WHERE closed IS NULL"              \
                    " AND NOT EXISTS (SELECT 1 FROM masq m WHERE m.host = session.host"            \
                    " AND m.name = session.name AND m.open = 1) OR closed IS NULL AND id NOT IN"   \
                    " (SELECT max(id) FROM session WHERE closed IS NULL GROUP BY host)")           \
    X(ORDER, "UPDATE masq SET open = ?4 WHERE host = ?1 AND name = ?2 AND open = ?3")              \
    X(USED, "UPDATE masq SET cnts = ?2, counter = min(counter, " SQL_LIMIT ") + ?3"                \
            " WHERE host = ?1")                                                                    \
    X(AGE, "UPDATE masq SET tic = tic + 1"                                                         \
           " WHERE open = 1 AND tic BETWEEN 0 AND " SQL_LIMIT)                                     \
    X(DROP_ROW, "DELETE FROM masq WHERE host = ?1 AND open = ?2")                                  \
    X(RESPELL, "UPDATE OR IGNORE masq SET host = ?2 WHERE host = ?1")                              \
    X(CLEAR_ORDERS, "DELETE FROM orders")                                                          \
    X(CLEAR_ROWS, "DELETE FROM masq")                                                              \
    X(ACT_AS, "INSERT INTO actor (user, action, reason) VALUES (?1, ?2, ?3)")                      \
    X(OPENING, "INSERT INTO masq (host, name, tic, free) VALUES (?1, ?2, ?3, ?4)")                 \
    X(ORDERED, "INSERT INTO orders (host, user, cause, until) VALUES (?1, ?2, ?3, ?4)"             \
               " ON CONFLICT (host) DO UPDATE SET user = ?2, cause = ?3, until = ?4")              \
    X(CLOSING, "UPDATE masq SET open = 3 WHERE host = ?1 AND (?2 IS NULL OR name = ?2)"            \
               " AND open IN (1, 2)")                                                              \
    X(REFRESH, "UPDATE masq SET tic = 0 WHERE host = ?1 AND name = ?2 AND tic > 0")                \
    X(LOG_OPENFW, "INSERT INTO logging_openfw (user, action) VALUES (?1, ?2)")                     \
    X(ANY_ALLOWED, "SELECT 1 FROM allowed LIMIT 1")                                                \
    X(IS_ALLOWED, "SELECT 1 FROM allowed WHERE name = ?1")                                         \
    X(ALLOW, "INSERT INTO allowed (name) SELECT ?1"                                                \
             " WHERE NOT EXISTS (SELECT 1 FROM allowed WHERE name = ?1)")                          \
    X(DENY, "DELETE FROM allowed WHERE name = ?1")                                                 \
    X(MAKE, "INSERT INTO tcptab (name) SELECT ?1"                                                  \
            " WHERE NOT EXISTS (SELECT 1 FROM tcptab WHERE name = ?1)")                            \
    X(MADE, "DELETE FROM actor WHERE action = 'charge'")                                           \
    X(LAST_ACTION, "SELECT action FROM logging WHERE name = ?1 ORDER BY rowid DESC LIMIT 1")       \
    X(ADD, "UPDATE tcptab SET quota = quota + ?2 WHERE name = ?1")                                 \
    X(SET, "UPDATE tcptab SET quota = ?2 WHERE name = ?1")                                         \
    X(PUT, "INSERT INTO tcptab (name, quota) VALUES (?1, ?2)")                                     \
    X(FORGET, "DELETE FROM tcptab WHERE name = ?1")                                                \
    X(NEW_PERIOD, "INSERT INTO periodtab (id, period) SELECT coalesce(max(id), -1) + 1,"           \
                  " coalesce(?1, strftime('%Y%m%d %H%M', 'now', 'localtime')) FROM periodtab"      \
                  " RETURNING id, period, quota")                                                  \
    X(IS_EMPTY, "SELECT NOT EXISTS (SELECT 1 FROM tcptab) AND NOT EXISTS (SELECT 1 FROM allowed)") \
    X(CLEAR_PERIODS, "DELETE FROM periodtab WHERE quota = 0")                                      \
    X(PUT_PERIOD, "INSERT INTO periodtab (id, period, quota) VALUES (?1, ?2, ?3)")                 \
    X(PUT_OPENFW, "INSERT INTO logging_openfw (\"when\", user, action) VALUES (?1, ?2, ?3)")       \
    X(PUT_LOG, "INSERT INTO logging (\"when\", user, action, name, delta, balance, reason)"        \
               " VALUES (?1, ?2, 'import', '', 0, 0, ?3)")                                         \
    X(NEXT_ACCOUNTED, "SELECT min(name) FROM (SELECT min(name) AS name FROM logging"               \
                      " WHERE name > ?1 UNION ALL SELECT min(name) FROM usage WHERE name > ?1)")   \
    X(OLD_LOG, "SELECT count(*), coalesce(sum(delta), 0), coalesce(max(id), 0) FROM"               \
               " (SELECT rowid AS id, delta FROM logging WHERE name = ?1 AND \"when\" < ?2"        \
               " ORDER BY rowid LIMIT ?3)")                                                        \
    X(OLD_USAGE, "SELECT count(*), coalesce(sum(points), 0), 0 FROM (SELECT points FROM usage"     \
                 " WHERE name = ?1 AND hour < ?2 ORDER BY hour LIMIT ?3)")                         \
    X(DROP_LOG, "DELETE FROM logging WHERE rowid IN (SELECT rowid FROM logging"                    \
                " WHERE name = ?1 AND \"when\" < ?2 ORDER BY rowid LIMIT ?3)")                     \
    X(DROP_USAGE, "DELETE FROM usage WHERE name = ?1 AND hour IN (SELECT hour FROM usage"          \
                  " WHERE name = ?1 AND hour < ?2 ORDER BY hour LIMIT ?3)")                        \
    X(OPENED_BY, "SELECT rowid, delta FROM logging WHERE name = ?1 AND \"when\" = ?2"              \
                 " AND action = 'import' AND reason = ?3 LIMIT 1")                                 \
    X(UNOPEN, "DELETE FROM logging WHERE rowid = ?1")                                              \
    X(OPENING_BALANCE, "INSERT INTO logging (rowid, \"when\", user, action, name, delta, balance," \
                       " reason) SELECT iif(?1 <> 0, ?1, (SELECT coalesce(min(rowid), 1) - 1"      \
                       " FROM logging)), ?2, ?3, 'import', ?4, ?5, ?5, ?6")                        \
    X(DROP_SESSIONS, "DELETE FROM session WHERE id IN (SELECT id FROM session"                     \
                     " WHERE closed < ?1 ORDER BY id LIMIT ?2)")                                   \
    X(DROP_OPENFW, "DELETE FROM logging_openfw WHERE rowid IN (SELECT rowid FROM logging_openfw"   \
                   " WHERE \"when\" < ?1 ORDER BY rowid LIMIT ?2)")                                \
    X(DROP_LOOKUPS, "DELETE FROM lookuplog WHERE rowid IN (SELECT rowid FROM lookuplog"            \
                    " WHERE lookupWhen < ?1 ORDER BY rowid LIMIT ?2)")                             \
    X(LOG_LOOKUP, "INSERT INTO lookuplog (hostAddress, hostGroup, allow, lookupWhen)"              \
                  " VALUES (?1, ?2, ?3, ?4)")                                                      \
    X(GENERATION, "SELECT generation FROM policy WHERE topic = ?1")                                \
    X(GROUPS, "SELECT hgId FROM hostgroup WHERE name = ?1 ORDER BY hgId")                          \
    X(ADDRESSES, "SELECT hostGroup, hostAddress FROM validipaddress")                              \
    X(ADDRESS_CHANGES, "SELECT generation, hostGroup, hostAddress, delta FROM addresschange"       \
                       " WHERE generation > ?1 ORDER BY generation")                               \
    X(RULES, "SELECT itime, ip_start, ip_end, decision, env FROM tcpserver_rules ORDER BY rowid")  \
    X(SCOPES, "SELECT s.service, s.hostgroup, s.net, s.decision, s.env, s.itime, v.hostAddress,"   \
              " g.hgId IS NULL"                                                                    \
              " FROM tcpserver_scope s LEFT JOIN hostgroup g ON g.name = s.hostgroup"              \
              " LEFT JOIN validipaddress v ON v.hostGroup = g.hgId"                                \
              " WHERE ?1 IS NULL OR s.service IS NULL OR s.service = ?1 ORDER BY s.rowid")         \
    X(PUT_RULE, "INSERT INTO tcpserver_rules (itime, ip_start, ip_end, decision, env)"             \
                " VALUES (?1, ?2, ?3, ?4, ?5)")                                                    \
    X(PUT_SCOPE, "INSERT INTO tcpserver_scope (itime, service, net, decision, env)"                \
                 " VALUES (?1, ?2, ?3, ?4, ?5)")                                                   \
    X(BACKENDS, "SELECT address, port, protocol, weight FROM backends WHERE service = ?1")         \
    X(READ, "SELECT 1 FROM sqlite_schema")                                                         \
    X(USERS, "SELECT t.name, t.quota, EXISTS (SELECT 1 FROM allowed a WHERE a.name = t.name)"      \
             " FROM tcptab t WHERE t.name BETWEEN coalesce(?1, '') AND coalesce(?1, x'')"          \
             " UNION SELECT a.name, (SELECT t.quota FROM tcptab t WHERE t.name = a.name), 1"       \
             " FROM allowed a WHERE a.name BETWEEN coalesce(?1, '') AND coalesce(?1, x'')"         \
             " ORDER BY 1")                                                                        \
    X(HOSTS, "SELECT m.shown, m.name, m.cnts, m.tic, m.counter, m.open, m.free, s.opened,"         \
             " coalesce(s.seconds, 0), coalesce(s.points, 0), o.user, o.until"                     \
             " FROM (SELECT *, iif(?1 IS NULL OR name = ?1, host, NULL) AS shown FROM masq) m"     \
             " LEFT JOIN orders o ON o.host = m.shown LEFT JOIN session s ON s.id ="               \
             " (SELECT x.id FROM session x WHERE x.closed IS NULL AND x.host = m.shown"            \
             " AND +x.name = m.name ORDER BY x.id DESC LIMIT 1) ORDER BY m.host")                  \
    X(LOCALS, "SELECT iif(?1 IS NULL OR name = ?1, host, NULL), name, opened, seconds, points"     \
              " FROM session WHERE closed IS NULL AND host = '" SESSION_LOCAL "' ORDER BY id")     \
    X(SNAPSHOT, "BEGIN")                                                                           \
    X(FIND_ROW, "SELECT m.host, m.name, m.cnts, m.tic, m.counter, m.open, m.free,"                 \
                " a.name IS NOT NULL, coalesce(t.quota, 0), o.cause, o.until, o.user"              \
                " FROM masq m LEFT JOIN allowed a ON a.name = m.name"                              \
                " LEFT JOIN tcptab t ON t.name = m.name LEFT JOIN orders o ON o.host = m.host"     \
                " WHERE m.host = ?1")                                                              \
    X(BUSY_HOSTS, "SELECT host, name, cnts, open FROM masq ORDER BY host")                         \
    X(LOG, "SELECT \"when\", user, action, name, delta, balance, reason FROM logging"              \
           " ORDER BY rowid")                                                                      \
    X(LOG_OF, "SELECT \"when\", user, action, name, delta, balance, reason FROM logging"           \
              " WHERE name = ?1 ORDER BY rowid")                                                   \
    X(OPENFW, "SELECT \"when\", user, action FROM logging_openfw ORDER BY rowid")                  \
    X(SESSIONS, "SELECT id, name, host, opened, closed, seconds, points, cause FROM session"       \
                " ORDER BY id DESC LIMIT ?1")                                                      \
    X(SESSIONS_OF, "SELECT id, name, host, opened, closed, seconds, points, cause FROM session"    \
                   " WHERE name = ?2 ORDER BY id DESC LIMIT ?1")                                   \
    X(PERIODS, "SELECT id, period, quota FROM periodtab ORDER BY id")                              \
    X(USAGE, "WITH RECURSIVE n(name) AS (SELECT coalesce(?1, (SELECT min(name) FROM usage))"       \
             " UNION ALL SELECT (SELECT min(u.name) FROM usage u WHERE u.name > n.name) FROM n"    \
             " WHERE ?1 IS NULL AND n.name IS NOT NULL)"                                           \
             " SELECT n.name, u.hour, u.seconds, u.points FROM n LEFT JOIN usage u"                \
             " ON u.name = n.name AND u.hour >= coalesce(?2, '')"                                  \
             " AND u.hour < coalesce(?3, x'') WHERE n.name IS NOT NULL")                           \
    X(LAST_HOURS, "SELECT name, hour, seconds, points FROM usage WHERE name = ?1"                  \
                  " ORDER BY hour DESC LIMIT ?2")                                                  \
    X(BALANCES, "SELECT name, quota FROM tcptab ORDER BY name")                                    \
    X(LOGGED, "SELECT name, delta FROM logging ORDER BY name")                                     \
    X(USED_POINTS, "SELECT name, points FROM usage ORDER BY name, hour")

#define STORE_STATEMENT_ID(id, sql) SQL_##id,
enum sql { STORE_STATEMENTS(STORE_STATEMENT_ID) SQL_COUNT };
#undef STORE_STATEMENT_ID

/* Binds parameter `n` (from 1); a text has to last until the statement is done. A failure shows in
 * the next sql_step(). */
void sql_bind_int(struct store *s, enum sql id, int n, int64_t value);
void sql_bind_text(struct store *s, enum sql id, int n, const char *value); /* NULL is NULL */
/* 1: a row stands ready, read its columns; 0: done, and the statement is reset; -errno: reset. */
int sql_step(struct store *s, enum sql id);
/* Ends a statement before its last row. */
void sql_reset(struct store *s, enum sql id);
/* Columns from 0; a text lives until the next step or reset and is "" for NULL. */
int64_t sql_int(struct store *s, enum sql id, int column);
const char *sql_text(struct store *s, enum sql id, int column);
bool sql_is_null(struct store *s, enum sql id, int column);
/* Steps a statement without rows to its end: 0 or -errno. */
int sql_run(struct store *s, enum sql id);
/* Rows that the last statement changed. */
int sql_changes(struct store *s);

/*
 * The administrator's own question: one statement that only reads, with parameters of these names
 * (`:ip`) or fewer; `names` ends with NULL. 0, or -EINVAL with the reason in store_error().
 */
int sql_own_prepare(struct store *s, const char *sql, const char *const *names);
/* Bind a parameter by its name, if the statement has it; a text has to last until it is done. */
void sql_own_bind_text(struct store *s, const char *name, const char *value);
void sql_own_bind_int(struct store *s, const char *name, int64_t value);
/* Runs it, for so many milliseconds at most: 1 and the first column of its first row as a number
 * in *out, 0 if there is no row or that is NULL, -ETIME, -errno. */
int sql_own_run(struct store *s, int milliseconds, int64_t *out);

/* Runs statements that give nothing, and one that gives a single number (0 without a row). 0 or
 * -errno. */
int sql_script(struct store *s, const char *sql);
int sql_number(struct store *s, const char *sql, int64_t *out);

/* Copies the database, as the reading that is under way sees it, into the empty file at `path`,
 * page by page, and checks the copy. 0 or -errno; -ECANCELED if `progress` (or NULL) wants no more.
 */
typedef bool sql_copy_progress(void *context, int64_t done, int64_t pages);
int sql_copy(struct store *s, const char *path, sql_copy_progress *progress, void *context);
/* Remembers the words and returns `err`. */
int sql_failed_because(struct store *s, int err, const char *what);

#define OPEN_PATIENCE_MS 5000 /* for another program's lock, while starting */

/* store_marker.c */
/* Whether the folder can be worked in, and whether the database is there if it ever was; makes an
 * empty file if it was not, in STORE_CREATE. 0 or -errno. */
int store_check_place(struct store *s, const char *path, enum store_mode mode);
/* Once the tables are there. The marker is locked for as long as the store is open: two daemons on
 * one database would charge everybody twice. A descriptor or -errno. */
int store_hold_marker(struct store *s, const char *path);

/* store_schema.c */
/* Refuses what is not ours, or newer than we are; brings it up to date in STORE_CREATE. 0 or
 * -errno. */
int store_check_version(struct store *s, enum store_mode mode);

/* The files of schema/, in their order, and the user_version that each leaves behind. */
struct store_migration {
    int version; /* that the database has afterwards */
    const char *sql;
};
extern const struct store_migration store_migrations[]; /* generated from schema/; version 0 ends */

#endif
