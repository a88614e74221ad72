/* tcpquotad(8): the daemon's main file. It alone exits. */
#include "check.h"
#include "conf.h"
#include "gate.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "pass.h"
#include "pidfile.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define PROGRAM "tcpquotad"
#define CONF_PATH_DEBUG CONF_PATH ".debug"

struct daemon {
    struct options options;
    char conf_path[PATH_MAX]; /* absolute: a reload may come from another folder */
    struct conf *conf;
    char *database, *pidfile_path; /* of the start: a reload does not change them */
    struct store *store;
    struct pass *pass;
    int pidfile;
    int ready; /* pipe to the parent that waits for us, or -1 */
};

static void report(void *context, bool fault, const char *key, const char *text)
{
    bool *no_localnet = context;

    if (fault) {
        log_err("%s", text);
        *no_localnet = *no_localnet || strcmp(key, "LOCALNET") == 0;
    } else {
        log_warning("%s", text);
    }
}

static struct conf *load_conf(const char *path, bool starting)
{
    struct conf *conf = calloc(1, sizeof *conf);
    bool no_localnet = false;

    if (conf && conf_load(conf, path, PROGRAM, report, &no_localnet) == 0)
        return conf;
    if (no_localnet && starting)
        check_print_networks();
    free(conf);
    return NULL;
}

static void warn_of_change(const char *key, const char *was, const char *is)
{
    if (strcmp(was, is) != 0)
        log_warning("reload %s=%s takes effect at the next start", key, is);
}

static const struct conf *reload(void *context)
{
    struct daemon *d = context;
    struct conf *was = d->conf, *conf;
    int err = log_reopen();

    if (err)
        log_err("log %s cannot be opened anew, the old one goes on: %s", was->logfile,
                strerror(-err));
    conf = load_conf(d->conf_path, false);
    if (!conf) {
        log_err("reload %s has faults, the old configuration goes on", d->conf_path);
        return was;
    }
    warn_of_change("DATABASE", d->database, conf->database);
    warn_of_change("PIDFILE", d->pidfile_path, conf->pidfile);
    if (strcmp(was->logfile, conf->logfile) != 0 && !d->options.debug) {
        err = log_to_file(conf->logfile, PROGRAM);
        if (err)
            log_err("log %s: %s, the old one goes on", conf->logfile, strerror(-err));
    }
    pass_reload(d->pass, conf);
    d->conf = conf;
    conf_free(was);
    free(was);
    log_notice("reload config=%s", d->conf_path);
    return conf;
}

/* An error of the start: to the terminal, and to the log if that is another place. */
static int start_error(const struct daemon *d, int code, const char *what, const char *why)
{
    if (d->options.debug)
        log_err("%s: %s", what, why);
    else
        fprintf(stderr, PROGRAM ": %s: %s\n", what, why);
    return code;
}

static int take_pidfile(struct daemon *d)
{
    char why[64];
    pid_t other = 0;

    d->pidfile = pidfile_take(d->conf->pidfile, &other);
    if (d->pidfile >= 0)
        return 0;
    if (d->pidfile != -EBUSY)
        return start_error(d, EX_OSERR, d->conf->pidfile, strerror(-d->pidfile));
    snprintf(why, sizeof why, "another tcpquotad runs, pid %ld", (long)other);
    return start_error(d, 1, d->conf->pidfile, why);
}

static int open_store(struct daemon *d)
{
    int err =
        store_open(&d->store, d->conf->database, d->options.dry_run ? STORE_READ : STORE_CREATE);

    return err ? start_error(d, EX_IOERR, d->conf->database, store_error(d->store)) : 0;
}

static int open_log(struct daemon *d)
{
    int err;

    if (d->options.debug) {
        log_to_terminal();
        log_set_level(LOG_LEVEL_DEBUG);
        return 0;
    }
    if (d->options.dry_run) {
        log_to_terminal();
        return 0;
    }
    err = log_to_file(d->conf->logfile, PROGRAM);
    return err ? start_error(d, EX_IOERR, d->conf->logfile, strerror(-err)) : 0;
}

/* --clean: what a daemon that was killed has left behind. */
static int clean(struct daemon *d)
{
    char error[GATE_ERROR_LEN];
    int code = take_pidfile(d), err;

    if (code)
        return code;
    if (gate_clean(error) != 0)
        code = start_error(d, EX_OSERR, "gate", error);
    if (access(d->conf->database, F_OK) != 0)
        return code;
    err = open_store(d);
    if (err)
        return code ? code : err;
    err = store_begin(d->store);
    if (!err)
        err = store_clear_rows(d->store);
    if (!err)
        err = store_end_sessions(d->store, wall_now(), CAUSE_EXIT);
    if (!err)
        err = store_commit(d->store);
    if (err)
        code = start_error(d, EX_IOERR, d->conf->database, store_error(d->store));
    return code;
}

