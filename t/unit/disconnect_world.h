/*
 * disconnect_world: a network namespace with one interface, loopback, that has addresses of all
 * kinds, and sockets of any owner in it. Whatever goes wrong here ends the test.
 */
#ifndef TCPQUOTA_DISCONNECT_WORLD_H
#define TCPQUOTA_DISCONNECT_WORLD_H

#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 5000 /* for what has to come */

static inline void give_up(const char *what)
{
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(1);
}

/* One message of rtnetlink(7), for an answer. */
static inline void ask(struct nlmsghdr *nlh, const char *what)
{
    struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
    char buffer[512];
    ssize_t n;

    nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    nlh->nlmsg_seq = 1;
    if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) != 0 ||
        mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ||
        (n = mnl_socket_recvfrom(nl, buffer, sizeof buffer)) < 0 ||
        mnl_cb_run(buffer, (size_t)n, 1, mnl_socket_get_portid(nl), NULL, NULL) < 0)
        give_up(what);
    mnl_socket_close(nl);
}

static inline void add_address(const char *text)
{
    char buffer[256];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof *info);
    struct addr a = {0};

    if (addr_parse(text, &a) != 0)
        give_up(text);
    nlh->nlmsg_type = RTM_NEWADDR;
    nlh->nlmsg_flags = NLM_F_CREATE;
    info->ifa_family = a.family;
    info->ifa_prefixlen = a.family == AF_INET ? 24 : 64;
    info->ifa_flags = IFA_F_NODAD;
    info->ifa_index = if_nametoindex("lo");
    mnl_attr_put(nlh, IFA_LOCAL, a.family == AF_INET ? 4 : 16, a.bytes);
    mnl_attr_put(nlh, IFA_ADDRESS, a.family == AF_INET ? 4 : 16, a.bytes);
    ask(nlh, text);
}

/* A port of 0: any. */
static inline socklen_t make_name(struct sockaddr_storage *out, const char *text, in_port_t port)
{
    struct sockaddr_in *v4 = (void *)out;
    struct sockaddr_in6 *v6 = (void *)out;

    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = port;
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        give_up(text);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = port;
    if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
        v6->sin6_scope_id = if_nametoindex("lo");
    return sizeof *v6;
}

static inline in_port_t port_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;

    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        give_up("getsockname");
    return name.ss_family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port
                                     : ((struct sockaddr_in6 *)&name)->sin6_port;
}

/* The kernel takes whoever makes a socket for its owner. */
static inline int socket_of(uid_t uid, int family, int type)
{
    int fd, off = 0;

    if (seteuid(uid) != 0)
        give_up("seteuid");
    fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (seteuid(0) != 0 || fd < 0)
        give_up("socket");
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    return fd;
}

static inline int bound_socket(uid_t uid, int type, const char *at)
{
    struct sockaddr_storage name;
    socklen_t len = make_name(&name, at, 0);
    int fd = socket_of(uid, name.ss_family, type);

    if (bind(fd, (struct sockaddr *)&name, len) != 0 || (type == SOCK_STREAM && listen(fd, 8) != 0))
        give_up(at);
    return fd;
}

static inline void connect_to(int fd, const char *to, in_port_t port)
{
    struct sockaddr_storage name;
    socklen_t len = make_name(&name, to, port);

    if (connect(fd, (struct sockaddr *)&name, len) != 0)
        give_up(to);
}

/* Whether what is sent to the address arrives. */
static inline bool hears_itself(const char *at)
{
    int fd = bound_socket(0, SOCK_DGRAM, at);
    struct pollfd slot = {fd, POLLIN, 0};
    bool heard;

    connect_to(fd, at, port_of(fd));
    heard = send(fd, "x", 1, 0) == 1 && poll(&slot, 1, 10) == 1;
    close(fd);
    return heard;
}

/* The kernel makes the route to an IPv6 address a little later than the address. */
static inline void await_route(const char *at)
{
    for (int tries = WAIT_MS / 10; !hears_itself(at); tries--) {
        if (tries == 0)
            give_up(at);
    }
}

static inline void make_network(void)
{
    static const char *const own[] = {"10.99.0.1",   "10.99.200.1", "192.0.2.1", "198.51.100.1",
                                      "169.254.7.7", "fd99::1",     "fe80::7",   "2001:db8::1"};
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (unshare(CLONE_NEWNET) != 0) {
        printf("1..0 # SKIP needs network namespaces: %s\n", strerror(errno));
        exit(0);
    }
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
        give_up("lo");
    close(fd);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        add_address(own[i]);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        await_route(own[i]);
}

#endif
