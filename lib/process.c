#include "process.h"

#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where in stat(5) they stand behind the name, counted from 0: fields 4, 20 and 22. */
#define FIELD_PARENT 1
#define FIELD_THREADS 17
#define FIELD_START 19

/* The file as far as it goes into `text`, with a NUL behind it. 0 or -errno. */
static int read_text(int folder, const char *name, char *text, size_t size)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC), err;
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, text, size - 1);
    err = n < 0 ? -errno : 0;
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return err;
}

/* The name before the state may hold anything, a parenthesis too: the last one ends it. */
static const char *past_name(const char *stat)
{
    const char *end = strrchr(stat, ')');

    return end && end[1] == ' ' ? end + 2 : NULL;
}

char process_state(pid_t pid)
{
    char path[32], text[256];
    const char *state;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    state = read_text(AT_FDCWD, path, text, sizeof text) == 0 ? past_name(text) : NULL;
    return state ? *state : '\0';
}

static int read_field(const char *fields, unsigned which, int64_t *out)
{
    for (unsigned i = 0; i < which; i++) {
        fields = strchr(fields, ' ');
        if (!fields)
            return -EINVAL;
        fields++;
    }
    return num_parse_n(fields, strcspn(fields, " \n"), 0, INT64_MAX, out);
}

static int parse_stat(const char *text, struct process *p)
{
    const char *fields = past_name(text), *name = strchr(text, '(');
    int64_t parent, threads;
    size_t len;

    if (!fields || !name++ || read_field(fields, FIELD_PARENT, &parent) != 0 || parent > INT_MAX ||
        read_field(fields, FIELD_THREADS, &threads) != 0 || threads > INT_MAX ||
        read_field(fields, FIELD_START, &p->start) != 0)
        return -EINVAL;
    len = (size_t)(fields - 2 - name);
    if (len >= sizeof p->name) /* threads of the kernel alone have longer ones */
        len = sizeof p->name - 1;
    memcpy(p->name, name, len);
    p->name[len] = '\0';
    p->parent = (pid_t)parent;
    p->threads = (int)threads;
    p->state = *fields;
    return 0;
}

/* The line `Uid:`, which begins with the real and the effective one. */
static int parse_uids(const char *text, uid_t *real, uid_t *effective)
{
    const char *line = strstr(text, "\nUid:\t");
    int64_t uids[2];

    if (!line)
        return -EINVAL;
    line += strlen("\nUid:\t");
    for (int i = 0; i < 2; i++) {
        size_t len = strcspn(line, "\t\n");

        if (num_parse_n(line, len, 0, UINT32_MAX, &uids[i]) != 0)
            return -EINVAL;
        line += len + (line[len] != '\0');
    }
    *real = (uid_t)uids[0];
    *effective = (uid_t)uids[1];
    return 0;
}

/* A file in /proc goes away with its process, also between its opening and its reading. */
static int gone(int err)
{
    return err == -ENOENT ? -ESRCH : err;
}

/* The folder, once open, stays that of the process which had the number then. */
int process_read(pid_t pid, struct process *out)
{
    char path[32], stat[512], status[1024];
    struct process p = {.pid = pid};
    int folder, err;

    if (pid <= 0)
        return -ESRCH;
    snprintf(path, sizeof path, "/proc/%ld", (long)pid);
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return gone(-errno);
    err = read_text(folder, "stat", stat, sizeof stat);
    if (!err)
        err = read_text(folder, "status", status, sizeof status);
    close(folder);
    if (err)
        return gone(err);
    err = parse_stat(stat, &p);
    if (!err)
        err = parse_uids(status, &p.uid, &p.effective);
    if (!err && (p.state == 'Z' || p.state == 'X') && p.threads <= 1)
        err = -ESRCH;
    if (!err)
        *out = p;
    return err;
}

bool process_lives(const struct process *p)
{
    struct process now = {.pid = 0};

    return process_read(p->pid, &now) == 0 && now.start == p->start;
}

int process_effective(int proc, pid_t pid, uid_t *effective)
{
    char name[16];
    struct stat st;

    snprintf(name, sizeof name, "%ld", (long)pid);
    if (fstatat(proc, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return gone(-errno);
    *effective = st.st_uid;
    return 0;
}

int process_uids(int proc, pid_t pid, uid_t *real, uid_t *effective)
{
    char name[32], status[1024];
    int err;

    snprintf(name, sizeof name, "%ld/status", (long)pid);
    err = read_text(proc, name, status, sizeof status);
    return err ? gone(err) : parse_uids(status, real, effective);
}
