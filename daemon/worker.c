#include "worker.h"

#include "ask.h"
#include "conntrack.h"
#include "control.h"
#include "log.h"
#include "loop.h"
#include "namer.h"
#include "packet.h"
#include "pass.h"
#include "settings.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define TIDY_PATIENCE_MS 10000
#define FILES_MAX 8192    /* open at once, as far as that is permitted */
#define FILES_OF_OURS 256 /* of them not for clients */
#define NAMES_MS 20       /* a pass waits for names of users on the gateway */
#define NAMES_ONCE_MS 5000

struct worker {
    const struct worker_setup *setup;
    struct conf *conf, *loaded; /* what holds; the last one that was loaded here, or NULL */
    struct store *store;
    struct pass *pass;
    struct control *control;
    int listener, namer; /* -1: users are not served */
    int pass_namer;      /* of the pass alone: what users ask for does not keep it waiting */
    size_t clients_max;
    struct ask keeper;
    bool dry_run;
    bool done, kept; /* it has ended in good order; what is open stays so */
    int null;        /* /dev/null, to take the place of the terminal */
};

static int fail(const char *what, const char *why, int code)
{
    log_failure("%s: %s", what, why);
    return code;
}

static int give_up_privilege(const struct worker_setup *setup, const char *socket)
{
    const struct sandbox_needs needs = {.database = setup->database, .socket = socket};
    char why[SANDBOX_WHY_LEN];

    return sandbox_enter(setup->sandbox, &needs, why) == 0
               ? 0
               : fail("privilege cannot be given up", why, EX_OSERR);
}

static int open_store(struct worker *w)
{
    int err = store_open(&w->store, w->setup->database, w->dry_run ? STORE_READ : STORE_CREATE);

    if (!err)
        return 0;
    return fail(w->setup->database, store_error(w->store), err == -EBUSY ? EX_TEMPFAIL : EX_IOERR);
}

/* The first run: from here on the gate stands. */
static int start(struct worker *w, int conntrack)
{
    char why[PASS_WHY_LEN];
    /* A single pass has no other to go on with. */
    const struct pass_setup setup = {.store = w->store,
                                     .conf = w->conf,
                                     .keeper = w->dry_run ? NULL : &w->keeper,
                                     .looker = w->keeper.fd < 0 ? NULL : &w->keeper,
                                     .conntrack = conntrack,
                                     .namer = w->pass_namer,
                                     .name_patience =
                                         span_ms(w->setup->once ? NAMES_ONCE_MS : NAMES_MS)};
    int err = pass_new(&w->pass, &setup, why);

    if (err)
        return fail("start", why, EX_OSERR);
    err = pass_run(w->pass, w->setup->once ? PASS_TICK : PASS_WAKE);
    if (w->keeper.lost)
        return fail("start", "the keeper is gone", EX_OSERR);
    /* A database that is locked for a while is no reason not to run; for a single pass it is. */
    if (err && (err != -EBUSY || w->setup->once))
        return fail(w->setup->database, store_error(w->store), EX_IOERR);
    return 0;
}

/* HUP: the keeper reads the file, and opens the log; what it found comes as descriptors. */
static const struct conf *reload(void *context)
{
    struct worker *w = context;
    int snapshot = -1, log = -1;
    struct conf *next = NULL;
    int err;

    if (w->dry_run) {
        log_warning("reload a dry run keeps the configuration that it was started with");
        return w->conf;
    }
    err = ask_reload(&w->keeper, &snapshot, &log);

    if (log >= 0)
        log_adopt(log);
    if (!err)
        next = settings_load_again(snapshot, w->setup->conf_path, SETTINGS_TCPQUOTAD);
    if (snapshot >= 0)
        close(snapshot);
    if (!next) {
        if (err != -EINVAL)
            log_err("reload failed, the old configuration goes on: %s",
                    err ? strerror(-err) : "out of memory");
        return w->conf;
    }
    if (w->setup->to_file && log < 0 && strcmp(next->logfile, "syslog") == 0)
        log_to_file(next->logfile, SETTINGS_TCPQUOTAD);
    pass_reload(w->pass, next);
    if (w->control)
        control_reload(w->control, next);
    settings_free(w->loaded);
    w->conf = w->loaded = next;
    log_notice("reload config=%s", w->setup->conf_path);
    return next;
}

static void leave_terminal(struct worker *w)
{
    for (int fd = 0; fd <= 2 && w->setup->background; fd++)
        dup2(w->null, fd);
    if (w->null > 2)
        close(w->null);
    w->null = -1;
}

/* How many clients may be connected: what else is opened, every pass anew, never lacks a
 * descriptor. To be called by root. */
static size_t make_room_for_clients(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < FILES_MAX) {
        rlim_t had = limit.rlim_cur;

        limit.rlim_cur = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = had;
    }
    if (limit.rlim_cur > FILES_MAX)
        limit.rlim_cur = FILES_MAX;
    return limit.rlim_cur > FILES_OF_OURS ? (size_t)limit.rlim_cur - FILES_OF_OURS : 0;
}

