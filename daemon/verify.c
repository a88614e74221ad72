#include "verify.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_WAIT_MS 1000 /* for one that was killed */

void verify_init(struct verify *v)
{
    *v = (struct verify){.fd = -1};
}

static void forget(struct verify *v)
{
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
    v->pid = 0;
}

/* Without what we have made of signals: a check that cannot be ended would be one too many. */
static int prepare(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *files)
{
    sigset_t none, all;
    int err;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
    err = posix_spawn_file_actions_addchdir_np(files, "/");
    for (int fd = 0; fd <= 2 && !err; fd++)
        err = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
    return -err;
}

static int spawn(const char *path, char *const argv[], pid_t *pid)
{
    char *const envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    int err;

    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&files);
    err = prepare(&attributes, &files);
    if (!err)
        err = -posix_spawn(pid, path, &files, &attributes, argv, envp);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return err;
}

/* posix_spawnp() would look where our own PATH leads, which is whatever we were started with. */
static int spawn_named(const char *name, char *const argv[], pid_t *pid)
{
    static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
    char path[1100];
    int err = -ENOENT;

    if (strchr(name, '/'))
        return spawn(name, argv, pid);
    for (size_t i = 0; i < sizeof folders / sizeof *folders && err == -ENOENT; i++) {
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        err = spawn(path, argv, pid);
    }
    return err;
}

static int start(const struct name_list *words, pid_t *pid)
{
    char **argv = calloc(words->count + 1, sizeof *argv);
    int err;

    if (!argv)
        return -ENOMEM;
    memcpy(argv, words->names, words->count * sizeof *argv);
    err = spawn_named(argv[0], argv, pid);
    free(argv);
    return err;
}

/* What cannot be watched could neither be ended in time. */
static int watch(struct verify *v)
{
    int err;

    v->fd = (int)syscall(SYS_pidfd_open, v->pid, 0);
    if (v->fd >= 0)
        return 0;
    err = -errno;
    kill(-v->pid, SIGKILL);
    waitpid(v->pid, NULL, 0);
    v->pid = 0;
    return err;
}

void verify_run(struct verify *v, const struct conf *conf, bool online, struct mono now)
{
    const struct name_list *words = &conf->verify_cmd;
    int64_t limit = conf->verify < VERIFY_MAX_S ? conf->verify : VERIFY_MAX_S;
    int err;

    if (!words->count || !online || v->pid ||
        (v->last.ns && mono_since(v->last, now).ns < conf->verify * NS_PER_S))
        return;
    v->last = now;
    v->next = mono_add(now, span_seconds(limit));
    v->stage = VERIFY_RUNS;
    err = start(words, &v->pid);
    if (err)
        v->pid = 0;
    else
        err = watch(v);
    if (err)
        trouble_begin(&v->start_trouble, "verify VERIFY_CMD %s cannot be run: %s", words->names[0],
                      strerror(-err));
    else
        trouble_end(&v->start_trouble, "VERIFY_CMD can be run");
}

void verify_reap(struct verify *v)
{
    int status;

    if (!v->pid)
        return;
    /* Some of its group may be left, and as long as it is not waited for the group is theirs. */
    if (v->stage == VERIFY_ENDS) {
        close(v->fd);
        v->fd = -1;
        return;
    }
    if (waitpid(v->pid, &status, WNOHANG) != v->pid)
        return;
    if (v->stage == VERIFY_RUNS && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        log_warning("verify the check of the link failed, status=%d",
                    WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    forget(v);
}

/* To the group, and to the check itself if it has moved to another one. */
static void signal_all(const struct verify *v, int number)
{
    kill(-v->pid, number);
    if (v->fd >= 0 && getpgid(v->pid) != v->pid)
        syscall(SYS_pidfd_send_signal, v->fd, number, NULL, 0);
}

static void kill_all(struct verify *v)
{
    signal_all(v, SIGKILL);
    v->stage = VERIFY_KILLED;
    if (v->fd < 0)
        verify_reap(v);
}

bool verify_next(const struct verify *v, struct mono *at)
{
    *at = v->next;
    return v->pid && v->stage != VERIFY_KILLED;
}

void verify_stop(struct verify *v, struct mono now)
{
    if (!v->pid || v->stage != VERIFY_RUNS)
        return;
    signal_all(v, SIGTERM);
    v->stage = VERIFY_ENDS;
    v->next = mono_add(now, span_seconds(VERIFY_GRACE_S));
}

void verify_step(struct verify *v, struct mono now)
{
    struct mono at;

    if (!verify_next(v, &at) || mono_since(at, now).ns < 0)
        return;
    if (v->stage == VERIFY_ENDS) {
        kill_all(v);
        return;
    }
    log_warning("verify the check of the link is not done after %lld s, it is ended, pid=%ld",
                (long long)(mono_since(v->last, at).ns / NS_PER_S), (long)v->pid);
    verify_stop(v, now);
}

void verify_close(struct verify *v)
{
    struct pollfd slot = {.fd = v->fd, .events = POLLIN};
    struct mono now = mono_now();

    if (!v->pid)
        return;
    verify_stop(v, now);
    if (v->stage == VERIFY_ENDS) {
        int64_t left = mono_since(now, v->next).ns / NS_PER_MS;

        if (v->fd >= 0 && left > 0 && poll(&slot, 1, (int)left) > 0)
            verify_reap(v);
        kill_all(v);
    }
    slot.fd = v->fd;
    if (v->pid && poll(&slot, 1, LAST_WAIT_MS) > 0)
        verify_reap(v);
    forget(v);
}
