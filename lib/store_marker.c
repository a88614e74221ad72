/* The folder of a database that is opened, and the marker beside it. SQLite has no part in it. */
#include "store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Told in words of ours: SQLite only says that it cannot open the file. */
static int check_folder(struct store *s, const char *path, enum store_mode mode)
{
    char copy[PATH_MAX], why[64];

    snprintf(copy, sizeof copy, "%s", path);
    if (access(dirname(copy), W_OK | X_OK) == 0)
        return 0;
    if (errno == ENOENT && mode != STORE_CREATE)
        return sql_failed_because(s, -ENOENT, "it is not there yet");
    snprintf(why, sizeof why, "its folder cannot be written by uid %ld: %s", (long)geteuid(),
             strerror(errno));
    return sql_failed_because(s, -EACCES, why);
}

/*
 * A marker beside the database remembers that it was made. Without the marker a lost database
 * would be replaced by an empty one, and every balance with it.
 */
static int check_marker(struct store *s, const char *path, enum store_mode mode)
{
    char marker[PATH_MAX + 8];
    struct stat st;
    bool there = stat(path, &st) == 0;
    int fd;

    snprintf(marker, sizeof marker, "%s.made", path);
    if ((!there || st.st_size == 0) && access(marker, F_OK) == 0)
        return sql_failed_because(s, -ENODATA,
                                  "it is gone, but its marker file (.made) is there: "
                                  "restore it, or remove the marker to begin anew");
    if (mode != STORE_CREATE)
        return there ? 0 : sql_failed_because(s, -ENOENT, "it is not there yet");
    if (!there) {
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            return sql_failed_because(s, -errno, "it cannot be made");
        close(fd);
    }
    return 0;
}

int store_check_place(struct store *s, const char *path, enum store_mode mode)
{
    int err = check_folder(s, path, mode);

    return err ? err : check_marker(s, path, mode);
}

int store_hold_marker(struct store *s, const char *path)
{
    char marker[PATH_MAX + 8];
    int fd, err;

    snprintf(marker, sizeof marker, "%s.made", path);
    fd = open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return sql_failed_because(s, -errno, "its marker file (.made) cannot be made");
    /* The worker of a keeper that was killed may still be ending its sessions. */
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0 && i < OPEN_PATIENCE_MS / 10; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10 * NS_PER_MS}, NULL);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    err = sql_failed_because(s, -EBUSY, "another tcpquotad works with it");
    close(fd);
    return err;
}
