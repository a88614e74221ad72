/*
 * disconnect: ends the connections that a user of the gateway has to the outside, with the
 * SOCK_DESTROY of sock_diag(7). Messages are those of linux/sock_diag.h and linux/inet_diag.h.
 *
 * To be called after the gate has begun to reject what the user sends: otherwise a program that
 * connects again at once gets through. Keeps nothing between two calls. Blocks on the kernel alone;
 * needs CAP_NET_ADMIN.
 */
#ifndef TCPQUOTA_DISCONNECT_H
#define TCPQUOTA_DISCONNECT_H

#include "topology.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Ends the TCP and UDP sockets, IPv4 and IPv6, that belong to `uid`, or are one of `inodes`
 * (sorted; as in /proc/PID/fd) whoever owns them, and whose far end is outside. Sockets that listen
 * or have no far end are spared, and those whose far end is loopback or link-local, wherever
 * LOCALNET is.
 *
 * The owner of a socket reads ECONNABORTED from it, the far end of a TCP connection gets a reset.
 *
 * How many were ended; one that went by itself meanwhile is none. -errno if some could not be
 * looked for or ended, when all others have been: -EOPNOTSUPP on a kernel without
 * CONFIG_INET_DIAG_DESTROY, or without sock_diag for TCP or UDP (modules tcp_diag, udp_diag),
 * -EINTR if the kernel's list changed under every one of several readings.
 */
int disconnect_user(const struct topology *topology, uid_t uid, const uint64_t *inodes,
                    size_t count);

#endif
