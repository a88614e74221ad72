#include "store_import.h"

#include "store_sql.h"

#include <errno.h>

int store_is_empty(struct store *s)
{
    int rc = sql_step(s, SQL_IS_EMPTY), empty;

    if (rc <= 0)
        return rc < 0 ? rc : -EIO;
    empty = sql_int(s, SQL_IS_EMPTY, 0) != 0;
    sql_reset(s, SQL_IS_EMPTY);
    return empty;
}

int store_clear_periods(struct store *s)
{
    return sql_run(s, SQL_CLEAR_PERIODS);
}

int store_put_period(struct store *s, int64_t id, const char *period, int64_t quota)
{
    sql_bind_int(s, SQL_PUT_PERIOD, 1, id);
    sql_bind_text(s, SQL_PUT_PERIOD, 2, period);
    sql_bind_int(s, SQL_PUT_PERIOD, 3, quota);
    return sql_run(s, SQL_PUT_PERIOD);
}

static int put_line(struct store *s, enum sql id, const char *when, const char *user,
                    const char *text)
{
    sql_bind_text(s, id, 1, when);
    sql_bind_text(s, id, 2, user);
    sql_bind_text(s, id, 3, text);
    return sql_run(s, id);
}

int store_put_openfw(struct store *s, const char *when, const char *user, const char *action)
{
    return put_line(s, SQL_PUT_OPENFW, when, user, action);
}

int store_put_log(struct store *s, const char *when, const char *user, const char *text)
{
    return put_line(s, SQL_PUT_LOG, when, user, text);
}
