#include "keeper_state.h"

#include "log.h"
#include "namer.h"
#include "network.h"
#include "pidfile.h"
#include "process.h"
#include "settings.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { SLOT_SIGNALS, SLOT_SOCKET, SLOT_PROCESS, SLOT_VERIFY, SLOTS };

#define FALSE_STARTS 5 /* so many workers in a row that do not get through their first pass */
#define RESTART_PAUSE_MS 200
#define TIDY_PATIENCE_MS 20000
#define CLEAN_TRIES 5   /* of a second each, that somebody else holds the tables */
#define SILENCE_MIN_S 5 /* a step of the watch over the worker */
#define SILENT_STEPS 2  /* after which it is looked at */
#define HUNG_MIN_S 60
#define START_MAX_S 600
#define LEAVE_PATIENCE_MS 2000
#define RELEASE_STEPS 100
#define RELEASE_STEP_MS 10
#define UNHEALTHY_MAX_S 120 /* of workers that do not live through a period */

static void pause_ms(long ms)
{
    struct timespec nap = {.tv_nsec = ms * NS_PER_MS};

    nanosleep(&nap, NULL);
}

/* Nobody goes on with an eviction after us: who was stopped for it is not to stay so. */
static void release_stopped(struct keeper *k)
{
    struct mono at;

    if (!k->evict)
        return;
    evict_call_off_all(k->evict, mono_now());
    for (int i = 0; i < RELEASE_STEPS && evict_next(k->evict, &at); i++) {
        evict_step(k->evict, mono_now());
        pause_ms(RELEASE_STEP_MS);
    }
}

void keeper_close(struct keeper *k)
{
    const int fds[] = {k->network, k->signals, k->process, k->socket, k->namer};

    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    verify_close(&k->verify);
    release_stopped(k);
    evict_free(k->evict);
    flows_close(k->flows);
    topology_free(&k->topology);
    settings_free(k->conf);
    free(k->asked.list);
    free(k->asked.places);
    free(k->numbers.list);
    free(k->blocked);
    free(k->extra);
    free(k);
}

static int prepare(struct keeper *k, char why[KEEPER_WHY_LEN])
{
    int err;

    text_set_language((enum conf_language)k->conf->language);
    k->evict = evict_new();
    snprintf(why, KEEPER_WHY_LEN, "out of memory");
    if (!k->evict)
        return -ENOMEM;
    k->network = network_watch();
    err = k->network < 0 ? k->network : keeper_read_network(k);
    snprintf(why, KEEPER_WHY_LEN, "network cannot be read: %s", strerror(-err));
    if (err < 0)
        return err;
    err = flows_open(&k->flows);
    snprintf(why, KEEPER_WHY_LEN, "ctnetlink: %s", strerror(-err));
    return err;
}

int keeper_open(struct keeper **out, const struct keeper_setup *setup, char why[KEEPER_WHY_LEN])
{
    struct keeper *k = calloc(1, sizeof *k);
    int err;

    snprintf(why, KEEPER_WHY_LEN, "out of memory");
    if (!k)
        return -ENOMEM;
    *k = (struct keeper){.setup = *setup,
                         .conf = setup->conf,
                         .topology_stale = true,
                         .network = -1,
                         .signals = -1,
                         .process = -1,
                         .socket = -1,
                         .namer = -1};
    verify_init(&k->verify);
    err = prepare(k, why);
    if (err) {
        k->conf = NULL; /* still the caller's */
        keeper_close(k);
        return err;
    }
    *out = k;
    return 0;
}

/* Whether a worker ended because the database was locked. */
static bool is_locked_out(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL;
}

static int exit_code(int status)
{
    if (is_locked_out(status))
        return EX_IOERR;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EX_OSERR;
}

