/* What /proc says of processes, whatever they call themselves. */
#include "process.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t spawn(const char *name)
{
    pid_t pid;
    char done;
    int ends[2];

    if (pipe(ends) != 0)
        exit(1);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_NAME, name) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
            write(ends[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    if (read(ends[0], &done, 1) != 1)
        exit(1);
    close(ends[0]);
    return pid;
}

static void *wait_on(void *context)
{
    (void)context;
    for (;;)
        pause();
    return NULL;
}

/* Its first thread has ended: its state is that of the dead. */
static void test_threads(struct tap *t)
{
    struct process p = {.pid = 0};
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        pthread_t thread;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
            pthread_create(&thread, NULL, wait_on, NULL) != 0)
            _exit(1);
        pthread_exit(NULL);
    }
    for (int i = 0; i < 2500 && process_state(pid) != 'Z'; i++)
        usleep(2000);
    tap_is(t, process_state(pid), 'Z', "first thread ended: state");
    tap_is(t, process_read(pid, &p), 0, "first thread ended: lives in the other");
    tap_is(t, p.threads, 2, "first thread ended: threads");
    tap_ok(t, process_lives(&p), "first thread ended: lives");
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
    tap_is(t, process_read(pid, &p), -ESRCH, "all threads ended: is none");
    waitpid(pid, NULL, 0);
}

/* A child that is not dumpable shows most of itself as root's. */
static void test_uids(struct tap *t)
{
    uid_t real = 1, effective = 1;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ends[2];
    struct process p = {.pid = 0};
    char done;
    pid_t pid;

    tap_is(t, process_uids(proc, getpid(), &real, &effective), 0, "own uids");
    tap_ok(t, real == getuid() && effective == geteuid(), "own uids: are so");
    if (geteuid() != 0 || pipe(ends) != 0) {
        tap_note("needs root: other uids");
        close(proc);
        return;
    }
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (setresuid(23018, 23019, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
            prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || write(ends[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    tap_is(t, read(ends[0], &done, 1), 1, "other uids: it has them");
    tap_is(t, process_uids(proc, pid, &real, &effective), 0, "other uids");
    tap_is(t, real, 23018, "other uids: real");
    tap_is(t, effective, 23019, "other uids: effective");
    tap_is(t, process_effective(proc, pid, &effective), 0, "other uids: by the owner");
    tap_is(t, effective, 23019, "other uids: the owner is the effective one");
    tap_is(t, process_read(pid, &p), 0, "other uids: read with the rest");
    tap_ok(t, p.uid == 23018 && p.effective == 23019, "other uids: the same");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    tap_is(t, process_uids(proc, pid, &real, &effective), -ESRCH, "gone: no uids");
    tap_is(t, process_effective(proc, pid, &effective), -ESRCH, "gone: no owner");
    close(ends[0]);
    close(proc);
}

int main(void)
{
    static const char *const names[] = {
        "sshd",   "",        "x) S 1 ",      ") R 1 2 3 4",     "(((",
        "a b\tc", "Uid:\t0", "x\nUid:\t0\n", "fifteen bytes..", ")"};
    struct process own, gone = {.pid = 0};
    struct tap t = {0};

    tap_is(&t, process_read(getpid(), &own), 0, "oneself");
    tap_is(&t, own.pid, getpid(), "oneself: number");
    tap_is(&t, own.parent, getppid(), "oneself: parent");
    tap_is(&t, own.uid, getuid(), "oneself: uid");
    tap_is(&t, own.effective, geteuid(), "oneself: effective uid");
    tap_is(&t, own.threads, 1, "oneself: threads");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pid_t pid = spawn(names[i]);
        struct process got = {.pid = 0};

        tap_is(&t, process_read(pid, &got), 0, "name %zu", i);
        tap_text(&t, got.name, names[i], "name %zu: name", i);
        tap_is(&t, got.parent, getpid(), "name %zu: parent", i);
        tap_is(&t, got.uid, getuid(), "name %zu: uid", i);
        tap_ok(&t, got.state == 'R' || got.state == 'S', "name %zu: runs or sleeps", i);
        tap_ok(&t, got.start >= own.start && got.start < own.start + 60 * sysconf(_SC_CLK_TCK),
               "name %zu: began after this test did", i);
        tap_ok(&t, process_lives(&got), "name %zu: lives", i);
        kill(pid, SIGKILL);
        waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
        tap_is(&t, process_state(pid), 'Z', "name %zu: dead, not yet waited for", i);
        tap_is(&t, process_read(pid, &gone), -ESRCH, "name %zu: is none", i);
        tap_ok(&t, !process_lives(&got), "name %zu: lives no more", i);
        waitpid(pid, NULL, 0);
        tap_is(&t, process_read(pid, &gone), -ESRCH, "name %zu: gone", i);
        tap_is(&t, process_state(pid), '\0', "name %zu: no state", i);
    }
    tap_is(&t, gone.pid, 0, "nothing was written of those that are none");
    tap_is(&t, process_read(0, &gone), -ESRCH, "number 0");
    tap_is(&t, process_read(-1, &gone), -ESRCH, "number -1");
    test_threads(&t);
    test_uids(&t);
    return tap_done(&t);
}
