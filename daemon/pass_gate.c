/* From what shall be open to what is: the gate, flows, sessions. */
#include "pass_state.h"

#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A host of the roster as the gate may have it: an address, once. */
static bool is_candidate(const struct roster_host *h)
{
    return h->addr.family && !h->is_held;
}

static bool same_user(const struct roster_host *h)
{
    return strcmp(h->meter.session.user.text, h->row.user.text) == 0;
}

/* A session that ends now: its host closes, another user has the row, or, opened anew, the host is
 * another machine's. */
static bool is_leaving(const struct roster_host *h)
{
    return h->meter.running && (!h->want || !same_user(h) || roster_has_moved(h));
}

void pass_end_session(struct pass *p, struct meter *m, enum cause cause, struct moment now)
{
    char place[ADDR_TEXT_LEN];
    struct session *ended;

    if (!m->running)
        return;
    m->running = false;
    m->active = false;
    m->cnts = 0;
    m->session.closed = now.wall;
    m->session.cause = cause;
    ended = realloc(p->ended, (p->ended_count + 1) * sizeof *ended);
    if (!ended) {
        log_err("session of host=%s is not recorded: out of memory",
                session_place(&m->session, place));
        return;
    }
    p->ended = ended;
    ended[p->ended_count++] = m->session;
}

/* After a restart the session of an open host goes on; otherwise a new one begins. */
static void begin_session(struct pass *p, struct roster_host *h, struct moment now)
{
    h->meter.session = (struct session){.user = h->row.user, .host = h->addr, .opened = now.wall};
    if (p->starting && h->row.order == ORDER_IS_OPEN &&
        store_find_session(p->store, &h->meter.session) != 0)
        trouble_begin(&p->store_trouble, "database %s: %s", p->conf->database,
                      store_error(p->store));
    h->meter.running = true;
    h->meter.unsaved = true;
    h->meter.charged = now.mono;
    h->meter.covered = (struct span){0};
    h->meter.active = true; /* until the next pass has looked */
}

static void log_host(const char *event, const struct roster_host *h, const char *why)
{
    char host[ADDR_TEXT_LEN], user[LOG_VALUE_LEN];

    log_notice("%s host=%s user=%s%s%s", event, addr_format(&h->addr, host),
               log_value(h->meter.running ? h->meter.session.user.text : h->row.user.text, user),
               why ? " cause=" : "", why ? why : "");
}

static bool family_failed(const struct gate_report *r, const struct addr *a)
{
    return a->family == AF_INET ? r->v4 != 0 : r->v6 != 0;
}

static void open_host(struct pass *p, struct roster_host *h, struct moment now)
{
    bool taken_over = p->starting && h->row.order == ORDER_IS_OPEN;

    if (!h->open)
        log_host(taken_over ? "keep" : "open", h, NULL);
    else if (!h->meter.running)
        log_host("change", h, NULL);
    if (!h->open || roster_has_moved(h))
        h->lladdr = h->shown;
    h->open = true;
    h->stuck = false;
    if (!h->meter.running)
        begin_session(p, h, now);
}

static void close_host(struct pass *p, struct roster_host *h, struct moment now)
{
    if (h->open)
        log_host("close", h, cause_name(h->cause));
    h->open = false;
    h->lladdr = (struct lladdr){0};
    h->stuck = false;
    /* What the new user may not is not why the old one's session ends. */
    pass_end_session(p, &h->meter,
                     h->has_row && h->meter.running && !same_user(h) ? CAUSE_ADMIN : h->cause, now);
}

/* The kernel refused: the row keeps its order, and the host is as it was. */
static void keep_order(struct roster_host *h, const char *why)
{
    char host[ADDR_TEXT_LEN];

    if (!h->stuck && (h->want != h->open || h->write != ROSTER_NO_ORDER))
        log_err("gate refuses host=%s: %s", addr_format(&h->addr, host), why);
    h->stuck = true;
    h->write = ROSTER_NO_ORDER;
}

static void log_found(const struct pass *p, const struct gate_report *r, bool expected)
{
    char text[ADDR_TEXT_LEN];
    bool explained = expected || p->starting;

    for (size_t i = 0; i < r->missing_count; i++) {
        const struct roster_host *h = roster_find(&p->roster, &r->missing[i]);

        if (h && !p->rules_changed && (h->open || (p->starting && h->row.order == ORDER_IS_OPEN))) {
            log_warning("restore host=%s its entry was gone", addr_format(&h->addr, text));
            explained = true;
        }
    }
    for (size_t i = 0; i < r->extra_count; i++) {
        const struct roster_host *h = roster_find(&p->roster, &r->extra[i]);

        if (!h || !h->open) {
            log_warning("close host=%s cause=admin it had an entry and no row that is open",
                        addr_format(&r->extra[i], text));
            explained = true;
        }
    }
    if (r->changes && !explained)
        log_warning("restore entries: somebody else had changed ours");
}

/* Sessions that end now, hosts with entries nobody asked for, and strays of the last count. */
static struct addr *collect_closed(struct pass *p, const struct gate_report *r, size_t *count)
{
    size_t strays = p->census->stray_count;
    struct addr *list = calloc(p->roster.count + r->extra_count + strays + 1, sizeof *list);
    size_t n = 0;

