/*
 * strangers: processes of users that nobody has, for tests that end processes or look into them.
 * They live no longer than the process that began them: none outlives a test, even a killed one.
 * Needs root.
 */
#ifndef TCPQUOTA_STRANGERS_H
#define TCPQUOTA_STRANGERS_H

#include "process.h"
#include "processes.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ten of them. */
#define STRANGER 23001
#define STRANGERS_END 23011

struct uids {
    uid_t real, effective, saved;
};

/* What a stranger does once it is one; NULL is to wait for signals. */
typedef void stranger_life(void *context);

static inline void strangers_require(bool ok, const char *what)
{
    if (ok)
        return;
    printf("not ok - %s: %m\n", what);
    fflush(stdout);
    _exit(1);
}

/* How many processes run as one of those from `first` to before `end`. */
static inline unsigned strangers_count(uid_t first, uid_t end)
{
    struct processes walk;
    unsigned n = 0;
    pid_t pid;

    strangers_require(processes_open(&walk, PROCESSES_MANY) == 0, "/proc");
    while (processes_next(&walk, &pid) > 0) {
        struct process p;

        if (process_read(pid, &p) == 0)
            n += (p.uid >= first && p.uid < end) || (p.effective >= first && p.effective < end);
    }
    processes_close(&walk);
    return n;
}

/* One test at a time has them: a name in the network namespace that is free when its owner ends. */
static inline void strangers_lock(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0tcpquota-strangers"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    for (int i = 0; i < 6000 && bind(fd, (const struct sockaddr *)&name, sizeof name) != 0; i++) {
        strangers_require(errno == EADDRINUSE, "the lock of the tests");
        usleep(10000);
    }
}

/* Before anything is done to their users: skips the test, or fails it, if it may not go on. */
static inline void strangers_begin(void)
{
    if (geteuid() != 0) {
        printf("1..0 # SKIP needs root: processes of several users\n");
        exit(0);
    }
    strangers_lock();
    if (strangers_count(STRANGER, STRANGERS_END) != 0) {
        printf("not ok 1 - somebody runs processes as users %d to %d\n1..1\n", STRANGER,
               STRANGERS_END - 1);
        exit(1);
    }
}

#define STRANGERS_FOLDER "/mnt"
/* An empty folder, and mounts, for this process alone: they go when it does, however that ends. */
static inline void strangers_mount(void)
{
    strangers_require(unshare(CLONE_NEWNS) == 0, "mounts of its own");
    strangers_require(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
    strangers_require(mount("tmpfs", STRANGERS_FOLDER, "tmpfs", 0, "mode=755") == 0, "tmpfs");
}

/* Changing uids forgets what a process asked to be sent at its parent's death. */
static inline void strangers_become(struct uids uids)
{
    pid_t parent = getppid();

    if (setresuid(uids.real, uids.effective, uids.saved) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(1);
}

static inline struct uids strangers_all(uid_t uid)
{
    return (struct uids){uid, uid, uid};
}

static inline void strangers_tell(int fd)
{
    if (write(fd, "", 1) != 1)
        _exit(1);
}

/* A child that runs `prepare`, tells that it is there, and runs `life`; either may be NULL. */
static inline pid_t strangers_fork(struct uids uids, stranger_life *prepare, stranger_life *life,
                                   void *context)
{
    int ends[2];
    char done;
    pid_t pid;

    strangers_require(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    fflush(stdout);
    pid = fork();
    strangers_require(pid >= 0, "fork");
    if (pid == 0) {
        strangers_become(uids);
        if (prepare)
            prepare(context);
        strangers_tell(ends[1]);
        if (life)
            life(context);
        for (;;)
            pause();
    }
    close(ends[1]);
    strangers_require(read(ends[0], &done, 1) == 1, "a child did not begin");
    close(ends[0]);
    return pid;
}

/* A child with these uids, once it has them. */
static inline pid_t strangers_start(struct uids uids, stranger_life *life, void *context)
{
    return strangers_fork(uids, NULL, life, context);
}

/* The same, once `prepare` has returned as well. */
static inline pid_t strangers_start_prepared(struct uids uids, stranger_life *prepare,
                                             void *context)
{
    return strangers_fork(uids, prepare, NULL, context);
}

/* The signal that ended a child of ours, 0 if it ended by itself, -1 if it lives. */
static inline int strangers_fate(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};

    strangers_require(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0, "waitid");
    if (info.si_pid == 0)
        return -1;
    return info.si_code == CLD_EXITED ? 0 : info.si_status;
}

/* Ends a child of ours, if it has not ended. */
static inline void strangers_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Waits for what another process does, 5 s at most: `false` is for the check that follows. */
static inline bool strangers_await(bool (*is_so)(pid_t), pid_t pid)
{
    for (int i = 0; i < 2500 && !is_so(pid); i++)
        usleep(2000);
    return is_so(pid);
}

/*
 * Runs `run` as a child of process 1 in a pid namespace with a /proc of its own; process 1 has the
 * uids of `first` and takes what it is asked by signals for a reason to fail. What `run` returned;
 * -1 if process 1 was asked to end, or it could not be done.
 */
static inline void strangers_fail(int number)
{
    (void)number;
    _exit(255);
}

static inline int strangers_inside(struct uids first, int (*run)(void *), void *context)
{
    int status = -1;
    pid_t pid, inner;

    fflush(stdout);
    pid = fork();
    strangers_require(pid >= 0, "fork");
    if (pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || unshare(CLONE_NEWPID | CLONE_NEWNS) != 0)
            _exit(255);
        pid = fork();
        if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
            _exit(WEXITSTATUS(status));
        if (pid != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("proc", "/proc", "proc", 0, NULL) != 0)
            _exit(255);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
            _exit(255);
        signal(SIGTERM, strangers_fail);
        inner = fork();
        if (inner == 0) {
            signal(SIGTERM, SIG_DFL);
            usleep(20000); /* so that process 1 has its uids */
            _exit(run(context));
        }
        if (setresuid(first.real, first.effective, first.saved) != 0 ||
            waitpid(inner, &status, 0) != inner || !WIFEXITED(status))
            _exit(255);
        _exit(WEXITSTATUS(status));
    }
    strangers_require(waitpid(pid, &status, 0) == pid, "waitpid");
    return WIFEXITED(status) && WEXITSTATUS(status) != 255 ? WEXITSTATUS(status) : -1;
}

#endif