/* The first run: from here on the gate stands. */
static int start(struct daemon *d)
{
    int code = d->options.dry_run ? 0 : take_pidfile(d), err;
    char why[PASS_WHY_LEN];

    if (!code)
        code = open_log(d);
    if (!code)
        code = open_store(d);
    if (code)
        return code;
    log_notice("start version=" VERSION " pid=%ld database=%s%s", (long)getpid(), d->conf->database,
               d->options.dry_run ? " dry-run" : "");
    check_warn_nftables();
    err = pass_new(&d->pass, d->store, d->conf, d->options.dry_run, why);
    if (err)
        return start_error(d, EX_OSERR, "start", why);
    err = pass_run(d->pass, d->options.once ? PASS_TICK : PASS_WAKE);
    /* A database that is locked for a while is no reason not to run; for a single pass it is. */
    if (err && (err != -EBUSY || d->options.once))
        return start_error(d, EX_IOERR, d->conf->database, store_error(d->store));
    return 0;
}

static void tell_parent(struct daemon *d)
{
    int null;

    if (d->ready < 0)
        return;
    null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        for (int fd = 0; fd <= 2; fd++)
            dup2(null, fd);
        if (null > 2)
            close(null);
    }
    if (write(d->ready, "", 1) != 1)
        log_err("start: the starting process is gone");
    close(d->ready);
    d->ready = -1;
}

static int serve(struct daemon *d)
{
    struct loop_setup setup = {.pass = d->pass,
                               .store = d->store,
                               .database = d->database,
                               .conf = d->conf,
                               .dry_run = d->options.dry_run,
                               .reload = reload,
                               .context = d};
    int rc, err;

    tell_parent(d);
    rc = loop_run(&setup);
    if (rc < 0)
        log_err("loop: %s", strerror(-rc));
    err = pass_finish(d->pass, rc == 1 || d->conf->on_exit == ON_EXIT_KEEP);
    if (rc < 0)
        return EX_OSERR;
    return err == -EIO ? EX_IOERR : err ? EX_OSERR : 0;
}

static int exit_code_of(pid_t child)
{
    int status;

    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return EX_OSERR;
    return WEXITSTATUS(status);
}

/* Forks; the parent waits until the child has started, and exits with its code. */
static int go_to_background(struct daemon *d)
{
    int ends[2];
    char byte;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return start_error(d, EX_OSERR, "pipe", strerror(errno));
    pid = fork();
    if (pid < 0)
        return start_error(d, EX_OSERR, "fork", strerror(errno));
    if (pid > 0) {
        close(ends[1]);
        if (read(ends[0], &byte, 1) == 1)
            _exit(0);
        _exit(exit_code_of(pid));
    }
    close(ends[0]);
    d->ready = ends[1];
    setsid();
    if (chdir("/") != 0)
        return start_error(d, EX_OSERR, "/", strerror(errno));
    return 0;
}

static int run(struct daemon *d)
{
    int code;

    if (d->options.check)
        return check_run(d->conf);
    if (geteuid() != 0)
        return start_error(d, EX_NOPERM, "start", "has to be run by root");
    if (d->options.clean)
        return clean(d);
    if (loop_block_signals() != 0)
        return start_error(d, EX_OSERR, "signals", strerror(errno));
    code = d->options.foreground || d->options.once ? 0 : go_to_background(d);
    if (!code)
        code = start(d);
    if (code || d->options.once)
        return code;
    return serve(d);
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
    log_to_stderr(PROGRAM);
    code = options_parse(&d.options, argc, argv);
    if (code)
        return code < 0 ? EX_USAGE : 0;
    find_conf(&d);
    d.conf = load_conf(d.conf_path, true);
    if (!d.conf)
        return EX_CONFIG;
    d.database = strdup(d.conf->database);
    d.pidfile_path = strdup(d.conf->pidfile);
    code = d.database && d.pidfile_path ? run(&d) : EX_OSERR;
    pass_free(d.pass);
    store_close(d.store);
    if (d.pidfile >= 0)
        pidfile_release(d.pidfile, d.pidfile_path);
    free(d.database);
    free(d.pidfile_path);
    conf_free(d.conf);
    free(d.conf);
    return code;
}
