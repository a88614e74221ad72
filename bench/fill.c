/*
 * fill: puts connections into the kernel's table of this network namespace, over ctnetlink.
 *
 *   fill COUNT HOSTS    COUNT established TCP connections that HOSTS hosts, 10.99.1.0 and on, have
 *                       to 192.0.2.2 and on, masqueraded as 192.0.2.1
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64

struct tuple {
    uint32_t source, destination;
    uint16_t source_port, destination_port;
};

static void put_tuple(struct nlmsghdr *nlh, uint16_t type, const struct tuple *t)
{
    struct nlattr *outer = mnl_attr_nest_start(nlh, type), *inner;

    inner = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
    mnl_attr_put_u32(nlh, CTA_IP_V4_SRC, htonl(t->source));
    mnl_attr_put_u32(nlh, CTA_IP_V4_DST, htonl(t->destination));
    mnl_attr_nest_end(nlh, inner);
    inner = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
    mnl_attr_put_u8(nlh, CTA_PROTO_NUM, IPPROTO_TCP);
    mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(t->source_port));
    mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(t->destination_port));
    mnl_attr_nest_end(nlh, inner);
    mnl_attr_nest_end(nlh, outer);
}

static size_t put_flow(char *at, uint32_t n, uint32_t hosts)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);
    struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof *nfg);
    struct tuple original = {0x0a630100 + n % hosts, 0xc0000202 + n / 60000,
                             (uint16_t)(1024 + n / hosts), (uint16_t)(1024 + n % 60000)};
    struct tuple reply = {original.destination, 0xc0000201, original.destination_port,
                          original.source_port};
    struct nlattr *info, *tcp;

    nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
    nfg->nfgen_family = AF_INET;
    nfg->version = NFNETLINK_V0;
    put_tuple(nlh, CTA_TUPLE_ORIG, &original);
    put_tuple(nlh, CTA_TUPLE_REPLY, &reply);
    mnl_attr_put_u32(nlh, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED));
    mnl_attr_put_u32(nlh, CTA_TIMEOUT, htonl(432000));
    info = mnl_attr_nest_start(nlh, CTA_PROTOINFO);
    tcp = mnl_attr_nest_start(nlh, CTA_PROTOINFO_TCP);
    mnl_attr_put_u8(nlh, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
    mnl_attr_nest_end(nlh, tcp);
    mnl_attr_nest_end(nlh, info);
    return nlh->nlmsg_len;
}

int main(int argc, char **argv)
{
    uint32_t count = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    uint32_t hosts = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
    char buffer[BATCH * 512];

    if (!count || !hosts || !nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) != 0) {
        fprintf(stderr, "usage: fill COUNT HOSTS (root)\n");
        return 64;
    }
    for (uint32_t n = 0; n < count;) {
        size_t len = 0;

        for (int i = 0; i < BATCH && n < count; i++)
            len += put_flow(buffer + len, n++, hosts);
        if (mnl_socket_sendto(nl, buffer, len) < 0) {
            fprintf(stderr, "fill: %s\n", strerror(errno));
            return 71;
        }
    }
    mnl_socket_close(nl);
    return 0;
}
