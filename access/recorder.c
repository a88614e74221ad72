#include "recorder.h"

#include "clock.h"
#include "log.h"
#include "trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20)
#define RECORDS 1024 /* in one transaction */
#define BATCH_MS 1000

struct recorder {
    int fd, signals;
    struct store *store;
    struct trouble trouble;
    struct store_lookup records[RECORDS];
    size_t count;
    struct mono begun; /* the first of them came */
    bool ended;
};

int recorder_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) {
        int err = -errno;

        close(ends[0]);
        close(ends[1]);
        return err;
    }
    fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* a smaller one does as well */
    return 0;
}

bool recorder_send(int fd, const struct store_lookup *lookup)
{
    _Static_assert(sizeof *lookup <= 512, "written at once or not at all: POSIX's PIPE_BUF");
    return write(fd, lookup, sizeof *lookup) == (ssize_t)sizeof *lookup;
}

static int write_batch(struct recorder *r)
{
    int err = store_begin(r->store);

    for (size_t i = 0; i < r->count && !err; i++)
        err = store_log_lookup(r->store, &r->records[i]);
    if (!err)
        err = store_commit(r->store);
    if (err)
        store_rollback(r->store);
    return err;
}

/* What cannot be written is tried again; when there is no more room the pipe fills, and then
 * whoever sends tells of it. */
static void flush(struct recorder *r)
{
    if (r->count == 0)
        return;
    if (write_batch(r) == 0) {
        r->count = 0;
        trouble_end(&r->trouble, "lookuplog");
        return;
    }
    trouble_begin(&r->trouble, "lookuplog cannot be written, it is tried again: %s",
                  store_error(r->store));
    r->begun = mono_now();
}

static int wait_ms(const struct recorder *r)
{
    struct span left = mono_since(mono_now(), mono_add(r->begun, span_ms(BATCH_MS)));

    if (r->count == 0)
        return -1;
    return left.ns <= 0 ? 0 : (int)(left.ns / NS_PER_MS) + 1;
}

/* TERM: what has come is written, and what comes later is for the next one. */
static bool is_told_to_end(const struct recorder *r)
{
    struct signalfd_siginfo info;

    while (read(r->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM)
            return true;
    }
    return false;
}

static int take(struct recorder *r)
{
    ssize_t n = read(r->fd, &r->records[r->count], sizeof *r->records);

    if (n == 0)
        r->ended = true;
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (n != (ssize_t)sizeof *r->records)
        return n == 0 ? 0 : -EPROTO;
    if (r->count++ == 0)
        r->begun = mono_now();
    return 0;
}

static int record(struct recorder *r)
{
    int err = 0;

    while (!err && !r->ended) {
        struct pollfd slots[] = {{r->count < RECORDS ? r->fd : -1, POLLIN, 0},
                                 {r->signals, POLLIN, 0}};

        if (poll(slots, 2, wait_ms(r)) < 0 && errno != EINTR)
            return -errno;
        if (slots[0].revents)
            err = take(r);
        else if (slots[1].revents && is_told_to_end(r))
            r->ended = true;
        if (store_is_replaced(r->store))
            err = -ESTALE;
        else if (r->count > 0 && (r->count == RECORDS || wait_ms(r) == 0))
            flush(r);
    }
    flush(r);
    if (r->count > 0)
        log_err("%zu look-ups are lost: %s", r->count, store_error(r->store));
    return err;
}

int recorder_run(int fd, const struct sandbox *user, const char *database)
{
    struct recorder *r = calloc(1, sizeof *r);
    const struct sandbox_needs needs = {.database = database};
    char why[SANDBOX_WHY_LEN];
    sigset_t all;
    int err;

    if (!r)
        return EX_OSERR;
    r->fd = fd;
    sigfillset(&all);
    r->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (sandbox_enter(user, &needs, why) != 0) {
        log_failure("privilege cannot be given up: %s", why);
        return EX_OSERR;
    }
    if (store_open(&r->store, database, STORE_SHARE) != 0) {
        log_failure("%s: %s", database, store_error(r->store));
        store_close(r->store);
        return EX_IOERR;
    }
    err = record(r);
    if (err)
        log_err("look-ups cannot be recorded: %s",
                err == -ESTALE ? "the database has been replaced" : strerror(-err));
    store_close(r->store);
    return err ? EX_OSERR : 0;
}
