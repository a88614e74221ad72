/* What ENFORCE_LOCAL says to users on the gateway itself who may not use the link. */
#include "pass_state.h"

#include "forecast.h"
#include "log.h"
#include "num.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVICTION_S 15 /* an eviction lasts at most, after the grace */

/* While `allowed` is empty everybody would be cut off, administrators of a new gateway first. */
static enum conf_enforce mode_of(const struct pass *p)
{
    if (p->nobody_allowed || !pass_has_locals(p))
        return ENFORCE_LOG;
    return (enum conf_enforce)p->conf->enforce_local;
}

static void log_user(const struct pass *p, const char *event, const struct local_user *u,
                     const char *more)
{
    char user[LOG_VALUE_LEN];

    log_notice("%s%s user=%s uid=%lu reason=\"%s\" cnts=%u%s", p->dry_run ? "would " : "", event,
               log_value(u->user.text, user), (unsigned long)u->uid, verdict_reason(u->told),
               u->meter.cnts, more);
}

/* Whom the keeper refuses to touch, and says why, is spared until the configuration is read anew.
 */
static void spare(struct local_user *u)
{
    u->is_spared = true;
    u->trouble.on = false;
}

/* That a terminal takes nothing is no failure. */
static void tell(struct pass *p, struct local_user *u, enum wire_news news, int64_t seconds)
{
    if (!p->dry_run && ask_tell(p->keeper, u->uid, news, seconds) == -EACCES)
        spare(u);
}

static void note_answer(struct local_user *u, int err)
{
    char user[LOG_VALUE_LEN];

    log_value(u->user.text, user);
    if (err >= 0)
        trouble_end(&u->trouble, "ENFORCE_LOCAL");
    else if (err == -EACCES)
        spare(u);
    else
        trouble_begin(&u->trouble, "ENFORCE_LOCAL: user=%s uid=%lu cannot be cut off: %s", user,
                      (unsigned long)u->uid, strerror(-err));
}

static enum wire_news news_of(const struct local_user *u)
{
    return u->told == VERDICT_DENIED ? WIRE_NOT_ALLOWED : WIRE_NO_QUOTA;
}

static void block(struct pass *p, struct local_user *u)
{
    if (u->blocked)
        return;
    tell(p, u, news_of(u), 0);
    u->blocked = !u->is_spared;
    p->blocks_due = p->blocks_due || u->blocked;
}

/* Asked for anew in each run that still sees use: the keeper goes on with what goes on. */
static void evict(struct pass *p, struct local_user *u)
{
    u->outlasts = u->ordered;
    u->ordered = true;
    u->evicted = mono_add(mono_now(), span_seconds(p->conf->kill_grace + EVICTION_S));
    if (!p->dry_run)
        note_answer(u, ask_evict(p->keeper, u->uid, news_of(u)));
}

/* Whoever may not has been seen to use the link in this run. */
static void cut_off(struct pass *p, struct local_user *u, enum verdict v)
{
    bool anew = u->told == VERDICT_MAY;

    u->told = v;
    switch (mode_of(p)) {
    case ENFORCE_KILL:
        if (!u->ordered)
            log_user(p, "evict", u, "");
        evict(p, u);
        break;
    case ENFORCE_CLOSE:
        if (!u->blocked)
            log_user(p, "block", u, "");
        block(p, u);
        break;
    case ENFORCE_LOG:
        if (anew && p->nobody_allowed)
            log_user(p, "refuse", u, ", nothing is done: nobody is in allowed");
        else if (anew)
            log_user(p, "refuse", u, ", nothing is done: ENFORCE_LOCAL=log");
        break;
    }
}

/* May again, or ENFORCE_LOCAL says another thing now. */
static void release(struct pass *p, struct local_user *u)
{
    char user[LOG_VALUE_LEN];

    if (u->blocked)
        log_notice("%sadmit user=%s uid=%lu", p->dry_run ? "would " : "",
                   log_value(u->user.text, user), (unsigned long)u->uid);
    p->blocks_due = p->blocks_due || u->blocked;
    u->blocked = false;
    if (locals_is_evicted(u, mono_now()) && !p->dry_run)
        ask_pardon(p->keeper, u->uid);
    u->evicted = (struct mono){0};
    u->ordered = u->outlasts = false;
    u->told = VERDICT_MAY;
}