/* A worker of its own does it: a database is nothing that root opens. */
static int tidy_database(struct keeper *k)
{
    struct pollfd slot = {.events = POLLIN};
    int err = keeper_start(k, KEEPER_TIDY);

    if (err) {
        log_err("masq cannot be emptied, no process: %s", strerror(-err));
        return EX_OSERR;
    }
    slot.fd = k->process;
    if (poll(&slot, 1, TIDY_PATIENCE_MS) <= 0) {
        log_err("masq cannot be emptied: it takes too long");
        kill(k->worker, SIGKILL);
    }
    return exit_code(keeper_reap(k));
}

/* No pass comes after this one: it is tried again here, for as long as others usually keep the
 * lock. */
static int clean_gate(char error[GATE_ERROR_LEN])
{
    int err = gate_clean(error);

    for (int i = 1; err && i < CLEAN_TRIES; i++)
        err = gate_clean(error);
    return err;
}

int keeper_clean(struct keeper *k)
{
    char error[GATE_ERROR_LEN];
    int code = 0, bad;

    if (clean_gate(error) != 0) {
        log_failure("gate: %s", error);
        code = EX_OSERR;
    }
    bad = tidy_database(k);
    if (bad)
        log_err("masq is not emptied and sessions are not ended: the next start takes them over");
    return code ? code : bad;
}

static void drop_flows(struct keeper *k, const struct addr *hosts, size_t count)
{
    int dropped = flows_change(k->flows, FLOW_CLOSE, &k->topology, hosts, count, NULL, NULL);

    if (dropped < 0)
        log_err("flows of %zu hosts cannot be dropped: %s", count, strerror(-dropped));
}

/* Closes everybody, and drops the flows of those it has closed, whether or not a family failed. */
static int close_all(struct keeper *k, struct gate_report *r)
{
    int err = keeper_drive_gate(k, NULL, NULL, 0, r);

    drop_flows(k, k->extra, k->extra_count);
    return err;
}

/*
 * The worker is dead: nobody is let out any more, then everything is removed. The end of the lease
 * needs no lock, so it comes first. Hosts that the last ask has closed may still have their flows:
 * the worker did not live to ask for their end.
 */
static int shut_down(struct keeper *k)
{
    struct addr *before = k->extra;
    size_t before_count = k->extra_count, closed = 0;
    struct gate_report r = {0};
    int err = -EBUSY;

    k->extra = NULL;
    k->extra_count = 0;
    k->blocked_count = 0;
    gate_expire();
    if (keeper_read_network(k) < 0)
        log_err("network cannot be read, the gate is shut as it was last known");
    for (int i = 0; err && i < CLEAN_TRIES; i++) {
        gate_report_free(&r);
        err = close_all(k, &r);
        closed = r.extra_count > closed ? r.extra_count : closed;
    }
    drop_flows(k, before, before_count);
    free(before);
    if (err) {
        gate_expire();
        log_err("gate cannot be shut%s: %s",
                k->has_lease && k->conf->lease ? " but by its lease" : "", r.error);
    } else {
        log_notice("shut hosts=%zu", closed);
    }
    gate_report_free(&r);
    keeper_clean(k);
    return EX_OSERR;
}

