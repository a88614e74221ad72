#include "evict.h"

#include "evict_known.h"
#include "log.h"
#include "process.h"
#include "processes.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WALK_EVERY_MS 200 /* while they have time to end by themselves */
#define GO_ON_MS 20       /* with a walk that was too long for one step, or after killing */
#define GIVE_UP_S 10      /* after the grace */
#define STOP_WALKS_MAX 10 /* before killing: whoever cannot be stopped does not hold it up */
#define EMPTY_WALKS 3     /* to believe it: one that starts the next and ends may be missed */
#define LINES_MAX 1000    /* an eviction: whoever starts processes shall not fill the log */
#define USER_LEN (4 * 32 + 1)

/* The work of one step, and what one look costs of it, about 3 us each: a stat(2), the reading of
 * uids, and of everything with signals and a line in the log. */
#define STEP_COST 3000
#define COST_LOOK 1
#define COST_UIDS 5
#define COST_OWN 15

enum phase {
    ASK, /* SIGTERM to those that have not had it */
    STOP,
    KILL,
    RELEASE /* called off: those that were stopped go on */
};

struct eviction {
    uid_t uid;
    char user[USER_LEN];
    struct span grace;
    struct mono kill_at, give_up_at;
    enum phase phase;
    bool is_asked;    /* all that were there have been */
    bool is_given_up; /* and logged as such: those that are stopped go on */
    unsigned stop_walks;
    struct span pause; /* after killing: longer and longer, while nobody new is found */
    struct evict_known known;
    unsigned killed, lines;
    int err; /* of the first failure, which has been logged */
    /* Of the walk that goes on. */
    bool in_walk; /* from its beginning */
    unsigned left, fresh;
    unsigned empty_walks; /* in a row */
    struct process last;
};

struct evict {
    struct eviction *list;
    size_t count;
    struct mono due;
    bool is_walking;
    bool is_thorough, next_is_thorough; /* a walk that reads the real uid of everybody */
    struct processes walk;
};

struct evict *evict_new(void)
{
    struct evict *e = calloc(1, sizeof *e);

    if (e)
        e->walk.folder = -1;
    return e;
}

void evict_free(struct evict *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->count; i++)
        evict_known_free(&e->list[i].known);
    processes_close(&e->walk);
    free(e->list);
    free(e);
}

static struct eviction *find_eviction(const struct evict *e, uid_t uid)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->list[i].uid == uid)
            return &e->list[i];
    }
    return NULL;
}

bool evict_is_going_on(const struct evict *e, uid_t uid)
{
    return find_eviction(e, uid) != NULL;
}

int evict_begin(struct evict *e, uid_t uid, const char *user, struct span grace, struct mono now)
{
    struct eviction *list, *v;

    if (uid == 0)
        return -EPERM;
    if (uid == (uid_t)-1 || grace.ns < 0)
        return -EINVAL;
    if (find_eviction(e, uid))
        return 0;
    list = realloc(e->list, (e->count + 1) * sizeof *list);
    if (!list)
        return -ENOMEM;
    e->list = list;
    v = &list[e->count++];
    *v = (struct eviction){.uid = uid, .grace = grace, .kill_at = mono_add(now, grace)};
    v->give_up_at = mono_add(v->kill_at, span_seconds(GIVE_UP_S));
    v->pause = span_ms(GO_ON_MS);
    snprintf(v->user, sizeof v->user, "%s", user);
    evict_known_init(&v->known);
    if (e->count == 1 || e->due.ns > now.ns)
        e->due = now;
    e->next_is_thorough = true;
    return 0;
}

static void begin_release(struct eviction *v, struct mono now)
{
    if (v->phase != RELEASE)
        v->give_up_at = mono_add(now, span_seconds(GIVE_UP_S));
    v->phase = RELEASE;
    v->in_walk = false; /* a walk that goes on has passed some already */
}

