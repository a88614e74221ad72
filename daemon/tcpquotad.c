/* tcpquotad(8): the daemon's main file. */
#include "background.h"
#include "check.h"
#include "conf.h"
#include "keeper.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "pidfile.h"
#include "process.h"
#include "sandbox.h"
#include "settings.h"
#include "store.h"
#include "worker.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define CONF_PATH_DEBUG CONF_PATH ".debug"
#define HELD_PATIENCE_MS 5000

struct daemon {
    struct options options;
    char conf_path[PATH_MAX];      /* absolute: a reload may come from another folder */
    struct conf *conf;             /* the keeper's, once there is one */
    char *database, *pidfile_path; /* of the start: a reload does not change them */
    struct sandbox sandbox;
    struct worker_setup worker;
    struct keeper *keeper;
    int pidfile;
    int ready; /* pipe to the parent that waits for us, or -1 */
};

/* An error of the start: to the terminal, and to the log if that is another place. */
static int start_error(int code, const char *what, const char *why)
{
    log_failure("%s: %s", what, why);
    return code;
}

static int load_conf(struct daemon *d)
{
    bool no_localnet = false;
    int snapshot = settings_snapshot(d->conf_path);

    d->conf = settings_load(snapshot, d->conf_path, SETTINGS_TCPQUOTAD, &no_localnet);
    if (snapshot >= 0)
        close(snapshot);
    if (d->conf)
        return 0;
    if (no_localnet)
        check_print_networks();
    return EX_CONFIG;
}

static int take_pidfile(struct daemon *d)
{
    char why[64];
    pid_t other = 0;

    d->pidfile = pidfile_take(d->conf->pidfile, &other);
    if (d->pidfile >= 0)
        return 0;
    if (d->pidfile != -EBUSY)
        return start_error(EX_OSERR, d->conf->pidfile, strerror(-d->pidfile));
    if (process_state(other))
        snprintf(why, sizeof why, "another tcpquotad runs, pid %ld", (long)other);
    else
        snprintf(why, sizeof why, "another tcpquotad holds it, though its worker has ended");
    return start_error(1, d->conf->pidfile, why);
}

static int find_user(struct daemon *d)
{
    int err = sandbox_find(&d->sandbox);

    return err ? start_error(EX_OSERR, "user " SANDBOX_USER, sandbox_strerror(err)) : 0;
}

static int prepare_database(struct daemon *d)
{
    char why[STORE_WHY_LEN];

    return store_prepare(d->database, d->sandbox.uid, d->sandbox.gid, why) == 0
               ? 0
               : start_error(EX_IOERR, d->database, why);
}

/* The folder of the control socket is the worker's, if it is made here. */
static int prepare_socket(struct daemon *d)
{
    char path[PATH_MAX];
    const char *folder;

    snprintf(path, sizeof path, "%s", d->conf->socket);
    folder = dirname(path);
    if (access(folder, F_OK) == 0)
        return 0;
    if (mkdir(folder, 0755) == 0 && chmod(folder, 0755) == 0 &&
        chown(folder, d->sandbox.uid, d->sandbox.gid) == 0)
        return 0;
    return start_error(EX_OSERR, folder, strerror(errno));
}

static int open_log(struct daemon *d)
{
    int err;

    if (d->options.debug)
        log_set_level(LOG_LEVEL_DEBUG);
    if (d->options.debug || d->options.dry_run) {
        log_to_terminal();
        return 0;
    }
    err = log_to_file(d->conf->logfile, SETTINGS_TCPQUOTAD);
    return err ? start_error(EX_IOERR, d->conf->logfile, strerror(-err)) : 0;
}

/* In the process of the worker. */
static int run_worker(void *context, enum keeper_task task, int socket, struct conf *conf)
{
    struct daemon *d = context;

    if (d->ready >= 0)
        close(d->ready);
    if (d->pidfile >= 0)
        close(d->pidfile);
    d->worker.conf = conf;
    return task == KEEPER_TIDY ? worker_tidy(&d->worker) : worker_run(&d->worker, socket);
}

static void tell_parent(void *context)
{
    struct daemon *d = context;

    check_warn_of_conntrack();
    if (background_leave(&d->ready) != 0)
        log_err("start: the starting process is gone");
}

