#include "relay_master.h"

#include "background.h"
#include "clock.h"
#include "log.h"
#include "pidfile.h"
#include "relay_settings.h"
#include "relay_sockets.h"
#include "relay_worker.h"
#include "sandbox.h"
#include "syslog_names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <sysexits.h>
#include <unistd.h>

#define READY_MS 10000  /* for a worker to begin */
#define RESTART_MS 1000 /* between two that died */
#define END_MS 3000 /* for a worker to end */
#define END_NAP_MS 10

struct child {
    pid_t pid; /* 0: none */
    int fd;    /* a socket to it; -1: it takes nothing new */
};

struct master {
    struct relay_options options; /* paths are absolute */
    char *file, *config;
    struct relay_settings settings;
    struct relay_sockets sockets;
    struct relay_sockets *leaving; /* those of the old configuration, during a reload; or NULL */
    struct sandbox user;
    bool is_root;
    struct child worker; /* the one that accepts */
    pid_t *old;          /* those that finish */
    size_t old_count;
    int signals, ready, pidfile;
    char *pidfile_path;
    struct mono died; /* when a worker died last */
    bool restart;     /* there is to be another one, after a pause */
    bool done;
    int code;
};

static enum log_level level_of(int syslog_level)
{
    return syslog_level <= LOG_ERR       ? LOG_LEVEL_ERR
           : syslog_level == LOG_WARNING ? LOG_LEVEL_WARNING
           : syslog_level == LOG_NOTICE  ? LOG_LEVEL_NOTICE
           : syslog_level == LOG_INFO    ? LOG_LEVEL_INFO
                                         : LOG_LEVEL_DEBUG;
}

/* On the terminal, unless there is none or syslog is spoken of. */
static void open_log(const struct master *m)
{
    const struct relay_conf *c = &m->settings.relay;

    log_set_level(m->options.debug > 0 ? LOG_LEVEL_DEBUG : level_of(c->level));
    if (m->options.debug == 0 && (c->background || c->has_syslog))
        log_to_syslog(c->ident, syslog_facility(c->facility));
    else
        log_to_terminal();
}

/* In the new process: nothing of the master's but what the worker is given. */
static void be_worker(struct master *m, int fd)
{
    const struct entrance_setup entrance = relay_settings_entrance(&m->settings);
    const struct relay_worker_setup setup = {.conf = &m->settings.relay,
                                             .sockets = m->sockets.list,
                                             .socket_count = m->sockets.count,
                                             .tls = m->settings.tls,
                                             .entrance = &entrance,
                                             .user = m->is_root ? &m->user : NULL,
                                             .master = fd};
    int code;

    if (m->leaving)
        relay_sockets_close(m->leaving, &m->sockets);
    if (m->ready >= 0) {
        close(m->ready);
        background_leave_terminal(open("/dev/null", O_RDWR | O_CLOEXEC));
    }
    close(m->signals);
    if (m->pidfile >= 0)
        close(m->pidfile);
    if (m->worker.fd >= 0)
        close(m->worker.fd);
    code = relay_worker_run(&setup);
    relay_sockets_close(&m->sockets, NULL);
    relay_settings_free(&m->settings);
    free(m->file);
    free(m->config);
    free(m->pidfile_path);
    free(m->old);
    exit(code);
}

static void end_child(const struct child *c)
{
    kill(c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
    close(c->fd);
}

/* Waits until it works. 0 or -errno; then it is gone. */
static int await(const struct child *c)
{
    struct pollfd p = {c->fd, POLLIN, 0};
    char byte = 0;

    if (poll(&p, 1, READY_MS) == 1 && recv(c->fd, &byte, 1, 0) == 1 && byte == RELAY_READY)
        return 0;
    end_child(c);
    return -EIO;
}

/* A worker beside the one that is there. 0 or -errno. */
static int start_worker(struct master *m, struct child *out)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    out->pid = fork();
    if (out->pid == 0) {
        close(ends[0]);
        be_worker(m, ends[1]);
    }
    close(ends[1]);
    out->fd = ends[0];
    if (out->pid < 0) {
        close(ends[0]);
        return -EAGAIN;
    }
    return await(out);
}

