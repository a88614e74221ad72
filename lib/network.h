/*
 * network: what the kernel says of interfaces, addresses and routes, over rtnetlink, and word
 * when it changes.
 */
#ifndef TCPQUOTA_NETWORK_H
#define TCPQUOTA_NETWORK_H

#include "topology.h"

#include <libmnl/libmnl.h>
#include <stdint.h>

/* Reads it all; net_state_free() gives it back. 0 or -errno. */
int network_read(struct net_state *out);
/*
 * One dump of rtnetlink(7): asks for all of `type`, RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE or
 * RTM_GETNEIGH, of this family (AF_UNSPEC: of both), and hands each message to `each`. `nl` is a
 * bound socket of NETLINK_ROUTE. 0, -EINTR if something changed in between, -errno.
 */
int network_dump(struct mnl_socket *nl, uint16_t type, int family, mnl_cb_t each, void *data);
/* A descriptor that becomes readable when something changes, the caller's to close; or -errno. */
int network_watch(void);
/* Takes what is there to read from it away. Whether anything was. */
bool network_drain(int fd);

#endif
