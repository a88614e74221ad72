#include "namer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUPS_MAX 1024
#define PASSWD "/etc/passwd"

/* Adds a name to a list, unless it is there. False if there is no room for it. */
static bool add_name(char *list, size_t size, const char *name)
{
    size_t len = strlen(name) + 1, at = 0;

    while (list[at] && strcmp(list + at, name) != 0)
        at += strlen(list + at) + 1;
    if (len == 1 || list[at])
        return true;
    if (at + len >= size)
        return false;
    memcpy(list + at, name, len);
    return true;
}

/* getpwnam(3), getgrnam(3): these, too, say that there is none. */
static bool is_absence(int err)
{
    return err == 0 || err == ENOENT || err == ESRCH;
}

/* False if they are not all there: one of those that are missing may be what spares the user. */
static bool add_groups(struct namer_answer *a, const struct passwd *user)
{
    gid_t gids[GROUPS_MAX];
    int count = GROUPS_MAX;

    if (getgrouplist(user->pw_name, user->pw_gid, gids, &count) < 0)
        return false;
    for (int i = 0; i < count; i++) {
        const struct group *g;

        errno = 0;
        g = getgrgid(gids[i]);
        if (!g && !is_absence(errno))
            return false;
        if (g && !add_name(a->groups, sizeof a->groups, g->gr_name))
            return false;
    }
    return true;
}

/* Somebody may have a second name for the same uid, and be listed under that one. A directory
 * server is not asked for all that it has: it may take its time. */
static bool add_others(struct namer_answer *a)
{
    FILE *file = fopen(PASSWD, "re");
    const struct passwd *user;
    bool all = file != NULL || errno == ENOENT;

    while (file && (user = fgetpwent(file))) {
        if (user->pw_uid != a->uid || strcmp(user->pw_name, a->name.text) == 0)
            continue;
        all = add_name(a->others, sizeof a->others, user->pw_name) && add_groups(a, user) && all;
    }
    if (file)
        fclose(file);
    return all;
}

static void look_up(struct namer_answer *a)
{
    const struct passwd *user;
    size_t len;

    errno = 0;
    user = getpwuid(a->uid);
    len = user ? strlen(user->pw_name) : 0;
    a->failed = !user && !is_absence(errno) && errno != EBADF && errno != EPERM;
    if (len < 1 || len > USER_BYTES)
        return;
    memcpy(a->name.text, user->pw_name, len);
    a->found = true;
    a->failed = !add_groups(a, user);
    a->failed = !add_others(a) || a->failed;
}

static int drop(uid_t uid, gid_t gid)
{
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return -errno;
    return 0;
}

#define SERVED 42 /* a library ends a process with anything else */

static _Noreturn void serve(int fd)
{
    uint32_t asked;

    while (recv(fd, &asked, sizeof asked, 0) == sizeof asked) {
        struct namer_answer *a = calloc(1, sizeof *a);

        if (!a)
            _exit(1);
        a->uid = asked;
        look_up(a);
        if (send(fd, a, sizeof *a, MSG_NOSIGNAL) != sizeof *a)
            _exit(1);
        free(a);
    }
    _exit(SERVED);
}

/* The libraries that look names up may crash, or end the process that they are in: it is started
 * again, once a second at most, until the worker is gone. */
static _Noreturn void stand_by(int fd)
{
    for (;;) {
        pid_t pid = fork();
        int status;

        if (pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
            serve(fd);
        if (pid == 0)
            _exit(1);
        if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
            WEXITSTATUS(status) == SERVED)
            _exit(0);
        sleep(1);
    }
}

/* Nothing that the daemon holds stays open here, locks and tables least of all, nor what it was
 * started with; and it may be ended like any process. */
static _Noreturn void begin(int fd, uid_t uid, gid_t gid)
{
    int null = open("/dev/null", O_RDWR);
    sigset_t none;

    sigemptyset(&none);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
        sigprocmask(SIG_SETMASK, &none, NULL) != 0 || dup2(fd, 3) < 0 ||
        close_range(4, ~0U, 0) != 0 || drop(uid, gid) != 0)
        _exit(1);
    stand_by(3);
}

int namer_start(uid_t uid, gid_t gid)
{
    int ends[2], err;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    pid = fork();
    if (pid == 0)
        begin(ends[1], uid, gid);
    err = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (err)
        close(ends[0]);
    return err ? err : ends[0];
}

int namer_ask(int fd, uid_t uid)
{
    uint32_t asked = uid;

    return send(fd, &asked, sizeof asked, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof asked ? 0 : -errno;
}

int namer_hear(int fd, struct namer_answer *out)
{
    ssize_t n = recv(fd, out, sizeof *out, MSG_DONTWAIT);

    if (n < 0)
        return -errno;
    return n == sizeof *out ? 0 : -EPIPE;
}

int namer_find(int fd, uid_t uid, struct span patience, struct namer_answer *out)
{
    struct mono until = mono_add(mono_now(), patience);
    int err = namer_ask(fd, uid);

    while (!err) {
        struct pollfd slot = {.fd = fd, .events = POLLIN};
        int64_t left = mono_since(mono_now(), until).ns / NS_PER_MS;

        if (left <= 0)
            return -ETIMEDOUT;
        if (poll(&slot, 1, (int)left) < 0 && errno != EINTR)
            return -errno;
        err = namer_hear(fd, out);
        if (!err && out->uid == uid)
            return 0;
        if (err == -EAGAIN)
            err = 0;
    }
    return err;
}
