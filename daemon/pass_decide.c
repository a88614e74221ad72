/* The life of a row: what is found, what shall be, what is written. */
#include "pass_state.h"

#include "log.h"
#include "verdict.h"

#include <string.h>

bool pass_is_free_user(const struct pass *p, const struct roster_host *h)
{
    return conf_is_free_user(p->conf, h->row.user.text);
}

static enum verdict judge(const struct pass *p, const struct roster_host *h, struct moment now)
{
    bool is_address = h->addr.family != 0;
    struct verdict_case c = {
        .is_address = is_address,
        .is_local = is_address && topology_is_local(&p->topology, &h->addr),
        .is_own = is_address && topology_is_own(&p->topology, &h->addr),
        .is_held = h->is_held,
        .allowed = h->row.allowed,
        .free_user = pass_is_free_user(p, h),
        .free_row = h->row.free,
        .balance = h->row.balance - charge_owed(&p->book, &h->row.user),
        .min_quota = p->conf->min_quota,
        .fw_hours = p->conf->fw_hours,
        .until = h->row.until,
        .now = now.wall,
    };

    return verdict_of(&c);
}

static void shut(struct roster_host *h, enum cause cause)
{
    h->want = false;
    h->cause = cause;
    h->write = h->row.order == ORDER_IS_CLOSED ? ROSTER_NO_ORDER : ORDER_IS_CLOSED;
}

static bool is_merged(const struct pass *p, const struct roster_host *h)
{
    const struct roster_host *holder = h->is_held ? roster_find(&p->roster, &h->addr) : NULL;

    return holder && holder->want &&
           memcmp(&holder->row.user, &h->row.user, sizeof h->row.user) == 0;
}

static void refuse(const struct pass *p, struct roster_host *h, enum verdict v)
{
    char host[LOG_VALUE_LEN], user[LOG_VALUE_LEN];
    bool another = h->meter.running && strcmp(h->meter.session.user.text, h->row.user.text) != 0;

    /* Whose open host is closed reads it in the line of the closing. */
    if (!h->told && (!h->open || another) && !is_merged(p, h))
        log_notice("refuse host=%s user=%s reason=\"%s\"", log_value(h->row.host, host),
                   log_value(h->row.user.text, user), verdict_reason(v));
    h->told = true;
    shut(h, verdict_cause(v));
}

/* Nobody is let out with any link-layer address that comes along: the row keeps its order until the
 * host is seen. */
static void wait_for_place(struct roster_host *h)
{
    char host[LOG_VALUE_LEN], user[LOG_VALUE_LEN];

    if (!h->told)
        log_notice("wait host=%s user=%s reason=\"its Ethernet address is not known\"",
                   log_value(h->row.host, host), log_value(h->row.user.text, user));
    h->told = true;
    h->want = false;
    h->cause = CAUSE_MOVED;
    if (h->row.order == ORDER_IS_OPEN) /* it was, and nobody orders it anew */
        shut(h, CAUSE_MOVED);
}

static void decide(struct pass *p, struct roster_host *h, struct moment now, bool tick)
{
    enum verdict v;

    h->write = ROSTER_NO_ORDER;
    h->drop_row = false;
    if (!h->has_row) {
        h->want = false;
        h->cause = CAUSE_ADMIN;
        return;
    }
    if (h->row.order == ORDER_CLOSE) {
        shut(h, h->row.cause);
        return;
    }
    if (h->row.order == ORDER_IS_CLOSED) {
        shut(h, CAUSE_ADMIN);
        h->closed_passes += tick;
        h->drop_row = h->closed_passes > p->conf->tics;
        return;
    }
    v = judge(p, h, now);
    if (v != VERDICT_MAY) {
        refuse(p, h, v);
    } else if (h->row.order == ORDER_IS_OPEN && h->row.tic > p->conf->tics) {
        shut(h, CAUSE_IDLE);
    } else if (h->row.order == ORDER_IS_OPEN && roster_has_moved(h)) {
        shut(h, CAUSE_MOVED);
    } else if (p->conf->bind_mac && roster_place(h)->len != LLADDR_ETHERNET) {
        wait_for_place(h);
    } else {
        h->want = true;
        h->write = h->row.order == ORDER_OPEN ? ORDER_IS_OPEN : ROSTER_NO_ORDER;
    }
}

/*
 * Another spelling of a host that has a row already. A 3 is meant for that host; a 2 for its user
 * is carried out as it is; either row has done its work. A 2 for another user is refused.
 */
static void decide_held(struct pass *p, struct roster_host *h)
{
    struct roster_host *holder = roster_find(&p->roster, &h->addr);

    if (h->row.order == ORDER_CLOSE)
        shut(holder, h->row.cause);
    if (h->row.order == ORDER_CLOSE || (h->row.order == ORDER_OPEN && is_merged(p, h))) {
        h->write = ROSTER_NO_ORDER;
        h->drop_row = true;
    }
}

void pass_decide(struct pass *p, struct moment now, bool tick)
{
    for (size_t i = 0; i < p->roster.count; i++)
        decide(p, &p->roster.hosts[i], now, tick);
    for (size_t i = 0; i < p->roster.count; i++) {
        if (p->roster.hosts[i].is_held)
            decide_held(p, &p->roster.hosts[i]);
    }
}
