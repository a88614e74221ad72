#include "gate.h"

#include "gate_lease.h"
#include "gate_rules.h"
#include "xtables.h"
#include "xtables_lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMIT_TRIES 5

/* One family on its way from the order to the kernel. */
struct change {
    const struct gate_order *order;
    struct gate_report *report;
    int family;
    const struct addr *hosts;  /* of this family */
    const struct lladdr *macs; /* of these hosts, or NULL */
    size_t count;
    bool leaks;        /* hosts may be open that shall not be */
    int filter;        /* 0, or -errno of the filter table */
    int lock;          /* descriptor, -1 while it is not held */
    bool lock_refused; /* once is enough to wait for it */
};

static int failed(struct gate_report *report, int family, const char *table, int err)
{
    const char *why =
        err == -EBUSY ? "another program holds " XTABLES_LOCK_PATH : xtables_strerror(err);

    /* What failed first is what is told. */
    if (!report->error[0])
        snprintf(report->error, sizeof report->error, "%s table %s: %s",
                 family == AF_INET ? "IPv4" : "IPv6", table, why);
    return err;
}

/* Adds to a sorted list what stands in `a` and not in `b`, both sorted. */
static int add_difference(struct addr **list, size_t *count, const struct addr *a, size_t a_count,
                          const struct addr *b, size_t b_count)
{
    struct addr *more = realloc(*list, (*count + a_count + 1) * sizeof *more);
    size_t k = 0;

    if (!more)
        return -ENOMEM;
    *list = more;
    for (size_t i = 0; i < a_count; i++) {
        while (k < b_count && addr_compare(&b[k], &a[i]) < 0)
            k++;
        if (k == b_count || !addr_equal(&b[k], &a[i]))
            more[(*count)++] = a[i];
    }
    return 0;
}

/* The hosts of nat's entries: those of the order that are masqueraded at all. */
static bool wants_nat(const struct addr *host, const struct topology *t)
{
    return topology_family(t, host->family)->wan_if.count > 0 &&
           (host->family == AF_INET || addr_is_unique_local(host));
}

static int note_differences(struct change *c, struct xtables *x, const char *table)
{
    bool nat = strcmp(table, "nat") == 0;
    struct gate_report *r = c->report;
    struct addr *there, *want = calloc(c->count + 1, sizeof *want);
    size_t there_count, want_count = 0, extra;
    int err = want ? xtables_hosts(x, gate_owns_chain, nat ? TARGET_MASQUERADE : TARGET_ACCEPT,
                                   &there, &there_count)
                   : -ENOMEM;

    if (err) {
        free(want);
        return err;
    }
    for (size_t i = 0; i < c->count; i++) {
        if (!nat || wants_nat(&c->hosts[i], c->order->topology))
            want[want_count++] = c->hosts[i];
    }
    err = add_difference(&r->missing, &r->missing_count, want, want_count, there, there_count);
    extra = r->extra_count;
    if (!err)
        err = add_difference(&r->extra, &r->extra_count, there, there_count, want, want_count);
    if (!nat)
        c->leaks = err || r->extra_count > extra;
    free(there);
    free(want);
    return err;
}

/* Reads, changes, commits. The number of changes, or -errno. */
static int change_once(struct change *c, const struct ruleset *want, bool note)
{
    struct xtables *x;
    int changes, err = xtables_read(&x, want->family, want->table);

    if (err)
        return err;
    if (note && c->order)
        err = note_differences(c, x, want->table);
    if (!err && strcmp(want->table, "filter") == 0)
        c->report->exempts = c->report->exempts || xtables_has_entries(x, GATE_USER);
    changes = err ? err : xtables_change(x, want);
    if (changes > 0 && c->lock >= 0) {
        err = xtables_commit(x);
        if (err)
            changes = err;
    }
    xtables_free(x);
    return changes;
}

/*
 * A first look needs no lock; with something to change the table is read again under it, because
 * the kernel takes a commit without asking whether the table has changed since the snapshot.
 */
static int change_table(struct change *c, const struct ruleset *want)
{
    int changes = change_once(c, want, true);

    if (changes > 0 && c->lock < 0) {
        int fd = c->lock_refused ? -EBUSY : xtables_lock();

        c->lock_refused = fd < 0;
        if (fd < 0)
            return failed(c->report, want->family, want->table, fd);
        c->lock = fd;
        changes = -EAGAIN;
    }
    for (int i = 0; changes == -EAGAIN && i < COMMIT_TRIES; i++)
        changes = change_once(c, want, false);
    if (changes < 0)
        return failed(c->report, want->family, want->table, changes);
    c->report->changes += (unsigned)changes;
    return 0;
}

/* The filter table with these hosts, and with all users that shall be blocked. */
static int change_filter(struct change *c, const struct addr *hosts, const struct lladdr *macs,
                         size_t count)
{
    const struct gate_order *o = c->order;
    struct ruleset want;
    int err = gate_rules_filter(&want, c->family, o->topology, &o->policy, hosts, macs, count);

    if (!err)
        err = gate_rules_block(&want, o->topology, &o->policy, o->uids, o->uid_count);
    if (!err)
        err = change_table(c, &want);
    ruleset_free(&want);
    return err;
}

