#include "pidfile.h"

#include "clock.h"
#include "num.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pid_t read_pid(int fd)
{
    char text[24];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    int64_t pid = 0;

    if (n <= 0)
        return 0;
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return num_parse(text, 1, INT32_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

/* Whether the file that we have locked is still the one of that name. */
static int is_current(int fd, const char *path)
{
    struct stat ours, named;

    return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
}

int pidfile_write(int fd, pid_t pid)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)pid);

    if (ftruncate(fd, 0) != 0)
        return -errno;
    return pwrite(fd, text, (size_t)n, 0) == n ? 0 : errno ? -errno : -EIO;
}

/* Opens and locks it. The descriptor; -EBUSY; -errno. */
static int lock(const char *path, pid_t *other)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644), err;

        if (fd < 0)
            return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_current(fd, path))
            return fd;
        err = errno == EWOULDBLOCK ? -EBUSY : -errno;
        if (!is_current(fd, path))
            err = 0; /* removed by one that just ended: take the new one */
        *other = read_pid(fd);
        close(fd);
        if (err)
            return err;
    }
}

static bool is_dead(pid_t pid)
{
    char state = pid ? process_state(pid) : 'R';

    return state == '\0' || state == 'Z';
}

int pidfile_take(const char *path, pid_t *other)
{
    struct timespec nap = {.tv_nsec = 10 * NS_PER_MS};
    int fd = lock(path, other), err;

    for (int i = 0; fd == -EBUSY && i < PIDFILE_PATIENCE_MS / 10; i++) {
        if (i >= PIDFILE_GLANCE_MS / 10 && !is_dead(*other))
            return fd;
        nanosleep(&nap, NULL);
        fd = lock(path, other);
    }
    if (fd < 0)
        return fd;
    err = pidfile_write(fd, getpid());
    if (!err)
        return fd;
    close(fd);
    return err;
}

void pidfile_release(int fd, const char *path)
{
    if (fd < 0)
        return;
    unlink(path);
    close(fd);
}
