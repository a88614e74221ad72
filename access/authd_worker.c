#include "authd_worker.h"

#include "admission.h"
#include "authd_fixed.h"
#include "auth_rules.h"
#include "background.h"
#include "clock.h"
#include "invalidator_evictions.h"
#include "log.h"
#include "queue.h"
#include "settings.h"
#include "settle.h"
#include "store.h"
#include "trouble.h"
#include "watch.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>

#define LINES_MS 20    /* that lines of the log wait for others */
#define LOST_S 60      /* without losing anything: it is over */
#define DRAIN_MAX 8192 /* packets that are answered at the end */

/* The database stands behind the queue: poll(2) looks at them in this order, so that a commit that
 * was made before a packet came is seen with it. */
enum { SLOT_SIGNALS, SLOT_KEEPER, SLOT_QUEUE, SLOT_DATABASE, SLOT_FIFO, SLOT_LINES, SLOTS };

struct worker {
    const struct authd_worker_setup *setup;
    struct conf *conf, *loaded; /* what holds; the last one that was loaded here, or NULL */
    struct store *store;
    struct admission *admission;
    struct kernel_set *sets;
    struct queue *queue;
    struct evictions evictions;
    struct trouble lost;
    struct mono lost_at; /* told of last */
    int signals, watch;
    struct settle settle;
    int64_t version; /* of the database, at the last look; -1: it has to be looked at */
    pid_t keeper;
    int lines; /* timerfd, for lines of the log that are gathered */
    bool lines_armed;
    bool done;
    int code;
};

static int fail(const char *what, const char *why, int code)
{
    log_failure("%s: %s", what, why);
    return code;
}

static int close_with(struct worker *w, int code)
{
    w->done = true;
    w->code = code;
    return code;
}

/* Whether the database has another version than at the last look; then what is stale has gone. */
static bool look(struct worker *w)
{
    int64_t version = store_version(w->store);

    if (version >= 0 && version == w->version)
        return false;
    w->version = admission_refresh(w->admission) == 0 ? version : -1;
    return true;
}

static void on_database(struct worker *w)
{
    if (watch_drain(w->watch, w->setup->database))
        settle_in(&w->settle, mono_now(), SETTLE_FIRST_MS);
}

static void tell_lost(struct worker *w, const char *what, int err)
{
    w->lost_at = mono_now();
    trouble_begin(&w->lost, "%s: %s", what, strerror(err));
}

/* The packet's answer comes first, and what there is to note of it when it is on its way. */
static void answer(struct worker *w, const struct queue_packet *p)
{
    uint32_t mark = p->mark & ~AUTH_MARK_BITS;
    struct admission_outcome outcome;
    enum answer_verdict verdict =
        p->parsed ? admission_answer(w->admission, &p->header, &outcome) : ANSWER_BLOCK;
    bool reset = w->conf->auth.return_reset && p->header.protocol == IPPROTO_TCP;
    int err;

    if (verdict == ANSWER_PASS)
        err = queue_answer(w->queue, p, QUEUE_REPEAT, mark | AUTH_MARK_PASS);
    else if (verdict == ANSWER_NEXT)
        err = queue_answer(w->queue, p, QUEUE_REPEAT, mark | AUTH_MARK_NEXT);
    else
        err = queue_answer(w->queue, p, reset ? QUEUE_REPEAT : QUEUE_DROP, mark | AUTH_MARK_BLOCK);
    if (err)
        tell_lost(w, "an answer is not taken by the kernel", -err);
    else if (w->lost.on && mono_since(w->lost_at, mono_now()).ns > LOST_S * NS_PER_S)
        trouble_end(&w->lost, "the queue");
    if (p->parsed)
        admission_note(w->admission, &p->header, &outcome);
}

/* One packet a turn: what else there is to do is looked at in between. */
static void on_queue(struct worker *w)
{
    struct queue_packet p;
    int rc = queue_next(w->queue, &p);

    if (rc == -ENOBUFS) {
        tell_lost(w, "more new connections than can be asked for, some are dropped", -rc);
    } else if (rc < 0) {
        close_with(w, fail("queue", strerror(-rc), EX_OSERR));
    } else if (rc > 0) {
        /* A commit may be on its way, and not visible yet: until it is, every packet looks. */
        if (w->settle.on)
            look(w);
        answer(w, &p);
    }
}

static int open_admission(struct worker *w)
{
    struct admission_setup setup = {
        .conf = w->conf,
        .store = w->store,
        .sets = w->conf->cache.kernel && w->conf->cache.enabled ? w->sets : NULL,
        .recorder = w->setup->recorder};
    char why[ADMISSION_WHY_LEN];

    w->version = store_version(w->store);
    if (admission_new(&w->admission, &setup, why) == 0)
        return 0;
    return fail(w->setup->database, why, EX_IOERR);
}

static int open_store(struct worker *w)
{
    int err = store_open(&w->store, w->setup->database, STORE_READ);

    return err ? fail(w->setup->database, store_error(w->store), EX_IOERR) : 0;
}

