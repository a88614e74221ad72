/*
 * flows: ends tracked connections of hosts that are not open, over ctnetlink.
 *
 * To be called after the gate has closed: with the gate still open the kernel would pick a
 * dropped TCP connection up again at its next packet. Owns two netlink sockets; blocks on the
 * kernel alone.
 */
#ifndef TCPQUOTA_FLOWS_H
#define TCPQUOTA_FLOWS_H

#include "flow.h"
#include "topology.h"

#include <stddef.h>

struct flows;

/* Told of every flow before it is dropped. */
typedef void flows_flow(void *context, const struct flow *flow);

/* 0 or -errno. */
int flows_open(struct flows **out);
void flows_close(struct flows *f);
/*
 * Ends every flow that one of `hosts` (sorted) began and that leads outside, or raises it. `each`
 * may be NULL. The number of flows changed, or -errno.
 */
int flows_change(struct flows *f, enum flow_way way, const struct topology *topology,
                 const struct addr *hosts, size_t count, flows_flow *each, void *context);

#endif
