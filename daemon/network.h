/*
 * network: what the kernel says of interfaces, addresses and routes, over rtnetlink, and word
 * when it changes.
 */
#ifndef TCPQUOTA_NETWORK_H
#define TCPQUOTA_NETWORK_H

#include "topology.h"

/* Reads it all; net_state_free() gives it back. 0 or -errno. */
int network_read(struct net_state *out);
/* A descriptor that becomes readable when something changes, the caller's to close; or -errno. */
int network_watch(void);
/* Takes what is there to read from it away. Whether anything was. */
bool network_drain(int fd);

#endif
