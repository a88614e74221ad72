#include "pidfile.h"

#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
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

int pidfile_take(const char *path, pid_t *other)
{
    char text[24];
    int n, fd, err = 0;

    do {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
            return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            err = errno == EWOULDBLOCK ? -EBUSY : -errno;
            *other = read_pid(fd);
            close(fd);
            return err;
        }
        if (is_current(fd, path))
            break;
        close(fd); /* removed by one that just ended: take the new one */
    } while (1);
    n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        err = errno ? -errno : -EIO;
        close(fd);
        return err;
    }
    return fd;
}

void pidfile_release(int fd, const char *path)
{
    if (fd < 0)
        return;
    unlink(path);
    close(fd);
}
