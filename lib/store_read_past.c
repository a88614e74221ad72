/* What has been: changes of balances, use, sessions, periods. */
#include "store_read.h"
#include "store_sql.h"

static const char *text_or_null(struct store *s, enum sql id, int column)
{
    return sql_is_null(s, id, column) ? NULL : sql_text(s, id, column);
}

static enum sql log_of(const struct user_name *only)
{
    return only ? SQL_LOG_OF : SQL_LOG;
}

void store_read_log(struct store *s, const struct user_name *only)
{
    sql_reset(s, log_of(only));
    if (only)
        sql_bind_text(s, SQL_LOG_OF, 1, only->text);
}

int store_next_log(struct store *s, const struct user_name *only, struct store_log *out)
{
    enum sql id = log_of(only);
    int rc = sql_step(s, id);

    if (rc <= 0)
        return rc;
    *out = (struct store_log){.when = sql_text(s, id, 0),
                              .user = sql_text(s, id, 1),
                              .action = sql_text(s, id, 2),
                              .name = sql_text(s, id, 3),
                              .delta = sql_int(s, id, 4),
                              .balance = sql_int(s, id, 5),
                              .reason = text_or_null(s, id, 6)};
    return 1;
}

void store_read_openfw(struct store *s)
{
    sql_reset(s, SQL_OPENFW);
}

int store_next_openfw(struct store *s, struct store_log *out)
{
    int rc = sql_step(s, SQL_OPENFW);

    if (rc <= 0)
        return rc;
    *out = (struct store_log){.when = sql_text(s, SQL_OPENFW, 0),
                              .user = sql_text(s, SQL_OPENFW, 1),
                              .action = sql_text(s, SQL_OPENFW, 2),
                              .name = ""};
    return 1;
}

static enum sql sessions_of(const struct user_name *only)
{
    return only ? SQL_SESSIONS_OF : SQL_SESSIONS;
}

void store_read_sessions(struct store *s, const struct user_name *only, int64_t limit)
{
    enum sql id = sessions_of(only);

    sql_reset(s, id);
    sql_bind_int(s, id, 1, limit);
    if (only)
        sql_bind_text(s, id, 2, only->text);
}

int store_next_session(struct store *s, const struct user_name *only, struct store_session *out)
{
    enum sql id = sessions_of(only);
    int rc = sql_step(s, id);

    if (rc <= 0)
        return rc;
    *out = (struct store_session){.id = sql_int(s, id, 0),
                                  .name = sql_text(s, id, 1),
                                  .host = sql_text(s, id, 2),
                                  .opened = sql_text(s, id, 3),
                                  .closed = sql_text(s, id, 4),
                                  .seconds = sql_int(s, id, 5),
                                  .points = sql_int(s, id, 6),
                                  .cause = sql_text(s, id, 7)};
    return 1;
}

void store_read_periods(struct store *s)
{
    sql_reset(s, SQL_PERIODS);
}

int store_next_period(struct store *s, struct store_period *out)
{
    int rc = sql_step(s, SQL_PERIODS);

    if (rc <= 0)
        return rc;
    *out = (struct store_period){.id = sql_int(s, SQL_PERIODS, 0),
                                 .period = sql_text(s, SQL_PERIODS, 1),
                                 .quota = sql_int(s, SQL_PERIODS, 2)};
    return 1;
}

static int next_usage(struct store *s, enum sql id, struct store_usage *out)
{
    int rc = sql_step(s, id);

    if (rc <= 0)
        return rc;
    *out = (struct store_usage){.name = sql_text(s, id, 0),
                                .hour = sql_text(s, id, 1),
                                .seconds = sql_int(s, id, 2),
                                .points = sql_int(s, id, 3)};
    return 1;
}

void store_read_usage(struct store *s, const struct user_name *only, const char *from,
                      const char *to)
{
    sql_reset(s, SQL_USAGE);
    sql_bind_text(s, SQL_USAGE, 1, only ? only->text : NULL);
    sql_bind_text(s, SQL_USAGE, 2, from);
    sql_bind_text(s, SQL_USAGE, 3, to);
}

int store_next_usage(struct store *s, struct store_usage *out)
{
    return next_usage(s, SQL_USAGE, out);
}

void store_read_last_hours(struct store *s, const struct user_name *user, int64_t limit)
{
    sql_reset(s, SQL_LAST_HOURS);
    sql_bind_text(s, SQL_LAST_HOURS, 1, user->text);
    sql_bind_int(s, SQL_LAST_HOURS, 2, limit);
}

int store_next_last_hour(struct store *s, struct store_usage *out)
{
    return next_usage(s, SQL_LAST_HOURS, out);
}

static const enum sql books[STORE_BOOKS] = {
    [STORE_BALANCES] = SQL_BALANCES, [STORE_LOGGED] = SQL_LOGGED, [STORE_USED] = SQL_USED_POINTS};

void store_read_book(struct store *s, enum store_book book)
{
    sql_reset(s, books[book]);
}

int store_next_entry(struct store *s, enum store_book book, struct store_entry *out)
{
    enum sql id = books[book];
    int rc = sql_step(s, id);

    if (rc > 0)
        *out = (struct store_entry){sql_text(s, id, 0), sql_int(s, id, 1)};
    return rc;
}
