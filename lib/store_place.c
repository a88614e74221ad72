/* Where the database stands, and whose that is. SQLite has no part in it. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    bool dry; /* nothing is given, only counted */
    int given;
    int folder;
    const char *name; /* of the database, in the folder */
    uid_t uid;
    gid_t gid;
};

/* Whether the folder holds nothing but the database and what belongs to it. */
static bool is_only_ours(const struct place *p)
{
    int fd = dup(p->folder);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    bool only = entries != NULL;

    if (!entries && fd >= 0)
        close(fd);
    while (only && (errno = 0, e = readdir(entries))) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            strncmp(e->d_name, p->name, strlen(p->name)) != 0)
            only = false;
    }
    only = only && errno == 0; /* read to its end */
    if (entries)
        closedir(entries);
    return only;
}

static int give(struct place *p, int fd)
{
    p->given++;
    return p->dry || fchown(fd, p->uid, p->gid) == 0 ? 0 : -errno;
}

/* A folder that somebody else uses as well stays as it is; whoever works there finds out. */
static int take_folder(struct place *p, bool made)
{
    struct stat st;

    if (fstat(p->folder, &st) != 0)
        return -errno;
    if (st.st_uid == p->uid)
        return 0;
    if (!made && (st.st_uid != 0 || (st.st_mode & 07777) != 0700 || !is_only_ours(p)))
        return -ENOTEMPTY;
    return give(p, p->folder);
}

/*
 * The folder is the user's: what stands in it may be a link to a file of root's elsewhere. Only a
 * plain file that has no other name is given away.
 */
static int take_file(struct place *p, const char *suffix)
{
    char name[NAME_MAX + 1];
    struct stat st;
    int fd, err = 0;

    if (snprintf(name, sizeof name, "%s%s", p->name, suffix) >= (int)sizeof name)
        return -ENAMETOOLONG;
    fd = openat(p->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP ? 0 : -errno;
    if (fstat(fd, &st) != 0)
        err = -errno;
    else if (st.st_uid == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
        err = give(p, fd);
    close(fd);
    return err;
}

static int take(struct place *p, const char *path, bool made)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".made"};
    char folder[PATH_MAX], file[PATH_MAX];
    int err;

    snprintf(folder, sizeof folder, "%s", path);
    snprintf(file, sizeof file, "%s", path);
    p->name = basename(file);
    p->folder = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->folder < 0)
        return -errno;
    err = take_folder(p, made);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && !err; i++)
        err = take_file(p, suffixes[i]);
    close(p->folder);
    /* Another's folder may do as well, if the user may write there: opening it will tell. */
    return err == -ENOTEMPTY ? 0 : err;
}

int store_prepare(const char *path, uid_t uid, gid_t gid, char why[STORE_WHY_LEN])
{
    struct place p = {.uid = uid, .gid = gid};
    char folder[PATH_MAX];
    bool made;
    int err;

    snprintf(folder, sizeof folder, "%s", path);
    made = mkdir(dirname(folder), 0700) == 0;
    snprintf(why, STORE_WHY_LEN, "its folder cannot be made: %s", strerror(errno));
    if (!made && errno != EEXIST)
        return -errno;
    err = take(&p, path, made);
    snprintf(why, STORE_WHY_LEN, "it cannot be given to uid %ld: %s", (long)uid, strerror(-err));
    return err;
}

int store_would_prepare(const char *path, uid_t uid, char why[STORE_WHY_LEN])
{
    struct place p = {.dry = true, .uid = uid};
    char folder[PATH_MAX], above[PATH_MAX];
    int err;

    snprintf(folder, sizeof folder, "%s", path);
    snprintf(above, sizeof above, "%s", dirname(folder));
    if (access(above, F_OK) != 0) {
        err = access(dirname(above), F_OK) == 0 ? 0 : -errno;
        snprintf(why, STORE_WHY_LEN, "its folder cannot be made: %s", strerror(-err));
        return err ? err : 1;
    }
    err = take(&p, path, false);
    snprintf(why, STORE_WHY_LEN, "its folder cannot be looked at: %s", strerror(-err));
    return err ? err : p.given > 0;
}

static void marker_of(const char *path, char marker[PATH_MAX + 8])
{
    snprintf(marker, PATH_MAX + 8, "%s.made", path);
}

bool store_never_was(const char *path)
{
    char marker[PATH_MAX + 8];

    marker_of(path, marker);
    return access(path, F_OK) != 0 && errno == ENOENT && access(marker, F_OK) != 0 &&
           errno == ENOENT;
}

bool store_is_held(const char *path)
{
    char marker[PATH_MAX + 8];
    bool held;
    int fd;

    marker_of(path, marker);
    fd = open(marker, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    return held;
}
