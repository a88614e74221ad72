#include "store_change.h"

#include "amount.h"
#include "num.h"
#include "store_sql.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int store_find_user(struct store *s, const struct user_name *user, struct store_user *out)
{
    int rc, allowed = store_is_allowed(s, user);

    if (allowed < 0)
        return allowed;
    *out = (struct store_user){.name = *user, .allowed = allowed > 0};
    sql_bind_text(s, SQL_BALANCE, 1, user->text);
    rc = sql_step(s, SQL_BALANCE);
    if (rc > 0) {
        out->has_quota = true;
        out->quota = sql_int(s, SQL_BALANCE, 0);
        sql_reset(s, SQL_BALANCE);
    }
    return rc < 0 ? rc : out->allowed || out->has_quota;
}

/* Runs a statement whose parameter 1 is the user: how many rows it changed, or -errno. */
static int run_for(struct store *s, enum sql id, const struct user_name *user)
{
    int err;

    sql_bind_text(s, id, 1, user->text);
    err = sql_run(s, id);
    return err ? err : sql_changes(s);
}

int store_allow(struct store *s, const struct user_name *user)
{
    return run_for(s, SQL_ALLOW, user);
}

int store_deny(struct store *s, const struct user_name *user)
{
    return run_for(s, SQL_DENY, user);
}

int store_forget(struct store *s, const struct user_name *user)
{
    return run_for(s, SQL_FORGET, user);
}

/* A charge is not logged; every other change of a balance is. Where the log has been pruned a
 * balance that was given is more than nothing. */
int store_is_charged_only(struct store *s, const struct store_user *user)
{
    const char *action;
    int rc, charged_only;

    sql_bind_text(s, SQL_LAST_ACTION, 1, user->name.text);
    rc = sql_step(s, SQL_LAST_ACTION);
    if (rc <= 0)
        return rc < 0 ? rc : user->quota < 0;
    action = sql_text(s, SQL_LAST_ACTION, 0);
    charged_only = action && strcmp(action, "delete") == 0;
    sql_reset(s, SQL_LAST_ACTION);
    return charged_only;
}

/* While somebody charges the triggers keep quiet. */
int store_make_balance(struct store *s, const struct user_name *user)
{
    int rc = sql_run(s, SQL_ACT);

    if (!rc)
        rc = run_for(s, SQL_MAKE, user);
    return rc < 0 ? rc : sql_run(s, SQL_MADE);
}

/* Not left to the CHECK: what it says could be any constraint. */
static bool is_in_range(int64_t points)
{
    return points >= AMOUNT_MIN && points <= AMOUNT_MAX;
}

static int write_points(struct store *s, enum sql id, const struct user_name *user, int64_t points)
{
    sql_bind_int(s, id, 2, points);
    return run_for(s, id, user);
}

/* An upsert would leave the old balance behind in `displaced`. */
static int update_or_put(struct store *s, enum sql update, const struct user_name *user,
                         int64_t points)
{
    int rc = write_points(s, update, user, points);

    if (!rc)
        rc = write_points(s, SQL_PUT, user, points);
    return rc < 0 ? rc : 0;
}

int store_add(struct store *s, const struct user_name *user, int64_t points)
{
    int64_t balance;
    int err = store_balance(s, user, &balance);

    if (err)
        return err;
    if (!is_in_range(num_add(balance, points)))
        return -ERANGE;
    return update_or_put(s, SQL_ADD, user, points);
}

int store_set(struct store *s, const struct user_name *user, int64_t points)
{
    return is_in_range(points) ? update_or_put(s, SQL_SET, user, points) : -ERANGE;
}

int store_new_period(struct store *s, const char *period, struct store_period_begun *out)
{
    int rc;

    sql_bind_text(s, SQL_NEW_PERIOD, 1, period);
    rc = sql_step(s, SQL_NEW_PERIOD);
    if (rc <= 0)
        return rc < 0 ? rc : -EIO;
    *out = (struct store_period_begun){.id = sql_int(s, SQL_NEW_PERIOD, 0),
                                       .quota = sql_int(s, SQL_NEW_PERIOD, 2)};
    snprintf(out->period, sizeof out->period, "%s", sql_text(s, SQL_NEW_PERIOD, 1));
    /* The row counts only once the statement has run to its end. */
    rc = sql_step(s, SQL_NEW_PERIOD);
    return rc < 0 ? rc : 0;
}
