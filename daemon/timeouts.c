#include "timeouts.h"

#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TCP(state) offsetof(struct flow_timeouts, tcp) + (state) * sizeof(int64_t)
#define AT(member) offsetof(struct flow_timeouts, member)

static const struct {
    const char *name;
    size_t offset;
} files[] = {
    {"tcp_timeout_syn_sent", TCP(FLOW_TCP_SYN_SENT)},
    {"tcp_timeout_syn_sent", TCP(FLOW_TCP_SYN_SENT2)},
    {"tcp_timeout_syn_recv", TCP(FLOW_TCP_SYN_RECV)},
    {"tcp_timeout_established", TCP(FLOW_TCP_ESTABLISHED)},
    {"tcp_timeout_fin_wait", TCP(FLOW_TCP_FIN_WAIT)},
    {"tcp_timeout_close_wait", TCP(FLOW_TCP_CLOSE_WAIT)},
    {"tcp_timeout_last_ack", TCP(FLOW_TCP_LAST_ACK)},
    {"tcp_timeout_time_wait", TCP(FLOW_TCP_TIME_WAIT)},
    {"tcp_timeout_close", TCP(FLOW_TCP_CLOSE)},
    {"tcp_timeout_unacknowledged", AT(tcp_unacknowledged)},
    {"tcp_timeout_max_retrans", AT(tcp_max_retrans)},
    {"udp_timeout", AT(udp)},
    {"udp_timeout_stream", AT(udp_stream)},
    {"icmp_timeout", AT(icmp)},
    {"icmpv6_timeout", AT(icmpv6)},
    {"gre_timeout", AT(gre)},
    {"gre_timeout_stream", AT(gre_stream)},
    {"sctp_timeout_established", AT(sctp_established)},
    {"sctp_timeout_heartbeat_sent", AT(sctp_heartbeat)},
    {"generic_timeout", AT(generic)},
};

static int64_t read_one(const char *name)
{
    char path[128], text[32];
    int64_t value = -1;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/sys/net/netfilter/nf_conntrack_%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return num_parse(text, 0, INT32_MAX, &value) == 0 ? value : -1;
}

int timeouts_read(struct flow_timeouts *out)
{
    memset(out, 0xff, sizeof *out); /* -1 everywhere */
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        *(int64_t *)(void *)((char *)out + files[i].offset) = read_one(files[i].name);
    return out->tcp[FLOW_TCP_ESTABLISHED] < 0 ? -ENOENT : 0;
}
