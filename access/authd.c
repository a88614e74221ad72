/* tcpquota-authd(8): the main file. */
#include "authd_keeper.h"
#include "authd_options.h"
#include "background.h"
#include "invalidator.h"
#include "log.h"
#include "pidfile.h"
#include "process.h"
#include "sandbox.h"
#include "settings.h"
#include "store.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define PIDFILE "/run/tcpquota-authd.pid"
#define FOLDER "/run/tcpquota"

struct authd {
    struct authd_options options;
    char conf_path[PATH_MAX]; /* absolute: a reload may come from another folder */
    struct conf *conf;
    char *database, *pidfile_path; /* of the start: a reload does not change them */
    struct sandbox user;
    int pidfile, fifo;
    int ready; /* pipe to the parent that waits for us, or -1 */
};

static int load_conf(struct authd *d)
{
    const char *path = d->options.config ? d->options.config : CONF_PATH;
    int snapshot;

    /* A file that is not there keeps its name, for the error. */
    if (!realpath(path, d->conf_path))
        snprintf(d->conf_path, sizeof d->conf_path, "%s", path);
    snapshot = settings_snapshot(d->conf_path);
    d->conf = settings_load(snapshot, d->conf_path, SETTINGS_AUTHD, NULL);
    if (snapshot >= 0)
        close(snapshot);
    /* Entries that keep everybody out can be removed, whatever is wrong with the file. */
    if (!d->conf && d->options.clean)
        d->pidfile_path = strdup(PIDFILE);
    if (!d->conf)
        return d->options.clean ? 0 : EX_CONFIG;
    if (d->conf->cache.kernel && !d->conf->cache.enabled)
        log_warning("%s: [cache] kernel: without enabled=yes there is nothing for the kernel",
                    d->conf_path);
    d->database = strdup(d->conf->database);
    d->pidfile_path = strdup(d->conf->auth.pidfile);
    return d->database && d->pidfile_path ? 0 : EX_OSERR;
}

static int take_pidfile(struct authd *d)
{
    char why[64];
    pid_t other = 0;

    d->pidfile = pidfile_take(d->pidfile_path, &other);
    if (d->pidfile >= 0)
        return 0;
    if (d->pidfile != -EBUSY)
        return log_fail(EX_OSERR, d->pidfile_path, strerror(-d->pidfile));
    snprintf(why, sizeof why, "another tcpquota-authd runs, pid %ld", (long)other);
    return log_fail(1, d->pidfile_path, why);
}

/* In a process of its own: root does not open the database. Makes it, or brings it up to date,
 * unless a tcpquotad works with it, which has done so. */
static int make_database(struct authd *d)
{
    const struct sandbox_needs needs = {.database = d->database};
    char why[SANDBOX_WHY_LEN];
    struct store *store = NULL;
    int status, err;
    pid_t pid;

    if (store_prepare(d->database, d->user.uid, d->user.gid, why) != 0)
        return log_fail(EX_IOERR, d->database, why);
    pid = fork();
    if (pid == 0) {
        if (sandbox_enter(&d->user, &needs, why) != 0)
            _exit(log_fail(EX_OSERR, "privilege cannot be given up", why));
        err = store_open(&store, d->database, STORE_CREATE);
        if (err && err != -EBUSY)
            _exit(log_fail(EX_IOERR, d->database, store_error(store)));
        store_close(store);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return log_fail(EX_OSERR, d->database, "cannot be looked at");
    return WEXITSTATUS(status);
}

static int make_fifo(struct authd *d)
{
    char path[PATH_MAX];
    const char *folder;

    if (!d->conf->cache.enabled)
        return 0;
    snprintf(path, sizeof path, "%s", d->options.fifo);
    folder = dirname(path);
    if (strcmp(folder, FOLDER) == 0 && mkdir(folder, 0755) == 0 &&
        chown(folder, d->user.uid, d->user.gid) != 0)
        return log_fail(EX_OSERR, folder, strerror(errno));
    d->fifo = invalidator_make(d->options.fifo, d->user.gid);
    if (d->fifo >= 0)
        return 0;
    return log_fail(EX_OSERR, d->options.fifo,
                    d->fifo == -EEXIST ? "something is there that is no FIFO" : strerror(-d->fifo));
}

static void set_level(const struct authd_options *o)
{
    log_set_level(o->quiet ? LOG_LEVEL_ERR : o->annoying ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
}

static int open_log(struct authd *d)
{
    int err;

    log_use_tags();
    set_level(&d->options);
    if (!d->options.daemon) {
        log_to_terminal();
        return 0;
    }
    err = log_to_file(d->conf->auth.logfile, SETTINGS_AUTHD);
    return err ? log_fail(EX_IOERR, d->conf->auth.logfile, strerror(-err)) : 0;
}

static void tell_parent(void *context)
{
    struct authd *d = context;

    if (background_leave(&d->ready) != 0)
        log_err("start: the starting process is gone");
}

static int go_to_background(struct authd *d)
{
    const char *what;
    int err = background_start(&d->ready, &what);

    return err ? log_fail(EX_OSERR, what, strerror(-err)) : 0;
}

static int serve(struct authd *d)
{
    struct authd_keeper_setup setup = {.conf_path = d->conf_path,
                                       .database = d->database,
                                       .fifo = d->options.fifo,
                                       .to_file = d->options.daemon,
                                       .ready_fd = d->ready,
                                       .ready = tell_parent,
                                       .context = d};
    int code = open_log(d);

    if (!code)
        code = make_database(d);
    if (!code)
        code = make_fifo(d);
    if (code)
        return code;
    if (sandbox_keep_little(false) != 0)
        return log_fail(EX_OSERR, "capabilities", strerror(errno));
    setup.conf = d->conf;
    setup.user = d->user;
    setup.fifo_fd = d->fifo;
    d->conf = NULL; /* it has another owner now */
    return authd_keeper_run(&setup);
}

static int run(struct authd *d)
{
    sigset_t all;
    int code = 0, err = sandbox_find(&d->user);

    if (err)
        return log_fail(EX_OSERR, "user " SANDBOX_USER, sandbox_strerror(err));
    sigfillset(&all);
    /* A reader of our output that is gone is no reason to end. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
        sigprocmask(SIG_BLOCK, &all, NULL) != 0)
        return log_fail(EX_OSERR, "signals", strerror(errno));
    if (d->options.daemon && !d->options.clean)
        code = go_to_background(d);
    if (!code)
        code = take_pidfile(d);
    if (!code)
        code = d->options.clean ? authd_keeper_clean() : serve(d);
    return code;
}

int main(int argc, char **argv)
{
    struct authd d = {.pidfile = -1, .fifo = -1, .ready = -1};
    int code;

    if (background_fill_descriptors() != 0)
        return EX_OSERR;
    umask(022);
    log_to_stderr(SETTINGS_AUTHD);
    code = authd_options_parse(&d.options, argc, argv);
    if (code)
        return code < 0 ? EX_USAGE : 0;
    if (geteuid() != 0)
        return log_fail(EX_NOPERM, "start", "has to be run by root");
    code = load_conf(&d);
    if (!code)
        code = run(&d);
    if (d.pidfile >= 0)
        pidfile_release(d.pidfile, d.pidfile_path);
    settings_free(d.conf);
    free(d.database);
    free(d.pidfile_path);
    return code;
}