/* nat could not be changed: then nobody is let out who was not out before. */
static int close_only(struct change *c)
{
    struct addr *kept = calloc(c->count + 1, sizeof *kept);
    struct lladdr *macs = calloc(c->count + 1, sizeof *macs);
    size_t kept_count = 0;
    struct xtables *x;
    struct addr *there = NULL;
    size_t there_count = 0;
    int err = kept && macs ? xtables_read(&x, c->family, "filter") : -ENOMEM;

    if (!err) {
        err = xtables_hosts(x, gate_owns_chain, TARGET_ACCEPT, &there, &there_count);
        xtables_free(x);
    }
    for (size_t i = 0, k = 0; i < c->count && !err; i++) {
        while (k < there_count && addr_compare(&there[k], &c->hosts[i]) < 0)
            k++;
        if (k == there_count || !addr_equal(&there[k], &c->hosts[i]))
            continue;
        if (c->macs)
            macs[kept_count] = c->macs[i];
        kept[kept_count++] = c->hosts[i];
    }
    if (!err)
        err = change_filter(c, kept, c->macs ? macs : NULL, kept_count);
    free(there);
    free(kept);
    free(macs);
    return err;
}

/* nat before filter: who is let out has an entry to be masqueraded by. */
static int apply_family(struct change *c)
{
    const struct gate_order *o = c->order;
    struct ruleset want;
    int err = gate_rules_nat(&want, c->family, o->topology, c->hosts, c->count);

    if (!err)
        err = change_table(c, &want);
    ruleset_free(&want);
    if (err) {
        c->filter = close_only(c);
        c->leaks = c->filter != 0;
        return err;
    }
    c->filter = change_filter(c, c->hosts, c->macs, c->count);
    c->leaks = c->filter && c->leaks;
    return c->filter;
}

/* One family; without a network of it there are no hosts to guard, and its tables may be missing.
 * Its users are blocked all the same, unless the kernel does not speak it. */
static int apply_to(struct change *c, int family, size_t first, size_t count)
{
    int err;

    c->family = family;
    c->hosts = c->order->hosts + first;
    c->macs = c->order->macs ? c->order->macs + first : NULL;
    c->count = count;
    c->leaks = true; /* until its tables have been read */
    err = apply_family(c);
    if (topology_family(c->order->topology, family)->localnet.count > 0)
        return err;
    c->leaks = false;
    return c->order->uid_count > 0 && c->filter != -EAFNOSUPPORT ? c->filter : 0;
}

/* A family whose hosts cannot be closed is left to the kernel. */
static void renew(const struct gate_order *order, struct gate_report *r)
{
    r->lease = gate_renew(order->topology, !r->v4_leaks, !r->v6_leaks);
    if (r->lease && !r->error[0])
        snprintf(r->error, sizeof r->error, "lease: %s", strerror(-r->lease));
}

int gate_apply(const struct gate_order *order, struct gate_report *report)
{
    struct change c = {.order = order, .report = report, .lock = -1};
    size_t v4 = 0;

    *report = (struct gate_report){0};
    while (v4 < order->count && order->hosts[v4].family == AF_INET)
        v4++;
    report->v4 = apply_to(&c, AF_INET, 0, v4);
    report->v4_leaks = c.leaks;
    report->v6 = apply_to(&c, AF_INET6, v4, order->count - v4);
    report->v6_leaks = c.leaks;
    if (order->policy.lease)
        renew(order, report);
    if (c.lock >= 0)
        close(c.lock);
    report->missing_count = addr_sort_once(report->missing, report->missing_count);
    report->extra_count = addr_sort_once(report->extra, report->extra_count);
    return report->v4 ? report->v4 : report->v6;
}

/* Every table that may hold something of ours. */
static const struct {
    int family;
    const char *table;
} tables[] = {{AF_INET, "filter"}, {AF_INET, "nat"}, {AF_INET6, "filter"}, {AF_INET6, "nat"}};

int gate_clean(char error[GATE_ERROR_LEN])
{
    struct gate_report report = {0};
    struct change c = {.report = &report, .lock = -1};
    int err = 0;

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct ruleset none;
        int bad;

        gate_rules_none(&none, tables[i].family, tables[i].table);
        bad = change_table(&c, &none);
        /* A table that the kernel does not have holds nothing of ours. */
        if (bad == -ENOENT || bad == -ENOPROTOOPT)
            report.error[0] = '\0';
        else if (bad)
            err = bad;
    }
    if (c.lock >= 0)
        close(c.lock);
    memcpy(error, report.error, GATE_ERROR_LEN);
    return err;
}

int gate_check(const struct topology *topology, char error[GATE_ERROR_LEN])
{
    struct gate_report report = {0};
    int err = 0;

    for (size_t i = 0; i < sizeof tables / sizeof *tables && !err; i++) {
        struct xtables *x;

        if (topology_family(topology, tables[i].family)->localnet.count == 0)
            continue;
        err = xtables_read(&x, tables[i].family, tables[i].table);
        if (err)
            failed(&report, tables[i].family, tables[i].table, err);
        else
            xtables_free(x);
    }
    memcpy(error, report.error, GATE_ERROR_LEN);
    return err;
}

int gate_renew(const struct topology *topology, bool v4, bool v6)
{
    int err4 = v4 && topology->v4.localnet.count ? gate_lease_renew(AF_INET) : 0;
    int err6 = v6 && topology->v6.localnet.count ? gate_lease_renew(AF_INET6) : 0;

    return err4 ? err4 : err6;
}

void gate_expire(void)
{
    gate_lease_end(AF_INET);
    gate_lease_end(AF_INET6);
}