void evict_call_off(struct evict *e, uid_t uid, struct mono now)
{
    struct eviction *v = find_eviction(e, uid);

    if (!v)
        return;
    begin_release(v, now);
    e->next_is_thorough = true;
    e->due = now;
}

void evict_call_off_all(struct evict *e, struct mono now)
{
    for (size_t i = 0; i < e->count; i++)
        evict_call_off(e, e->list[i].uid, now);
}

bool evict_next(const struct evict *e, struct mono *at)
{
    if (e->count)
        *at = e->due;
    return e->count > 0;
}

/* Each eviction has one line for what goes wrong, as that goes wrong again and again. */
static void note_failure(struct eviction *v, const char *what, long pid, int err)
{
    char user[LOG_VALUE_LEN];

    if (v->err)
        return;
    v->err = err;
    log_value(v->user, user);
    if (pid)
        log_err("evict user=%s pid=%ld: %s: %s", user, pid, what, strerror(-err));
    else
        log_err("evict user=%s: %s: %s", user, what, strerror(-err));
}

static void log_signal(struct eviction *v, const struct process *p, const char *signal_name)
{
    char user[LOG_VALUE_LEN], name[LOG_VALUE_LEN];

    log_value(v->user, user);
    if (v->lines == LINES_MAX)
        log_notice("evict user=%s and more processes, that are counted only", user);
    else if (v->lines < LINES_MAX)
        log_notice("evict user=%s pid=%ld name=%s signal=%s", user, (long)p->pid,
                   log_value(p->name, name), signal_name);
    if (v->lines <= LINES_MAX)
        v->lines++;
}

/* As a process may be on its way from one uid to another, only what is read now counts. */
static bool is_users(const struct evict *e, const struct eviction *v, pid_t pid)
{
    uid_t real, effective;

    return process_uids(e->walk.folder, pid, &real, &effective) == 0 && real == v->uid;
}

static int send_signal(int fd, int number)
{
    return syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) == 0 ? 0 : -errno;
}

/* NULL without memory: then it is signalled, and comes as a new one again. */
static struct known_process *remember(struct eviction *v, const struct process *p)
{
    struct known_process *known = evict_known_add(&v->known, p);

    if (!known)
        note_failure(v, "cannot be remembered", p->pid, -ENOMEM);
    return known;
}

/* SIGCONT, because one that is stopped would hear of the other only when it goes on. */
static void ask(struct eviction *v, const struct process *p, int fd)
{
    int err;

    if (evict_known_find(&v->known, p))
        return;
    err = send_signal(fd, SIGTERM);
    if (!err) {
        log_signal(v, p, "TERM");
        remember(v, p);
        send_signal(fd, SIGCONT);
    } else if (err != -ESRCH) {
        note_failure(v, "SIGTERM", p->pid, err);
    }
}

/* It has been stopped already: the sooner the better. */
static void note_stopped(struct eviction *v, const struct process *p, bool was_stopped)
{
    struct known_process *known = remember(v, p);

    v->fresh += !known || !known->is_stopped;
    if (known && !known->is_stopped)
        known->was_stopped = was_stopped;
    if (known)
        known->is_stopped = true;
}

static void kill_it(struct eviction *v, const struct process *p, int fd)
{
    struct known_process *known;
    int err = send_signal(fd, SIGKILL);

    if (err) {
        if (err != -ESRCH)
            note_failure(v, "SIGKILL", p->pid, err);
        return;
    }
    known = remember(v, p);
    if (known && known->is_killed)
        return;
    log_signal(v, p, "KILL");
    v->killed++;
    if (known)
        known->is_killed = true;
}

/* Only what was stopped here: what its user has stopped stays so. */
static void release(struct eviction *v, pid_t pid, int fd)
{
    const struct known_process *known;
    struct process p;

    if (process_read(pid, &p) != 0)
        return;
    known = evict_known_find(&v->known, &p);
    if (known && known->is_stopped && !known->was_stopped)
        send_signal(fd, SIGCONT);
}