/* It takes nothing new, and ends with its last connection. */
static int retire(struct master *m)
{
    pid_t *old;

    if (m->worker.pid == 0)
        return 0;
    old = reallocarray(m->old, m->old_count + 1, sizeof *old);
    if (!old)
        return -ENOMEM;
    m->old = old;
    old[m->old_count++] = m->worker.pid;
    close(m->worker.fd);
    m->worker = (struct child){.fd = -1};
    return 0;
}

static int replace_worker(struct master *m)
{
    struct child next = {.fd = -1};
    int err = start_worker(m, &next);

    if (err)
        return err;
    err = retire(m);
    if (err) {
        end_child(&next);
        return err;
    }
    m->worker = next;
    return 0;
}

/* HUP. What is wrong with the new configuration leaves the old one in its place. */
static void reload(struct master *m)
{
    struct relay_settings settings, was = m->settings;
    struct relay_sockets sockets, had = m->sockets;
    char what[ENDPOINT_TEXT_LEN];
    int err;

    if (relay_settings_load(&settings, &m->options) != 0) {
        log_err("reload: the configuration of before holds on");
        return;
    }
    err = relay_sockets_open(&sockets, &settings.relay, &m->sockets, what);
    if (err) {
        log_err("reload: %s: %s, the configuration of before holds on", what, strerror(-err));
        relay_settings_free(&settings);
        return;
    }
    m->settings = settings;
    m->sockets = sockets;
    m->leaving = &had;
    err = replace_worker(m);
    m->leaving = NULL;
    if (err) {
        log_err("reload: no new worker, the configuration of before holds on");
        relay_sockets_close(&m->sockets, &had);
        relay_settings_free(&m->settings);
        m->settings = was;
        m->sockets = had;
        return;
    }
    relay_sockets_close(&had, &m->sockets);
    relay_settings_free(&was);
    open_log(m);
    log_notice("reload config=%s", m->options.file ? m->options.file : m->options.config);
}

static void on_death(struct master *m, pid_t pid, int status)
{
    if (pid == m->worker.pid) {
        log_err("the worker has died, status %d: another one is started", status);
        close(m->worker.fd);
        m->worker = (struct child){.fd = -1};
        m->restart = true;
        m->died = mono_now();
        return;
    }
    for (size_t i = 0; i < m->old_count; i++) {
        if (m->old[i] == pid) {
            m->old[i] = m->old[--m->old_count];
            return;
        }
    }
}

