#include "processes.h"

#include "num.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Room for one entry of a number up to seven digits, and for no second one. No number is longer:
 * PID_MAX_LIMIT is 4194304. */
#define ROOM_FOR_ONE 32

int processes_open(struct processes *p, enum processes_pace pace)
{
    p->folder = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->pace = pace;
    p->at = p->end = 0;
    return p->folder < 0 ? -errno : 0;
}

void processes_close(struct processes *p)
{
    if (p->folder >= 0)
        close(p->folder);
    p->folder = -1;
}

/* Files with longer names come before the numbers: for them there is the whole buffer. */
static ssize_t fill(struct processes *p)
{
    ssize_t n = -1;

    errno = EINVAL;
    if (p->pace == PROCESSES_SINGLY)
        n = getdents64(p->folder, p->buffer, ROOM_FOR_ONE);
    if (n < 0 && errno == EINVAL)
        n = getdents64(p->folder, p->buffer, sizeof p->buffer);
    if (n < 0)
        return -errno;
    p->at = 0;
    p->end = (size_t)n;
    return n;
}

int processes_next(struct processes *p, pid_t *out)
{
    for (;;) {
        const struct dirent64 *entry;
        int64_t pid;

        if (p->at == p->end) {
            ssize_t n = fill(p);

            if (n <= 0)
                return (int)n;
        }
        entry = (const struct dirent64 *)(const void *)(p->buffer + p->at);
        p->at += entry->d_reclen;
        if (num_parse(entry->d_name, 1, INT_MAX, &pid) == 0) {
            *out = (pid_t)pid;
            return 1;
        }
    }
}
