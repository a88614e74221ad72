#include "holders.h"

#include "index.h"
#include "num.h"
#include "process.h"
#include "processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_START "socket:["
#define FTP_WORD "ftpd"
#define PROCESS_MAX 256 /* descriptors looked at */
#define USER_MAX 32768

/* What is known of one socket so far. */
struct claim {
    bool is_held;
    uid_t uid;
    int64_t start; /* of the process */
};

struct search {
    struct index spent; /* by uid: descriptors looked at */
    uid_t crowded;
    const struct holders_terms *terms;
    const uint64_t *inodes;
    struct claim *claims; /* one each */
    size_t count;
    int proc; /* a descriptor of /proc */
};

/* The process that is looked at. */
struct candidate {
    pid_t pid;
    uid_t uid;
    bool is_dated; /* whether `start` has been read: of most nobody wants to know */
    int64_t start;
};

static bool in_range(const struct search *s, uid_t uid)
{
    return uid >= s->terms->uid_min && uid <= s->terms->uid_max;
}

/* As whom a process counts. -ESRCH if it does not, or is gone. */
static int find_user(const struct search *s, pid_t pid, uid_t *out)
{
    uid_t effective, real;
    int err = process_effective(s->proc, pid, &effective);

    if (!err && in_range(s, effective)) {
        *out = effective;
        return 0;
    }
    if (!err && effective != 0)
        return -ESRCH;
    if (!err)
        err = process_uids(s->proc, pid, &real, &effective);
    if (!err && !in_range(s, real))
        return -ESRCH;
    if (!err)
        *out = real;
    return err;
}

/* What comes behind the last slash of the program's path is its name, also with the ` (deleted)`
 * of one that has since been replaced. */
static bool is_ftp(int folder)
{
    char text[PATH_MAX];
    const char *name;
    ssize_t n = readlinkat(folder, "exe", text, sizeof text - 1);
    int fd;

    if (n > 0) {
        text[n] = '\0';
        name = strrchr(text, '/');
        if (strstr(name ? name : text, FTP_WORD))
            return true;
    }
    fd = openat(folder, "comm", O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, text, PROCESS_NAME_LEN);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return strstr(text, FTP_WORD) != NULL;
}

/* The claim on the socket that this link of /proc/PID/fd leads to; NULL if it is none of ours. 0 or
 * -errno. */
static int find_claim(const struct search *s, int fds, const char *name, struct claim **out)
{
    const size_t start_len = strlen(SOCKET_START);
    const uint64_t *found;
    uint64_t inode;
    int64_t number;
    char text[64];
    ssize_t n = readlinkat(fds, name, text, sizeof text);

    *out = NULL;
    if (n < 0)
        return errno == ENOENT ? 0 : -errno; /* it has been closed */
    if (n <= (ssize_t)start_len || memcmp(text, SOCKET_START, start_len) != 0 || text[n - 1] != ']')
        return 0;
    if (num_parse_n(text + start_len, (size_t)n - start_len - 1, 0, INT64_MAX, &number) != 0)
        return 0;
    inode = (uint64_t)number;
    found = bsearch(&inode, s->inodes, s->count, sizeof inode, num_compare);
    if (found)
        *out = &s->claims[found - s->inodes];
    return 0;
}

/* Its start, if it is still there and still runs as that user: then what was read is of it, and of
 * no other that was given its number. */
static int read_start(struct candidate *c)
{
    struct process p;
    int err = c->is_dated ? 0 : process_read(c->pid, &p);

    if (err || c->is_dated)
        return err;
    if (p.effective != c->uid && p.uid != c->uid)
        return -ESRCH;
    c->start = p.start;
    c->is_dated = true;
    return 0;
}

/* Whether one more descriptor of this user's is looked at. Whoever serves a user has few of them;
 * what users open themselves shall not hold up everybody. */
static bool may_go_on(struct search *s, const struct candidate *c, unsigned of_process)
{
    uint32_t spent = index_find(&s->spent, &c->uid);

    spent = spent == INDEX_NONE ? 0 : spent;
    if (of_process < PROCESS_MAX && spent < USER_MAX &&
        index_put(&s->spent, &c->uid, spent + 1) == 0)
        return true;
    s->crowded = c->uid;
    return false;
}

