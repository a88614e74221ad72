/* When the next quota or time ends: the run of that moment is planned here. */
#include "pass_state.h"

#include "tariff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A user with active sessions. */
struct spender {
    struct user_name user;
    int64_t sessions;         /* that pay */
    int64_t points;           /* above MIN_QUOTA */
    bool ends;                /* a quota ends one of them */
    struct local_user *local; /* that one of them is of; NULL: none */
    struct mono since;        /* the first of them was charged up to here */
};

/* The spenders, as they are found. */
struct spending {
    struct spender *list;
    size_t count;
    struct index by_user;
};

static void plan_at(struct pass *p, struct mono at)
{
    if (!p->deadline_set || at.ns < p->deadline.ns)
        p->deadline = at;
    p->deadline_set = true;
}

/* Whoever pays for this meter, and spends `balance`, what is owed not yet taken off. NULL without
 * memory. */
static struct spender *need_spender(const struct pass *p, struct spending *s, const struct meter *m,
                                    int64_t balance)
{
    const struct user_name *user = &m->session.user;
    uint32_t place = index_find(&s->by_user, user);
    struct mono since = mono_add(m->charged, m->covered);

    if (place == INDEX_NONE) {
        if (index_put(&s->by_user, user, (uint32_t)s->count) != 0)
            return NULL;
        place = (uint32_t)s->count++;
        s->list[place] = (struct spender){
            .user = *user,
            .points = balance - charge_owed(&p->book, user) - p->conf->min_quota,
            .since = since,
        };
    }
    if (since.ns < s->list[place].since.ns)
        s->list[place].since = since;
    return &s->list[place];
}

static int add_host(const struct pass *p, struct spending *s, const struct roster_host *h,
                    bool pays)
{
    struct spender *spender = need_spender(p, s, &h->meter, h->row.balance);

    if (!spender)
        return -ENOMEM;
    spender->sessions += pays;
    spender->ends = spender->ends || (!pass_is_free_user(p, h) && !h->row.free);
    return 0;
}

/* Whom nobody cuts off, and who has been cut off, has no moment at which that is due. */
static int add_local(const struct pass *p, struct spending *s, struct local_user *u, bool pays)
{
    struct spender *spender = need_spender(p, s, &u->meter, u->balance);

    if (!spender)
        return -ENOMEM;
    spender->sessions += pays;
    if (!u->is_spared)
        spender->local = u;
    spender->ends = spender->ends || (!u->is_spared && !conf_is_free_user(p->conf, u->user.text) &&
                                      pass_judge_local(p, u) == VERDICT_MAY);
    return 0;
}

/* `items`: of every meter that runs, hosts first, as pass_meters() has them. From a table that
 * cannot be read nobody is charged, sooner or later. */
static int add_spenders(struct pass *p, struct spending *s, const struct charge_item *items)
{
    bool hosts = p->conf->check_masq && !p->census_trouble.on, locals = !p->local_trouble.on;
    int err = 0;

    for (size_t i = 0; i < p->roster.count && !err; i++) {
        const struct roster_host *h = &p->roster.hosts[i];

        if (hosts && h->meter.running && h->has_row && h->meter.active)
            err = add_host(p, s, h, items->pays);
        items += h->meter.running;
    }
    for (size_t i = 0; i < p->locals.count && !err; i++) {
        struct local_user *u = &p->locals.users[i];

        u->left = span_seconds(LOCALS_DAY_S);
        if (locals && u->meter.running && u->meter.active && u->has_account)
            err = add_local(p, s, u, items->pays);
        items += u->meter.running;
    }
    return err;
}

/* Until this one has nothing left, from the moment of their last charge. */
static struct span left_of(const struct pass *p, const struct spender *s,
                           const struct charge_terms *terms, struct moment now, size_t payers)
{
    int64_t rate = tariff_rate(&terms->tariff, now.wall);

    return charge_time_left(&p->book, &s->user, s->points, rate * s->sessions,
                            terms->shared_line ? payers : 1);
}

static void plan_quotas(struct pass *p, struct moment now, struct spending *s,
                        struct meter **meters, struct charge_item *items)
{
    struct charge_terms terms = pass_terms(p, now);
    size_t count = pass_meters(p, now, meters, items), payers;

    /* Chosen as in a pass. Without memory for it the period's end comes soon enough. */
    if (charge_choose(items, count, &payers) != 0 || add_spenders(p, s, items) != 0)
        return;
    for (size_t i = 0; i < s->count; i++) {
        const struct spender *spender = &s->list[i];
        struct span left = left_of(p, spender, &terms, now, payers);

        if (!spender->ends)
            continue;
        plan_at(p, mono_add(spender->since, left));
        if (spender->local)
            spender->local->left = left;
    }
}

static void plan_untils(struct pass *p, struct moment now)
{
    for (size_t i = 0; i < p->roster.count; i++) {
        const struct roster_host *h = &p->roster.hosts[i];
        struct span left = {h->row.until.ns - now.wall.ns};

        if (h->open && h->has_row && h->row.until.ns && left.ns > 0)
            plan_at(p, mono_add(now.mono, left));
    }
}

/* Who may no longer use the link from here is cut off by a run that has counted their use. */
static void plan_enforcement(struct pass *p, struct moment now)
{
    for (size_t i = 0; i < p->locals.count; i++) {
        const struct local_user *u = &p->locals.users[i];

        if (u->meter.active && u->has_account && u->told == VERDICT_MAY && !u->is_spared &&
            pass_judge_local(p, u) != VERDICT_MAY)
            plan_at(p, now.mono);
    }
}

void pass_plan(struct pass *p, struct moment now)
{
    size_t room = pass_meters_room(p);
    struct spending spending = {.list = calloc(room, sizeof *spending.list)};
    struct charge_item *items = calloc(room, sizeof *items);
    struct meter **meters = calloc(room, sizeof *meters);

    index_init(&spending.by_user, sizeof(struct user_name));
    p->deadline_set = false;
    if (spending.list && items && meters && p->topology.channels)
        plan_quotas(p, now, &spending, meters, items);
    plan_untils(p, now);
    if (p->topology.channels && !p->local_trouble.on)
        plan_enforcement(p, now);
    index_free(&spending.by_user);
    free(spending.list);
    free(items);
    free(meters);
}
