#include "pass_state.h"

#include "log.h"
#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void pass_free(struct pass *p)
{
    if (!p)
        return;
    topology_free(&p->topology);
    roster_free(&p->roster);
    charge_book_free(&p->book);
    neighbours_free(&p->neighbours);
    if (p->conntrack >= 0)
        close(p->conntrack);
    for (int i = 0; i < SOCKET_TABLES; i++) {
        if (p->tables[i] >= 0)
            close(p->tables[i]);
    }
    locals_free(&p->locals);
    free(p->served);
    free(p->census);
    free(p->ended);
    free(p);
}

void pass_network_changed(struct pass *p)
{
    p->network_changed = true;
}

/* Down and up once each, and as it is at first. A link that is always there is not told of. */
static void tell_of_link(const struct topology *was, const struct topology *t)
{
    bool is_new = t->is_dialled && !was->is_dialled;

    if (!t->is_dialled || (t->channels == was->channels && !is_new))
        return;
    if (t->channels == 0)
        log_warning("link down");
    else if (was->channels == 0 || is_new)
        log_notice("link up channels=%u", t->channels);
    else
        log_notice("link channels=%u", t->channels);
}

static void warn_of_topology(const struct pass *p, const struct topology *t)
{
    const struct topology *was = &p->topology;

    if (t->leak_v6 && !was->leak_v6)
        log_warning("ipv6-forwarding is on, but LOCALNET has no IPv6 network: IPv6 is not guarded");
    if (topology_lacks_wan(t) && (!topology_lacks_wan(was) || p->starting))
        log_warning("no-wan there is no %s default route and no WAN_IF: nothing is masqueraded",
                    t->v4.localnet.count && !t->v4.wan_if.count ? "IPv4" : "IPv6");
    tell_of_link(was, t);
}

/* Without a new reading the old topology goes on to hold. Up to a change of the link everybody is
 * charged as it was. */
static int read_network(struct pass *p, struct moment now)
{
    struct net_state net;
    struct topology next;
    int err;

    if (!p->network_changed)
        return 0;
    err = network_read(&net);
    if (!err) {
        const char *missing = topology_missing_wan(p->conf, &net);

        if (missing)
            trouble_begin(&p->wan_trouble, "WAN_IF=%s: there is no such interface", missing);
        else
            trouble_end(&p->wan_trouble, "every WAN_IF is there");
        err = topology_derive(&next, p->conf, &net);
        net_state_free(&net);
    }
    if (err) {
        trouble_begin(&p->network_trouble, "network cannot be read: %s", strerror(-err));
        return p->starting ? err : 0;
    }
    trouble_end(&p->network_trouble, "network");
    warn_of_topology(p, &next);
    if (!p->starting && next.channels != p->topology.channels)
        pass_charge_all(p, now);
    p->rules_changed = p->rules_changed || !topology_same_entries(&p->topology, &next);
    topology_free(&p->topology);
    p->topology = next;
    p->network_changed = false;
    return 0;
}

static int prepare(struct pass *p, char why[PASS_WHY_LEN])
{
    struct moment now = {mono_now(), wall_now()};
    int err;

    p->census = calloc(1, sizeof *p->census);
    err = p->census ? read_network(p, now) : -ENOMEM;
    snprintf(why, PASS_WHY_LEN, "%s", strerror(-err));
    return err;
}

int pass_new(struct pass **out, const struct pass_setup *setup, char why[PASS_WHY_LEN])
{
    struct pass *p = calloc(1, sizeof *p);
    int err;

    snprintf(why, PASS_WHY_LEN, "out of memory");
    if (!p)
        return -ENOMEM;
    *p = (struct pass){.conf = setup->conf,
                       .store = setup->store,
                       .keeper = setup->keeper,
                       .looker = setup->looker,
                       .dry_run = !setup->keeper,
                       .starting = true,
                       .untidy = setup->keeper != NULL,
                       .network_changed = true,
                       .version = -1,
                       /* A worker before us may have closed a host and not lived to drop its flows,
                        * or have had users blocked. */
                       .sweeps = PASS_SWEEPS,
                       .blocks_due = true,
                       .conntrack = setup->conntrack,
                       .namer = setup->namer,
                       .name_patience = setup->name_patience,
                       .last_tick = mono_now(),
                       .local_tick = mono_now()};
    for (int i = 0; i < SOCKET_TABLES; i++)
        p->tables[i] = -1;
    roster_init(&p->roster);
    locals_init(&p->locals);
    charge_book_init(&p->book);
    err = prepare(p, why);
    if (err) {
        pass_free(p);
        return err;
    }
    *out = p;
    return 0;
}

bool pass_is_current(struct pass *p)
{
    int64_t version = store_version(p->store);

    return version < 0 || version == p->version;
}

static int load_new_locals(struct pass *p)
{
    int err = pass_load_locals(p, false);

    if (err)
        trouble_begin(&p->store_trouble, "database %s: %s", p->conf->database,
                      store_error(p->store));
    return err;
}

