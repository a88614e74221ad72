/* Who is active, and what that costs. */
#include "pass_state.h"

#include "conntrack.h"
#include "log.h"
#include "tariff.h"
#include "timeouts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PERIODS_AT_ONCE 3 /* no session is charged for more than that many in one go */

/* Everything a reading of flows needs, but for the flows. */
struct count {
    struct flow_timeouts timeouts;
    struct index open; /* by address: the place in the roster */
    uint32_t *counts;  /* by place in the roster */
};

static int begin_count(struct pass *p, struct count *c, struct span since)
{
    int err;

    index_init(&c->open, sizeof(struct addr));
    c->counts = calloc(p->roster.count + 1, sizeof *c->counts);
    err = c->counts ? 0 : -ENOMEM;
    for (size_t i = 0; i < p->roster.count && !err; i++) {
        if (p->roster.hosts[i].meter.running)
            err = index_put(&c->open, &p->roster.hosts[i].addr, (uint32_t)i);
    }
    if (!err)
        err = timeouts_read(&c->timeouts);
    *p->census = (struct census){.topology = &p->topology,
                                 .timeouts = &c->timeouts,
                                 .open = &c->open,
                                 .window = p->conf->active_window,
                                 .since = since,
                                 .counts = c->counts};
    return err;
}

static void end_count(struct count *c)
{
    index_free(&c->open);
    free(c->counts);
}

static struct charge_terms terms_of(const struct pass *p, struct moment now)
{
    const struct conf *c = p->conf;

    return (struct charge_terms){
        .tariff = tariff_of(c, p->topology.channels),
        .shared_line = c->shared_line,
        .cap = span_seconds(c->period * PERIODS_AT_ONCE),
        .now = now.wall,
    };
}

static void note_charged(const struct pass *p, struct roster_host *h)
{
    char user[LOG_VALUE_LEN];

    h->meter.uncounted++;
    h->meter.unsaved = true;
    /* In a dry run this is what was asked for. */
    (p->dry_run ? log_info : log_debug)("charge host=%s user=%s cnts=%u points=%lld", h->row.host,
                                        log_value(h->meter.session.user.text, user), h->meter.cnts,
                                        (long long)h->meter.session.points);
}

static struct charge_item item_of(const struct pass *p, struct roster_host *h, struct moment now)
{
    return (struct charge_item){
        .session = &h->meter.session,
        .machine = h->lladdr,
        .elapsed = {mono_since(h->meter.charged, now.mono).ns - h->meter.covered.ns},
        .active = h->meter.active,
        .free_user = conf_is_free_user(p->conf, h->meter.session.user.text),
    };
}

/*
 * Charges the sessions for which `due` holds up to now; the others only have their part in
 * SHARED_LINE.
 */
static int charge_sessions(struct pass *p, struct moment now, const bool *due)
{
    struct charge_terms terms = terms_of(p, now);
    struct charge_item *items = calloc(p->roster.count + 1, sizeof *items);
    size_t count = 0;
    int err = items ? 0 : -ENOMEM;

    for (size_t i = 0; i < p->roster.count && !err; i++) {
        struct roster_host *h = &p->roster.hosts[i];

        if (!h->meter.running)
            continue;
        items[count] = item_of(p, h, now);
        items[count++].later = !due[i];
    }
    if (!err)
        err = charge_pass(&p->book, &terms, items, count);
    for (size_t i = 0, k = 0; i < p->roster.count && !err; i++) {
        struct roster_host *h = &p->roster.hosts[i];

        if (!h->meter.running)
            continue;
        h->meter.covered.ns += items[k].covered.ns;
        if (due[i]) {
            h->meter.charged = now.mono;
            h->meter.covered = (struct span){0};
            if (items[k].pays && !items[k].later && terms.tariff.channels)
                note_charged(p, h);
        }
        k++;
    }
    free(items);
    return err;
}

