/* Balances, usage, periods and sessions: what is paid, by whom, when and for which host. */
#include "store_sql.h"

#include <errno.h>
#include <stdio.h>

int store_balance(struct store *s, const struct user_name *user, int64_t *balance)
{
    int rc;

    sql_bind_text(s, SQL_BALANCE, 1, user->text);
    rc = sql_step(s, SQL_BALANCE);
    if (rc < 0)
        return rc;
    *balance = rc ? sql_int(s, SQL_BALANCE, 0) : 0;
    if (rc)
        sql_reset(s, SQL_BALANCE);
    return 0;
}

static int take_points(struct store *s, enum sql id, const struct charge *c)
{
    sql_bind_text(s, id, 1, c->user.text);
    sql_bind_int(s, id, 2, c->points);
    return sql_run(s, id);
}

/* An upsert would fire the insert triggers for every charge. */
static int take_from_balance(struct store *s, const struct charge *c)
{
    int err = c->points ? take_points(s, SQL_TAKE, c) : 0;

    return err || !c->points || sql_changes(s) ? err : take_points(s, SQL_TAKE_FIRST, c);
}

int store_charge(struct store *s, const struct charge *c)
{
    char hour[WALL_UTC_LEN];
    int err = take_from_balance(s, c);

    if (err)
        return err;
    wall_format_utc(c->hour, hour);
    sql_bind_text(s, SQL_USE, 1, c->user.text);
    sql_bind_text(s, SQL_USE, 2, hour);
    sql_bind_int(s, SQL_USE, 3, c->seconds);
    sql_bind_int(s, SQL_USE, 4, c->points);
    err = sql_run(s, SQL_USE);
    if (err || !c->points)
        return err;
    sql_bind_int(s, SQL_PERIOD, 1, c->points);
    return sql_run(s, SQL_PERIOD);
}

const char *session_place(const struct session *session, char out[ADDR_TEXT_LEN])
{
    if (session->host.family)
        return addr_format(&session->host, out);
    snprintf(out, ADDR_TEXT_LEN, SESSION_LOCAL);
    return out;
}

static int insert_session(struct store *s, struct session *session)
{
    char host[ADDR_TEXT_LEN], opened[WALL_UTC_LEN];
    int rc;

    wall_format_utc(session->opened, opened);
    sql_bind_text(s, SQL_SESSION_NEW, 1, session->user.text);
    sql_bind_text(s, SQL_SESSION_NEW, 2, session_place(session, host));
    sql_bind_text(s, SQL_SESSION_NEW, 3, opened);
    rc = sql_step(s, SQL_SESSION_NEW);
    if (rc <= 0)
        return rc < 0 ? rc : -EIO;
    session->id = sql_int(s, SQL_SESSION_NEW, 0);
    /* The row counts only once the statement has run to its end. */
    rc = sql_step(s, SQL_SESSION_NEW);
    return rc < 0 ? rc : 0;
}

int store_save_session(struct store *s, struct session *session)
{
    char closed[WALL_UTC_LEN];
    bool over = session->closed.ns != 0;
    int err = session->id ? 0 : insert_session(s, session);

    if (err)
        return err;
    if (over)
        wall_format_utc(session->closed, closed);
    sql_bind_int(s, SQL_SESSION_SET, 1, session->id);
    sql_bind_int(s, SQL_SESSION_SET, 2, session->used.ns / NS_PER_S);
    sql_bind_int(s, SQL_SESSION_SET, 3, session->points);
    sql_bind_text(s, SQL_SESSION_SET, 4, over ? closed : NULL);
    sql_bind_text(s, SQL_SESSION_SET, 5, over ? cause_name(session->cause) : NULL);
    return sql_run(s, SQL_SESSION_SET);
}

int store_find_session(struct store *s, struct session *session)
{
    char host[ADDR_TEXT_LEN];
    int rc;

    sql_bind_text(s, SQL_SESSION_FIND, 1, session_place(session, host));
    sql_bind_text(s, SQL_SESSION_FIND, 2, session->user.text);
    rc = sql_step(s, SQL_SESSION_FIND);
    if (rc <= 0)
        return rc;
    if (wall_parse_utc(sql_text(s, SQL_SESSION_FIND, 1), &session->opened) == 0) {
        session->id = sql_int(s, SQL_SESSION_FIND, 0);
        session->used = span_seconds(sql_int(s, SQL_SESSION_FIND, 2));
        session->points = sql_int(s, SQL_SESSION_FIND, 3);
    }
    sql_reset(s, SQL_SESSION_FIND);
    return 0;
}

int store_end_sessions(struct store *s, struct wall at, enum cause cause)
{
    char closed[WALL_UTC_LEN];

    wall_format_utc(at, closed);
    sql_bind_text(s, SQL_SESSIONS_END, 1, closed);
    sql_bind_text(s, SQL_SESSIONS_END, 2, cause_name(cause));
    return sql_run(s, SQL_SESSIONS_END);
}
