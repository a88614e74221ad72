#include "authd_state.h"

#include "auth_gate.h"
#include "authd_fixed.h"
#include "log.h"
#include "recorder.h"
#include "settings.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define CHECK_MS 5000 /* between two looks at the entries */
#define UNHEARD_MAX 3 /* looks without a word of the worker */
#define START_S 30    /* for a worker to read its lists */

static int fail(const char *what, const char *why, int code)
{
    log_failure("%s: %s", what, why);
    return code;
}

/* During the start: what else there is to hear is left for later. */
static bool is_told_to_end(struct keeper *k)
{
    struct signalfd_siginfo info;

    if (read(k->signals, &info, sizeof info) != sizeof info)
        return false;
    return info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT || info.ssi_signo == SIGQUIT ||
           info.ssi_signo == SIGABRT;
}

static bool is_at(int fd, int ms)
{
    struct pollfd slot = {fd, POLLIN, 0};

    return poll(&slot, 1, ms) > 0;
}

/* Whether the worker says that it answers, and whether it is gone. */
static bool is_ready(struct keeper *k, bool *gone)
{
    struct wire_message m;
    int err = wire_receive(k->socket, &m, NULL, 0);

    *gone = err && err != -EAGAIN;
    return !err && m.kind == WIRE_READY;
}

/* Waits until the first worker answers for the queue. An exit code; the worker has told why. */
static int await_worker(struct keeper *k)
{
    int status = 0;
    bool gone = false;

    for (int i = 0; i < START_S * 10 && !gone; i++) {
        if (is_at(k->signals, 0) && is_told_to_end(k))
            break;
        if (is_at(k->socket, 100) && is_ready(k, &gone))
            return 0;
    }
    if (!gone)
        kill(k->worker.pid, SIGKILL);
    waitpid(k->worker.pid, &status, 0);
    k->worker.pid = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EX_OSERR;
}

static void look_after_gate(struct keeper *k)
{
    char why[XTABLES_WHY_LEN];
    int changes = auth_gate_apply(k->conf, why);

    if (changes < 0) {
        trouble_begin(&k->gate, "the firewall cannot be looked after: %s", why);
        return;
    }
    trouble_end(&k->gate, "the firewall");
    if (changes > 0 && k->told)
        log_warning("somebody has changed the entries of tcpquota-authd, they are put back");
}

static void pass_on(struct keeper *k, int signal)
{
    if (k->worker.pid > 0)
        kill(k->worker.pid, signal);
}

/* What the worker cannot read itself goes to it as descriptors: the file, and the log. Whether it
 * takes them; one that is not there will have to. */
static bool hand_over(struct keeper *k, int snapshot)
{
    struct wire_message m = {.kind = WIRE_RELOAD, .option = WIRE_SNAPSHOT};
    int fds[WIRE_DESCRIPTORS] = {snapshot, log_descriptor()}, err;

    if (k->worker.pid <= 0 || k->socket < 0)
        return true;
    if (fds[1] >= 0)
        m.option |= WIRE_LOG;
    err = wire_send(k->socket, &m, fds, fds[1] >= 0 ? 2 : 1, 5);
    while (!err && m.kind != WIRE_DONE) {
        err = wire_wait(k->socket, false, START_S);
        if (!err)
            err = wire_receive(k->socket, &m, NULL, 0);
    }
    return !err && m.result == 0;
}

/* It holds the log and the database that were there at its start. */
static void renew_recorder(struct keeper *k)
{
    if (k->recorder.pid <= 0)
        return;
    k->recorder.renewed = true;
    kill(k->recorder.pid, SIGTERM);
}

