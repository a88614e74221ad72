/* The rows of masq and orders: read as a whole, written one condition at a time. */
#include "store_sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const cause_names[CAUSES] = {"user",  "quota", "denied", "idle",
                                                "moved", "admin", "hours",  "exit"};

const char *cause_name(enum cause cause)
{
    return cause < CAUSES ? cause_names[cause] : "?";
}

enum cause cause_parse(const char *name)
{
    unsigned i = 0;

    while (i < CAUSES && strcmp(cause_names[i], name) != 0)
        i++;
    return (enum cause)i;
}

/* The columns in the order of SQL_LOAD and SQL_FIND_ROW. */
static void read_row(struct store *s, enum sql id, struct store_row *row)
{
    *row = (struct store_row){0};
    snprintf(row->host, sizeof row->host, "%s", sql_text(s, id, 0));
    snprintf(row->user.text, sizeof row->user.text, "%s", sql_text(s, id, 1));
    row->cnts = sql_int(s, id, 2);
    row->tic = sql_int(s, id, 3);
    row->counter = sql_int(s, id, 4);
    row->order = (enum order)sql_int(s, id, 5);
    row->free = sql_int(s, id, 6) != 0;
    row->allowed = sql_int(s, id, 7) != 0;
    row->balance = sql_int(s, id, 8);
    row->cause = CAUSE_ADMIN;
    if (!sql_is_null(s, id, 9))
        row->cause = cause_parse(sql_text(s, id, 9));
    if (!sql_is_null(s, id, 10) && wall_parse_utc(sql_text(s, id, 10), &row->until) != 0)
        row->until = (struct wall){1}; /* past int64: the CHECK keeps the rest out; fail closed */
    snprintf(row->by.text, sizeof row->by.text, "%s", sql_text(s, id, 11));
}

int store_load(struct store *s, struct store_row **out, size_t *out_count)
{
    struct store_row *rows = NULL;
    size_t count = 0, room = 0;
    int rc;

    while ((rc = sql_step(s, SQL_LOAD)) > 0) {
        if (count == room) {
            size_t more = room ? room * 2 : 64;
            struct store_row *bigger = realloc(rows, more * sizeof *rows);

            if (!bigger) {
                sql_reset(s, SQL_LOAD);
                rc = -ENOMEM;
                break;
            }
            rows = bigger;
            room = more;
        }
        read_row(s, SQL_LOAD, &rows[count++]);
    }
    if (rc < 0) {
        free(rows);
        return rc;
    }
    *out = rows;
    *out_count = count;
    return 0;
}

int store_find_row(struct store *s, const char *host, struct store_row *out)
{
    int rc;

    sql_bind_text(s, SQL_FIND_ROW, 1, host);
    rc = sql_step(s, SQL_FIND_ROW);
    if (rc <= 0)
        return rc;
    read_row(s, SQL_FIND_ROW, out);
    sql_reset(s, SQL_FIND_ROW);
    return 1;
}

int store_set_order(struct store *s, const char *host, const struct user_name *user,
                    enum order from, enum order to)
{
    sql_bind_text(s, SQL_ORDER, 1, host);
    sql_bind_text(s, SQL_ORDER, 2, user->text);
    sql_bind_int(s, SQL_ORDER, 3, from);
    sql_bind_int(s, SQL_ORDER, 4, to);
    return sql_run(s, SQL_ORDER);
}

int store_set_use(struct store *s, const char *host, int64_t cnts, int64_t passes)
{
    sql_bind_text(s, SQL_USED, 1, host);
    sql_bind_int(s, SQL_USED, 2, cnts);
    sql_bind_int(s, SQL_USED, 3, passes);
    return sql_run(s, SQL_USED);
}

int store_age_rows(struct store *s)
{
    return sql_run(s, SQL_AGE);
}

int store_delete_row(struct store *s, const char *host, enum order order)
{
    sql_bind_text(s, SQL_DROP_ROW, 1, host);
    sql_bind_int(s, SQL_DROP_ROW, 2, order);
    return sql_run(s, SQL_DROP_ROW);
}

int store_respell(struct store *s, const char *host, const char *canonical)
{
    int err = store_delete_row(s, canonical, ORDER_IS_CLOSED);

    if (err)
        return err;
    sql_bind_text(s, SQL_RESPELL, 1, host);
    sql_bind_text(s, SQL_RESPELL, 2, canonical);
    err = sql_run(s, SQL_RESPELL);
    if (err)
        return err;
    return sql_changes(s) ? 0 : -EEXIST;
}

int store_clear_rows(struct store *s)
{
    int err = sql_run(s, SQL_CLEAR_ROWS);

    return err ? err : sql_run(s, SQL_CLEAR_ORDERS);
}

/* Who ordered it, why, and until when. */
static int write_order(struct store *s, const char *host, const char *by, enum cause cause,
                       struct wall until)
{
    char text[WALL_UTC_LEN];

    if (until.ns)
        wall_format_utc(until, text);
    sql_bind_text(s, SQL_ORDERED, 1, host);
    sql_bind_text(s, SQL_ORDERED, 2, by);
    sql_bind_text(s, SQL_ORDERED, 3, cause_name(cause));
    sql_bind_text(s, SQL_ORDERED, 4, until.ns ? text : NULL);
    return sql_run(s, SQL_ORDERED);
}

int store_order_open(struct store *s, const struct store_opening *o)
{
    int err;

    sql_bind_text(s, SQL_OPENING, 1, o->host);
    sql_bind_text(s, SQL_OPENING, 2, o->user->text);
    sql_bind_int(s, SQL_OPENING, 3, o->tic);
    sql_bind_int(s, SQL_OPENING, 4, o->free);
    err = sql_run(s, SQL_OPENING);
    return err ? err : write_order(s, o->host, o->by, CAUSE_ADMIN, o->until);
}

int store_order_close(struct store *s, const char *host, const struct user_name *user,
                      const char *by, enum cause cause)
{
    int err;

    sql_bind_text(s, SQL_CLOSING, 1, host);
    sql_bind_text(s, SQL_CLOSING, 2, user ? user->text : NULL);
    err = sql_run(s, SQL_CLOSING);
    if (err || !sql_changes(s))
        return err;
    err = write_order(s, host, by, cause, (struct wall){0});
    return err ? err : 1;
}

int store_refresh(struct store *s, const char *host, const struct user_name *user)
{
    sql_bind_text(s, SQL_REFRESH, 1, host);
    sql_bind_text(s, SQL_REFRESH, 2, user->text);
    return sql_run(s, SQL_REFRESH);
}

int store_log_openfw(struct store *s, const char *user, const char *action)
{
    sql_bind_text(s, SQL_LOG_OPENFW, 1, user);
    sql_bind_text(s, SQL_LOG_OPENFW, 2, action);
    return sql_run(s, SQL_LOG_OPENFW);
}