/* If the rows cannot be read, those read last go on to hold, less what is owed. */
static int load_rows(struct pass *p)
{
    /* Before the rows: what is committed in between shows as one more version. */
    int64_t version = store_version(p->store);
    struct store_row *rows = NULL;
    size_t count = 0;
    int err;

    if (store_is_replaced(p->store)) {
        trouble_begin(&p->lost_trouble,
                      "database %s has been removed or replaced, charges are carried and orders "
                      "are not seen until tcpquotad is started again",
                      p->conf->database);
        return -ESTALE;
    }
    trouble_end(&p->lost_trouble, "database, it is in its place again");
    if (version >= 0 && version == p->version && !p->rows_stale)
        return load_new_locals(p);
    err = version < 0 ? (int)version : store_load(p->store, &rows, &count);
    if (!err)
        err = pass_load_locals(p, true);
    if (!err)
        err = roster_update(&p->roster, rows, count);
    free(rows);
    if (err) {
        trouble_begin(&p->store_trouble, "database %s: %s", p->conf->database,
                      store_error(p->store));
        return err;
    }
    p->version = version;
    p->rows_stale = false;
    charge_balances_read(&p->book);
    return 0;
}

/* Machines are known before anybody is charged, and before anybody is let out. */
static int charge_and_load(struct pass *p, bool charging, struct moment now)
{
    bool looks = charging && pass_has_machines(p);
    int err;

    if (looks)
        pass_look(p);
    if (charging)
        pass_charge_all(p, now);
    err = load_rows(p);
    p->has_read = !err;
    if (looks)
        pass_note_machines(p);
    else if (pass_has_orders(p))
        pass_look(p);
    return err;
}

int pass_run(struct pass *p, enum pass_kind kind)
{
    struct moment now = {mono_now(), wall_now()};
    bool charging = kind != PASS_WAKE;
    int err = read_network(p, now), gate_err;

    if (!err)
        err = charge_and_load(p, charging, now);
    if (err && p->starting)
        return err;
    pass_decide(p, now, kind == PASS_TICK);
    pass_enforce(p, charging && !p->local_trouble.on);
    gate_err = pass_apply(p, now, charging);
    if (charging && !p->local_trouble.on)
        pass_cut(p);
    /* Without memory nothing was decided that could be written. */
    if (!err && gate_err != -ENOMEM)
        err = pass_write(p, kind == PASS_TICK);
    pass_plan(p, now);
    p->starting = false;
    return err;
}

bool pass_is_online(const struct pass *p)
{
    for (size_t i = 0; i < p->roster.count; i++) {
        if (p->roster.hosts[i].meter.running && p->roster.hosts[i].meter.active)
            return true;
    }
    for (size_t i = 0; i < p->locals.count; i++) {
        if (p->locals.users[i].meter.active)
            return true;
    }
    return false;
}

bool pass_deadline(const struct pass *p, struct mono *at)
{
    *at = p->deadline;
    return p->deadline_set;
}

void pass_reload(struct pass *p, const struct conf *conf)
{
    p->conf = conf;
    p->network_changed = true;
    p->rules_changed = true;
    for (size_t i = 0; i < p->locals.count; i++)
        p->locals.users[i].is_known = false;
}

#define FINISH_PATIENCE_MS 5000

/* Writes what is left to write, waiting for whoever holds the database. */
static int write_last(struct pass *p, bool keep)
{
    int err = -EBUSY;

    for (int i = 0; err == -EBUSY && i < FINISH_PATIENCE_MS / 10; i++) {
        struct timespec nap = {.tv_nsec = 10 * NS_PER_MS};

        if (i > 0)
            nanosleep(&nap, NULL);
        err = keep ? pass_write(p, false) : pass_write_and_clear(p);
    }
    if (err)
        log_err("database %s: the last charges are lost: %s", p->conf->database,
                store_error(p->store));
    return err;
}

/* The hosts that are open, sorted, for the caller to free; NULL if there are none. */
static struct addr *open_hosts(const struct pass *p, size_t *count)
{
    struct addr *hosts = calloc(p->roster.count + 1, sizeof *hosts);

    *count = 0;
    for (size_t i = 0; hosts && i < p->roster.count; i++) {
        if (p->roster.hosts[i].open)
            hosts[(*count)++] = p->roster.hosts[i].addr;
    }
    *count = hosts ? addr_sort_once(hosts, *count) : 0;
    return hosts;
}

/* Removes the entries, and then the flows of those who had some. 0 or -errno. */
static int clean_gate(struct pass *p, struct moment now)
{
    char error[GATE_ERROR_LEN];
    size_t count;
    struct addr *hosts = open_hosts(p, &count);
    int err = ask_clean(p->keeper, error);

    if (err)
        log_err("gate cannot be cleaned: %s", error);
    if (hosts && count)
        pass_drop_flows(p, hosts, count, FLOW_DELETE, false, now);
    free(hosts);
    return err;
}

int pass_finish(struct pass *p, enum pass_end end)
{
    struct moment now = {mono_now(), wall_now()};
    int err = 0, bad;

    if (p->dry_run)
        return 0;
    if (pass_has_machines(p))
        pass_look(p);
    pass_charge_all(p, now);
    pass_end_locals(p, now);
    for (size_t i = 0; i < p->roster.count; i++) {
        /* Decided in a run before: what the rows say now, the next start will read. */
        p->roster.hosts[i].write = ROSTER_NO_ORDER;
        p->roster.hosts[i].drop_row = false;
    }
    if (end == PASS_KEEP)
        return write_last(p, true) ? -EIO : 0;
    if (end == PASS_CLEAN)
        err = clean_gate(p, now);
    for (size_t i = 0; i < p->roster.count; i++) {
        struct roster_host *h = &p->roster.hosts[i];

        pass_end_session(p, &h->meter, CAUSE_EXIT, now);
        h->open = false;
    }
    bad = write_last(p, false);
    return err ? err : bad ? -EIO : 0;
}
