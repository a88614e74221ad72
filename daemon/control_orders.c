#include "control_orders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void orders_free(struct orders *o)
{
    free(o->hosts);
    o->hosts = NULL;
    o->count = o->room = 0;
}

struct order_host *orders_find(const struct orders *o, const struct addr *host)
{
    for (size_t i = 0; i < o->count; i++) {
        if (addr_compare(&o->hosts[i].addr, host) == 0)
            return &o->hosts[i];
    }
    return NULL;
}

/* What is closed for no reason that has to be remembered makes room; the first is never given away.
 */
static struct order_host *find_done(struct orders *o)
{
    for (size_t i = 1; i < o->count && o->drops; i++) {
        const struct order_host *h = &o->hosts[i];

        if (h->stage == STAGE_OVER && (h->why == REASON_OK || h->why == REASON_MOVED))
            return &o->hosts[i];
    }
    return NULL;
}

/* A place for one more at the end, or NULL. */
static struct order_host *append(struct orders *o)
{
    size_t room = o->room ? o->room * 2 : 8;
    struct order_host *bigger;

    if (o->count < o->room)
        return &o->hosts[o->count++];
    bigger = realloc(o->hosts, room * sizeof *bigger);
    if (!bigger)
        return NULL;
    o->hosts = bigger;
    o->room = room;
    return &o->hosts[o->count++];
}

int orders_add(struct orders *o, const struct addr *host, enum order_stage stage, const char *group)
{
    struct order_host *place = orders_find(o, host);

    if (place && place->stage != STAGE_OVER)
        return 0;
    if (!place)
        place = find_done(o);
    if (place) { /* what was used before is not forgotten */
        o->used.ns += place->used.used.ns;
        o->points += place->used.points;
    } else {
        place = append(o);
    }
    if (!place)
        return -ENOMEM;
    *place = (struct order_host){.addr = *host, .stage = stage};
    snprintf(place->group, sizeof place->group, "%s", group ? group : "");
    return 0;
}

size_t orders_live(const struct orders *o)
{
    size_t n = 0;

    for (size_t i = 0; i < o->count; i++)
        n += o->hosts[i].stage != STAGE_OVER;
    return n;
}

void orders_close(struct orders *o)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->hosts[i].stage == STAGE_OPEN_DUE)
            o->hosts[i].stage = STAGE_OVER;
        if (o->hosts[i].stage == STAGE_OPENING || o->hosts[i].stage == STAGE_OPEN)
            o->hosts[i].stage = STAGE_CLOSE_DUE;
    }
}

static bool is_due(const struct order_host *h)
{
    return h->stage == STAGE_OPEN_DUE || h->stage == STAGE_CLOSE_DUE ||
           h->stage == STAGE_DROP_DUE || h->refresh_due;
}

bool orders_are_due(const struct orders *o)
{
    for (size_t i = 0; i < o->count; i++) {
        if (is_due(&o->hosts[i]))
            return true;
    }
    return false;
}

bool orders_are_over(const struct orders *o)
{
    for (size_t i = 0; i < o->count; i++) {
        enum order_stage stage = o->hosts[i].stage;

        if (stage != STAGE_OVER && !(o->stays && stage == STAGE_OPEN))
            return false;
    }
    return true;
}

static int write_opening(const struct orders *o, struct order_host *h, const char *host,
                         struct store *s)
{
    struct store_opening opening = {.host = host,
                                    .user = &o->user,
                                    .by = o->by.text,
                                    .tic = o->tic,
                                    .free = o->free,
                                    .until = o->until};
    int err = store_order_open(s, &opening);

    /* Somebody has made a row since it was looked for. */
    h->why = err == -EEXIST ? REASON_IN_USE : REASON_OK;
    return err == -EEXIST ? 0 : err;
}

/* openfw's log: `opened (ROOM1/10.99.0.2)', `opened (admin/10.99.0.2)', `force close (10.99.0.2)'.
 */
static int write_log(const struct orders *o, const struct order_host *h, const char *host,
                     struct store *s)
{
    const char *place = o->admin ? "admin" : h->group, *slash, *verb = "opened";
    char action[2 * USER_BYTES + ADDR_TEXT_LEN + 64];

    if (h->stage == STAGE_CLOSE_DUE)
        verb = o->forced ? "force close" : "closed";
    if (o->forced)
        place = "";
    slash = *place ? "/" : "";
    snprintf(action, sizeof action, "%s (%s%s%s)", verb, place, slash, host);
    return store_log_openfw(s, o->by.text, action);
}

/* Whose row is closed: in the end it is still whose it was when that was ordered. */
static const struct user_name *owner_of(const struct orders *o, const struct order_host *h)
{
    if (o->forced)
        return NULL;
    return o->anybodys ? &h->holder : &o->user;
}

/* 1 if a row has changed that the pass has to act on, 0, -errno. */
static int write_host(const struct orders *o, struct order_host *h, struct store *s)
{
    char host[ADDR_TEXT_LEN];
    int rc;

    addr_format(&h->addr, host);
    if (h->stage == STAGE_OPEN_DUE) {
        rc = write_opening(o, h, host, s);
        rc = rc ? rc : h->why == REASON_OK;
    } else if (h->stage == STAGE_CLOSE_DUE) {
        rc = store_order_close(s, host, owner_of(o, h), o->by.text, o->cause);
    } else {
        rc = h->stage == STAGE_DROP_DUE ? store_delete_row(s, host, ORDER_IS_CLOSED)
                                        : store_refresh(s, host, &o->user);
        return rc;
    }
    if (rc > 0 && o->logs) {
        int err = write_log(o, h, host, s);

        return err ? err : 1;
    }
    return rc;
}