/* Before the database is read: what is written in between is an event. */
static int open_watch(struct worker *w)
{
    w->watch = watch_open(w->setup->database);
    return w->watch < 0 ? fail(w->setup->database, strerror(-w->watch), EX_IOERR) : 0;
}

/* Dumps the cache, closes the database, and opens it again as a configuration has it. */
static int open_anew(struct worker *w, struct conf *conf)
{
    struct conf *was = w->conf;
    int code;

    admission_free(w->admission);
    w->admission = NULL;
    store_close(w->store);
    w->store = NULL;
    w->conf = conf;
    code = open_store(w);
    if (!code)
        code = open_admission(w);
    if (code)
        w->conf = was;
    return code;
}

static void on_settle(struct worker *w)
{
    struct settle was = w->settle;
    bool locked = store_is_write_locked(w->store) > 0;

    w->settle = (struct settle){0};
    if (store_is_replaced(w->store)) {
        log_warning("%s: has been replaced, it is opened anew", w->setup->database);
        if (open_anew(w, w->conf) != 0)
            close_with(w, EX_TEMPFAIL);
    } else if ((!look(w) && !was.last) || w->version < 0) {
        settle_again(&w->settle, &was, locked, mono_now());
    } else if (locked) {
        settle_in(&w->settle, mono_now(), SETTLE_FIRST_MS);
    }
}

/* HUP, with what the keeper has read. What asks nonsense of the database is a fault as well. 0 or
 * -EINVAL: the old configuration goes on. */
static int reload(struct worker *w, int snapshot)
{
    struct conf *next = settings_load_again(snapshot, w->setup->conf_path, SETTINGS_AUTHD);

    if (!next)
        return -EINVAL;
    authd_fixed_keep(w->conf, next);
    if (open_anew(w, next) != 0) {
        if (open_anew(w, w->conf) != 0)
            close_with(w, EX_TEMPFAIL);
        settings_free(next);
        return -EINVAL;
    }
    settings_free(w->loaded);
    w->loaded = next;
    if (w->setup->background && strcmp(next->auth.logfile, "syslog") == 0)
        log_to_file(next->auth.logfile, SETTINGS_AUTHD);
    log_notice("the internal authorization cache has been purged");
    log_notice("reload config=%s", w->setup->conf_path);
    return 0;
}

/* To the keeper, which wants to know. */
static int say_ready(struct worker *w)
{
    const struct wire_message ready = {.kind = WIRE_READY};

    return wire_send(w->setup->keeper, &ready, NULL, 0, 1);
}

static void on_keeper(struct worker *w)
{
    struct wire_message m;
    int fds[WIRE_DESCRIPTORS];
    int err = wire_receive(w->setup->keeper, &m, fds, WIRE_DESCRIPTORS);

    if (err == -EAGAIN)
        return;
    if (err) {
        log_err("the keeper is gone, new connections are left to what fail= says");
        kernel_set_flush(w->sets);
        close_with(w, EX_OSERR);
        return;
    }
    if (m.kind == WIRE_IDLE) {
        say_ready(w);
        return;
    }
    if (m.option & WIRE_LOG)
        log_adopt(fds[1]);
    else if (fds[1] >= 0)
        close(fds[1]);
    if (fds[0] >= 0) {
        struct wire_message done = {.kind = WIRE_DONE, .result = reload(w, fds[0])};

        close(fds[0]);
        wire_send(w->setup->keeper, &done, NULL, 0, 1);
    }
}

/* What has come is answered, as far as there is an end of it. */
static void drain(struct worker *w)
{
    struct queue_packet p;

    for (int i = 0; i < DRAIN_MAX && queue_next(w->queue, &p) > 0; i++)
        answer(w, &p);
    close_with(w, 0);
}