/*
 * A signal that reaches the pidfd proves that its process has not been waited for, and so that its
 * number is its own still, and what was read under that number its own, too.
 */
static void signal_process(struct evict *e, struct eviction *v, pid_t pid)
{
    struct process p;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0), err = fd < 0 ? -errno : 0;
    bool was_stopped, is_read;

    if (err == -ESRCH)
        return;
    if (err) { /* it is still there, and has to keep the eviction going */
        note_failure(v, "pidfd_open", pid, err);
        v->left++;
        return;
    }
    if (v->phase == RELEASE) {
        release(v, pid, fd);
    } else if (is_users(e, v, pid)) {
        was_stopped = v->phase == STOP && process_state(pid) == 'T';
        if (v->phase == STOP)
            err = send_signal(fd, SIGSTOP);
        if (err && err != -ESRCH)
            note_failure(v, "SIGSTOP", pid, err);
        is_read = process_read(pid, &p) == 0; /* the dead, not yet waited for, are none */
        if (is_read && p.uid == v->uid) {
            v->left++;
            v->last = p;
            if (v->phase == ASK)
                ask(v, &p, fd);
            else if (v->phase == KILL)
                kill_it(v, &p, fd);
            else if (!err)
                note_stopped(v, &p, was_stopped);
        } else if (is_read && v->phase == STOP && !was_stopped) {
            send_signal(fd, SIGCONT); /* it had just become somebody else's */
        }
    }
    close(fd);
}

/* What it cost. */
static unsigned look_at(struct evict *e, pid_t pid)
{
    uid_t real, effective;
    unsigned cost = COST_LOOK;
    struct eviction *v = NULL;

    if (pid == 1 || pid == getpid() || process_effective(e->walk.folder, pid, &effective) != 0)
        return cost;
    /* A program that is setuid to root is the common case; it may be setuid to anybody. */
    if (find_eviction(e, effective) || effective == 0 || e->is_thorough) {
        cost = COST_UIDS;
        if (process_uids(e->walk.folder, pid, &real, &effective) == 0)
            v = find_eviction(e, real);
    }
    if (!v || !v->in_walk)
        return cost;
    signal_process(e, v, pid);
    return cost + COST_OWN;
}

static int begin_walk(struct evict *e, struct mono now)
{
    int err = processes_open(&e->walk, PROCESSES_SINGLY);

    for (size_t i = 0; i < e->count; i++) {
        struct eviction *v = &e->list[i];

        if (err) {
            note_failure(v, "/proc", 0, err);
            continue;
        }
        v->in_walk = true;
        v->left = v->fresh = 0;
        if (v->phase == ASK && now.ns >= v->kill_at.ns && (v->is_asked || v->grace.ns == 0)) {
            v->phase = STOP;
            v->give_up_at = mono_add(now, span_seconds(GIVE_UP_S));
        }
    }
    e->is_walking = !err;
    e->is_thorough = e->next_is_thorough;
    return err;
}

/* What an eviction goes on with after a walk, and when. */
static struct mono next_phase(struct eviction *v, struct mono now)
{
    const struct span longest = span_ms(WALK_EVERY_MS);
    struct mono at = mono_add(now, longest);

    switch (v->phase) {
    case ASK:
        v->is_asked = true;
        if (at.ns > v->kill_at.ns)
            at = v->kill_at;
        break;
    case STOP:
        if (v->fresh)
            v->pause = span_ms(GO_ON_MS);
        if (v->fresh == 0 || ++v->stop_walks >= STOP_WALKS_MAX)
            v->phase = KILL;
        at = now;
        break;
    case KILL:
        v->phase = STOP;
        v->stop_walks = 0;
        at = mono_add(now, v->pause);
        v->pause.ns *= 2;
        if (v->pause.ns > longest.ns)
            v->pause = longest;
        break;
    case RELEASE:
        break;
    }
    return at;
}