    for (size_t i = 0; list && i < p->roster.count; i++) {
        if (is_leaving(&p->roster.hosts[i]) && !family_failed(r, &p->roster.hosts[i].addr))
            list[n++] = p->roster.hosts[i].addr;
    }
    for (size_t i = 0; list && i < r->extra_count; i++) {
        const struct roster_host *h = roster_find(&p->roster, &r->extra[i]);

        if (!family_failed(r, &r->extra[i]) && (!h || (!h->want && !h->meter.running)))
            list[n++] = r->extra[i];
    }
    /* Where the administrator lets hosts out past us, only those with a row are ours to cut. */
    for (size_t i = 0; list && i < strays; i++) {
        const struct roster_host *h = roster_find(&p->roster, &p->census->strays[i]);

        if (h ? !h->want && !h->meter.running : !r->exempts)
            list[n++] = p->census->strays[i];
    }
    *count = list ? addr_sort_once(list, n) : 0;
    return list;
}

static void follow_up(struct pass *p, const struct gate_report *r, struct moment now)
{
    for (size_t i = 0; i < p->roster.count; i++) {
        struct roster_host *h = &p->roster.hosts[i];

        if (is_candidate(h) && family_failed(r, &h->addr)) {
            keep_order(h, r->error);
            continue;
        }
        if (h->want && is_leaving(h))
            pass_end_session(p, &h->meter, same_user(h) ? CAUSE_MOVED : CAUSE_ADMIN, now);
        if (h->want)
            open_host(p, h, now);
        else
            close_host(p, h, now);
    }
}

static struct addr *wanted_hosts(const struct pass *p, size_t *count, bool *transition)
{
    struct addr *hosts = calloc(p->roster.count + 1, sizeof *hosts);

    *count = 0;
    *transition = false;
    for (size_t i = 0; hosts && i < p->roster.count; i++) {
        const struct roster_host *h = &p->roster.hosts[i];

        if (is_candidate(h) && h->want)
            hosts[(*count)++] = h->addr;
        *transition = *transition || h->want != h->open || roster_has_moved(h);
    }
    *count = hosts ? addr_sort_once(hosts, *count) : 0;
    return hosts;
}

/* Where these hosts are, for the caller to free; NULL without memory. */
static struct lladdr *places_of(const struct pass *p, const struct addr *hosts, size_t count)
{
    struct lladdr *places = calloc(count + 1, sizeof *places);

    for (size_t i = 0; places && i < count; i++)
        places[i] = *roster_place(roster_find(&p->roster, &hosts[i]));
    return places;
}

static int drive(struct pass *p, const struct addr *hosts, size_t count, struct gate_report *r)
{
    struct lladdr *places = NULL;
    int err;

    if (p->dry_run) {
        *r = (struct gate_report){0};
        return 0;
    }
    /* Without them a keeper that wants them lets out nobody. */
    if (p->conf->bind_mac)
        places = places_of(p, hosts, count);
    err = ask_gate(p->keeper, hosts, places, count, pass_is_online(p), r);
    free(places);
    if (err)
        trouble_begin(&p->gate_trouble, "gate: %s", r->error);
    else
        trouble_end(&p->gate_trouble, "gate");
    if (r->lease && !err)
        trouble_begin(&p->lease_trouble, "lease cannot be renewed: %s", r->error);
    else if (!r->lease)
        trouble_end(&p->lease_trouble, "lease");
    return err;
}

/* What was buried when these hosts were closed: only IPv6 has such flows. */
static void raise_flows(struct pass *p, const struct addr *hosts, size_t count, struct moment now)
{
    struct addr *opening = calloc(count + 1, sizeof *opening);
    size_t n = 0;

    for (size_t i = 0; opening && i < count; i++) {
        const struct roster_host *h = roster_find(&p->roster, &hosts[i]);

        if (hosts[i].family == AF_INET6 && h && !h->open)
            opening[n++] = hosts[i];
    }
    if (n && !p->dry_run)
        pass_drop_flows(p, opening, n, FLOW_RAISE, false, now);
    free(opening);
}

/* Nobody is out, nobody shall be, and nothing was found at the last look. */
static bool is_idle(const struct pass *p, size_t count, bool transition)
{
    bool idle = count == 0 && !transition && p->settled && !p->dry_run && !p->starting &&
                !p->rules_changed && !p->census->stray_count;

    for (size_t i = 0; i < p->roster.count && idle; i++) {
        const struct roster_host *h = &p->roster.hosts[i];

        idle = !h->open && !h->meter.running && !h->stuck && h->write == ROSTER_NO_ORDER;
    }
    return idle;
}

int pass_apply(struct pass *p, struct moment now, bool charged)
{
    struct gate_report report;
    struct addr *hosts, *closed;
    size_t count, closed_count = 0;
    bool transition;
    int err;

    hosts = wanted_hosts(p, &count, &transition);
    if (!hosts) {
        trouble_begin(&p->gate_trouble, "gate: out of memory");
        return -ENOMEM;
    }
    if (is_idle(p, count, transition)) {
        err = ask_idle(p->keeper);
        if (!p->keeper->found) {
            free(hosts);
            return err;
        }
    }
    err = drive(p, hosts, count, &report);
    p->settled = !err && !report.changes && !report.lease;
    /* Who got out while the entries were not as they shall be has flows that still run. */
    if (p->keeper && p->keeper->found) {
        p->keeper->found = 0;
        p->settled = false;
        p->sweeps = PASS_SWEEPS;
    }
    if (report.changes)
        p->sweeps = PASS_SWEEPS;
    if (!err) {
        log_found(p, &report, transition || p->rules_changed);
        p->rules_changed = false;
    }
    closed = collect_closed(p, &report, &closed_count);
    if (closed && closed_count && !p->dry_run)
        pass_drop_flows(p, closed, closed_count, FLOW_CLOSE, !charged, now);
    raise_flows(p, hosts, count, now);
    p->census->stray_count = 0;
    follow_up(p, &report, now);
    free(closed);
    free(hosts);
    gate_report_free(&report);
    return err;
}