int orders_write(struct orders *o, struct store *s, bool *changed)
{
    int rc = 0;

    for (size_t i = 0; i < o->count && rc >= 0; i++) {
        if (is_due(&o->hosts[i]))
            rc = write_host(o, &o->hosts[i], s);
        *changed = *changed || rc > 0;
    }
    return rc < 0 ? rc : 0;
}

void orders_written(struct orders *o)
{
    for (size_t i = 0; i < o->count; i++) {
        struct order_host *h = &o->hosts[i];

        if (h->stage == STAGE_OPEN_DUE)
            h->stage = h->why == REASON_OK ? STAGE_OPENING : STAGE_OVER;
        else if (h->stage == STAGE_CLOSE_DUE)
            h->stage = STAGE_CLOSING;
        else if (h->stage == STAGE_DROP_DUE)
            h->stage = STAGE_OVER;
        h->refresh_due = false;
    }
}

enum reason reason_of_verdict(enum verdict v)
{
    static const enum reason reasons[VERDICTS] = {
        [VERDICT_MAY] = REASON_OK,
        [VERDICT_NO_ADDRESS] = REASON_NO_ADDRESS,
        [VERDICT_NOT_LOCAL] = REASON_NOT_LOCAL,
        [VERDICT_OWN] = REASON_OWN_ADDRESS,
        [VERDICT_HELD] = REASON_IN_USE,
        [VERDICT_DENIED] = REASON_NOT_ALLOWED,
        [VERDICT_QUOTA] = REASON_NO_QUOTA,
        [VERDICT_HOURS] = REASON_HOURS,
        [VERDICT_UNTIL] = REASON_UNTIL,
    };

    return reasons[v];
}

enum reason reason_of_cause(enum cause c)
{
    static const enum reason reasons[CAUSES] = {
        [CAUSE_USER] = REASON_USER,   [CAUSE_QUOTA] = REASON_QUOTA, [CAUSE_DENIED] = REASON_DENIED,
        [CAUSE_IDLE] = REASON_IDLE,   [CAUSE_MOVED] = REASON_MOVED, [CAUSE_ADMIN] = REASON_ADMIN,
        [CAUSE_HOURS] = REASON_HOURS, [CAUSE_EXIT] = REASON_EXIT,
    };

    return reasons[c];
}

static bool is_users(const struct orders *o, const struct user_name *user)
{
    return memcmp(&o->user, user, sizeof *user) == 0;
}

/* The daemon has taken the order back: why? */
static enum reason refusal(const struct orders *o, const struct order_host *h,
                           const struct pass *pass, const struct pass_host *now)
{
    enum verdict v;

    if (now && now->has_row && now->order != ORDER_IS_CLOSED && !is_users(o, &now->user))
        return REASON_IN_USE;
    if (pass_judge(pass, &h->addr, &o->user, o->free, &v) == 0 && v != VERDICT_MAY)
        return reason_of_verdict(v);
    return REASON_ADMIN;
}

static void look_at_opening(struct orders *o, struct order_host *h, const struct pass *pass,
                            const struct pass_host *now)
{
    if (now && now->open && now->in_session && is_users(o, &now->user)) {
        h->stage = STAGE_OPEN;
        h->was_open = true;
    } else if (!now || !now->has_row || now->order == ORDER_IS_CLOSED || !is_users(o, &now->user)) {
        h->stage = o->drops && now && now->order == ORDER_IS_CLOSED ? STAGE_DROP_DUE : STAGE_OVER;
        h->why = refusal(o, h, pass, now);
    }
}

/* A row that is open after ours was to be closed is another one, that was made meanwhile. */
static bool is_being_closed(const struct orders *o, const struct pass_host *now)
{
    if (!now || !now->has_row)
        return false;
    return o->anybodys ? now->order == ORDER_CLOSE
                       : now->order != ORDER_IS_CLOSED && is_users(o, &now->user);
}

/* It was open. A host that nothing is known of has lost its row by hand. */
static void look_at_open(struct orders *o, struct order_host *h, const struct pass_host *now)
{
    bool ours = now && is_users(o, &now->session.user);

    if (ours)
        h->used = now->session;
    if (ours && now->open && now->in_session && h->stage != STAGE_CLOSING)
        return;
    if (h->stage == STAGE_CLOSING && is_being_closed(o, now))
        return;
    if (o->anybodys && now && now->has_row && now->order != ORDER_IS_CLOSED) {
        h->why = REASON_IN_USE;
        h->holder = now->user;
    }
    if (h->stage == STAGE_OPEN)
        h->why = ours ? reason_of_cause(now->session.cause) : REASON_ADMIN;
    if (h->why == REASON_HOURS && !o->free) /* only the free have hours */
        h->why = REASON_UNTIL;
    h->stage =
        o->drops && now && now->has_row && is_users(o, &now->user) ? STAGE_DROP_DUE : STAGE_OVER;
}

void orders_look(struct orders *o, const struct pass *pass)
{
    for (size_t i = 0; i < o->count; i++) {
        struct order_host *h = &o->hosts[i];
        struct pass_host now;
        bool known = pass_find(pass, &h->addr, &now) > 0;

        if (h->stage == STAGE_OPENING)
            look_at_opening(o, h, pass, known ? &now : NULL);
        else if (h->stage == STAGE_OPEN || h->stage == STAGE_CLOSING)
            look_at_open(o, h, known ? &now : NULL);
    }
}
