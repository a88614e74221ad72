#include "authd_keeper.h"

#include "auth_gate.h"
#include "authd_worker.h"
#include "clock.h"
#include "log.h"
#include "recorder.h"
#include "settings.h"
#include "trouble.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define CHECK_MS 5000 /* between two looks at the entries */
#define AGAIN_MS 1000 /* before a process that died is started again */
#define START_S 30    /* for a worker to read its lists */
#define END_MS 5000   /* for the processes to end */

/* A process of ours. */
struct child {
    const char *name;
    pid_t pid; /* 0: none */
    struct mono again;
};

struct keeper {
    const struct authd_keeper_setup *setup;
    struct conf *conf;
    struct child worker, recorder;
    int socket;  /* to the worker */
    int pipe[2]; /* to the recorder; both ends are kept for the next one */
    int signals;
    struct trouble gate;
    bool told; /* the start is over */
    bool ending;
};

static int fail(const char *what, const char *why, int code)
{
    log_failure("%s: %s", what, why);
    return code;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* In the new process: what is the keeper's alone is closed. */
static void become_worker(struct keeper *k, int socket)
{
    const struct authd_worker_setup setup = {.conf = k->conf,
                                             .conf_path = k->setup->conf_path,
                                             .database = k->setup->database,
                                             .fifo = k->setup->fifo,
                                             .user = &k->setup->user,
                                             .fifo_fd = k->setup->fifo_fd,
                                             .keeper = socket,
                                             .recorder = k->pipe[1]};

    close_fd(&k->signals);
    close_fd(&k->socket);
    close_fd(&k->pipe[0]);
    _exit(authd_worker_run(&setup));
}

static void become_recorder(struct keeper *k)
{
    close_fd(&k->signals);
    close_fd(&k->socket);
    close_fd(&k->pipe[1]);
    if (k->setup->fifo_fd >= 0)
        close(k->setup->fifo_fd);
    _exit(recorder_run(k->pipe[0], &k->setup->user, k->setup->database));
}

static int start_worker(struct keeper *k)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    close_fd(&k->socket);
    k->socket = ends[0];
    k->worker.pid = fork();
    if (k->worker.pid == 0)
        become_worker(k, ends[1]);
    close(ends[1]);
    return k->worker.pid < 0 ? -errno : 0;
}

static int start_recorder(struct keeper *k)
{
    k->recorder.pid = fork();
    if (k->recorder.pid == 0)
        become_recorder(k);
    return k->recorder.pid < 0 ? -errno : 0;
}

/* Waits until the first worker answers for the queue. An exit code; the worker has told why. */
static int await_worker(struct keeper *k)
{
    struct wire_message m;
    int status = 0;

    if (wire_wait(k->socket, false, START_S) == 0 && wire_receive(k->socket, &m, NULL, 0) == 0 &&
        m.kind == WIRE_READY)
        return 0;
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

static bool is_at(int fd, short events, int ms)
{
    struct pollfd slot = {fd, events, 0};

    return poll(&slot, 1, ms) > 0;
}

static void pass_on(struct keeper *k, int signal)
{
    if (k->worker.pid > 0)
        kill(k->worker.pid, signal);
}

/* What the worker cannot read itself goes to it as descriptors: the file, and the log. */
static void hand_over(struct keeper *k, int snapshot)
{
    struct wire_message m = {.kind = WIRE_RELOAD, .option = WIRE_SNAPSHOT};
    int fds[WIRE_DESCRIPTORS] = {snapshot, log_descriptor()};

    if (fds[1] >= 0)
        m.option |= WIRE_LOG;
    if (k->worker.pid > 0 && wire_send(k->socket, &m, fds, fds[1] >= 0 ? 2 : 1, 5) != 0)
        log_err("reload: the worker does not take it");
}

static void warn_of_fixed(const struct conf *was, const struct conf *now)
{
    if (was->auth.queue != now->auth.queue || was->auth.fail != now->auth.fail ||
        strcmp(was->database, now->database) != 0 || was->cache.enabled != now->cache.enabled)
        log_warning("reload: queue, fail, DATABASE and enabled change with a restart");
}

static void reload(struct keeper *k)
{
    int snapshot = settings_snapshot(k->setup->conf_path), err;
    struct conf *next = settings_load(snapshot, k->setup->conf_path, SETTINGS_AUTHD, NULL);
    char why[XTABLES_WHY_LEN];

    if (!next) {
        log_err("reload failed, the old configuration goes on");
    } else {
        warn_of_fixed(k->conf, next);
        next->auth.queue = k->conf->auth.queue;
        next->auth.fail = k->conf->auth.fail;
        settings_free(k->conf);
        k->conf = next;
        if (k->setup->to_file && (err = log_to_file(next->auth.logfile, SETTINGS_AUTHD)) != 0)
            log_err("%s: %s", next->auth.logfile, strerror(-err));
        if (auth_gate_make_sets(next, why) != 0)
            log_err("%s", why);
        k->told = false; /* these changes are ours */
        look_after_gate(k);
        k->told = true;
        hand_over(k, snapshot);
    }
    close_fd(&snapshot);
}

static void on_child(struct keeper *k, struct child *c, int status)
{
    c->pid = 0;
    if (k->ending)
        return;
    if (WIFSIGNALED(status))
        log_err("the %s was killed by signal %d, it is started again", c->name, WTERMSIG(status));
    else
        log_err("the %s has ended with %d, it is started again", c->name, WEXITSTATUS(status));
    c->again = mono_add(mono_now(), span_ms(AGAIN_MS));
}

static void reap(struct keeper *k)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == k->worker.pid)
            on_child(k, &k->worker, status);
        else if (pid == k->recorder.pid)
            on_child(k, &k->recorder, status);
    }
}

