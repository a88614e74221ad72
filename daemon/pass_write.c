/* What a run leaves in the database, in one transaction. */
#include "pass_state.h"

#include "log.h"
#include "num.h"

#include <errno.h>
#include <stdlib.h>

static bool has_use(const struct roster_host *h)
{
    return h->has_row && !h->is_held &&
           (h->meter.uncounted || (int64_t)h->meter.cnts != h->row.cnts);
}

static bool needs_aging(const struct roster_host *h)
{
    return h->has_row && h->row.order == ORDER_IS_OPEN && h->row.tic >= 0;
}

static bool has_session(const struct meter *m)
{
    return m->running && m->unsaved;
}

static bool has_news(const struct roster_host *h, bool tick)
{
    return (h->has_row && h->write != ROSTER_NO_ORDER) || h->drop_row || has_session(&h->meter) ||
           has_use(h) || (h->has_row && h->respelled) || (tick && needs_aging(h));
}

static int write_host(struct pass *p, struct roster_host *h)
{
    char canonical[ADDR_TEXT_LEN];
    const char *host = h->row.host;
    int err = 0;

    p->rows_stale = p->rows_stale || h->write != ROSTER_NO_ORDER || h->drop_row || h->respelled;
    if (h->has_row && h->respelled) {
        err = store_respell(p->store, host, addr_format(&h->addr, canonical));
        if (err == 0)
            host = canonical;
        else if (err == -EEXIST) /* the next reading sees both rows */
            err = 0;
    }
    if (!err && has_session(&h->meter))
        err = store_save_session(p->store, &h->meter.session);
    if (!err && h->has_row && h->write != ROSTER_NO_ORDER)
        err = store_set_order(p->store, host, &h->row.user, h->row.order, (enum order)h->write);
    if (!err && has_use(h))
        err = store_set_use(p->store, host, h->meter.cnts, h->meter.uncounted);
    if (!err && h->drop_row)
        err = store_delete_row(p->store, host, h->row.order);
    return err;
}

static int write_due(struct pass *p)
{
    int err = 0;

    for (size_t i = 0; i < p->book.due_count && !err; i++) {
        if (p->book.due[i].points || p->book.due[i].seconds)
            err = store_charge(p->store, &p->book.due[i]);
    }
    for (size_t i = 0; i < p->ended_count && !err; i++)
        err = store_save_session(p->store, &p->ended[i]);
    return err;
}

static int write_all(struct pass *p, bool tick)
{
    bool aging = false;
    int err = write_due(p);

    for (size_t i = 0; i < p->roster.count && !err; i++) {
        aging = aging || needs_aging(&p->roster.hosts[i]);
        if (has_news(&p->roster.hosts[i], false))
            err = write_host(p, &p->roster.hosts[i]);
    }
    for (size_t i = 0; i < p->locals.count && !err; i++) {
        if (has_session(&p->locals.users[i].meter))
            err = store_save_session(p->store, &p->locals.users[i].meter.session);
    }
    if (!err && tick && aging)
        err = store_age_rows(p->store);
    if (!err && p->untidy)
        err = store_end_sessions(p->store, wall_now(), CAUSE_EXIT);
    return err;
}

/* All of it is in the database. */
static void settled(struct pass *p, bool aged)
{
    charge_settled(&p->book);
    p->ended_count = 0;
    p->untidy = false;
    for (size_t i = 0; i < p->roster.count; i++) {
        struct roster_host *h = &p->roster.hosts[i];

        h->meter.unsaved = false;
        h->row.cnts = h->meter.cnts;
        h->row.counter = num_add(h->row.counter, h->meter.uncounted);
        h->meter.uncounted = 0;
        h->row.tic = num_add(h->row.tic, aged && needs_aging(h));
    }
    for (size_t i = 0; i < p->locals.count; i++)
        p->locals.users[i].meter.unsaved = false;
}

