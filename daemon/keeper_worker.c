/* The process of the worker: started, and waited for when it has ended. */
#include "keeper_state.h"

#include "pidfile.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int keeper_reap(struct keeper *k)
{
    int status = 0;

    while (waitpid(k->worker, &status, 0) < 0 && errno == EINTR)
        ;
    if (k->process >= 0)
        close(k->process);
    if (k->socket >= 0)
        close(k->socket);
    k->process = k->socket = -1;
    k->worker = 0;
    return status;
}

/* In the new process: what is the keeper's alone is closed, so that nothing of it can be misused.
 */
static void become_worker(struct keeper *k, enum keeper_task task, int socket)
{
    const struct keeper_setup setup = k->setup;
    const int fds[] = {k->network, k->signals, k->verify.fd, k->socket, k->namer};

    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    flows_close(k->flows);
    evict_free(k->evict);
    _exit(setup.worker(setup.context, task, socket, k->conf));
}

int keeper_start(struct keeper *k, enum keeper_task task)
{
    int ends[2] = {-1, -1}, err = 0;

    if (task == KEEPER_SERVE && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    k->socket = ends[0];
    k->ready = k->left = false;
    k->worker = fork();
    if (k->worker == 0)
        become_worker(k, task, ends[1]);
    if (k->worker < 0)
        err = -errno;
    if (ends[1] >= 0)
        close(ends[1]);
    if (!err) {
        k->process = (int)syscall(SYS_pidfd_open, k->worker, 0);
        err = k->process < 0 ? -errno : 0;
    }
    if (!err && task == KEEPER_SERVE)
        err = pidfile_write(k->setup.pidfile, k->worker);
    if (err && k->worker > 0) {
        kill(k->worker, SIGKILL);
        keeper_reap(k);
    }
    return err;
}
