/*
 * intrude: speaks to the keeper in the place of a worker that has been taken over.
 *
 *   intrude WORKER-PID MESSAGE
 *   intrude WORKER-PID evict|block UID
 *
 * takes the worker's end of the socket to the keeper and sends one message on it:
 *   outside  let out a host that is not in LOCALNET     own      let out the gateway (10.99.0.1)
 *   count    a list that says it is longer than it is   kind     of a kind that there is none
 *   short    that is cut off                            way      an unknown way to end flows
 *   empty    of no bytes at all                         leave    that it ends, which it does not
 *   nobody   let out nobody any more, as a worker does that is about to drop their flows
 *   inodes   who holds these sockets, in no order       reason   end a user's processes for no
 * reason evict    end the processes of the user UID          block    reject the connections of UID
 */
#include "num.h"
#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "intrude: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* The worker's other ends are of its own making, and so is what the kernel says of them. */
static bool is_keepers(int fd, long pid)
{
    struct ucred who = {0};
    int type = 0;
    socklen_t len = sizeof type, who_len = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_len) == 0 && who.pid != pid;
}

/* The one socket that leads to the keeper. */
static int take_socket(int process, long pid)
{
    char path[64];
    const struct dirent *e;
    DIR *fds;

    snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    fds = opendir(path);
    while (fds && (e = readdir(fds))) {
        int64_t number;
        int fd = -1;

        if (num_parse(e->d_name, 0, INT32_MAX, &number) == 0)
            fd = (int)syscall(SYS_pidfd_getfd, process, (int)number, 0);

        if (fd >= 0 && is_keepers(fd, pid)) {
            closedir(fds);
            return fd;
        }
        if (fd >= 0)
            close(fd);
    }
    die("no socket to a keeper");
    return -1;
}

/* What is about users on the gateway; false if it is not. */
static bool compose_local(struct wire_message *m, const char *what, uint32_t uid)
{
    *m = (struct wire_message){.option = uid, .count = 1};
    m->numbers[0] = WIRE_NO_QUOTA;
    if (strcmp(what, "inodes") == 0) {
        m->kind = WIRE_HOLDERS;
        m->count = 2;
        m->numbers[0] = 4712;
        m->numbers[1] = 4711;
    } else if (strcmp(what, "reason") == 0) {
        m->kind = WIRE_EVICT;
        m->count = 0;
    } else if (strcmp(what, "evict") == 0) {
        m->kind = WIRE_EVICT;
    } else if (strcmp(what, "block") == 0) {
        m->kind = WIRE_BLOCK;
        m->option = 0;
        m->numbers[0] = uid;
    }
    return m->kind != 0;
}

static size_t compose(struct wire_message *m, const char *what, uint32_t uid)
{
    const char *host = strcmp(what, "own") == 0 ? "10.99.0.1" : "8.8.8.8";

    if (compose_local(m, what, uid))
        return sizeof *m;
    *m = (struct wire_message){.kind = WIRE_GATE, .count = 1};
    if (addr_parse(host, &m->hosts[0]) != 0)
        die(host);
    if (strcmp(what, "count") == 0)
        m->count = 1000000;
    else if (strcmp(what, "kind") == 0)
        m->kind = 4711;
    else if (strcmp(what, "way") == 0) {
        m->kind = WIRE_FLOWS;
        m->option = 9;
    }
    if (strcmp(what, "nobody") == 0)
        m->count = 0;
    if (strcmp(what, "leave") == 0)
        m->kind = WIRE_LEAVE;
    if (strcmp(what, "empty") == 0)
        return 0;
    return strcmp(what, "short") == 0 ? 12 : sizeof *m;
}

int main(int argc, char **argv)
{
    long pid = argc == 3 || argc == 4 ? strtol(argv[1], NULL, 10) : 0;
    uint32_t uid = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    int process = (int)syscall(SYS_pidfd_open, pid, 0), fd;
    struct wire_message m;
    size_t len;

    if (process < 0)
        die("pidfd_open");
    fd = take_socket(process, pid);
    len = compose(&m, argv[2], uid);
    if (send(fd, &m, len, MSG_NOSIGNAL) != (ssize_t)len)
        die("send");
    return 0;
}