/* Takes the counts over as what is active now, and charges. */
static int charge_counted(struct pass *p, const uint32_t *counts, struct moment now)
{
    bool *due = calloc(p->roster.count + 1, sizeof *due);
    int err;

    if (!due)
        return -ENOMEM;
    for (size_t i = 0; i < p->roster.count; i++) {
        p->roster.hosts[i].meter.cnts = counts[i];
        p->roster.hosts[i].meter.active = counts[i] > 0;
        due[i] = true;
    }
    err = charge_sessions(p, now, due);
    free(due);
    return err;
}

static int read_table(struct pass *p)
{
    struct conntrack_error where;
    int err;

    if (p->conntrack < 0) {
        p->conntrack = p->keeper ? ask_table(p->keeper) : -ENOENT;
        if (p->conntrack < 0)
            return p->conntrack;
    }
    err = conntrack_read(p->conntrack, census_add, p->census, &where);
    if (err == -EBADMSG)
        trouble_begin(&p->census_trouble, "%s: line %zu is no connection, nobody is charged: %s",
                      CONNTRACK_PATH, where.line, where.text);
    if (err && err != -EBADMSG) {
        close(p->conntrack);
        p->conntrack = -1;
    }
    return err;
}

/* With nobody in session there is nobody to charge, and soon no flow left to find. */
static bool is_worth_reading(struct pass *p)
{
    if (!p->conf->check_masq)
        return false;
    for (size_t i = 0; i < p->roster.count; i++) {
        if (p->roster.hosts[i].meter.running)
            return true;
    }
    return p->sweeps > 0 && p->sweeps--;
}

void pass_charge_all(struct pass *p, struct moment now)
{
    struct count c = {0};
    int err;

    p->census->stray_count = 0;
    if (!is_worth_reading(p)) {
        p->last_tick = now.mono;
        return;
    }
    err = begin_count(p, &c, mono_since(p->last_tick, now.mono));
    if (!err)
        err = read_table(p);
    if (!err)
        err = charge_counted(p, c.counts, now);
    if (err) {
        p->census->stray_count = 0;
        trouble_begin(&p->census_trouble, "%s: %s, nobody is charged", CONNTRACK_PATH,
                      strerror(-err));
    } else {
        trouble_end(&p->census_trouble, "connections are read again");
        p->last_tick = now.mono;
    }
    end_count(&c);
}

/* Charges those of `hosts` that are in session, by the flows counted while they were dropped. */
static int settle(struct pass *p, const struct addr *hosts, size_t count, const uint32_t *counts,
                  struct moment now)
{
    bool *due = calloc(p->roster.count + 1, sizeof *due);
    int err;

    if (!due)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct roster_host *h = roster_find(&p->roster, &hosts[i]);
        size_t place = h ? (size_t)(h - p->roster.hosts) : 0;

        if (!h || !h->meter.running)
            continue;
        h->meter.cnts = counts[place];
        h->meter.active = counts[place] > 0;
        due[place] = true;
    }
    err = charge_sessions(p, now, due);
    free(due);
    return err;
}

void pass_drop_flows(struct pass *p, const struct addr *hosts, size_t count, enum flow_way way,
                     bool settling, struct moment now)
{
    struct count c = {0};
    int err = 0, dropped;

    settling = settling && p->conf->check_masq;
    if (settling)
        err = begin_count(p, &c, mono_since(p->last_tick, now.mono));
    dropped =
        ask_flows(p->keeper, way, hosts, count, settling && !err ? census_add : NULL, p->census);
    if (dropped < 0)
        trouble_begin(&p->flows_trouble, "flows cannot be dropped: %s", strerror(-dropped));
    else
        trouble_end(&p->flows_trouble, "flows are dropped again");
    /* A dump that broke off is a partial reading: nobody is charged from it. */
    if (settling && !err && dropped >= 0)
        err = settle(p, hosts, count, c.counts, now);
    if (err)
        trouble_begin(&p->census_trouble, "%zu sessions end without their last charge: %s", count,
                      strerror(-err));
    if (settling)
        end_count(&c);
    if (dropped > 0)
        log_debug("drop flows=%d hosts=%zu", dropped, count);
}

