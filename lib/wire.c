#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int wire_wait(int fd, bool sending, int seconds)
{
    struct pollfd slot = {.fd = fd, .events = sending ? POLLOUT : POLLIN};

    /* In steps of a second: however long a step has really taken, it counts as one. */
    for (int i = 0; i < seconds; i++) {
        int n = poll(&slot, 1, 1000);

        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
    return -ETIMEDOUT;
}

int wire_send(int fd, const struct wire_message *m, const int *descriptors, size_t count,
              int seconds)
{
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(WIRE_DESCRIPTORS * sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = (void *)m, .iov_len = sizeof *m};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;
    int err;

    if (count > WIRE_DESCRIPTORS)
        return -EINVAL;
    if (count) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof(int));
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    while ((n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT)) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return errno == ECONNRESET ? -EPIPE : -errno;
        err = wire_wait(fd, true, seconds);
        if (err)
            return err;
    }
    return n == (ssize_t)sizeof *m ? 0 : -EPROTO;
}

/* The descriptors that came; what there is no room for is closed. */
static void take_descriptors(struct msghdr *msg, int *descriptors, size_t room)
{
    size_t taken = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (taken < room)
                descriptors[taken++] = fd;
            else
                close(fd);
        }
    }
}

int wire_receive(int fd, struct wire_message *m, int *descriptors, size_t room)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(WIRE_DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = m, .iov_len = sizeof *m};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    /* Without room for them the kernel drops descriptors by itself. */
    if (room) {
        msg.msg_control = &control;
        msg.msg_controllen = sizeof control;
    }
    for (size_t i = 0; i < room; i++)
        descriptors[i] = -1;
    do
        n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return -EPIPE;
    if (n < 0)
        return -errno;
    if (room)
        take_descriptors(&msg, descriptors, room);
    return n == (ssize_t)sizeof *m && !(msg.msg_flags & MSG_TRUNC) ? 0 : -EPROTO;
}
