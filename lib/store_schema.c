/* Which version the database is of, and how it becomes the newest. */
#include "store_sql.h"

#include <errno.h>
#include <stdio.h>

#define APPLICATION_ID 0x74637071 /* "tcpq", in the header of the file */

static int migrate(struct store *s, int64_t version)
{
    char sql[64];

    for (const struct store_migration *m = store_migrations; m->version; m++) {
        int err;

        if (m->version <= version)
            continue;
        err = sql_script(s, "BEGIN IMMEDIATE");
        if (!err)
            err = sql_script(s, m->sql);
        snprintf(sql, sizeof sql, "PRAGMA user_version = %d", m->version);
        if (!err)
            err = sql_script(s, sql);
        snprintf(sql, sizeof sql, "PRAGMA application_id = %d", APPLICATION_ID);
        if (!err)
            err = sql_script(s, sql);
        if (!err)
            err = sql_script(s, "COMMIT");
        if (err) {
            store_rollback(s);
            return err;
        }
    }
    return 0;
}

int store_check_version(struct store *s, enum store_mode mode)
{
    int64_t version = 0, objects = 0, ours = 0, newest = 0;
    int err = sql_number(s, "PRAGMA user_version", &version);

    if (!err)
        err = sql_number(s, "SELECT count(*) FROM sqlite_schema", &objects);
    if (!err)
        err = sql_number(s, "PRAGMA application_id", &ours);
    if (err)
        return err;
    for (const struct store_migration *m = store_migrations; m->version; m++)
        newest = m->version;
    if (objects > 0 && ours != APPLICATION_ID)
        return sql_failed_because(s, -EBADMSG, "it is a database of something else");
    if (version > newest)
        return sql_failed_because(s, -EBADMSG, "it was made by a newer tcpquota");
    if (mode == STORE_SHARE && version < newest)
        return sql_failed_because(s, -EBADMSG,
                                  "it is an older one, tcpquotad has to be started first");
    return mode == STORE_CREATE ? migrate(s, version) : 0;
}
