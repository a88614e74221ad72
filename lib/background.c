#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

int background_fill_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
    return fd < 0 ? -errno : 0;
}

static int exit_code_of(pid_t child)
{
    int status;

    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return EX_OSERR;
    return WEXITSTATUS(status);
}

int background_start(int *ready, const char **what)
{
    int ends[2];
    char byte;
    pid_t pid;

    *what = "pipe";
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    *what = "fork";
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid > 0) {
        close(ends[1]);
        if (read(ends[0], &byte, 1) == 1)
            _exit(0);
        _exit(exit_code_of(pid));
    }
    close(ends[0]);
    *ready = ends[1];
    setsid();
    *what = "/";
    return chdir("/") == 0 ? 0 : -errno;
}

void background_leave_terminal(int null)
{
    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        dup2(null, fd);
    if (null >= 0)
        close(null);
}

int background_leave(int *ready)
{
    int err;

    if (*ready < 0)
        return 0;
    background_leave_terminal(open("/dev/null", O_RDWR | O_CLOEXEC));
    err = write(*ready, "", 1) == 1 ? 0 : -EPIPE;
    close(*ready);
    *ready = -1;
    return err;
}
