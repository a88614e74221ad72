/*
 * store_sql: what the parts of the store share and nobody else includes: its statements, and how
 * they are bound and stepped. store.c alone includes sqlite3.h.
 */
#ifndef TCPQUOTA_STORE_SQL_H
#define TCPQUOTA_STORE_SQL_H

#include "store.h"

/* What a balance is limited to by its CHECK. A number that an administrator has written is held
 * there where it is added to: a sum past int64 would be refused, and with it everybody's charges.
 */
#define SQL_LIMIT "1000000000000000"

/* Every statement the store runs more than once, prepared at its first use. */
#define STORE_STATEMENTS(X)                                                                        \
    X(VERSION, "PRAGMA data_version")                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(LOAD, "SELECT m.host, m.name, m.cnts, m.tic, m.counter, m.open, m.free,"                     \
            " a.name IS NOT NULL, coalesce(t.quota, 0), o.cause, o.until"                          \
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
    X(CLEAR_ROWS, "DELETE FROM masq")

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

/* The files of schema/, in their order, and the user_version that each leaves behind. */
struct store_migration {
    int version; /* that the database has afterwards */
    const char *sql;
};
extern const struct store_migration store_migrations[]; /* generated from schema/; version 0 ends */

#endif