static int open_listener(struct worker *w)
{
    w->listener = packet_listen(w->conf->socket);
    if (w->listener >= 0)
        return 0;
    return fail(w->conf->socket,
                w->listener == -EADDRINUSE ? "another tcpquotad listens there"
                                           : strerror(-w->listener),
                EX_OSERR);
}

/* Users are served from here on; the descriptors are the control socket's. */
static int open_control(struct worker *w)
{
    struct control_setup setup = {.pass = w->pass,
                                  .store = w->store,
                                  .database = w->setup->database,
                                  .conf = w->conf,
                                  .clients_max = w->clients_max,
                                  .listener = w->listener,
                                  .namer = w->namer};
    int err = control_new(&w->control, &setup);

    return err ? fail("control socket", strerror(-err), EX_OSERR) : 0;
}

static int serve(struct worker *w)
{
    struct loop_setup setup = {.pass = w->pass,
                               .control = w->control,
                               .store = w->store,
                               .database = w->setup->database,
                               .conf = w->conf,
                               .keeper = w->dry_run ? NULL : &w->keeper,
                               .reload = reload,
                               .context = w};
    enum pass_end end = PASS_CLEAN;
    int rc, err;

    leave_terminal(w);
    if (!w->dry_run)
        ask_ready(&w->keeper);
    rc = loop_run(&setup);
    if (rc < 0)
        log_err("loop: %s", strerror(-rc));
    if (rc == LOOP_LOST) {
        log_err("the keeper is dead or has stopped: sessions end here, the lease shuts the gate");
        end = PASS_ORPHANED;
    } else if (rc == LOOP_KEEP || w->conf->on_exit == ON_EXIT_KEEP) {
        end = PASS_KEEP;
    }
    err = pass_finish(w->pass, end);
    control_free(w->control, end == PASS_KEEP);
    w->done = end != PASS_ORPHANED;
    w->kept = end == PASS_KEEP;
    if (rc < 0 || rc == LOOP_LOST)
        return EX_OSERR;
    return err == -EIO ? EX_IOERR : err ? EX_OSERR : 0;
}

int worker_run(const struct worker_setup *setup, int socket)
{
    struct worker w = {.setup = setup,
                       .conf = setup->conf,
                       .keeper = {.fd = socket < 0 ? setup->looker : socket},
                       .dry_run = socket < 0,
                       .listener = -1,
                       .namer = -1,
                       .pass_namer = namer_start(setup->sandbox->uid, setup->sandbox->gid),
                       .null = open("/dev/null", O_RDWR | O_CLOEXEC)};
    int conntrack = conntrack_open(), code; /* if it is not there yet, the keeper is asked later */
    bool serves = !w.dry_run && !setup->once;

    if (serves)
        w.namer = namer_start(setup->sandbox->uid, setup->sandbox->gid);
    if (w.pass_namer < 0 || (serves && w.namer < 0))
        return fail("the process that knows names",
                    strerror(w.pass_namer < 0 ? -w.pass_namer : -w.namer), EX_OSERR);
    w.clients_max = make_room_for_clients();
    code = give_up_privilege(setup, w.conf->socket);
    if (!code)
        code = open_store(&w);
    if (!code && w.namer >= 0)
        code = open_listener(&w);
    if (code)
        return code; /* without leave: nothing has begun */
    log_notice("start version=" VERSION " pid=%ld database=%s%s", (long)getpid(), setup->database,
               w.dry_run ? " dry-run" : "");
    code = start(&w, conntrack);
    if (!code && w.namer >= 0)
        code = open_control(&w);
    if (!code && !setup->once)
        code = serve(&w);
    else if (!code)
        w.done = w.kept = true;
    pass_free(w.pass);
    store_close(w.store); /* before the keeper goes: the next start finds it free */
    if (!w.dry_run && w.done)
        ask_leave(&w.keeper, code, w.kept);
    settings_free(w.loaded);
    return code;
}

static int empty_masq(struct store *s)
{
    int err = store_begin(s);

    if (!err)
        err = store_clear_rows(s);
    if (!err)
        err = store_end_sessions(s, wall_now(), CAUSE_EXIT);
    if (!err)
        err = store_commit(s);
    if (err)
        store_rollback(s);
    return err;
}

int worker_tidy(const struct worker_setup *setup)
{
    struct worker w = {.setup = setup};
    struct timespec nap = {.tv_nsec = 10 * NS_PER_MS};
    int code = give_up_privilege(setup, NULL), err = -EBUSY;

    if (!code && store_never_was(setup->database))
        return 0;
    if (!code)
        code = open_store(&w);
    for (int i = 0; !code && err == -EBUSY && i < TIDY_PATIENCE_MS / 10; i++) {
        if (i > 0)
            nanosleep(&nap, NULL);
        err = empty_masq(w.store);
    }
    if (!code && err)
        code = fail(setup->database, store_error(w.store), EX_IOERR);
    store_close(w.store);
    return code;
}
