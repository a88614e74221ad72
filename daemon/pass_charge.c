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

/* Users on the gateway itself are on one machine, which has no link-layer address: this is none. */
static const struct lladdr gateway = {.len = 1};

static struct charge_item item_of(const struct pass *p, struct meter *m,
                                  const struct lladdr *machine, struct moment now)
{
    return (struct charge_item){
        .session = &m->session,
        .machine = *machine,
        .elapsed = {mono_since(m->charged, now.mono).ns - m->covered.ns},
        .active = m->active,
        .free_user = conf_is_free_user(p->conf, m->session.user.text),
        .later = !m->due,
    };
}

size_t pass_meters(const struct pass *p, struct moment now, struct meter **meters,
                   struct charge_item *items)
{
    size_t n = 0;

    for (size_t i = 0; i < p->roster.count; i++) {
        struct roster_host *h = &p->roster.hosts[i];

        if (h->meter.running) {
            meters[n] = &h->meter;
            items[n++] = item_of(p, &h->meter, &h->lladdr, now);
        }
    }
    for (size_t i = 0; i < p->locals.count; i++) {
        struct local_user *u = &p->locals.users[i];

        if (u->meter.running) {
            meters[n] = &u->meter;
            items[n++] = item_of(p, &u->meter, &gateway, now);
        }
    }
    return n;
}

size_t pass_meters_room(const struct pass *p)
{
    return p->roster.count + p->locals.count + 1;
}

struct charge_terms pass_terms(const struct pass *p, struct moment now)
{
    const struct conf *c = p->conf;

    return (struct charge_terms){
        .tariff = tariff_of(c, p->topology.channels),
        .shared_line = c->shared_line,
        .cap = span_seconds(c->period * PERIODS_AT_ONCE),
        .now = now.wall,
    };
}

static void note_charged(const struct pass *p, struct meter *m)
{
    char host[ADDR_TEXT_LEN], user[LOG_VALUE_LEN];

    m->uncounted++;
    m->unsaved = true;
    /* In a dry run this is what was asked for. */
    (p->dry_run ? log_info : log_debug)(
        "charge host=%s user=%s cnts=%u points=%lld", session_place(&m->session, host),
        log_value(m->session.user.text, user), m->cnts, (long long)m->session.points);
}

/* Charges the meters that are due up to now; the others only have their part in SHARED_LINE. */
static int charge_due(struct pass *p, struct moment now)
{
    struct charge_terms terms = pass_terms(p, now);
    struct charge_item *items = calloc(pass_meters_room(p), sizeof *items);
    struct meter **meters = calloc(pass_meters_room(p), sizeof *meters);
    size_t count = 0;
    int err = items && meters ? 0 : -ENOMEM;

    if (!err) {
        count = pass_meters(p, now, meters, items);
        err = charge_pass(&p->book, &terms, items, count);
    }
    for (size_t i = 0; i < count && !err; i++) {
        struct meter *m = meters[i];

        m->covered.ns += items[i].covered.ns;
        if (!m->due)
            continue;
        m->charged = now.mono;
        m->covered = (struct span){0};
        if (items[i].pays && items[i].elapsed.ns > 0 && terms.tariff.channels)
            note_charged(p, m);
    }
    for (size_t i = 0; meters && i < count; i++)
        meters[i]->due = false;
    free(items);
    free(meters);
    return err;
}

/* Takes the counts over as what is active now. */
static void take_counts(struct pass *p, const uint32_t *counts)
{
    for (size_t i = 0; i < p->roster.count; i++) {
        struct meter *m = &p->roster.hosts[i].meter;

        m->cnts = counts[i];
        m->active = counts[i] > 0;
        m->due = m->running;
    }
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

/* Counts what the hosts in session use. 0 or -errno, told: then none of them is due. */
static int count_hosts(struct pass *p, struct moment now)
{
    struct count c = {0};
    int err;

    p->census->stray_count = 0;
    if (!is_worth_reading(p))
        return 0;
    err = begin_count(p, &c, mono_since(p->last_tick, now.mono));
    if (!err)
        err = read_table(p);
    if (!err)
        take_counts(p, c.counts);
    else
        p->census->stray_count = 0;
    end_count(&c);
    if (err)
        trouble_begin(&p->census_trouble, "%s: %s, nobody is charged", CONNTRACK_PATH,
                      strerror(-err));
    else
        trouble_end(&p->census_trouble, "connections are read again");
    return err;
}

void pass_charge_all(struct pass *p, struct moment now)
{
    int unread = count_hosts(p, now), err;

    pass_count_locals(p, now);
    err = charge_due(p, now);
    if (err)
        trouble_begin(&p->charge_trouble, "nobody is charged: %s", strerror(-err));
    else
        trouble_end(&p->charge_trouble, "everybody is charged again");
    if (!unread && !err)
        p->last_tick = now.mono;
}

/* Charges those of `hosts` that are in session, by the flows counted while they were dropped. */
static int settle(struct pass *p, const struct addr *hosts, size_t count, const uint32_t *counts,
                  struct moment now)
{
    for (size_t i = 0; i < count; i++) {
        struct roster_host *h = roster_find(&p->roster, &hosts[i]);

        if (!h || !h->meter.running)
            continue;
        h->meter.cnts = counts[h - p->roster.hosts];
        h->meter.active = h->meter.cnts > 0;
        h->meter.due = true;
    }
    return charge_due(p, now);
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
