/* A dry run has no keeper: a process that can look, and do nothing else. */
#include "keeper_state.h"

#include "sandbox.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static _Noreturn void look(struct conf *conf, int socket)
{
    struct keeper k = {.conf = conf, .socket = socket};
    int err = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? sandbox_keep_little(true) : -errno;

    while (!err) {
        struct wire_message m;

        err = wire_wait(socket, false, KEEPER_PATIENCE_S);
        if (err == -ETIMEDOUT) {
            err = 0;
            continue;
        }
        if (!err)
            err = wire_receive(socket, &m, NULL, 0);
        if (!err)
            err = m.kind == WIRE_HOLDERS ? keeper_serve_local(&k, &m) : -EPROTO;
    }
    _exit(0);
}

int keeper_look(struct conf *conf)
{
    int ends[2], err;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        look(conf, ends[1]);
    }
    err = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (err)
        close(ends[0]);
    return err ? err : ends[0];
}