static void warn(struct pass *p, struct local_user *u)
{
    int64_t left = u->left.ns / NS_PER_S, level = FORECAST_NO_WARNING;

    if (left < LOCALS_DAY_S)
        level = forecast_warning(&p->conf->warn_at, left);

    if (level < u->warned)
        tell(p, u, WIRE_QUOTA_ENDS, left);
    /* After a deposit the same warning may be due again. */
    u->warned = level;
}

static void enforce(struct pass *p, struct local_user *u, bool counted)
{
    enum verdict v = pass_judge_local(p, u);

    if (v == VERDICT_MAY || u->is_spared || !pass_is_user(p, u->uid)) {
        release(p, u);
        if (!u->is_spared && u->meter.active && counted && u->left.ns)
            warn(p, u);
        return;
    }
    if ((u->blocked && mode_of(p) != ENFORCE_CLOSE) ||
        (u->evicted.ns && mode_of(p) != ENFORCE_KILL))
        release(p, u);
    if (counted && u->meter.active && p->topology.channels)
        cut_off(p, u, v);
}

/* Who is blocked, for the next look at the gate. */
static void tell_blocks(struct pass *p)
{
    uint64_t *uids = calloc(p->locals.count + 1, sizeof *uids);
    size_t count = 0;
    int err = uids ? 0 : -ENOMEM;

    for (size_t i = 0; i < p->locals.count && !err; i++) {
        if (p->locals.users[i].blocked)
            uids[count++] = p->locals.users[i].uid;
    }
    if (count)
        qsort(uids, count, sizeof *uids, num_compare);
    if (!err)
        err = ask_block(p->keeper, uids, count);
    free(uids);
    if (err)
        trouble_begin(&p->block_trouble, "ENFORCE_LOCAL: connections cannot be rejected: %s",
                      strerror(-err));
    else
        trouble_end(&p->block_trouble, "ENFORCE_LOCAL");
    p->blocks_due = err && err != -EACCES && err != -EOPNOTSUPP;
    p->settled = false;
    p->rules_changed = true; /* by us */
}

void pass_enforce(struct pass *p, bool counted)
{
    for (size_t i = 0; i < p->locals.count; i++) {
        struct local_user *u = &p->locals.users[i];

        if (u->has_account)
            enforce(p, u, counted);
    }
    if (p->blocks_due && !p->dry_run)
        tell_blocks(p);
}

/* Their part of the sockets of services. 0 or -ENOMEM. */
static int served_of(const struct pass *p, uid_t uid, uint64_t **out, size_t *count)
{
    uint64_t *inodes = calloc(p->served_count + 1, sizeof *inodes);

    *out = inodes;
    *count = 0;
    for (size_t i = 0; inodes && i < p->served_count; i++) {
        if (p->served[i].uid == uid)
            inodes[(*count)++] = p->served[i].inode;
    }
    return inodes ? 0 : -ENOMEM;
}

static void cut(struct pass *p, struct local_user *u)
{
    uint64_t *inodes;
    size_t count;
    char user[LOG_VALUE_LEN];
    int n = served_of(p, u->uid, &inodes, &count);

    if (n == 0)
        n = ask_cut(p->keeper, u->uid, inodes, count);
    free(inodes);
    note_answer(u, n);
    if (n > 0)
        log_notice("cut user=%s uid=%lu connections=%d", log_value(u->user.text, user),
                   (unsigned long)u->uid, n);
}

/* A user who goes on though an eviction was ordered in an earlier run has sockets that are in other
 * hands: of a service, or of somebody they were passed to. */
static bool is_to_be_cut(const struct local_user *u)
{
    return u->meter.active && (u->blocked || u->outlasts);
}

void pass_cut(struct pass *p)
{
    for (size_t i = 0; i < p->locals.count && !p->dry_run; i++) {
        if (is_to_be_cut(&p->locals.users[i]))
            cut(p, &p->locals.users[i]);
    }
}