static int open_keeper(struct daemon *d)
{
    struct keeper_setup setup = {.conf = d->conf,
                                 .conf_path = d->conf_path,
                                 .uid = d->sandbox.uid,
                                 .gid = d->sandbox.gid,
                                 .pidfile = d->pidfile,
                                 .to_file = !d->options.debug,
                                 .worker = run_worker,
                                 .ready = tell_parent,
                                 .context = d};
    char why[KEEPER_WHY_LEN];
    int err = keeper_open(&d->keeper, &setup, why);

    if (err)
        return start_error(EX_OSERR, "start", why);
    d->conf = NULL; /* it has another owner now */
    err = sandbox_keep_little(true);
    return err ? start_error(EX_OSERR, "capabilities", strerror(-err)) : 0;
}

/* Processes that change nothing and may change nothing. */
static int dry_run(struct daemon *d)
{
    int code = open_log(d);

    d->worker.conf = d->conf;
    d->worker.looker = keeper_look(d->conf);
    if (!code && d->worker.looker < 0)
        code = start_error(EX_OSERR, "start", strerror(-d->worker.looker));
    return code ? code : worker_run(&d->worker, -1);
}

static int serve(struct daemon *d)
{
    int code = take_pidfile(d);

    if (!code)
        code = open_log(d);
    if (!code)
        code = prepare_database(d);
    if (!code)
        code = prepare_socket(d);
    if (code)
        return code;
    check_warn_of_start();
    code = open_keeper(d);
    return code ? code : keeper_run(d->keeper);
}

/* --clean: what a daemon that was killed has left behind. */
static int clean(struct daemon *d)
{
    struct timespec nap = {.tv_nsec = 10000000};
    int code = take_pidfile(d);

    /* The worker of a keeper that was killed may still be at it; a daemon with another PIDFILE,
     * too. */
    for (int i = 0; !code && store_is_held(d->database) && i < HELD_PATIENCE_MS / 10; i++)
        nanosleep(&nap, NULL);
    if (!code && store_is_held(d->database))
        code = start_error(1, d->database, "another tcpquotad works with it");
    if (!code && access(d->database, F_OK) == 0)
        code = prepare_database(d);
    if (!code)
        code = open_keeper(d);
    return code ? code : keeper_clean(d->keeper);
}

static int go_to_background(struct daemon *d)
{
    const char *what;
    int err = background_start(&d->ready, &what);

    return err ? start_error(EX_OSERR, what, strerror(-err)) : 0;
}

static int run(struct daemon *d)
{
    int code;

    if (d->options.check)
        return check_run(d->conf);
    code = find_user(d);
    if (code)
        return code;
    d->worker = (struct worker_setup){.conf_path = d->conf_path,
                                      .database = d->database,
                                      .sandbox = &d->sandbox,
                                      .looker = -1,
                                      .once = d->options.once,
                                      .to_file = !d->options.debug};
    if (loop_block_signals() != 0)
        return start_error(EX_OSERR, "signals", strerror(errno));
    if (d->options.clean)
        return clean(d);
    if (d->options.dry_run)
        return dry_run(d);
    d->worker.background = !d->options.foreground && !d->options.once;
    code = d->worker.background ? go_to_background(d) : 0;
    return code ? code : serve(d);
}

static void find_conf(struct daemon *d)
{
    const char *path = d->options.config  ? d->options.config
                       : d->options.debug ? CONF_PATH_DEBUG
                                          : CONF_PATH;

    /* A file that is not there keeps its name, for the error. */
    if (!realpath(path, d->conf_path))
        snprintf(d->conf_path, sizeof d->conf_path, "%s", path);
}

int main(int argc, char **argv)
{
    struct daemon d = {.pidfile = -1, .ready = -1};
    int code;

    /* A pass builds large arrays and frees them: kept out of the heap they leave no holes in it. */
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    if (background_fill_descriptors() != 0)
        return EX_OSERR;
    umask(022);
    log_to_stderr(SETTINGS_TCPQUOTAD);
    code = options_parse(&d.options, argc, argv);
    if (code)
        return code < 0 ? EX_USAGE : 0;
    if (geteuid() != 0)
        return start_error(EX_NOPERM, d.options.check ? "--check" : "start",
                           "has to be run by root");
    find_conf(&d);
    code = load_conf(&d);
    if (code)
        return code;
    d.database = strdup(d.conf->database);
    d.pidfile_path = strdup(d.conf->pidfile);
    code = d.database && d.pidfile_path ? run(&d) : EX_OSERR;
    if (d.keeper)
        keeper_close(d.keeper);
    if (d.pidfile >= 0)
        pidfile_release(d.pidfile, d.pidfile_path);
    free(d.database);
    free(d.pidfile_path);
    settings_free(d.conf);
    return code;
}
