/*
 * database: a database in a folder of its own, for tests, and a second look at it past the store.
 * The folder is made by database_make() and goes with database_remove(). What fails ends the test.
 */
#ifndef TCPQUOTA_TEST_DATABASE_H
#define TCPQUOTA_TEST_DATABASE_H

#include "store.h"
#include "tap.h"

#include <dirent.h>
#include <sqlite3.h>
#include <unistd.h>

struct database {
    char folder[64], path[96];
    sqlite3 *look; /* for reading, and for what somebody else writes */
    struct store *store;
};

static inline void database_fail(const char *what, const char *why)
{
    printf("Bail out! %s: %s\n", what, why);
    exit(1);
}

static inline void database_make(struct database *d)
{
    snprintf(d->folder, sizeof d->folder, "/tmp/tcpquota-test.XXXXXX");
    if (!mkdtemp(d->folder))
        database_fail("mkdtemp", d->folder);
    snprintf(d->path, sizeof d->path, "%s/tcpquota.db", d->folder);
    if (store_open(&d->store, d->path, STORE_CREATE) != 0)
        database_fail(d->path, store_error(d->store));
    if (sqlite3_open_v2(d->path, &d->look, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        database_fail(d->path, sqlite3_errmsg(d->look));
}

static inline void database_remove(struct database *d)
{
    DIR *entries = opendir(d->folder);
    const struct dirent *e;
    char path[64 + 256 + 2];

    store_close(d->store);
    sqlite3_close(d->look);
    while (entries && (e = readdir(entries))) {
        snprintf(path, sizeof path, "%s/%s", d->folder, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (entries)
        closedir(entries);
    rmdir(d->folder);
}

/* What somebody with a shell does. */
static inline void database_write(struct database *d, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(d->look, sql, NULL, NULL, &why) != SQLITE_OK)
        database_fail(sql, why);
}

/* Every row as `a|b|c`, between them `; `, in a text that lives until the next call. */
static inline const char *database_read_of(sqlite3 *look, const char *sql)
{
    static char text[16384];
    sqlite3_stmt *s;
    size_t len = 0;

    text[0] = '\0';
    if (sqlite3_prepare_v2(look, sql, -1, &s, NULL) != SQLITE_OK)
        database_fail(sql, sqlite3_errmsg(look));
    while (sqlite3_step(s) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const unsigned char *value = sqlite3_column_text(s, i);

            len +=
                (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? "|" : (len ? "; " : ""),
                                 value ? (const char *)value : "NULL");
            if (len >= sizeof text)
                database_fail(sql, "too long");
        }
    }
    if (sqlite3_finalize(s) != SQLITE_OK)
        database_fail(sql, sqlite3_errmsg(look));
    return text;
}

static inline const char *database_read(struct database *d, const char *sql)
{
    return database_read_of(d->look, sql);
}

/* Whose balance is not what it should be, tcpquota-schema(5). */
#define DATABASE_AUDIT                                                                             \
    "WITH names AS (SELECT name FROM tcptab UNION SELECT name FROM logging"                        \
    " UNION SELECT name FROM usage), sums AS (SELECT name,"                                        \
    " coalesce((SELECT quota FROM tcptab t WHERE t.name = n.name), 0) AS has,"                     \
    " coalesce((SELECT sum(delta) FROM logging l WHERE l.name = n.name), 0) -"                     \
    " coalesce((SELECT sum(points) FROM usage u WHERE u.name = n.name), 0) AS should"              \
    " FROM names n) SELECT name, has, should FROM sums WHERE has <> should"

#endif