static void on_signals(struct keeper *k)
{
    struct signalfd_siginfo info;

    while (!k->ending && read(k->signals, &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            reap(k);
            break;
        case SIGHUP:
            reload(k);
            break;
        case SIGUSR1:
        case SIGUSR2:
            pass_on(k, (int)info.ssi_signo);
            break;
        default:
            log_notice("exit signal=%s", sigabbrev_np((int)info.ssi_signo));
            k->ending = true;
        }
    }
}

static void start_again(struct keeper *k)
{
    int64_t now = mono_now().ns;

    if (k->worker.pid <= 0 && k->worker.again.ns <= now && start_worker(k) != 0)
        k->worker.again = mono_add(mono_now(), span_ms(AGAIN_MS));
    if (k->recorder.pid <= 0 && k->recorder.again.ns <= now && start_recorder(k) != 0)
        k->recorder.again = mono_add(mono_now(), span_ms(AGAIN_MS));
}

static void serve(struct keeper *k)
{
    while (!k->ending) {
        bool lacks = k->worker.pid <= 0 || k->recorder.pid <= 0;

        if (is_at(k->signals, POLLIN, lacks ? AGAIN_MS : CHECK_MS))
            on_signals(k);
        else if (!lacks)
            look_after_gate(k);
        if (!k->ending)
            start_again(k);
    }
}

/* Ends a process in good order, or else. */
static void end_child(struct child *c)
{
    struct mono until = mono_add(mono_now(), span_ms(END_MS));
    struct timespec nap = {.tv_nsec = 5 * NS_PER_MS};

    if (c->pid <= 0)
        return;
    kill(c->pid, SIGTERM);
    while (waitpid(c->pid, NULL, WNOHANG) == 0) {
        if (mono_now().ns > until.ns)
            kill(c->pid, SIGKILL);
        nanosleep(&nap, NULL);
    }
    c->pid = 0;
}

/* The entries go first: what comes from then on is not asked for, and nobody waits for an answer.
 * The recorder ends with its pipe. */
static int end(struct keeper *k)
{
    char why[XTABLES_WHY_LEN];
    int err = 0;

    if (k->told)
        err = auth_gate_clean(why);
    if (err)
        log_err("entries are left behind: %s", why);
    end_child(&k->worker);
    close_fd(&k->pipe[0]);
    close_fd(&k->pipe[1]);
    if (k->recorder.pid > 0)
        waitpid(k->recorder.pid, NULL, 0);
    close_fd(&k->socket);
    close_fd(&k->signals);
    return err ? EX_OSERR : 0;
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
    if (auth_gate_check(k->conf, why) != 0 || auth_gate_make_sets(k->conf, why) != 0)
        return fail("firewall", why, EX_OSERR);
    err = recorder_pipe(k->pipe);
    if (!err)
        err = start_recorder(k);
    if (!err)
        err = start_worker(k);
    return err ? fail("start", strerror(-err), EX_OSERR) : 0;
}

int authd_keeper_run(const struct authd_keeper_setup *setup)
{
    struct keeper k = {.setup = setup,
                       .conf = setup->conf,
                       .worker = {.name = "worker"},
                       .recorder = {.name = "recorder"},
                       .socket = -1,
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
