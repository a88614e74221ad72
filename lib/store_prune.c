#include "store_prune.h"

#include "store_sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_LEN 64

int store_next_accounted(struct store *s, const char *after, char **name)
{
    int rc;

    sql_bind_text(s, SQL_NEXT_ACCOUNTED, 1, after);
    rc = sql_step(s, SQL_NEXT_ACCOUNTED);
    if (rc <= 0)
        return rc < 0 ? rc : -EIO;
    rc = !sql_is_null(s, SQL_NEXT_ACCOUNTED, 0);
    *name = rc ? strdup(sql_text(s, SQL_NEXT_ACCOUNTED, 0)) : NULL;
    sql_reset(s, SQL_NEXT_ACCOUNTED);
    if (rc && !*name)
        return -ENOMEM;
    /* A name with a NUL in it, which no program writes, would come again for ever. */
    if (rc && strcmp(*name, after) <= 0) {
        free(*name);
        return -EBADMSG;
    }
    return rc;
}

static void bind_old(struct store *s, enum sql id, const struct store_folding *f)
{
    sql_bind_text(s, id, 1, f->name);
    sql_bind_text(s, id, 2, f->before);
    sql_bind_int(s, id, 3, f->limit);
}

/* The rows that go: how many, their sum, and the place of the last one. */
static int sum_old(struct store *s, enum sql id, const struct store_folding *f, int64_t *count,
                   int64_t *sum, int64_t *last)
{
    int rc;

    bind_old(s, id, f);
    rc = sql_step(s, id);
    if (rc <= 0)
        return rc < 0 ? rc : -EIO;
    *count = sql_int(s, id, 0);
    *sum = sql_int(s, id, 1);
    *last = sql_int(s, id, 2);
    sql_reset(s, id);
    return 0;
}

static int drop_old(struct store *s, enum sql id, const struct store_folding *f)
{
    bind_old(s, id, f);
    return sql_run(s, id);
}

/* The row that an earlier call has left: takes it out, and adds its delta to the sum. */
static int take_opening(struct store *s, const struct store_folding *f, const char *reason,
                        int64_t *sum, int64_t *place)
{
    int rc;

    sql_bind_text(s, SQL_OPENED_BY, 1, f->name);
    sql_bind_text(s, SQL_OPENED_BY, 2, f->before);
    sql_bind_text(s, SQL_OPENED_BY, 3, reason);
    rc = sql_step(s, SQL_OPENED_BY);
    if (rc <= 0)
        return rc;
    if (__builtin_add_overflow(*sum, sql_int(s, SQL_OPENED_BY, 1), sum))
        rc = -ERANGE;
    if (*place == 0)
        *place = sql_int(s, SQL_OPENED_BY, 0);
    sql_bind_int(s, SQL_UNOPEN, 1, sql_int(s, SQL_OPENED_BY, 0));
    sql_reset(s, SQL_OPENED_BY);
    return rc < 0 ? rc : sql_run(s, SQL_UNOPEN);
}

/* Without a place of its own it comes before all others. */
static int put_opening(struct store *s, const struct store_folding *f, const char *reason,
                       int64_t sum, int64_t place)
{
    enum sql id = SQL_OPENING_BALANCE;

    sql_bind_int(s, id, 1, place);
    sql_bind_text(s, id, 2, f->before);
    sql_bind_text(s, id, 3, f->by);
    sql_bind_text(s, id, 4, f->name);
    sql_bind_int(s, id, 5, sum);
    sql_bind_text(s, id, 6, reason);
    return sql_run(s, id);
}

int store_fold(struct store *s, struct store_folding *f)
{
    int64_t deltas = 0, points = 0, sum, place = 0, unused = 0;
    char reason[REASON_LEN];
    int err = sum_old(s, SQL_OLD_LOG, f, &f->log, &deltas, &place);

    if (!err)
        err = sum_old(s, SQL_OLD_USAGE, f, &f->usage, &points, &unused);
    if (err || f->log + f->usage == 0)
        return err;
    if (__builtin_sub_overflow(deltas, points, &sum))
        return -ERANGE;
    snprintf(reason, sizeof reason, "opening balance, pruned before %s", f->before);
    err = drop_old(s, SQL_DROP_LOG, f);
    if (!err)
        err = drop_old(s, SQL_DROP_USAGE, f);
    if (!err)
        err = take_opening(s, f, reason, &sum, &place);
    if (!err && sum)
        err = put_opening(s, f, reason, sum, place);
    return err;
}

static int64_t drop(struct store *s, enum sql id, const char *before, int64_t limit)
{
    int err;

    sql_bind_text(s, id, 1, before);
    sql_bind_int(s, id, 2, limit);
    err = sql_run(s, id);
    return err ? err : sql_changes(s);
}

int64_t store_drop_sessions(struct store *s, const char *before, int64_t limit)
{
    return drop(s, SQL_DROP_SESSIONS, before, limit);
}

int64_t store_drop_lookups(struct store *s, const char *before, int64_t limit)
{
    return drop(s, SQL_DROP_LOOKUPS, before, limit);
}

int64_t store_drop_openfw(struct store *s, const char *before, int64_t limit)
{
    return drop(s, SQL_DROP_OPENFW, before, limit);
}
