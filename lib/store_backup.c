#include "store_backup.h"

#include "store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_PAGES 64

struct copy {
    struct store *store;
    const char *path;
    char part[PATH_MAX];
    int fd;      /* of the part, locked: open for longer than SQLite's, whose locks it would undo */
    sqlite3 *db; /* of the part */
};

static int failed_at(struct copy *c, const char *what)
{
    int err = errno;
    char why[128];

    snprintf(why, sizeof why, "the copy cannot be %s: %s", what, strerror(err));
    return sql_failed_because(c->store, -err, why);
}

/* What an earlier copy has left goes; one that is still being made does not. */
static int clear_part(struct copy *c)
{
    int fd = open(c->part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), err = 0;
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? 0 : failed_at(c, "made");
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        err = sql_failed_because(c->store, -EEXIST, "the copy cannot be made: its .part is none");
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        err = sql_failed_because(c->store, -EBUSY, "the copy is being made by somebody else");
    else if (unlink(c->part) != 0)
        err = failed_at(c, "made");
    close(fd);
    return err;
}

static int make_part(struct copy *c)
{
    struct stat st;
    int err;

    if (lstat(c->path, &st) == 0)
        return sql_failed_because(c->store, -EEXIST, "the copy cannot be made: it is there");
    if (snprintf(c->part, sizeof c->part, "%s.part", c->path) >= (int)sizeof c->part)
        return sql_failed_because(c->store, -ENAMETOOLONG, "the path of the copy is too long");
    err = clear_part(c);
    if (err)
        return err;
    c->fd = open(c->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (c->fd < 0)
        return failed_at(c, "made");
    /* Whatever the umask is. */
    if (fchmod(c->fd, 0600) != 0 || flock(c->fd, LOCK_EX | LOCK_NB) != 0) {
        err = failed_at(c, "kept from others");
        unlink(c->part);
        close(c->fd);
    }
    return err;
}

static int failed_copy(struct copy *c, int rc)
{
    char why[192];

    snprintf(why, sizeof why, "the copy: %s", c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
    return sql_failed_because(c->store, sql_error_of(rc), why);
}

static int run(struct copy *c, const char *sql)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : failed_copy(c, rc);
}

static int copy_pages(struct copy *c, store_backup_progress *progress, void *context)
{
    sqlite3_backup *b = sqlite3_backup_init(c->db, "main", sql_handle(c->store), "main");
    int rc = b ? SQLITE_OK : sqlite3_errcode(c->db);
    bool goes_on = true;

    while (b && rc == SQLITE_OK && goes_on) {
        rc = sqlite3_backup_step(b, PIECE_PAGES);
        if (progress && (rc == SQLITE_OK || rc == SQLITE_DONE)) {
            int64_t pages = sqlite3_backup_pagecount(b);

            goes_on = progress(context, pages - sqlite3_backup_remaining(b), pages);
        }
    }
    if (b)
        sqlite3_backup_finish(b);
    if (!goes_on)
        return sql_failed_because(c->store, -ECANCELED, "the copy was broken off");
    return rc == SQLITE_DONE ? 0 : failed_copy(c, rc);
}

static int is_sound(struct copy *c)
{
    sqlite3_stmt *check;
    bool sound;
    int rc = sqlite3_prepare_v2(c->db, "PRAGMA quick_check(1)", -1, &check, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(check);
    if (rc != SQLITE_ROW) {
        int err = failed_copy(c, rc);

        sqlite3_finalize(check);
        return err ? err : -EIO;
    }
    sound = strcmp((const char *)sqlite3_column_text(check, 0), "ok") == 0;
    sqlite3_finalize(check);
    return sound ? 0
                 : sql_failed_because(c->store, -EBADMSG,
                                      "the copy is damaged (PRAGMA quick_check says how)");
}

/* One reading from the first page to the last: without it every commit of somebody else would begin
 * the copy anew. */
static int copy_whole(struct copy *c, store_backup_progress *progress, void *context)
{
    int rc, err = sql_run(c->store, SQL_SNAPSHOT);

    if (!err)
        err = sql_run(c->store, SQL_READ);
    if (err)
        return err;
    rc = sqlite3_open_v2(c->part, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    err = rc == SQLITE_OK ? 0 : failed_copy(c, rc);
    /* It is worth nothing before it is whole, and then it is synced as a whole. */
    if (!err)
        err = run(c, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    if (!err)
        err = copy_pages(c, progress, context);
    /* Not WAL, as the database is: reading the copy shall make no files beside it. */
    if (!err)
        err = run(c, "PRAGMA journal_mode = DELETE");
    if (!err)
        err = is_sound(c);
    return err;
}

/* 0, or -1 and errno: EEXIST if something is there. Some file systems only know the one, some only
 * the other. */
static int rename_part(const struct copy *c)
{
    if (renameat2(AT_FDCWD, c->part, AT_FDCWD, c->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (link(c->part, c->path) != 0)
        return -1;
    unlink(c->part);
    return 0;
}

/* Synced, then named, then the name is synced. */
static int name_part(struct copy *c)
{
    char folder[PATH_MAX];
    int fd, err = 0;

    if (fsync(c->fd) != 0)
        return failed_at(c, "synced");
    if (rename_part(c) != 0)
        return failed_at(c, "given its name");
    snprintf(folder, sizeof folder, "%s", c->path);
    fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        err = failed_at(c, "synced");
    if (fd >= 0)
        close(fd);
    return err;
}

static void remove_parts(const struct copy *c)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    char path[PATH_MAX + 16];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s%s", c->part, suffixes[i]);
        unlink(path);
    }
}

int store_backup(struct store *s, const char *path, store_backup_progress *progress, void *context)
{
    struct copy c = {.store = s, .path = path};
    int err = make_part(&c);

    if (err)
        return err;
    err = copy_whole(&c, progress, context);
    sqlite3_close(c.db);
    store_rollback(s);
    if (!err)
        err = name_part(&c);
    if (err)
        remove_parts(&c);
    close(c.fd);
    return err;
}