/* The worker first: what it does not take does not hold for the entries either. */
static int take_over(struct keeper *k, struct conf *next, int snapshot)
{
    char why[XTABLES_WHY_LEN];
    int err;

    if (authd_fixed_keep(k->conf, next))
        log_warning("reload: queue, fail, DATABASE and enabled change with a restart");
    if (k->setup->to_file && (err = log_to_file(next->auth.logfile, SETTINGS_AUTHD)) != 0)
        log_err("%s: %s", next->auth.logfile, strerror(-err));
    if (auth_gate_make_sets(next, why) != 0)
        log_err("%s", why);
    if (!hand_over(k, snapshot))
        return -EINVAL;
    settings_free(k->conf);
    k->conf = next;
    k->told = false; /* these changes are ours */
    look_after_gate(k);
    k->told = true;
    auth_gate_drop_sets(k->conf);
    renew_recorder(k);
    return 0;
}

static void reload(struct keeper *k)
{
    int snapshot = settings_snapshot(k->setup->conf_path);
    struct conf *next = settings_load(snapshot, k->setup->conf_path, SETTINGS_AUTHD, NULL);

    if (!next || take_over(k, next, snapshot) != 0) {
        log_err("reload failed, the old configuration goes on");
        settings_free(next);
    }
    authd_close(&snapshot);
}

static void on_signals(struct keeper *k)
{
    struct signalfd_siginfo info;

    while (!k->ending && read(k->signals, &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            authd_reap(k);
            break;
        case SIGHUP:
            reload(k);
            break;
        case SIGUSR1:
        case SIGUSR2:
            pass_on(k, (int)info.ssi_signo);
            break;
        case SIGTERM:
        case SIGABRT:
        case SIGQUIT:
        case SIGINT:
            log_notice("exit signal=%s", sigabbrev_np((int)info.ssi_signo));
            k->ending = true;
            break;
        default: /* a terminal that changes its size, and the like */
            break;
        }
    }
}

/* The worker says when it has begun to answer, and whenever it is asked whether it still does. */
static void on_worker(struct keeper *k)
{
    bool gone;

    if (is_ready(k, &gone)) {
        k->worker.again_ms = k->recorder.again_ms = 0;
        k->unheard = 0;
    }
    if (gone)
        authd_close(&k->socket); /* its end is told by a signal */
}

/* One that hangs or was stopped holds the queue, and the kernel waits for its answers. */
static void look_after_worker(struct keeper *k)
{
    const struct wire_message ask = {.kind = WIRE_IDLE};

    if (k->worker.pid <= 0 || k->socket < 0)
        return;
    if (k->unheard >= UNHEARD_MAX) {
        log_err("the worker has not answered for %d s, it is killed",
                UNHEARD_MAX * CHECK_MS / 1000);
        kill(k->worker.pid, SIGKILL);
        k->unheard = 0;
        return;
    }
    k->unheard++;
    wire_send(k->socket, &ask, NULL, 0, 0);
}

static void look_after_fifo(struct keeper *k)
{
    struct stat ours, named;

    if (k->setup->fifo_fd < 0 || fstat(k->setup->fifo_fd, &ours) != 0)
        return;
    if (lstat(k->setup->fifo, &named) == 0 && named.st_ino == ours.st_ino &&
        named.st_dev == ours.st_dev)
        trouble_end(&k->fifo, "the FIFO");
    else
        trouble_begin(&k->fifo, "%s: has been removed, a restart makes it again", k->setup->fifo);
}

static int wait_ms(const struct keeper *k)
{
    struct mono at = k->check_at;
    struct span left;

    if (k->worker.pid <= 0 && k->worker.again.ns < at.ns)
        at = k->worker.again;
    if (k->recorder.pid <= 0 && k->recorder.again.ns < at.ns)
        at = k->recorder.again;
    left = mono_since(mono_now(), at);
    return left.ns <= 0 ? 0 : (int)(left.ns / NS_PER_MS) + 1;
}