/* None of it is: ids given to sessions in the transaction are nobody's. */
static void forget_ids(struct pass *p, const int64_t *ids)
{
    for (size_t i = 0; i < p->ended_count; i++)
        p->ended[i].id = *ids++;
    for (size_t i = 0; i < p->roster.count; i++)
        p->roster.hosts[i].meter.session.id = *ids++;
    for (size_t i = 0; i < p->locals.count; i++)
        p->locals.users[i].meter.session.id = *ids++;
}

static bool has_due(const struct pass *p)
{
    for (size_t i = 0; i < p->book.due_count; i++) {
        if (p->book.due[i].points || p->book.due[i].seconds)
            return true;
    }
    return p->ended_count > 0;
}

static bool has_anything(const struct pass *p, bool tick)
{
    if (has_due(p) || p->untidy)
        return true;
    for (size_t i = 0; i < p->roster.count; i++) {
        if (has_news(&p->roster.hosts[i], tick))
            return true;
    }
    for (size_t i = 0; i < p->locals.count; i++) {
        if (has_session(&p->locals.users[i].meter))
            return true;
    }
    return false;
}

static int64_t *keep_ids(const struct pass *p)
{
    int64_t *ids = calloc(p->ended_count + p->roster.count + p->locals.count + 1, sizeof *ids);
    size_t n = 0;

    for (size_t i = 0; ids && i < p->ended_count; i++)
        ids[n++] = p->ended[i].id;
    for (size_t i = 0; ids && i < p->roster.count; i++)
        ids[n++] = p->roster.hosts[i].meter.session.id;
    for (size_t i = 0; ids && i < p->locals.count; i++)
        ids[n++] = p->locals.users[i].meter.session.id;
    return ids;
}

/*
 * With the write lock held: if somebody has committed since the rows were read, a 2 that stands
 * there may be a newer one than the 2 that was decided on. Then no order is written but after the
 * next reading; charges and use are, being relative.
 */
static int forget_stale_orders(struct pass *p)
{
    int64_t version = store_version(p->store);

    if (version < 0)
        return (int)version;
    if (version == p->version)
        return 0;
    for (size_t i = 0; i < p->roster.count; i++) {
        p->roster.hosts[i].write = ROSTER_NO_ORDER;
        p->roster.hosts[i].drop_row = false;
        p->roster.hosts[i].respelled = false;
    }
    p->rows_stale = true;
    return 0;
}

#define SHORT_LOCK_S 1

/* Others write too: that the database is locked for a moment is nothing to tell. */
static bool is_short_lock(struct pass *p, int err)
{
    struct mono now = mono_now();

    if (err != -EBUSY)
        return false;
    if (!p->busy_since.ns)
        p->busy_since = now;
    return mono_since(p->busy_since, now).ns < SHORT_LOCK_S * NS_PER_S;
}

static int write_transaction(struct pass *p, bool tick, bool clear)
{
    int64_t *ids = keep_ids(p);
    int err = ids ? store_begin(p->store) : -ENOMEM;

    if (!err)
        err = forget_stale_orders(p);
    if (!err)
        err = write_all(p, tick);
    if (!err && clear)
        err = store_clear_rows(p->store);
    if (!err)
        err = store_commit(p->store);
    if (err) {
        if (!is_short_lock(p, err))
            trouble_begin(&p->store_trouble, "database %s: %s, charges are carried",
                          p->conf->database, ids ? store_error(p->store) : "out of memory");
        store_rollback(p->store);
        if (ids)
            forget_ids(p, ids);
    } else {
        trouble_end(&p->store_trouble, "database, charges are written");
        p->busy_since = (struct mono){0};
        settled(p, tick);
    }
    free(ids);
    return err;
}

int pass_write(struct pass *p, bool tick)
{
    if (p->dry_run || !has_anything(p, tick))
        return 0;
    return write_transaction(p, tick, false);
}

int pass_write_and_clear(struct pass *p)
{
    return write_transaction(p, false, true);
}
