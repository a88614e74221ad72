/* Users on the gateway itself: who uses sockets that lead outside, and since when. */
#include "pass_state.h"

#include "caller.h"
#include "log.h"
#include "namer.h"
#include "num.h"
#include "store_read.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One reading of all tables. */
struct reading {
    struct pass *p;
    uint64_t *inodes; /* of sockets that belong to no user */
    size_t count, room;
    int err;
};

static bool looks_for_services(const struct conf *c)
{
    return c->check_remote || c->check_ftp;
}

bool pass_has_locals(const struct pass *p)
{
    return p->conf->check_local || looks_for_services(p->conf);
}

bool pass_is_user(const struct pass *p, uid_t uid)
{
    return uid >= p->conf->min_uid && uid <= p->conf->max_uid;
}

static int add_use(struct pass *p, uid_t uid)
{
    struct local_user *u = locals_need(&p->locals, uid, p->local_tick);

    if (!u)
        return -ENOMEM;
    u->found++;
    return 0;
}

static int add_inode(struct reading *r, uint64_t inode)
{
    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 256;
        uint64_t *inodes = realloc(r->inodes, room * sizeof *inodes);

        if (!inodes)
            return -ENOMEM;
        r->inodes = inodes;
        r->room = room;
    }
    r->inodes[r->count++] = inode;
    return 0;
}

static void count_socket(void *context, const struct socket_entry *e)
{
    struct reading *r = context;
    const struct conf *c = r->p->conf;

    if (r->err || !topology_is_beyond(&r->p->topology, &e->remote))
        return;
    if (pass_is_user(r->p, e->uid))
        r->err = c->check_local ? add_use(r->p, e->uid) : 0;
    else if (looks_for_services(c) && e->inode)
        r->err = add_inode(r, e->inode);
}

/* A kernel without IPv6 has no tables for it. */
static int read_table(struct reading *r, enum socket_table_kind kind)
{
    struct socket_table_error where;
    int *fd = &r->p->tables[kind], err;

    if (*fd < 0)
        *fd = socket_table_open(kind);
    if (*fd == -ENOENT && (kind == SOCKET_TABLE_TCP6 || kind == SOCKET_TABLE_UDP6))
        return 0;
    if (*fd < 0)
        return *fd;
    err = socket_table_read(*fd, kind, count_socket, r, &where);
    if (err == -EBADMSG)
        trouble_begin(&r->p->local_trouble,
                      "%s: line %zu is no socket, nobody on the gateway is charged: %s",
                      socket_table_path(kind), where.line, where.text);
    if (err) {
        close(*fd);
        *fd = -1;
    }
    return err ? err : r->err;
}

static size_t sort_once(uint64_t *inodes, size_t count)
{
    size_t kept = 0;

    if (count)
        qsort(inodes, count, sizeof *inodes, num_compare);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || inodes[kept - 1] != inodes[i])
            inodes[kept++] = inodes[i];
    }
    return kept;
}

/* Sockets of root or of a service that somebody's process holds are that user's. */
static int add_served(struct pass *p, struct reading *r)
{
    size_t count = sort_once(r->inodes, r->count);
    int n = 0, err = 0;

    free(p->served);
    p->served = NULL;
    p->served_count = 0;
    if (count && p->looker)
        n = ask_holders(p->looker, !p->conf->check_remote, r->inodes, count, &p->served);
    if (n < 0)
        return n;
    p->served_count = (size_t)n;
    for (size_t i = 0; i < p->served_count && !err; i++) {
        if (pass_is_user(p, p->served[i].uid))
            err = add_use(p, p->served[i].uid);
    }
    return err;
}

/* 0 or -errno. */
static int read_tables(struct pass *p)
{
    struct reading r = {.p = p};
    int err = 0;

    for (size_t i = 0; i < p->locals.count; i++)
        p->locals.users[i].found = 0;
    for (int kind = 0; kind < SOCKET_TABLES && !err; kind++)
        err = read_table(&r, (enum socket_table_kind)kind);
    if (!err)
        err = add_served(p, &r);
    free(r.inodes);
    return err;
}

/* What runs goes on under its name. */
static void set_name(struct local_user *u, const struct namer_answer *a)
{
    struct user_name name = a->name;

    if (!a->found)
        snprintf(name.text, sizeof name.text, "#%lu", (unsigned long)a->uid);
    if (u->meter.running || memcmp(&name, &u->user, sizeof name) == 0)
        return;
    u->user = name;
    u->has_account = false;
}

static void take_name(struct pass *p, const struct namer_answer *a)
{
    struct local_user *u = locals_find(&p->locals, a->uid);
    struct caller caller = {.uid = a->uid, .name = a->name};

    if (!u || !u->asked)
        return;
    u->asked = false;
    if (a->failed) {
        /* Whoever has a name is charged; whether they may be cut off is for a later answer. */
        if (a->found && !*u->user.text) {
            set_name(u, a);
            u->is_spared = true;
        }
        return;
    }
    u->is_known = true;
    set_name(u, a);
    caller_judge(&caller, p->conf, a->others, a->groups);
    u->is_spared = caller.is_spared;
}

/* Of those who are in use, or cut off: these may by now be somebody who is not to be. */
static bool needs_name(const struct local_user *u, struct mono now)
{
    return !u->is_known && (u->found || u->blocked || locals_is_evicted(u, now));
}

