#include "flow.h"

#include <netinet/in.h>

/* The smaller of `best` (-1: none yet) and timeout - left, if that is not negative. */
static int64_t nearer(int64_t best, int64_t timeout, int64_t left)
{
    int64_t idle = timeout - left;

    return timeout >= 0 && idle >= 0 && (best < 0 || idle < best) ? idle : best;
}

int64_t flow_idle(const struct flow *flow, const struct flow_timeouts *t)
{
    int64_t left = flow->left, idle;

    switch (flow->protocol) {
    case IPPROTO_TCP:
        idle = nearer(-1, t->tcp[flow->tcp_state], left);
        idle = nearer(idle, t->tcp_unacknowledged, left);
        return nearer(idle, t->tcp_max_retrans, left);
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
        return nearer(-1, flow->assured ? t->udp_stream : t->udp, left);
    case IPPROTO_ICMP:
        return nearer(-1, t->icmp, left);
    case IPPROTO_ICMPV6:
        return nearer(-1, t->icmpv6, left);
    case IPPROTO_GRE:
        return nearer(-1, flow->assured ? t->gre_stream : t->gre, left);
    case IPPROTO_SCTP:
        return nearer(nearer(-1, t->sctp_established, left), t->sctp_heartbeat, left);
    default:
        return nearer(-1, t->generic, left);
    }
}

bool flow_is_closing(const struct flow *flow)
{
    return flow->protocol == IPPROTO_TCP && flow->tcp_state >= FLOW_TCP_FIN_WAIT &&
           flow->tcp_state <= FLOW_TCP_CLOSE;
}

bool flow_is_datagram(const struct flow *flow)
{
    return flow->protocol == IPPROTO_UDP || flow->protocol == IPPROTO_UDPLITE ||
           flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6;
}