static void log_given_up(const struct eviction *v)
{
    char user[LOG_VALUE_LEN], name[LOG_VALUE_LEN];

    log_value(v->user, user);
    if (v->left)
        log_err("evict user=%s left=%u pid=%ld name=%s state=%c: do not end, given up", user,
                v->left, (long)v->last.pid, log_value(v->last.name, name), v->last.state);
}

static void log_end(const struct eviction *v, bool walked)
{
    char user[LOG_VALUE_LEN];

    log_value(v->user, user);
    if (v->phase == RELEASE && !walked)
        log_err("evict user=%s: who is stopped cannot be let go on, given up", user);
    else if (v->phase == RELEASE && !v->is_given_up)
        log_notice("evict user=%s is called off", user);
    else if (v->phase != RELEASE)
        log_given_up(v);
    if (v->known.count)
        log_notice("evicted user=%s processes=%u killed=%u", user, v->known.count, v->killed);
}

/* Several walks that look at everybody have to find it so. As long as its processes have not been
 * asked, there is no giving up but of walks that fail; and none leaves those stopped that can be
 * ended or let go on: behind a walk that stops comes one that kills. */
static bool is_over(const struct evict *e, struct eviction *v, bool walked, struct mono now)
{
    if (v->phase == RELEASE)
        return (walked && v->in_walk) || now.ns >= v->give_up_at.ns;
    if (walked && v->in_walk && v->left)
        v->empty_walks = 0;
    if (walked && v->in_walk && v->left == 0 && e->is_thorough && ++v->empty_walks >= EMPTY_WALKS)
        return true;
    if (now.ns < v->give_up_at.ns || (walked && v->phase != KILL))
        return false;
    if (walked || v->phase == ASK)
        return true;
    log_given_up(v);
    v->is_given_up = true;
    begin_release(v, now);
    return false;
}

/* When its next walk is due. */
static struct mono go_on(struct evict *e, struct eviction *v, bool walked, struct mono now)
{
    if (!walked) {
        e->next_is_thorough |= e->is_thorough;
        return mono_add(now, span_ms(WALK_EVERY_MS));
    }
    if (v->in_walk && v->left)
        return next_phase(v, now);
    /* It has begun in the middle of the walk, or may have nobody left. */
    e->next_is_thorough = true;
    return now;
}

/* After a walk, or one that failed. */
static void end_walk(struct evict *e, bool walked, struct mono now)
{
    size_t kept = 0;

    processes_close(&e->walk);
    e->is_walking = false;
    e->next_is_thorough = false;
    e->due = mono_add(now, span_ms(WALK_EVERY_MS));
    for (size_t i = 0; i < e->count; i++) {
        struct eviction *v = &e->list[i];
        struct mono at;

        if (is_over(e, v, walked, now)) {
            log_end(v, walked);
            evict_known_free(&v->known);
            continue;
        }
        at = go_on(e, v, walked, now);
        if (at.ns < e->due.ns)
            e->due = at;
        v->in_walk = false;
        if (kept != i)
            e->list[kept] = *v;
        kept++;
    }
    e->count = kept;
}

void evict_step(struct evict *e, struct mono now)
{
    unsigned cost = 0;
    pid_t pid;

    while (e->count && now.ns >= e->due.ns && cost < STEP_COST) {
        int more;

        if (!e->is_walking && begin_walk(e, now) != 0) {
            end_walk(e, false, now);
            return;
        }
        while (cost < STEP_COST && (more = processes_next(&e->walk, &pid)) > 0)
            cost += look_at(e, pid);
        if (cost >= STEP_COST)
            break;
        end_walk(e, more == 0, now);
    }
    if (e->count && now.ns >= e->due.ns)
        e->due = mono_add(now, span_ms(GO_ON_MS));
}
