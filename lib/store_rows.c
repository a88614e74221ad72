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

/* The columns in the order of SQL_LOAD. */
static void read_row(struct store *s, struct store_row *row)
{
    *row = (struct store_row){0};
    snprintf(row->host, sizeof row->host, "%s", sql_text(s, SQL_LOAD, 0));
    snprintf(row->user.text, sizeof row->user.text, "%s", sql_text(s, SQL_LOAD, 1));
    row->cnts = sql_int(s, SQL_LOAD, 2);
    row->tic = sql_int(s, SQL_LOAD, 3);
    row->counter = sql_int(s, SQL_LOAD, 4);
    row->order = (enum order)sql_int(s, SQL_LOAD, 5);
    row->free = sql_int(s, SQL_LOAD, 6) != 0;
    row->allowed = sql_int(s, SQL_LOAD, 7) != 0;
    row->balance = sql_int(s, SQL_LOAD, 8);
    row->cause = CAUSE_ADMIN;
    if (!sql_is_null(s, SQL_LOAD, 9))
        row->cause = cause_parse(sql_text(s, SQL_LOAD, 9));
    if (!sql_is_null(s, SQL_LOAD, 10) &&
        wall_parse_utc(sql_text(s, SQL_LOAD, 10), &row->until) != 0)
        row->until = (struct wall){1}; /* past int64: the CHECK keeps the rest out; fail closed */
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
        read_row(s, &rows[count++]);
    }
    if (rc < 0) {
        free(rows);
        return rc;
    }
    *out = rows;
    *out_count = count;
    return 0;
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