static void serve(struct keeper *k)
{
    k->check_at = mono_add(mono_now(), span_ms(CHECK_MS));
    while (!k->ending) {
        struct pollfd slots[] = {{k->signals, POLLIN, 0}, {k->socket, POLLIN, 0}};

        if (poll(slots, 2, wait_ms(k)) < 0 && errno != EINTR)
            return;
        if (slots[0].revents)
            on_signals(k);
        if (slots[1].revents && k->socket >= 0)
            on_worker(k);
        if (k->ending)
            return;
        if (k->check_at.ns <= mono_now().ns) {
            look_after_gate(k);
            look_after_worker(k);
            look_after_fifo(k);
            k->check_at = mono_add(mono_now(), span_ms(CHECK_MS));
        }
        authd_start_again(k);
    }
}

/* The entries go first: what comes from then on is not asked for, and nobody waits for an answer.
 */
static int end(struct keeper *k)
{
    char why[XTABLES_WHY_LEN];
    int err = 0;

    /* One that has not begun leaves those of an earlier one that was killed: they still keep out
     * whom nobody has let in. */
    if (k->held && (k->told || !k->stood))
        err = auth_gate_clean(why);
    if (err)
        log_err("entries are left behind: %s", why);
    authd_end_child(&k->worker);
    authd_end_child(&k->recorder);
    authd_close(&k->pipe[0]);
    authd_close(&k->pipe[1]);
    authd_close(&k->socket);
    authd_close(&k->signals);
    authd_close(&k->only);
    return err ? EX_OSERR : 0;
}

/* Entries and sets are one for the whole network: two daemons, of whatever configuration, would
 * take them away from each other. An abstract name (unix(7)) is one for a network as well. */
static int hold_name(struct keeper *k)
{
    static const struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0tcpquota-authd"};

    k->only = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (k->only < 0)
        return -errno;
    return bind(k->only, (const struct sockaddr *)&name, sizeof name) == 0 ? 0 : -errno;
}

static int open_all(struct keeper *k)
{
    char why[XTABLES_WHY_LEN];
    sigset_t set;
    int err;

    sigfillset(&set);
    k->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (k->signals < 0)
        return fail("signals", strerror(errno), EX_OSERR);
    err = hold_name(k);
    if (err == -EADDRINUSE)
        return fail("start", "another tcpquota-authd runs in this network", 1);
    if (err)
        return fail("start", strerror(-err), EX_OSERR);
    k->held = true;
    k->stood = auth_gate_stands();
    if (auth_gate_check(k->conf, why) != 0 || auth_gate_make_sets(k->conf, why) != 0)
        return fail("firewall", why, EX_OSERR);
    err = recorder_pipe(k->pipe);
    if (!err)
        err = authd_start_recorder(k);
    if (!err)
        err = authd_start_worker(k);
    return err ? fail("start", strerror(-err), EX_OSERR) : 0;
}

int authd_keeper_run(const struct authd_keeper_setup *setup)
{
    struct keeper k = {.setup = setup,
                       .conf = setup->conf,
                       .worker = {.name = "worker"},
                       .recorder = {.name = "recorder"},
                       .socket = -1,
                       .only = -1,
                       .pipe = {-1, -1},
                       .signals = -1};
    char why[XTABLES_WHY_LEN];
    int code = open_all(&k), ended;

    if (!code)
        code = await_worker(&k);
    /* Only now: nobody waits for an answer before there is somebody who gives it. */
    if (!code && auth_gate_apply(k.conf, why) < 0)
        code = fail("firewall", why, EX_OSERR);
    if (!code) {
        k.told = true;
        auth_gate_drop_sets(k.conf);
        log_notice("start version=" VERSION " pid=%ld database=%s", (long)getpid(),
                   setup->database);
        setup->ready(setup->context);
        serve(&k);
    }
    k.ending = true;
    ended = end(&k);
    settings_free(k.conf);
    return code ? code : ended;
}

int authd_keeper_clean(void)
{
    char why[XTABLES_WHY_LEN];

    return auth_gate_clean(why) == 0 ? 0 : fail("firewall", why, EX_OSERR);
}
