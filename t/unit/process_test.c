/* What /proc says of processes, whatever they call themselves. */
#include "process.h"
#include "tap.h"

#include <errno.h>
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

int main(void)
{
    static const char *const names[] = {"sshd",  "",       "x) S 1 ",   ") R 1 2 3 4", "(((",
                                        "a b\tc", "Uid:\t0", "x\nUid:\t0\n", "fifteen bytes..", ")"};
    struct process own, gone = {.pid = 0};
    struct tap t = {0};

    tap_is(&t, process_read(getpid(), &own), 0, "oneself");
    tap_is(&t, own.pid, getpid(), "oneself: number");
    tap_is(&t, own.parent, getppid(), "oneself: parent");
    tap_is(&t, own.uid, getuid(), "oneself: uid");
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
    return tap_done(&t);
}
