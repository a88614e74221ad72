#include "authd_worker.h"

#include "admission.h"
#include "auth_rules.h"
#include "clock.h"
#include "invalidator.h"
#include "log.h"
#include "queue.h"
#include "settings.h"
#include "settle.h"
#include "store.h"
#include "trouble.h"
#include "watch.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>

#define WORD_MS 100 /* for the rest of a word in the FIFO */
#define LINES_MS 20 /* that lines of the log wait for others */

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
    struct invalidator fifo;
    struct trouble lost;
    int signals, watch;
    struct settle settle;
    int64_t version; /* of the database, at the last look */
    int lines;       /* timerfd, for lines of the log that are gathered */
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
    w->version = version;
    admission_refresh(w->admission);
    return true;
}

static void on_database(struct worker *w)
{
    if (watch_drain(w->watch, w->setup->database))
        settle_in(&w->settle, mono_now(), SETTLE_FIRST_MS);
}

static void on_settle(struct worker *w)
{
    struct settle was = w->settle;
    bool locked = store_is_write_locked(w->store) > 0;

    w->settle = (struct settle){0};
    if (store_is_replaced(w->store)) {
        log_err("%s: has been replaced, it is opened anew", w->setup->database);
        close_with(w, EX_TEMPFAIL);
    } else if (!look(w) && !was.last) {
        settle_again(&w->settle, &was, locked, mono_now());
    } else if (locked) {
        settle_in(&w->settle, mono_now(), SETTLE_FIRST_MS);
    }
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
        trouble_begin(&w->lost, "an answer is not taken by the kernel: %s", strerror(-err));
    if (p->parsed)
        admission_note(w->admission, &p->header, &outcome);
}

/* One packet a turn: what else there is to do is looked at in between. */
static void on_queue(struct worker *w)
{
    struct queue_packet p;
    int rc = queue_next(w->queue, &p);

    if (rc == -ENOBUFS) {
        trouble_begin(&w->lost, "more new connections than can be asked for: some are dropped");
    } else if (rc < 0) {
        close_with(w, fail("queue", strerror(-rc), EX_OSERR));
    } else if (rc > 0) {
        /* A commit may be on its way, and not visible yet: until it is, every packet looks. */
        if (w->settle.on)
            look(w);
        answer(w, &p);
    }
}

static void invalidate(void *context, const struct addr *a)
{
    struct worker *w = context;

    admission_invalidate(w->admission, a);
}

static void tell_garbage(void *context, const char *word)
{
    char text[LOG_VALUE_LEN];

    (void)context;
    log_warning("cache-invalidate: %s is no address", log_value(word, text));
}

static void on_fifo(struct worker *w)
{
    if (!invalidator_read(&w->fifo, invalidate, tell_garbage, w)) {
        log_err("%s: cannot be read any more", w->setup->fifo);
        invalidator_close(&w->fifo);
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

/* HUP: the cache is dumped, the database closed and opened again, with what the keeper has read. A
 * configuration that asks nonsense of the database is the end: the keeper starts us anew. */
static void reload(struct worker *w, int snapshot)
{
    struct conf *next = settings_load_again(snapshot, w->setup->conf_path, SETTINGS_AUTHD);

    if (!next) {
        log_err("reload failed, the old configuration goes on");
        return;
    }
    admission_free(w->admission);
    w->admission = NULL;
    store_close(w->store);
    w->store = NULL;
    settings_free(w->loaded);
    w->conf = w->loaded = next;
    if (open_store(w) != 0 || open_admission(w) != 0) {
        close_with(w, EX_TEMPFAIL);
        return;
    }
    log_notice("the internal authorization cache has been purged");
    log_notice("reload config=%s", w->setup->conf_path);
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
        close_with(w, EX_OSERR);
        return;
    }
    if (m.option & WIRE_LOG)
        log_adopt(fds[1]);
    else if (fds[1] >= 0)
        close(fds[1]);
    if (fds[0] >= 0) {
        reload(w, fds[0]);
        close(fds[0]);
    }
}

/* Those of the terminal go to the keeper as well, which tells us what to do. */
static void on_signals(struct worker *w)
{
    struct signalfd_siginfo info;

    while (read(w->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            admission_log_facts(w->admission);
        else if (info.ssi_signo == SIGUSR2)
            admission_purge(w->admission);
        else if (info.ssi_signo == SIGTERM)
            close_with(w, 0);
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
    int settle = settle_ms(&w->settle, mono_now());

    if (!invalidator_waits(&w->fifo))
        return settle;
    return settle >= 0 && settle < WORD_MS ? settle : WORD_MS;
}

static int turn(struct worker *w)
{
    struct pollfd slots[SLOTS] = {
        [SLOT_SIGNALS] = {w->signals, POLLIN, 0}, [SLOT_KEEPER] = {w->setup->keeper, POLLIN, 0},
        [SLOT_DATABASE] = {w->watch, POLLIN, 0},  [SLOT_QUEUE] = {queue_fd(w->queue), POLLIN, 0},
        [SLOT_FIFO] = {w->fifo.fd, POLLIN, 0},    [SLOT_LINES] = {w->lines, POLLIN, 0}};
    int n = poll(slots, SLOTS, wait_ms(w));

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    if (slots[SLOT_SIGNALS].revents)
        on_signals(w);
    if (slots[SLOT_KEEPER].revents && !w->done)
        on_keeper(w);
    if (w->done)
        return 0;
    if (slots[SLOT_FIFO].revents)
        on_fifo(w);
    else if (invalidator_waits(&w->fifo) && n == 0)
        invalidator_flush(&w->fifo, invalidate, w);
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
    struct worker w = {
        .setup = setup, .conf = setup->conf, .watch = -1, .signals = -1, .lines = -1};
    struct wire_message ready = {.kind = WIRE_READY};
    int err = 0, code;

    invalidator_init(&w.fifo, setup->fifo_fd);
    code = start(&w);
    if (!code && wire_send(setup->keeper, &ready, NULL, 0, 5) != 0)
        code = EX_OSERR;
    /* Written between the reading and the watch: seen here, by no event. */
    if (!code)
        settle_in(&w.settle, mono_now(), SETTLE_FIRST_MS);
    log_gather();
    while (!code && !w.done && !err)
        err = turn(&w);
    log_write_out();
    if (err)
        code = fail("poll", strerror(-err), EX_OSERR);
    if (w.done && w.code == 0 && setup->fifo)
        unlink(setup->fifo);
    close_all(&w);
    return code ? code : w.code;
}
