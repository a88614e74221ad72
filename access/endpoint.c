#include "endpoint.h"

#include "num.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORT_TRIES 20 /* for one that is free in both families */

int endpoint_resolve(const char *host, struct addr *out)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct sockaddr_storage sa = {0};
    struct addrinfo *found;

    if (strcmp(host, "0") == 0) {
        *out = (struct addr){0};
        return 0;
    }
    if (addr_parse(host, out) == 0)
        return 0;
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return -EINVAL;
    memcpy(&sa, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    *out = endpoint_from_sockaddr(&sa).address;
    return out->family ? 0 : -EINVAL;
}

int endpoint_parse_port(const char *text, uint16_t *out)
{
    const struct servent *service;
    int64_t port;

    if (*text >= '0' && *text <= '9' && num_parse(text, 0, UINT16_MAX, &port) == 0) {
        *out = (uint16_t)port;
        return 0;
    }
    service = getservbyname(text, "tcp");
    if (!service)
        return -EINVAL;
    *out = ntohs((uint16_t)service->s_port);
    return 0;
}

const char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT_LEN])
{
    char address[ADDR_TEXT_LEN] = "*";

    if (e->address.family)
        addr_format(&e->address, address);
    snprintf(out, ENDPOINT_TEXT_LEN, e->address.family == AF_INET6 ? "[%s]:%u" : "%s:%u", address,
             (unsigned)e->port);
    return out;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(e->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

    memset(out, 0, sizeof *out);
    if (e->address.family == AF_INET6) {
        memcpy(&v6.sin6_addr, e->address.bytes, sizeof v6.sin6_addr);
        memcpy(out, &v6, sizeof v6);
        return sizeof v6;
    }
    memcpy(&v4.sin_addr, e->address.bytes, sizeof v4.sin_addr);
    memcpy(out, &v4, sizeof v4);
    return sizeof v4;
}

struct endpoint endpoint_from_sockaddr(const struct sockaddr_storage *sa)
{
    struct endpoint e = {.port = 0};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (sa->ss_family == AF_INET) {
        memcpy(&v4, sa, sizeof v4);
        e.address = addr_make(AF_INET, &v4.sin_addr);
        e.port = ntohs(v4.sin_port);
    } else if (sa->ss_family == AF_INET6) {
        memcpy(&v6, sa, sizeof v6);
        e.address = addr_make(AF_INET6, &v6.sin6_addr);
        e.port = ntohs(v6.sin6_port);
    }
    return e;
}

static int fail(int fd)
{
    int err = -errno;

    if (fd >= 0)
        close(fd);
    return err;
}

/* One socket, on an address of one family; its descriptor or -errno. */
static int listen_on(const struct endpoint *e, int backlog)
{
    struct sockaddr_storage sa;
    socklen_t len = endpoint_to_sockaddr(e, &sa);
    int on = 1, type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(sa.ss_family, type, e->sctp ? IPPROTO_SCTP : IPPROTO_TCP);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return fail(fd);
    /* IPv4 has a socket of its own. */
    if (sa.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return fail(fd);
    if (bind(fd, (struct sockaddr *)&sa, len) != 0 || listen(fd, backlog) != 0)
        return fail(fd);
    return fd;
}

static int find_port(int fd, uint16_t *port)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof sa;

    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
        return -errno;
    *port = endpoint_from_sockaddr(&sa).port;
    return 0;
}

static int listen_once(const struct endpoint *e, int backlog, int fds[ENDPOINT_SOCKETS],
                       uint16_t *port)
{
    static const uint8_t any[16];
    struct endpoint one = *e;
    int err;

    if (!one.address.family)
        one.address = addr_make(AF_INET, any);
    fds[0] = listen_on(&one, backlog);
    if (fds[0] < 0)
        return fds[0];
    err = find_port(fds[0], port);
    if (err || e->address.family)
        return err ? err : 1;
    one.address = addr_make(AF_INET6, any);
    one.port = *port;
    fds[1] = listen_on(&one, backlog);
    if (fds[1] >= 0)
        return 2;
    return fds[1] == -EAFNOSUPPORT || fds[1] == -EADDRNOTAVAIL ? 1 : fds[1];
}

int endpoint_listen(struct endpoint *e, int backlog, int fds[ENDPOINT_SOCKETS])
{
    int count = -EADDRINUSE;

    for (int i = 0; i < PORT_TRIES; i++) {
        uint16_t port = 0;

        fds[0] = fds[1] = -1;
        count = listen_once(e, backlog, fds, &port);
        if (count > 0) {
            e->port = port;
            return count;
        }
        if (fds[0] >= 0)
            close(fds[0]);
        /* A port of our own choice may be somebody's in the other family. */
        if (e->port || count != -EADDRINUSE)
            break;
    }
    return count;
}

void endpoint_tune(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

int endpoint_connect(const struct endpoint *to, const struct addr *from, int *fd)
{
    const struct endpoint local = {.address = *from};
    struct sockaddr_storage sa;
    socklen_t len = endpoint_to_sockaddr(to, &sa);
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

    *fd = socket(sa.ss_family, type, to->sctp ? IPPROTO_SCTP : IPPROTO_TCP);
    if (*fd < 0)
        return -errno;
    if (from->family && from->family == to->address.family) {
        struct sockaddr_storage own;
        socklen_t own_len = endpoint_to_sockaddr(&local, &own);

        if (bind(*fd, (struct sockaddr *)&own, own_len) != 0)
            return -errno;
    }
    if (connect(*fd, (struct sockaddr *)&sa, len) == 0)
        return 1;
    return errno == EINPROGRESS ? 0 : -errno;
}