/* One that does not end is ended. */
static void await_end(pid_t pid)
{
    struct timespec nap = {.tv_nsec = END_NAP_MS * NS_PER_MS};

    for (int i = 0; i < END_MS / END_NAP_MS; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        nanosleep(&nap, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void end(struct master *m)
{
    if (m->worker.pid)
        kill(m->worker.pid, SIGTERM);
    for (size_t i = 0; i < m->old_count; i++)
        kill(m->old[i], SIGTERM);
    if (m->worker.pid)
        await_end(m->worker.pid);
    for (size_t i = 0; i < m->old_count; i++)
        await_end(m->old[i]);
    m->done = true;
}

static void on_signals(struct master *m)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    while (!m->done && read(m->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            reload(m);
        } else if (info.ssi_signo == SIGCHLD) {
            while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                on_death(m, pid, status);
        } else {
            end(m);
        }
    }
}

static void on_worker(struct master *m)
{
    char byte;

    if (recv(m->worker.fd, &byte, 1, MSG_DONTWAIT) != 1 || byte != RELAY_RETIRES)
        return;
    if (replace_worker(m) != 0)
        log_err("retire: no new worker, the old one goes on");
}

static int until_restart(const struct master *m)
{
    int64_t ms = mono_since(m->died, mono_now()).ns / NS_PER_MS;

    if (!m->restart)
        return -1;
    return ms >= RESTART_MS ? 0 : (int)(RESTART_MS - ms);
}

static int serve(struct master *m)
{
    while (!m->done) {
        struct pollfd p[] = {{m->signals, POLLIN, 0}, {m->worker.fd, POLLIN, 0}};

        if (poll(p, 2, until_restart(m)) < 0 && errno != EINTR)
            return log_fail(EX_OSERR, "poll", strerror(errno));
        if (p[0].revents)
            on_signals(m);
        else if (p[1].revents & POLLIN)
            on_worker(m);
        if (!m->done && m->restart && until_restart(m) == 0) {
            m->restart = replace_worker(m) != 0;
            m->died = mono_now();
        }
    }
    return 0;
}

static int open_signals(struct master *m)
{
    sigset_t all;

    sigemptyset(&all);
    sigaddset(&all, SIGHUP);
    sigaddset(&all, SIGTERM);
    sigaddset(&all, SIGINT);
    sigaddset(&all, SIGQUIT);
    sigaddset(&all, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &all, NULL) != 0)
        return log_fail(EX_OSERR, "signals", strerror(errno));
    m->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    return m->signals < 0 ? log_fail(EX_OSERR, "signals", strerror(errno)) : 0;
}

/* Two descriptors a connection, and some. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Links on the way are followed at each reading. */
static int make_absolute(const char **path, char **owned)
{
    char folder[PATH_MAX];

    if (!*path)
        return 0;
    if (access(*path, F_OK) != 0)
        return log_fail(EX_NOINPUT, *path, strerror(errno));
    if (!getcwd(folder, sizeof folder))
        return log_fail(EX_OSERR, *path, strerror(errno));
    if (asprintf(owned, "%s%s%s", **path == '/' ? "" : folder, **path == '/' ? "" : "/", *path) <
        0) {
        *owned = NULL;
        return log_fail(EX_OSERR, *path, strerror(ENOMEM));
    }
    *path = *owned;
    return 0;
}

static const char *pidfile_of(const struct master *m)
{
    return m->options.pidfile ? m->options.pidfile : m->settings.relay.pidfile;
}

static int take_pidfile(struct master *m)
{
    const char *path = pidfile_of(m);
    char why[64];
    pid_t other = 0;

    if (!path)
        return 0;
    m->pidfile_path = strdup(path);
    if (!m->pidfile_path)
        return log_fail(EX_OSERR, path, strerror(ENOMEM));
    m->pidfile = pidfile_take(path, &other);
    if (m->pidfile >= 0)
        return 0;
    if (m->pidfile != -EBUSY)
        return log_fail(EX_OSERR, path, strerror(-m->pidfile));
    snprintf(why, sizeof why, "another one runs, pid %ld", (long)other);
    return log_fail(1, path, why);
}

static int begin(struct master *m)
{
    char what[ENDPOINT_TEXT_LEN];
    int err = relay_sockets_open(&m->sockets, &m->settings.relay, NULL, what), code = 0;

    if (err)
        return log_fail(EX_OSERR, what, strerror(-err));
    if (m->settings.relay.background && pidfile_of(m) && *pidfile_of(m) != '/')
        return log_fail(EX_CONFIG, pidfile_of(m), "the pidfile has to be an absolute path");
    if (m->settings.relay.background)
        code = background_start(&m->ready, &(const char *){NULL}) == 0 ? 0 : EX_OSERR;
    if (!code)
        code = take_pidfile(m);
    if (!code)
        code = open_signals(m);
    if (code)
        return code;
    open_log(m);
    err = start_worker(m, &m->worker);
    if (err) {
        m->worker = (struct child){.fd = -1};
        return log_fail(EX_OSERR, "the worker", "has not begun");
    }
    background_leave(&m->ready);
    return 0;
}

int relay_master_run(const struct relay_options *options)
{
    struct master m = {.options = *options,
                       .worker = {.fd = -1},
                       .signals = -1,
                       .ready = -1,
                       .pidfile = -1,
                       .is_root = geteuid() == 0};
    int err = m.is_root ? sandbox_find(&m.user) : 0, code;

    code = err ? log_fail(EX_OSERR, "user " SANDBOX_USER, sandbox_strerror(err)) : 0;
    if (!code)
        code = make_absolute(&m.options.file, &m.file);
    if (!code)
        code = make_absolute(&m.options.config, &m.config);
    if (!code)
        code = relay_settings_load(&m.settings, &m.options);
    if (!code && !m.options.parse_only) {
        if (m.options.background || m.options.foreground)
            m.settings.relay.background = m.options.background;
        raise_limit();
        code = begin(&m);
        if (!code)
            code = serve(&m);
    }
    relay_sockets_close(&m.sockets, NULL);
    relay_settings_free(&m.settings);
    if (m.pidfile >= 0)
        pidfile_release(m.pidfile, m.pidfile_path);
    free(m.pidfile_path);
    free(m.old);
    free(m.file);
    free(m.config);
    return code ? code : m.code;
}
