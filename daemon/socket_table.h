/*
 * socket_table: reads the kernel's tables of sockets, /proc/net/tcp, tcp6, udp and udp6, and tells
 * of those that are connected.
 *
 * A table is that of the network namespace in which it was opened. It is opened once and rewound
 * for every reading, so that it can go on after privilege is dropped; reading needs none. Owns
 * nothing; memory does not depend on the number of sockets. Blocks on the kernel alone.
 */
#ifndef TCPQUOTA_SOCKET_TABLE_H
#define TCPQUOTA_SOCKET_TABLE_H

#include "addr.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum socket_table_kind {
    SOCKET_TABLE_TCP,
    SOCKET_TABLE_TCP6,
    SOCKET_TABLE_UDP,
    SOCKET_TABLE_UDP6,
    SOCKET_TABLES
};

/* A connected socket. A TCP connection that only one of its ends has begun to close is one for as
 * long as a process holds it. */
struct socket_entry {
    struct addr local, remote; /* IPv4, too, where an IPv6 socket speaks IPv4 */
    uint16_t local_port, remote_port;
    uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
    uid_t uid;        /* who made it; of one not yet accepted, who listens, or 0 on older kernels */
    uint64_t inode;   /* st_ino of its descriptors; 0 while it is not yet accepted and has none */
};

/* Told of every connected socket. One that moves within the table while it is read may be told of
 * twice, or not at all. */
typedef void socket_table_entry(void *context, const struct socket_entry *entry);

struct socket_table_error {
    size_t line;    /* from 1, the header */
    char text[160]; /* the line, cut */
};

/* The file, such as "/proc/net/tcp". */
const char *socket_table_path(enum socket_table_kind kind);
/* A descriptor for socket_table_read(), the caller's to close, or -errno: -ENOENT for TCP6 and
 * UDP6 on a kernel without IPv6. */
int socket_table_open(enum socket_table_kind kind);
/*
 * Reads the whole table. 0; -errno of the reading; -EBADMSG if the header or a line is none, or
 * the table broke off in a line (`where` says which): then what was told is not to be charged from.
 * An empty file is one without a header.
 */
int socket_table_read(int fd, enum socket_table_kind kind, socket_table_entry *each, void *context,
                      struct socket_table_error *where);
/*
 * One line without its line end, as the kernel writes it: get_tcp4_sock() in net/ipv4/tcp_ipv4.c,
 * get_tcp6_sock() in net/ipv6/tcp_ipv6.c, udp4_format_sock() in net/ipv4/udp.c,
 * __ip6_dgram_sock_seq_show() in net/ipv6/datagram.c. 1 and *out set if the socket is connected:
 * state 01, TCP_ESTABLISHED, which UDP shares, or 04, 05 and 08, TCP_FIN_WAIT1 and 2 and
 * TCP_CLOSE_WAIT, with an inode. 0 if it is in another state; no more of such a line is looked at
 * than the places of its columns up to the state, and that it is long enough for the rest. -EBADMSG
 * if it is no such line. *out only on 1.
 */
int socket_table_parse_line(enum socket_table_kind kind, const char *line, size_t len,
                            struct socket_entry *out);

#endif