/* How many have been asked for, and not come. */
static size_t ask_names(struct pass *p)
{
    struct mono now = mono_now();
    size_t missing = 0;
    int err = 0;

    for (size_t i = 0; i < p->locals.count; i++) {
        struct local_user *u = &p->locals.users[i];

        if (!needs_name(u, now))
            continue;
        if (!u->asked)
            err = namer_ask(p->namer, u->uid);
        u->asked = u->asked || !err;
        missing += u->asked;
    }
    if (err && err != -EAGAIN)
        trouble_begin(&p->names_trouble,
                      "names of users on the gateway: %s, new ones are not charged",
                      strerror(-err));
    else
        trouble_end(&p->names_trouble, "names of users on the gateway");
    return missing;
}

/* Names come from another process, which may have to ask elsewhere: what does not come in time
 * comes in a later pass. If the use goes on, the time since it began is charged then. */
static void learn_names(struct pass *p)
{
    struct mono until = mono_add(mono_now(), p->name_patience);
    size_t missing = ask_names(p);

    while (missing) {
        struct pollfd slot = {.fd = p->namer, .events = POLLIN};
        struct namer_answer answer;
        int64_t left = mono_since(mono_now(), until).ns;

        if (left <= 0 || poll(&slot, 1, (int)(left / NS_PER_MS) + 1) <= 0)
            return;
        if (namer_hear(p->namer, &answer) != 0)
            return;
        take_name(p, &answer);
        if (answer.failed) /* the next pass asks again */
            return;
        missing = ask_names(p);
    }
}

static void begin_session(struct local_user *u, struct moment now)
{
    struct meter *m = &u->meter;

    *m = (struct meter){.running = true, .unsaved = true, .charged = u->since};
    m->session.user = u->user;
    m->session.opened = wall_add(now.wall, mono_since(now.mono, u->since));
}

/* Whose use is no more: after TICS passes it is over, at once if they have been cut off. */
static void rest(struct pass *p, struct local_user *u, struct moment now)
{
    u->unused++;
    if (u->told != VERDICT_MAY)
        pass_end_session(p, &u->meter, verdict_cause(u->told), now);
    else if (u->unused > p->conf->tics)
        pass_end_session(p, &u->meter, CAUSE_IDLE, now);
    if (u->meter.running)
        return;
    u->since = now.mono;
    u->ordered = u->outlasts = false;
}

static void take_counts(struct pass *p, struct moment now)
{
    for (size_t i = 0; i < p->locals.count; i++) {
        struct local_user *u = &p->locals.users[i];
        struct meter *m = &u->meter;

        if (u->found && !m->running && *u->user.text)
            begin_session(u, now);
        if (!m->running && u->found)
            continue; /* its name is still to come */
        m->cnts = u->found;
        m->active = u->found > 0;
        m->due = m->running;
        if (u->found)
            u->unused = 0;
        else
            rest(p, u, now);
    }
}

void pass_end_locals(struct pass *p, struct moment now)
{
    for (size_t i = 0; i < p->locals.count; i++)
        pass_end_session(p, &p->locals.users[i].meter, CAUSE_EXIT, now);
}

/* Nobody is looked for any more. */
static void forget_locals(struct pass *p, struct moment now)
{
    pass_end_locals(p, now);
    for (size_t i = 0; i < p->locals.count; i++)
        p->locals.users[i].found = 0;
    locals_sweep(&p->locals, now.mono);
}

void pass_count_locals(struct pass *p, struct moment now)
{
    int err;

    /* A use is charged from the reading before the first that found it, but for no
     * more than a period. */
    if (!pass_has_locals(p) || mono_since(p->local_tick, now.mono).ns > p->conf->period * NS_PER_S)
        p->local_tick = mono_add(now.mono, span_seconds(-p->conf->period));
    if (!pass_has_locals(p)) {
        forget_locals(p, now);
        return;
    }
    err = read_tables(p);
    if (err) {
        trouble_begin(&p->local_trouble, "sockets: %s, nobody on the gateway is charged",
                      strerror(-err));
        return;
    }
    trouble_end(&p->local_trouble, "sockets are read again");
    if (p->namer >= 0)
        learn_names(p);
    take_counts(p, now);
    locals_sweep(&p->locals, now.mono);
    p->local_tick = now.mono;
}

/* What is owed shows up in the balance of a new one once more: but what is not yet written. */
static int load(struct pass *p, struct local_user *u, bool all)
{
    int allowed = store_is_allowed(p->store, &u->user);
    int err = allowed < 0 ? allowed : store_balance(p->store, &u->user, &u->balance);

    if (err)
        return err;
    u->allowed = allowed > 0;
    u->has_account = true;
    if (!all)
        u->balance += charge_owed(&p->book, &u->user) - charge_unwritten(&p->book, &u->user);
    return 0;
}

int pass_load_locals(struct pass *p, bool all)
{
    int err = 0, some = 1;

    for (size_t i = 0; i < p->locals.count && !err; i++) {
        struct local_user *u = &p->locals.users[i];

        if (*u->user.text && (all || !u->has_account))
            err = load(p, u, all);
    }
    if (!err && all)
        some = store_is_anybody_allowed(p->store);
    if (some < 0)
        err = some;
    else if (all && !err)
        p->nobody_allowed = some == 0;
    return err;
}

int64_t pass_left_local(const struct pass *p, const struct local_user *u)
{
    return u->balance - charge_owed(&p->book, &u->user);
}

enum verdict pass_judge_local(const struct pass *p, const struct local_user *u)
{
    struct verdict_case c = {
        .is_address = true,
        .is_local = true,
        .allowed = u->allowed,
        .free_user = conf_is_free_user(p->conf, u->user.text),
        .balance = pass_left_local(p, u),
        .min_quota = p->conf->min_quota,
    };

    return verdict_of(&c);
}
