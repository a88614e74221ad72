#include "watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int watch_open(const char *database)
{
    char folder[PATH_MAX];
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (fd < 0)
        return -errno;
    snprintf(folder, sizeof folder, "%s", database);
    if (inotify_add_watch(fd, dirname(folder), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE) <
        0) {
        int err = -errno;

        close(fd);
        return err;
    }
    return fd;
}

bool watch_drain(int fd, const char *database)
{
    const char *slash = strrchr(database, '/'), *name = slash ? slash + 1 : database;
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool ours = false;
    ssize_t n;

    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        for (char *at = buffer; at < buffer + n;) {
            const struct inotify_event *event = (const void *)at;

            /* An overflow names nothing: it may have been about anything. */
            ours = ours || (event->mask & IN_Q_OVERFLOW) ||
                   (event->len && strncmp(event->name, name, strlen(name)) == 0);
            at += sizeof *event + event->len;
        }
    }
    return ours;
}