/* A user with active sessions. */
struct spender {
    struct user_name user;
    int64_t sessions;  /* that pay */
    int64_t points;    /* above MIN_QUOTA */
    bool ends;         /* a quota ends one of them */
    struct mono since; /* the first of them was charged up to here */
};

static void plan_at(struct pass *p, struct mono at)
{
    if (!p->deadline_set || at.ns < p->deadline.ns)
        p->deadline = at;
    p->deadline_set = true;
}

static bool is_spending(const struct roster_host *h)
{
    return h->meter.running && h->has_row && h->meter.active;
}

static int add_spender(const struct pass *p, const struct roster_host *h, bool pays,
                       struct index *places, struct spender *spenders, size_t *count)
{
    uint32_t place = index_find(places, &h->row.user);
    struct mono since = mono_add(h->meter.charged, h->meter.covered);
    struct spender *s;
    int err;

    if (place == INDEX_NONE) {
        err = index_put(places, &h->row.user, (uint32_t)*count);
        if (err)
            return err;
        place = (uint32_t)(*count)++;
        spenders[place] = (struct spender){
            .user = h->row.user,
            .points = h->row.balance - charge_owed(&p->book, &h->row.user) - p->conf->min_quota,
            .since = since,
        };
    }
    s = &spenders[place];
    if (since.ns < s->since.ns)
        s->since = since;
    s->sessions += pays;
    s->ends = s->ends || (!pass_is_free_user(p, h) && !h->row.free);
    return 0;
}

/* Who would pay, if everybody who is active now were charged: chosen as in a pass. */
static int choose_payers(struct pass *p, struct charge_item *items, struct moment now,
                         size_t *payers)
{
    size_t count = 0;

    for (size_t i = 0; i < p->roster.count; i++) {
        struct roster_host *h = &p->roster.hosts[i];

        if (is_spending(h))
            items[count++] = item_of(p, h, now);
    }
    return charge_choose(items, count, payers);
}

static void plan_quotas(struct pass *p, struct moment now, struct spender *spenders,
                        struct charge_item *items)
{
    struct charge_terms terms = terms_of(p, now);
    int64_t rate = tariff_rate(&terms.tariff, now.wall);
    size_t count = 0, payers, k = 0;
    struct index places;
    int err = choose_payers(p, items, now, &payers);

    index_init(&places, sizeof(struct user_name));
    /* Without memory for it the period's end comes soon enough. */
    for (size_t i = 0; i < p->roster.count && !err; i++) {
        const struct roster_host *h = &p->roster.hosts[i];

        if (is_spending(h))
            err = add_spender(p, h, items[k++].pays, &places, spenders, &count);
    }
    for (size_t i = 0; i < count; i++) {
        if (spenders[i].ends)
            plan_at(p, mono_add(spenders[i].since,
                                charge_time_left(&p->book, &spenders[i].user, spenders[i].points,
                                                 rate * spenders[i].sessions,
                                                 terms.shared_line ? payers : 1)));
    }
    index_free(&places);
}

void pass_plan(struct pass *p, struct moment now)
{
    struct spender *spenders = calloc(p->roster.count + 1, sizeof *spenders);
    struct charge_item *items = calloc(p->roster.count + 1, sizeof *items);

    p->deadline_set = false;
    /* From a table that cannot be read nobody is charged, sooner or later. */
    if (spenders && items && p->topology.channels && p->conf->check_masq && !p->census_trouble.on)
        plan_quotas(p, now, spenders, items);
    for (size_t i = 0; i < p->roster.count; i++) {
        const struct roster_host *h = &p->roster.hosts[i];
        struct span left = {h->row.until.ns - now.wall.ns};

        if (h->open && h->has_row && h->row.until.ns && left.ns > 0)
            plan_at(p, mono_add(now.mono, left));
    }
    free(spenders);
    free(items);
}