/* Those of the terminal go to the keeper as well, which tells us what to do; nobody else does. */
static void on_signals(struct worker *w)
{
    struct signalfd_siginfo info;

    while (read(w->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            admission_log_facts(w->admission);
        else if (info.ssi_signo == SIGUSR2)
            admission_purge(w->admission);
        else if (info.ssi_signo == SIGTERM && info.ssi_pid == (uint32_t)w->keeper)
            drain(w);
    }
}

/* A timer that is set once for many lines: one of poll(2) would be set anew for each packet, which
 * costs more than a line does. */
static void arm_lines(struct worker *w)
{
    const struct itimerspec spec = {.it_value.tv_nsec = LINES_MS * NS_PER_MS};

    if (log_has_gathered() && !w->lines_armed)
        w->lines_armed = timerfd_settime(w->lines, 0, &spec, NULL) == 0;
}

static void on_lines(struct worker *w)
{
    uint64_t expirations;

    if (read(w->lines, &expirations, sizeof expirations) < 0)
        return;
    w->lines_armed = false;
    log_write_out();
}

static int wait_ms(const struct worker *w)
{
    int settle = settle_ms(&w->settle, mono_now()), word = evictions_wait_ms(&w->evictions);

    return settle < 0 || (word >= 0 && word < settle) ? word : settle;
}

static void on_evictions(struct worker *w, bool readable)
{
    size_t count = evictions_take(&w->evictions, readable);

    if (count > 0)
        admission_invalidate(w->admission, w->evictions.list, count);
}

static int turn(struct worker *w)
{
    struct pollfd slots[SLOTS] = {[SLOT_SIGNALS] = {w->signals, POLLIN, 0},
                                  [SLOT_KEEPER] = {w->setup->keeper, POLLIN, 0},
                                  [SLOT_DATABASE] = {w->watch, POLLIN, 0},
                                  [SLOT_QUEUE] = {queue_fd(w->queue), POLLIN, 0},
                                  [SLOT_FIFO] = {evictions_fd(&w->evictions), POLLIN, 0},
                                  [SLOT_LINES] = {w->lines, POLLIN, 0}};

    if (poll(slots, SLOTS, wait_ms(w)) < 0)
        return errno == EINTR ? 0 : -errno;
    if (slots[SLOT_SIGNALS].revents)
        on_signals(w);
    if (slots[SLOT_KEEPER].revents && !w->done)
        on_keeper(w);
    if (w->done)
        return 0;
    if (slots[SLOT_FIFO].revents || evictions_wait_ms(&w->evictions) == 0)
        on_evictions(w, slots[SLOT_FIFO].revents != 0);
    if (slots[SLOT_DATABASE].revents)
        on_database(w);
    if (slots[SLOT_QUEUE].revents)
        on_queue(w);
    if (settle_ms(&w->settle, mono_now()) == 0)
        on_settle(w);
    if (slots[SLOT_LINES].revents)
        on_lines(w);
    arm_lines(w);
    return 0;
}

static int open_signals(struct worker *w)
{
    sigset_t set;

    sigfillset(&set);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return fail("signals", strerror(errno), EX_OSERR);
    w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    w->lines = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return w->signals < 0 || w->lines < 0 ? fail("signals", strerror(errno), EX_OSERR) : 0;
}

/* What makes sockets, which is out of reach later. */
static int open_all(struct worker *w)
{
    const struct conf_auth *auth = &w->conf->auth;
    char what[32];
    int err = queue_open(&w->queue, (uint16_t)auth->queue, auth->fail == FAIL_OPEN);

    snprintf(what, sizeof what, "[auth] queue=%u", (unsigned)auth->queue);
    if (err)
        return fail(what, err == -EBUSY ? "another program has it" : strerror(-err), EX_OSERR);
    err = kernel_set_open(&w->sets);
    return err ? fail("sets of the kernel", strerror(-err), EX_OSERR) : 0;
}

static int start(struct worker *w)
{
    const struct sandbox_needs needs = {
        .database = w->setup->database, .socket = w->setup->fifo, .net_admin = true};
    char why[SANDBOX_WHY_LEN];
    int code = open_signals(w);

    if (!code)
        code = open_all(w);
    if (!code && sandbox_enter(w->setup->user, &needs, why) != 0)
        code = fail("privilege cannot be given up", why, EX_OSERR);
    if (!code)
        code = open_watch(w);
    if (!code)
        code = open_store(w);
    return code ? code : open_admission(w);
}

/* The FIFO that is ours, if it still has its name: who writes there would wait for a reader. */
static void remove_fifo(const struct worker *w)
{
    struct stat ours, named;

    if (w->evictions.fifo.fd >= 0 && fstat(w->evictions.fifo.fd, &ours) == 0 &&
        lstat(w->setup->fifo, &named) == 0 && ours.st_ino == named.st_ino &&
        ours.st_dev == named.st_dev)
        unlink(w->setup->fifo);
}

static void close_all(struct worker *w)
{
    admission_free(w->admission);
    store_close(w->store);
    queue_close(w->queue);
    kernel_set_close(w->sets);
    settings_free(w->loaded);
}

int authd_worker_run(const struct authd_worker_setup *setup)
{
    struct worker w = {.setup = setup,
                       .conf = setup->conf,
                       .watch = -1,
                       .signals = -1,
                       .lines = -1,
                       .keeper = getppid()};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int err = 0, code;

    evictions_init(&w.evictions, setup->fifo_fd, setup->fifo);
    code = start(&w);
    if (!code && say_ready(&w) != 0)
        code = EX_OSERR;
    if (!code && setup->background)
        background_leave_terminal(null);
    /* Written between the reading and the watch: seen here, by no event. */
    if (!code)
        settle_in(&w.settle, mono_now(), SETTLE_FIRST_MS);
    log_gather();
    while (!code && !w.done && !err)
        err = turn(&w);
    log_write_out();
    if (err)
        code = fail("poll", strerror(-err), EX_OSERR);
    if (w.done && w.code == 0)
        remove_fifo(&w);
    close_all(&w);
    return code ? code : w.code;
}
