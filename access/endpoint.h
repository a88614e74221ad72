/*
 * endpoint: where connections are accepted: an address with a port, and the sockets that listen
 * there. `0`, any address, is one socket for IPv4 and one for IPv6.
 *
 * endpoint_resolve() may ask the DNS and block; nothing else does.
 */
#ifndef TCPQUOTA_ENDPOINT_H
#define TCPQUOTA_ENDPOINT_H

#include "addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint {
    struct addr address; /* family 0: any */
    uint16_t port;       /* 0: one that is free */
    bool sctp;
};

#define ENDPOINT_TEXT_LEN (ADDR_TEXT_LEN + 8)

/* The address of a host: `0` is any, else numeric, else by name, the first one. 0 or -EINVAL. */
int endpoint_resolve(const char *host, struct addr *out);
/* A port by number or by its name in /etc/services. 0 or -EINVAL. */
int endpoint_parse_port(const char *text, uint16_t *out);
/* `10.0.0.1:25`, `[fd99::1]:25`, `*:25`. Returns `out`. */
const char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT_LEN]);

/* As the kernel takes it; returns the size. */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out);
/* Back again; IPv4-mapped as IPv4. `sctp` is not in there, and false. */
struct endpoint endpoint_from_sockaddr(const struct sockaddr_storage *sa);

#define ENDPOINT_SOCKETS 2
/*
 * Listens: fills in the descriptors, non-blocking and close-on-exec, the caller's to close, and
 * `port` if it was 0. How many there are; -errno. Without IPv6 in the kernel, any is IPv4 alone.
 */
int endpoint_listen(struct endpoint *e, int backlog, int fds[ENDPOINT_SOCKETS]);

/* For a relay: what is small is sent at once, and peers that have vanished are noticed one day. */
void endpoint_tune(int fd);
/* Connects, from the address `from` if it is one of the same family: 0 under way, 1 connected,
 * -errno. *fd does not block and is the caller's to close in any case; -1: there is none. */
int endpoint_connect(const struct endpoint *to, const struct addr *from, int *fd);

#endif
