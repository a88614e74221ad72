#include "verify.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void verify_init(struct verify *v)
{
    *v = (struct verify){.fd = -1};
}

/* Without what we have made of signals: a check that cannot be ended would be one too many. */
static int start(const char *command, pid_t *pid)
{
    char *const argv[] = {"sh", "-c", (char *)command, NULL};
    char *const envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    sigset_t none, pipe;
    int err;

    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&files);
    for (int fd = 0; fd <= 2; fd++)
        posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    err = posix_spawn(pid, "/bin/sh", &files, &attributes, argv, envp);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return -err;
}

void verify_run(struct verify *v, const struct conf *conf, bool online, struct mono now)
{
    int err;

    if (v->pid && v->fd < 0) /* it could not be watched: looked after here */
        verify_reap(v);
    if (!*conf->verify_cmd || !online || v->pid ||
        (v->last.ns && mono_since(v->last, now).ns < conf->verify * NS_PER_S))
        return;
    v->last = now;
    err = start(conf->verify_cmd, &v->pid);
    if (err) {
        log_err("verify VERIFY_CMD=\"%s\" cannot be run: %s", conf->verify_cmd, strerror(-err));
        v->pid = 0;
        return;
    }
    v->fd = (int)syscall(SYS_pidfd_open, v->pid, 0);
    if (v->fd < 0)
        log_err("verify pid=%ld cannot be watched: %s", (long)v->pid, strerror(errno));
}

void verify_reap(struct verify *v)
{
    int status;

    if (waitpid(v->pid, &status, WNOHANG) != v->pid)
        return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        log_warning("verify the check of the link failed, status=%d",
                    WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
    v->pid = 0;
}
