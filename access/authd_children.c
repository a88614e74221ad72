/* The processes of tcpquota-authd(8): started, waited for, started again. */
#include "authd_state.h"

#include "auth_gate.h"
#include "authd_worker.h"
#include "background.h"
#include "log.h"
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_MS 1000 /* before one that died is started again; then twice that, and so on */
#define AGAIN_LAST_MS 8000
#define END_MS 8000 /* for a process to end */

void authd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* In the new process: what is the keeper's alone is closed. */
static void become_worker(struct keeper *k, int socket)
{
    const struct authd_worker_setup setup = {.conf = k->conf,
                                             .conf_path = k->setup->conf_path,
                                             .database = k->setup->database,
                                             .fifo = k->setup->fifo,
                                             .user = &k->setup->user,
                                             .fifo_fd = k->setup->fifo_fd,
                                             .keeper = socket,
                                             .recorder = k->pipe[1],
                                             .background = k->setup->to_file};

    authd_close(&k->signals);
    authd_close(&k->socket);
    authd_close(&k->pipe[0]);
    authd_close(&k->only);
    if (k->setup->ready_fd >= 0)
        close(k->setup->ready_fd);
    _exit(authd_worker_run(&setup));
}

static void become_recorder(struct keeper *k)
{
    authd_close(&k->signals);
    authd_close(&k->socket);
    authd_close(&k->pipe[1]);
    authd_close(&k->only);
    if (k->setup->fifo_fd >= 0)
        close(k->setup->fifo_fd);
    if (k->setup->ready_fd >= 0)
        close(k->setup->ready_fd);
    if (k->setup->to_file)
        background_leave_terminal(open("/dev/null", O_RDWR | O_CLOEXEC));
    _exit(recorder_run(k->pipe[0], &k->setup->user, k->setup->database));
}

int authd_start_worker(struct keeper *k)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    authd_close(&k->socket);
    k->socket = ends[0];
    k->worker.pid = fork();
    if (k->worker.pid == 0)
        become_worker(k, ends[1]);
    close(ends[1]);
    return k->worker.pid < 0 ? -errno : 0;
}

int authd_start_recorder(struct keeper *k)
{
    k->recorder.pid = fork();
    if (k->recorder.pid == 0)
        become_recorder(k);
    return k->recorder.pid < 0 ? -errno : 0;
}

/* In what time from now it is started again. */
static int64_t next_wait_ms(const struct child *c)
{
    if (c->again_ms == 0)
        return AGAIN_MS;
    return c->again_ms * 2 > AGAIN_LAST_MS ? AGAIN_LAST_MS : c->again_ms * 2;
}

static void on_child(struct keeper *k, struct child *c, int status)
{
    bool renewed = c->renewed && WIFEXITED(status) && WEXITSTATUS(status) == 0;

    c->pid = 0;
    c->renewed = false;
    c->again = mono_now();
    if (k->ending)
        return;
    /* What the kernel passes by itself nobody takes back meanwhile. */
    if (c == &k->worker)
        auth_gate_empty_sets();
    if (renewed)
        return;
    if (c->again_ms == 0 && WIFSIGNALED(status))
        log_err("the %s was killed by signal %d, it is started again", c->name, WTERMSIG(status));
    else if (c->again_ms == 0)
        log_err("the %s has ended with %d, it is started again", c->name, WEXITSTATUS(status));
    c->again_ms = next_wait_ms(c);
    c->again = mono_add(c->again, span_ms(c->again_ms));
}

void authd_reap(struct keeper *k)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == k->worker.pid)
            on_child(k, &k->worker, status);
        else if (pid == k->recorder.pid)
            on_child(k, &k->recorder, status);
    }
}

void authd_start_again(struct keeper *k)
{
    int64_t now = mono_now().ns;

    if (k->worker.pid <= 0 && k->worker.again.ns <= now && authd_start_worker(k) != 0)
        k->worker.again = mono_add(mono_now(), span_ms(AGAIN_MS));
    if (k->recorder.pid <= 0 && k->recorder.again.ns <= now && authd_start_recorder(k) != 0)
        k->recorder.again = mono_add(mono_now(), span_ms(AGAIN_MS));
}

void authd_end_child(struct child *c)
{
    struct mono until = mono_add(mono_now(), span_ms(END_MS));
    struct timespec nap = {.tv_nsec = 5 * NS_PER_MS};

    if (c->pid <= 0)
        return;
    kill(c->pid, SIGTERM);
    while (waitpid(c->pid, NULL, WNOHANG) == 0) {
        if (mono_now().ns > until.ns)
            kill(c->pid, SIGKILL);
        nanosleep(&nap, NULL);
    }
    c->pid = 0;
}
