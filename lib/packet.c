#include "packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING_MAX 512 /* connections not yet accepted */

static int make_address(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof out->sun_path)
        return -ENAMETOOLONG;
    memcpy(out->sun_path, path, strlen(path) + 1);
    return 0;
}

/* Blocks for so many seconds at most; 0: not at all. */
static int connect_to(const struct sockaddr_un *address, int seconds)
{
    int flags = seconds ? 0 : SOCK_NONBLOCK;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0), err;
    struct timeval patience = {.tv_sec = seconds};

    if (fd < 0)
        return -errno;
    if (seconds) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    while (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        if (errno == EINTR)
            continue;
        err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

int packet_connect(const char *path, int seconds)
{
    struct sockaddr_un address;
    int err = make_address(path, &address);

    return err ? err : connect_to(&address, seconds);
}

/* Whether somebody listens there: -EADDRINUSE. A queue that is full is somebody, too. */
static int look_for_another(const struct sockaddr_un *address)
{
    int fd = connect_to(address, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0 || fd == -EAGAIN ? -EADDRINUSE : 0;
}

int packet_listen(const char *path)
{
    struct sockaddr_un address;
    int err = make_address(path, &address), fd;

    if (!err)
        err = look_for_another(&address);
    if (err)
        return err;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if ((unlink(path) == 0 || errno == ENOENT) &&
        bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        chmod(path, 0666) == 0 && listen(fd, WAITING_MAX) == 0)
        return fd;
    err = -errno;
    close(fd);
    return err;
}

int packet_send(int fd, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    size_t len = text ? strlen(text) : 0;
    ssize_t n;
    int err = 0;

    if (!text)
        return -ENOMEM;
    if (len > PACKET_REQUEST_MAX)
        err = -EMSGSIZE;
    while (!err && (n = send(fd, text, len, MSG_NOSIGNAL)) < 0) {
        if (errno != EINTR)
            err = errno == ECONNRESET ? -EPIPE : -errno;
    }
    free(text);
    return err;
}

int packet_receive(int fd, char *buffer, size_t room)
{
    ssize_t n;

    /* Who was sent away unheard is told so once (unix(7)), and then still has what was answered. */
    do
        n = recv(fd, buffer, room, MSG_TRUNC);
    while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n < 0)
        return -errno;
    return (size_t)n > room ? -EMSGSIZE : (int)n;
}