static int read_descriptors(struct search *s, struct candidate *c, DIR *fds)
{
    const struct dirent *entry;
    unsigned n = 0;

    while (errno = 0, entry = readdir(fds)) {
        struct claim *claim;
        int err;

        if (entry->d_name[0] == '.')
            continue;
        if (!may_go_on(s, c, n++))
            return 0;
        err = find_claim(s, dirfd(fds), entry->d_name, &claim);
        if (!err && !claim)
            continue;
        if (!err)
            err = read_start(c);
        if (err)
            return err;
        if (!claim->is_held || c->start < claim->start)
            *claim = (struct claim){.is_held = true, .uid = c->uid, .start = c->start};
    }
    return -errno;
}

static int open_folder(int folder, const char *name, DIR **out)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

    if (fd < 0)
        return -errno;
    *out = fdopendir(fd);
    if (*out)
        return 0;
    err = -errno;
    close(fd);
    return err;
}

/* Whether there is something in it besides itself and the folder above. */
static bool has_entries(DIR *folder)
{
    const struct dirent *entry;

    while ((entry = readdir(folder)) && entry->d_name[0] == '.')
        ;
    rewinddir(folder);
    return entry != NULL;
}

/* `folder` is that of a process, or of one of its threads. *has: whether it has descriptors. */
static int look_into(struct search *s, struct candidate *c, int folder, bool *has)
{
    DIR *fds;
    int err = open_folder(folder, "fd", &fds);

    *has = false;
    if (err)
        return err;
    *has = has_entries(fds);
    if (*has && (!s->terms->ftp_only || is_ftp(folder)))
        err = read_descriptors(s, c, fds);
    closedir(fds);
    return err;
}

/* A process whose first thread has ended shows no descriptors, nor its program: those of the others
 * do, and are the same for all of them. */
static int look_into_threads(struct search *s, struct candidate *c, int folder)
{
    const struct dirent *entry;
    bool has = false;
    DIR *threads;
    int err = open_folder(folder, "task", &threads);

    if (err)
        return err;
    while (!has && !err && (entry = readdir(threads))) {
        int thread;

        if (entry->d_name[0] == '.')
            continue;
        thread = openat(dirfd(threads), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (thread < 0)
            continue; /* it has ended */
        err = look_into(s, c, thread, &has);
        close(thread);
        if (err == -ENOENT || err == -ESRCH)
            err = 0;
    }
    closedir(threads);
    return err;
}

static int look_at(struct search *s, pid_t pid)
{
    struct candidate c = {.pid = pid};
    char name[16];
    bool has;
    int folder, err = find_user(s, pid, &c.uid);

    if (err)
        return err;
    snprintf(name, sizeof name, "%ld", (long)pid);
    folder = openat(s->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -errno;
    err = look_into(s, &c, folder, &has);
    if (!err && !has)
        err = look_into_threads(s, &c, folder);
    close(folder);
    return err;
}

/* One process that cannot be looked at, the last *failure, does not hide those that can; a walk
 * that broke off does. */
static int walk(struct search *s, int *failure)
{
    struct processes processes;
    int more, failed = 0, err = processes_open(&processes, PROCESSES_MANY);
    pid_t pid;

    if (err)
        return err;
    s->proc = processes.folder;
    while ((more = processes_next(&processes, &pid)) > 0) {
        err = pid == 1 ? 0 : look_at(s, pid);
        if (err && err != -ESRCH && err != -ENOENT)
            failed = err;
    }
    processes_close(&processes);
    *failure = failed;
    return more < 0 ? more : 0;
}

int holders_find(const struct holders_terms *terms, const uint64_t *inodes, size_t count,
                 struct holder *out, uid_t *crowded)
{
    struct search s = {.terms = terms, .inodes = inodes, .count = count, .proc = -1};
    int found = 0, failure = 0, err;

    *crowded = 0;

    if (count == 0)
        return 0;
    if (count > INT_MAX)
        return -E2BIG;
    s.claims = calloc(count, sizeof *s.claims);
    if (!s.claims)
        return -ENOMEM;
    index_init(&s.spent, sizeof(uid_t));
    err = walk(&s, &failure);
    for (size_t i = 0; i < count; i++) {
        if (s.claims[i].is_held)
            out[found++] = (struct holder){.inode = inodes[i], .uid = s.claims[i].uid};
    }
    free(s.claims);
    index_free(&s.spent);
    *crowded = s.crowded;
    if (err)
        return err;
    return found ? found : failure;
}
