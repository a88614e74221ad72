/* Who there is: users and hosts. */
#include "store_read.h"

#include "store_sql.h"

#include <stdio.h>

static void begin(struct store *s, enum sql id, const struct user_name *only)
{
    sql_reset(s, id);
    sql_bind_text(s, id, 1, only ? only->text : NULL);
}

void store_read_users(struct store *s, const struct user_name *only)
{
    begin(s, SQL_USERS, only);
}

int store_next_user(struct store *s, struct store_user *out)
{
    int rc = sql_step(s, SQL_USERS);

    if (rc <= 0)
        return rc;
    *out = (struct store_user){.quota = sql_int(s, SQL_USERS, 1),
                               .has_quota = !sql_is_null(s, SQL_USERS, 1),
                               .allowed = sql_int(s, SQL_USERS, 2) != 0};
    snprintf(out->name.text, sizeof out->name.text, "%s", sql_text(s, SQL_USERS, 0));
    return 1;
}

void store_read_hosts(struct store *s, const struct user_name *only)
{
    begin(s, SQL_HOSTS, only);
}

int store_next_host(struct store *s, struct store_host *out)
{
    int rc = sql_step(s, SQL_HOSTS);

    if (rc <= 0)
        return rc;
    *out = (struct store_host){
        .host = sql_text(s, SQL_HOSTS, 0),
        .name = sql_text(s, SQL_HOSTS, 1),
        .cnts = sql_int(s, SQL_HOSTS, 2),
        .tic = sql_int(s, SQL_HOSTS, 3),
        .counter = sql_int(s, SQL_HOSTS, 4),
        .open = sql_int(s, SQL_HOSTS, 5),
        .free = sql_int(s, SQL_HOSTS, 6) != 0,
        .opened = sql_text(s, SQL_HOSTS, 7),
        .seconds = sql_int(s, SQL_HOSTS, 8),
        .points = sql_int(s, SQL_HOSTS, 9),
        .by = sql_text(s, SQL_HOSTS, 10),
        .until = sql_text(s, SQL_HOSTS, 11),
    };
    return 1;
}

void store_read_locals(struct store *s, const struct user_name *only)
{
    begin(s, SQL_LOCALS, only);
}

int store_next_local(struct store *s, struct store_host *out)
{
    int rc = sql_step(s, SQL_LOCALS);

    if (rc <= 0)
        return rc;
    *out = (struct store_host){.host = sql_text(s, SQL_LOCALS, 0),
                               .name = sql_text(s, SQL_LOCALS, 1),
                               .tic = -1,
                               .open = ORDER_IS_OPEN,
                               .opened = sql_text(s, SQL_LOCALS, 2),
                               .seconds = sql_int(s, SQL_LOCALS, 3),
                               .points = sql_int(s, SQL_LOCALS, 4),
                               .by = "",
                               .until = ""};
    return 1;
}

void store_read_busy_hosts(struct store *s)
{
    sql_reset(s, SQL_BUSY_HOSTS);
}

int store_next_busy_host(struct store *s, struct store_host *out)
{
    int rc = sql_step(s, SQL_BUSY_HOSTS);

    if (rc <= 0)
        return rc;
    *out = (struct store_host){.host = sql_text(s, SQL_BUSY_HOSTS, 0),
                               .name = sql_text(s, SQL_BUSY_HOSTS, 1),
                               .cnts = sql_int(s, SQL_BUSY_HOSTS, 2),
                               .open = sql_int(s, SQL_BUSY_HOSTS, 3),
                               .opened = "",
                               .by = "",
                               .until = ""};
    return 1;
}

int store_snapshot(struct store *s)
{
    return sql_run(s, SQL_SNAPSHOT);
}

void store_stop(struct store *s)
{
    for (int id = 0; id < SQL_COUNT; id++)
        sql_reset(s, (enum sql)id);
    store_rollback(s);
}

int store_is_allowed(struct store *s, const struct user_name *user)
{
    int rc;

    sql_bind_text(s, SQL_IS_ALLOWED, 1, user->text);
    rc = sql_step(s, SQL_IS_ALLOWED);
    if (rc > 0)
        sql_reset(s, SQL_IS_ALLOWED);
    return rc;
}

int store_is_anybody_allowed(struct store *s)
{
    int rc = sql_step(s, SQL_ANY_ALLOWED);

    if (rc > 0)
        sql_reset(s, SQL_ANY_ALLOWED);
    return rc;
}
