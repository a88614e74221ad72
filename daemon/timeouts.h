/*
 * timeouts: reads the timeouts of connection tracking from /proc/sys/net/netfilter. An
 * administrator may change them at any time, so every pass reads them anew.
 */
#ifndef TCPQUOTA_TIMEOUTS_H
#define TCPQUOTA_TIMEOUTS_H

#include "flow.h"

/* Fills in every member, -1 for what this kernel does not have. 0, or -ENOENT if it has none of
 * the TCP ones: connection tracking is not loaded. */
int timeouts_read(struct flow_timeouts *out);

#endif
