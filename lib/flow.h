/*
 * flow: one tracked connection as the kernel's table shows it, and for how long it has been
 * silent. Plain values and arithmetic; nothing blocks.
 */
#ifndef TCPQUOTA_FLOW_H
#define TCPQUOTA_FLOW_H

#include "addr.h"

#include <stdbool.h>
#include <stdint.h>

/* The kernel's enum tcp_conntrack (linux/netfilter/nf_conntrack_tcp.h), in its order. */
enum flow_tcp_state {
    FLOW_TCP_NONE,
    FLOW_TCP_SYN_SENT,
    FLOW_TCP_SYN_RECV,
    FLOW_TCP_ESTABLISHED,
    FLOW_TCP_FIN_WAIT,
    FLOW_TCP_CLOSE_WAIT,
    FLOW_TCP_LAST_ACK,
    FLOW_TCP_TIME_WAIT,
    FLOW_TCP_CLOSE,
    FLOW_TCP_SYN_SENT2,
    FLOW_TCP_STATES
};

/*
 * The bit of the connection mark that says: begun by a host that has been closed. It is set on what
 * is not masqueraded (IPv6), because such a connection, once dropped from the table, comes back
 * with the next packet from outside as a new one that the host has not begun.
 */
#define FLOW_BURIED UINT32_C(0x80000000)

/* What can be done with the flows of a host. */
enum flow_way {
    FLOW_DELETE, /* take them out of the table */
    FLOW_CLOSE,  /* the same; but what is not masqueraded is buried, for the gate to drop */
    FLOW_RAISE   /* what is buried is as it was: its host is open again */
};

struct flow {
    struct addr source;            /* of the original direction: who began */
    struct addr reply_source;      /* of the reply direction: who answers, NAT undone */
    uint8_t protocol;              /* IPPROTO_... */
    uint8_t tcp_state;             /* enum flow_tcp_state */
    struct addr reply_destination; /* whom the answers go to: the source, or us who masquerade */
    bool replied, assured, buried;
    bool offloaded; /* in hardware or a flow table: active, `left` says nothing */
    int64_t left;   /* seconds until the entry expires */
};

/* Seconds, from /proc/sys/net/netfilter; -1 where the kernel has no such file. */
struct flow_timeouts {
    int64_t tcp[FLOW_TCP_STATES];
    int64_t tcp_unacknowledged, tcp_max_retrans;
    int64_t udp, udp_stream;
    int64_t icmp, icmpv6;
    int64_t gre, gre_stream;
    int64_t sctp_established, sctp_heartbeat;
    int64_t generic;
};

/*
 * Seconds since the last packet, rounded up: the timeout that the entry runs on, less the time
 * left. Which timeout it is does not show, so it is the one of those that can apply which gives
 * the smallest answer: a TCP connection with data not yet acknowledged runs on a shorter one
 * (kernel, nf_conntrack_proto_tcp.c, nf_conntrack_tcp_packet()). -1 if none is as large as the
 * time left.
 */
int64_t flow_idle(const struct flow *flow, const struct flow_timeouts *timeouts);
/* FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE: it has begun to end. */
bool flow_is_closing(const struct flow *flow);
/* Protocols whose silence of 30 seconds is the end of the matter: UDP, ICMP. */
bool flow_is_datagram(const struct flow *flow);

#endif
