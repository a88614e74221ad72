/* What root alone does, on the database itself. */
#include "tcpquota.h"

#include "import.h"
#include "prune.h"
#include "store.h"
#include "store_backup.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

bool root_is_here(const struct tcpquota *t)
{
    if (geteuid() == 0)
        return true;
    program_fail(&t->program, EX_NOPERM, t->arguments.command->name, _("only root may do that"));
    return false;
}

int root_run_sql(struct tcpquota *t)
{
    static char *const begin[] = {"sqlite3", "-cmd", ".timeout 5000"};
    const size_t begun = sizeof begin / sizeof *begin;
    size_t count = 0;
    char **words;

    if (!root_is_here(t))
        return EX_NOPERM;
    while (t->arguments.rest && t->arguments.rest[count])
        count++;
    words = calloc(begun + 1 + count + 1, sizeof *words);
    if (!words)
        return program_fail(&t->program, EX_OSERR, "sqlite3", strerror(errno));
    memcpy(words, begin, sizeof begin);
    words[begun] = t->program.conf.database;
    for (size_t i = 0; i < count; i++)
        words[begun + 1 + i] = t->arguments.rest[i];
    execvp(words[0], words);
    free(words);
    return program_fail(&t->program, EX_OSERR, "sqlite3", strerror(errno));
}

/* Opens the database beside a daemon. 0, or an exit code, told. */
static int open_store(const struct tcpquota *t, enum store_mode mode, struct store **store)
{
    const char *path = t->program.conf.database;
    int err = store_open(store, path, mode);

    return err ? program_fail(&t->program, EX_IOERR, path, store_error(*store)) : 0;
}

/* Who it is, for the log: root, whoever it was before sudo(8). */
#define BY "root"

struct faults {
    const struct tcpquota *tcpquota;
    const char *path;
};

static void tell_fault(void *context, size_t line, const char *text)
{
    const struct faults *f = context;
    char what[PATH_MAX + 32], clean[TEXT_LEN];

    if (line)
        snprintf(what, sizeof what, "%s:%zu", f->path, line);
    else
        snprintf(what, sizeof what, "%s", f->path);
    show_clean(text, clean, sizeof clean);
    program_fail(&f->tcpquota->program, EX_DATAERR, what, clean);
}

static int import_code(int err)
{
    switch (err) {
    case -EINVAL:
        return EX_DATAERR;
    case -ENOTEMPTY:
        return 1;
    default:
        return EX_IOERR;
    }
}

static void tell_imported(const struct import_counts *c)
{
    json_t *counts = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "balances",
                               (json_int_t)c->balances, "allowed", (json_int_t)c->allowed,
                               "periods", (json_int_t)c->periods, "openfw", (json_int_t)c->openfw,
                               "log", (json_int_t)c->log, "repeated", (json_int_t)c->repeated,
                               "masq", (json_int_t)c->masq, "others", (json_int_t)c->others,
                               "rounded", (json_int_t)c->rounded);

    show_line(_("taken over: {balances} balances, {allowed} users allowed, {periods} periods, "
                "{log} lines of the log, {openfw} of that of openfw"),
              counts);
    show_line(_("left out: {repeated} rows that were there twice, {masq} open hosts, {others} rows "
                "of other tables"),
              counts);
    if (c->rounded)
        show_line(_("{rounded} balances had a fraction and are now the next lower number"), counts);
    json_decref(counts);
}

int root_run_import(struct tcpquota *t)
{
    struct faults faults = {t, t->arguments.words[0]};
    struct import_counts counts = {0};
    struct store *store = NULL;
    int code, err;

    if (!root_is_here(t))
        return EX_NOPERM;
    code = open_store(t, STORE_SHARE, &store);
    if (!code) {
        err = import_file(store, faults.path, BY, tell_fault, &faults, &counts);
        code = err ? import_code(err) : 0;
    }
    if (!code)
        tell_imported(&counts);
    store_close(store);
    return code;
}

static json_t *pruned(const struct prune_counts *c)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "names", (json_int_t)c->names, "log",
                     (json_int_t)c->log, "usage", (json_int_t)c->usage, "sessions",
                     (json_int_t)c->sessions, "openfw", (json_int_t)c->openfw, "lookups",
                     (json_int_t)c->lookups);
}

/* On a terminal, in place. */
static bool show_progress(void *context, const struct prune_counts *counts)
{
    (void)context;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%" PRId64,
                counts->log + counts->usage + counts->sessions + counts->openfw + counts->lookups);
    return true;
}

static void tell_pruned(const struct prune_counts *c)
{
    json_t *counts = pruned(c);

    if (isatty(STDERR_FILENO))
        fputs("\r", stderr);
    show_line(_("pruned: {log} lines of the log and {usage} hours of use of {names} users, "
                "{sessions} sessions, {openfw} lines of the log of openfw"),
              counts);
    json_decref(counts);
}

static int prune(const struct tcpquota *t, struct store *store, struct wall before)
{
    struct prune_counts counts = {0};
    int err = prune_run(store, before, wall_now(), BY, show_progress, NULL, &counts);

    if (err == -ERANGE || err == -EINVAL)
        return arguments_fail(t->arguments.before, _("still to come"));
    tell_pruned(&counts);
    return err ? program_fail(&t->program, EX_IOERR, t->program.conf.database, store_error(store))
               : 0;
}

int root_run_prune(struct tcpquota *t)
{
    struct store *store = NULL;
    char utc[WALL_UTC_LEN];
    struct wall before;
    int code;

    if (!root_is_here(t))
        return EX_NOPERM;
    if (!t->arguments.before)
        return arguments_fail("prune", _("something is missing: tcpquota prune --before DATE"));
    code = date_read(t->arguments.before, false, utc);
    if (code)
        return code;
    if (wall_parse_utc(utc, &before) != 0)
        return arguments_fail(t->arguments.before,
                              _("no date such as 2026-11-21 or 2026-11-21T09:00"));
    before = wall_utc_hour(before); /* use is kept by the hour: what is within one stays */
    code = open_store(t, STORE_SHARE, &store);
    if (!code)
        code = prune(t, store, before);
    store_close(store);
    return code;
}

static bool show_copied(void *context, int64_t done, int64_t pages)
{
    (void)context;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%3d %%%s", (int)(pages > 0 ? done * 100 / pages : 100),
                done == pages ? "\n" : "");
    return true;
}

int root_run_backup(struct tcpquota *t)
{
    const char *path = t->arguments.words[0];
    struct store *store = NULL;
    int code;

    if (!root_is_here(t))
        return EX_NOPERM;
    code = open_store(t, STORE_READ, &store);
    if (!code && store_backup(store, path, show_copied, NULL) != 0)
        code = program_fail(&t->program, EX_IOERR, path, store_error(store));
    store_close(store);
    return code;
}