static void log_death(const struct keeper *k, pid_t pid, int status)
{
    if (WIFSIGNALED(status))
        log_err("worker pid=%ld was killed, signal=%s", (long)pid,
                sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else
        log_err("worker pid=%ld ended %s, status=%d", (long)pid,
                k->ready ? "without a word" : "before its first pass", exit_code(status));
}

static void on_signals(struct keeper *k)
{
    struct signalfd_siginfo info;

    while (read(k->signals, &info, sizeof info) == sizeof info) {
        int number = (int)info.ssi_signo;

        k->ending = k->ending || (number != SIGHUP && number != SIGUSR1 && number != SIGUSR2);
        kill(k->worker, number);
    }
}

static int64_t silence_step(const struct keeper *k)
{
    return k->conf->period * 2 > SILENCE_MIN_S ? k->conf->period * 2 : SILENCE_MIN_S;
}

/* Nothing was heard of the worker for `steps` steps. Kills it if it is stopped, or hangs. */
static void on_silence(struct keeper *k, unsigned steps)
{
    int64_t seconds = steps * silence_step(k);
    int64_t limit = k->conf->lease > HUNG_MIN_S ? k->conf->lease : HUNG_MIN_S;
    bool stopped = process_state(k->worker) == 'T';

    /* Looking over a large database takes its time. */
    if (!k->ready)
        limit = START_MAX_S;
    if (steps < SILENT_STEPS)
        return;
    if (stopped || seconds >= limit) {
        log_err("worker pid=%ld %s for %lld s, it is killed", (long)k->worker,
                stopped ? "has been stopped" : "is silent", (long long)seconds);
        kill(k->worker, SIGKILL);
    } else if (steps == SILENT_STEPS && k->ready) {
        log_warning("worker pid=%ld is silent for %lld s", (long)k->worker, (long long)seconds);
    }
}

static void on_socket(struct keeper *k)
{
    bool was_ready = k->ready;
    int err = keeper_serve(k);

    if (k->ready && !was_ready && k->setup.ready) {
        k->setup.ready(k->setup.context);
        k->setup.ready = NULL;
    }
    if (!err)
        return;
    /* Dead, about to be, or in other hands: nothing more is heard of it. */
    if (err != -EPIPE)
        log_err("worker pid=%ld %s, it is killed", (long)k->worker,
                err == -EPROTO ? "sends what is no message" : strerror(-err));
    close(k->socket);
    k->socket = -1;
    kill(k->worker, SIGKILL);
}

/* Milliseconds to wait at most: `rest`, or to the first moment at which something is to be done. */
static int next_wake(const struct keeper *k, int64_t rest)
{
    struct mono now = mono_now(), at, end = mono_add(now, span_ms(rest));

    if (verify_next(&k->verify, &at) && at.ns < end.ns)
        end = at;
    if (evict_next(k->evict, &at) && at.ns < end.ns)
        end = at;
    return end.ns > now.ns ? (int)((end.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

/*
 * Serves one worker. Returns when it has left or is dead. Waits that end with nothing heard add up
 * to a step of silence, however long they have really taken: after a suspend nobody is to blame.
 */
static void serve_worker(struct keeper *k)
{
    unsigned silent = 0;
    int64_t waited = 0; /* of this step, in ms */

    while (!k->left) {
        int64_t step = silence_step(k) * 1000;
        struct pollfd slots[SLOTS] = {[SLOT_SIGNALS] = {.fd = k->signals, .events = POLLIN},
                                      [SLOT_SOCKET] = {.fd = k->socket, .events = POLLIN},
                                      [SLOT_PROCESS] = {.fd = k->process, .events = POLLIN},
                                      [SLOT_VERIFY] = {.fd = k->verify.fd, .events = POLLIN}};
        int patience = next_wake(k, step - waited), n = poll(slots, SLOTS, patience);

        verify_step(&k->verify, mono_now());
        evict_step(k->evict, mono_now());
        waited = n == 0 ? waited + patience : 0;
        if (waited >= step) {
            waited = 0;
            on_silence(k, ++silent);
        }
        if (n <= 0)
            continue;
        if (slots[SLOT_SIGNALS].revents)
            on_signals(k);
        if (slots[SLOT_VERIFY].revents)
            verify_reap(&k->verify);
        if (slots[SLOT_SOCKET].revents) {
            silent = 0;
            on_socket(k);
        } else if (slots[SLOT_PROCESS].revents) {
            return;
        }
    }
}

static int watch_signals(struct keeper *k)
{
    sigset_t blocked;

    if (sigprocmask(SIG_BLOCK, NULL, &blocked) != 0)
        return -errno;
    k->signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    return k->signals < 0 ? -errno : 0;
}

/* What became of the workers before this one. */
struct history {
    unsigned false_starts; /* in a row */
    struct mono healthy;   /* the last one that lived through a period, or the start */
};

/* Another worker after a dead one, where that is wished for and has a chance. */
static bool wants_another(const struct keeper *k, struct history *h, struct mono begun, int status)
{
    struct mono now = mono_now();

    h->false_starts = k->ready || is_locked_out(status) ? 0 : h->false_starts + 1;
    if (mono_since(begun, now).ns > (k->conf->period + 1) * NS_PER_S)
        h->healthy = now;
    if (!k->conf->restart || k->ending)
        return false;
    if (h->false_starts >= FALSE_STARTS)
        log_err("worker does not get through its first pass, tried %u times", h->false_starts);
    else if (mono_since(h->healthy, now).ns > UNHEALTHY_MAX_S * NS_PER_S)
        log_err("worker dies before it can charge anybody, for %d s now", UNHEALTHY_MAX_S);
    else
        return true;
    return false;
}

/* It has said that it ends: by itself in a moment, or now. */
static int part(struct keeper *k)
{
    struct pollfd slot = {.fd = k->process, .events = POLLIN};

    if (poll(&slot, 1, LEAVE_PATIENCE_MS) <= 0)
        kill(k->worker, SIGKILL);
    keeper_reap(k);
    /* Its word is not enough: either the entries are gone, or they are meant to stay. */
    if (k->cleaned || k->kept || !k->driven)
        return k->code;
    log_err("worker left without cleaning up");
    return shut_down(k);
}

/* The worker is dead. Whether there shall be another; else *code is what the program ends with. */
static bool bury(struct keeper *k, struct history *h, struct mono begun, int *code)
{
    pid_t pid = k->worker;
    int status = keeper_reap(k);
    bool failed = WIFEXITED(status) && !k->ready && k->setup.ready;

    *code = EX_OSERR;
    if (failed) /* it has said why it could not start */
        *code = exit_code(status);
    else
        log_death(k, pid, status);
    if (!failed && wants_another(k, h, begun, status))
        return true;
    if (!failed || k->driven)
        shut_down(k);
    return false;
}

int keeper_run(struct keeper *k)
{
    struct history history = {.healthy = mono_now()};
    char error[GATE_ERROR_LEN];
    int err = gate_check(&k->topology, error), code;

    if (err) {
        log_failure("start: gate: %s", error);
        return EX_OSERR;
    }
    /* What the lease needs is missing on some kernels: then the gate does without, and says so. */
    k->has_lease = gate_lease_works(&k->topology);
    if (k->conf->lease && !k->has_lease)
        log_warning(GATE_NO_LEASE);
    if (k->conf->bind_mac && !gate_macs_work(&k->topology))
        log_err(GATE_NO_MACS);
    k->has_owners = gate_owners_work(&k->topology);
    if (k->conf->enforce_local == ENFORCE_CLOSE && !k->has_owners)
        log_err(GATE_NO_OWNER);
    err = watch_signals(k);
    if (!err) {
        k->namer = namer_start(k->setup.uid, k->setup.gid);
        err = k->namer < 0 ? k->namer : 0;
    }
    while (!err) {
        struct mono begun = mono_now();

        err = keeper_start(k, KEEPER_SERVE);
        if (err)
            break;
        serve_worker(k);
        verify_stop(&k->verify, mono_now());
        /* The next worker orders it anew when it sees use. */
        evict_call_off_all(k->evict, mono_now());
        if (k->left)
            return part(k);
        if (!bury(k, &history, begun, &code))
            return code;
        log_notice("restart the worker");
        if (mono_since(begun, mono_now()).ns < NS_PER_S)
            pause_ms(RESTART_PAUSE_MS);
    }
    log_failure("worker cannot be started: %s", strerror(-err));
    return k->driven ? shut_down(k) : EX_OSERR;
}
