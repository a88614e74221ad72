#include "store_backup.h"

#include "store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
    struct store *store;
    const char *path;
    char part[PATH_MAX];
    int fd; /* of the part, locked: open for longer than SQLite's, whose locks it would undo */
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

/* One reading from the first page to the last: without it every commit of somebody else would begin
 * the copy anew. */
static int copy_whole(const struct copy *c, store_backup_progress *progress, void *context)
{
    int err = sql_run(c->store, SQL_SNAPSHOT);

    if (!err)
        err = sql_run(c->store, SQL_READ);
    return err ? err : sql_copy(c->store, c->part, progress, context);
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
    store_rollback(s);
    if (!err)
        err = name_part(&c);
    if (err)
        remove_parts(&c);
    close(c.fd);
    return err;
}
