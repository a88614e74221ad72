#include "flows.h"

#include "attrs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Up to this many IPv4 hosts the kernel is asked for each by itself, beyond it for everything. */
#define SINGLE_DUMPS 8
#define FILTER_IP_SRC 1u /* CTA_FILTER_ORIG_FLAGS: compare the source address */

struct flows {
    struct mnl_socket *reader, *writer;
    uint32_t sequence;
};

/* One dump on its way. */
struct change {
    struct flows *f;
    enum flow_way way;
    const struct topology *topology;
    const struct addr *hosts;
    size_t count;
    flows_flow *each;
    void *context;
    int changed, err;
};

int flows_open(struct flows **out)
{
    struct flows *f = calloc(1, sizeof *f);
    int err = 0;

    if (!f)
        return -ENOMEM;
    f->sequence = (uint32_t)time(NULL);
    f->reader = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    f->writer = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!f->reader || !f->writer || mnl_socket_bind(f->reader, 0, MNL_SOCKET_AUTOPID) != 0 ||
        mnl_socket_bind(f->writer, 0, MNL_SOCKET_AUTOPID) != 0)
        err = -errno;
    if (err) {
        flows_close(f);
        return err;
    }
    *out = f;
    return 0;
}

void flows_close(struct flows *f)
{
    if (!f)
        return;
    if (f->reader)
        mnl_socket_close(f->reader);
    if (f->writer)
        mnl_socket_close(f->writer);
    free(f);
}

static struct nlmsghdr *begin_message(struct flows *f, void *buffer, uint16_t type, uint16_t flags,
                                      int family)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *nfg;

    nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
    nlh->nlmsg_flags = NLM_F_REQUEST | flags;
    nlh->nlmsg_seq = ++f->sequence;
    nfg = mnl_nlmsg_put_extra_header(nlh, sizeof *nfg);
    nfg->nfgen_family = (uint8_t)family;
    nfg->version = NFNETLINK_V0;
    nfg->res_id = 0;
    return nlh;
}

static struct addr address_of(const struct nlattr *v4, const struct nlattr *v6)
{
    if (attrs_has(v4, 4))
        return addr_make(AF_INET, mnl_attr_get_payload(v4));
    return attrs_has(v6, 16) ? addr_make(AF_INET6, mnl_attr_get_payload(v6)) : (struct addr){0};
}

static bool read_tuple(const struct nlattr *tuple, struct addr *source, struct addr *destination,
                       uint8_t *protocol)
{
    const struct nlattr *parts[CTA_TUPLE_MAX + 1] = {0}, *ip[CTA_IP_MAX + 1] = {0};
    const struct nlattr *proto[CTA_PROTO_MAX + 1] = {0};

    attrs_sort_nested(tuple, parts, CTA_TUPLE_MAX);
    attrs_sort_nested(parts[CTA_TUPLE_IP], ip, CTA_IP_MAX);
    attrs_sort_nested(parts[CTA_TUPLE_PROTO], proto, CTA_PROTO_MAX);
    *source = address_of(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]);
    *destination = address_of(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST]);
    if (attrs_has(proto[CTA_PROTO_NUM], 1))
        *protocol = mnl_attr_get_u8(proto[CTA_PROTO_NUM]);
    return source->family && destination->family;
}

static void read_tcp_state(const struct nlattr *info, struct flow *flow)
{
    const struct nlattr *kinds[CTA_PROTOINFO_MAX + 1] = {0};
    const struct nlattr *tcp[CTA_PROTOINFO_TCP_MAX + 1] = {0};

    attrs_sort_nested(info, kinds, CTA_PROTOINFO_MAX);
    attrs_sort_nested(kinds[CTA_PROTOINFO_TCP], tcp, CTA_PROTOINFO_TCP_MAX);
    if (attrs_has(tcp[CTA_PROTOINFO_TCP_STATE], 1)) {
        uint8_t state = mnl_attr_get_u8(tcp[CTA_PROTOINFO_TCP_STATE]);

        flow->tcp_state = state < FLOW_TCP_STATES ? state : FLOW_TCP_NONE;
    }
}

static bool read_flow(const struct nlattr *const *attrs, struct flow *flow)
{
    struct addr destination;
    uint8_t ignored;
    uint32_t status;

    *flow = (struct flow){0};
    if (!read_tuple(attrs[CTA_TUPLE_ORIG], &flow->source, &destination, &flow->protocol) ||
        !read_tuple(attrs[CTA_TUPLE_REPLY], &flow->reply_source, &flow->reply_destination,
                    &ignored))
        return false;
    flow->buried =
        attrs_has(attrs[CTA_MARK], 4) && (ntohl(mnl_attr_get_u32(attrs[CTA_MARK])) & FLOW_BURIED);
    status = attrs_has(attrs[CTA_STATUS], 4) ? ntohl(mnl_attr_get_u32(attrs[CTA_STATUS])) : 0;
    flow->replied = status & IPS_SEEN_REPLY;
    flow->assured = status & IPS_ASSURED;
    flow->offloaded = status & IPS_OFFLOAD;
    if (attrs_has(attrs[CTA_TIMEOUT], 4))
        flow->left = ntohl(mnl_attr_get_u32(attrs[CTA_TIMEOUT]));
    read_tcp_state(attrs[CTA_PROTOINFO], flow);
    return true;
}

/* Sends a message about just the entry that was read: same tuple, same zone, same id. */
static int send_change(struct flows *f, struct nlmsghdr *nlh, const struct nlattr *const *attrs)
{
    static const uint16_t copied[] = {CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID};
    char buffer[2048];
    ssize_t n;

    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        const struct nlattr *attr = attrs[copied[i]];

        if (attr)
            mnl_attr_put(nlh, attr->nla_type, mnl_attr_get_payload_len(attr),
                         mnl_attr_get_payload(attr));
    }
    if (mnl_socket_sendto(f->writer, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    n = mnl_socket_recvfrom(f->writer, buffer, sizeof buffer);
    if (n < 0)
        return -errno;
    if (mnl_cb_run(buffer, (size_t)n, nlh->nlmsg_seq, mnl_socket_get_portid(f->writer), NULL,
                   NULL) < 0)
        return errno == ENOENT ? 0 : -errno; /* it expired meanwhile */
    return 1;
}

static int delete_flow(struct flows *f, int family, const struct nlattr *const *attrs)
{
    char buffer[2048];

    return send_change(f, begin_message(f, buffer, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family), attrs);
}

static int mark_flow(struct flows *f, int family, const struct nlattr *const *attrs, bool buried)
{
    char buffer[2048];
    struct nlmsghdr *nlh = begin_message(f, buffer, IPCTNL_MSG_CT_NEW, NLM_F_ACK, family);

    mnl_attr_put_u32(nlh, CTA_MARK, htonl(buried ? FLOW_BURIED : 0));
    mnl_attr_put_u32(nlh, CTA_MARK_MASK, htonl(FLOW_BURIED));
    return send_change(f, nlh, attrs);
}

/* Only what NAT has not touched can be picked up from outside. */
static bool is_buried_to_close(const struct flow *flow)
{
    return flow->source.family == AF_INET6 && addr_equal(&flow->source, &flow->reply_destination);
}

/* 1 if the flow was changed, 0 if it is as it shall be, or -errno. */
static int change_flow(const struct change *d, const struct flow *flow, int family,
                       const struct nlattr *const *attrs)
{
    if (d->way == FLOW_RAISE)
        return flow->buried ? mark_flow(d->f, family, attrs, false) : 0;
    if (d->way == FLOW_CLOSE && is_buried_to_close(flow))
        return flow->buried ? 0 : mark_flow(d->f, family, attrs, true);
    return delete_flow(d->f, family, attrs);
}

static int change_one(const struct nlmsghdr *nlh, void *data)
{
    struct change *d = data;
    const struct nlattr *attrs[CTA_MAX + 1] = {0};
    const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
    struct flow flow;
    int rc;

    attrs_sort(nlh, sizeof *nfg, attrs, CTA_MAX);
    if (!read_flow(attrs, &flow) || !addr_listed(d->hosts, d->count, &flow.source) ||
        !topology_is_outside(d->topology, &flow.reply_source))
        return MNL_CB_OK;
    if (d->each && !flow.buried)
        d->each(d->context, &flow);
    rc = change_flow(d, &flow, nfg->nfgen_family, attrs);
    if (rc < 0)
        d->err = rc;
    else
        d->changed += rc;
    return MNL_CB_OK;
}

static void put_source(struct nlmsghdr *nlh, const struct addr *host)
{
    struct nlattr *outer, *inner;

    outer = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG);
    inner = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
    mnl_attr_put(nlh, CTA_IP_V4_SRC, 4, host->bytes);
    mnl_attr_nest_end(nlh, inner);
    mnl_attr_nest_end(nlh, outer);
    outer = mnl_attr_nest_start(nlh, CTA_FILTER);
    mnl_attr_put_u32(nlh, CTA_FILTER_ORIG_FLAGS, FILTER_IP_SRC);
    mnl_attr_put_u32(nlh, CTA_FILTER_REPLY_FLAGS, 0);
    mnl_attr_nest_end(nlh, outer);
}

/*
 * Asks for the flows that `host`, an IPv4 one, began, or for all of the family. A kernel before 5.8
 * knows no filter and shows all: change_one() looks for itself. For IPv6 there is no asking:
 * kernels (6.18 among them) compare the other way round there and leave out just the host asked
 * for.
 */
static int dump(struct change *d, int family, const struct addr *host)
{
    struct flows *f = d->f;
    char buffer[ATTRS_BUFFER];
    struct nlmsghdr *nlh = begin_message(f, buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
    uint32_t sequence = f->sequence;
    ssize_t n;

    if (host)
        put_source(nlh, host);
    if (mnl_socket_sendto(f->reader, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    for (;;) {
        int rc;

        n = mnl_socket_recvfrom(f->reader, buffer, sizeof buffer);
        if (n < 0)
            return -errno;
        rc = mnl_cb_run(buffer, (size_t)n, sequence, mnl_socket_get_portid(f->reader), change_one,
                        d);
        if (rc <= MNL_CB_STOP)
            return rc < 0 ? -errno : d->err;
    }
}

int flows_change(struct flows *f, enum flow_way way, const struct topology *topology,
                 const struct addr *hosts, size_t count, flows_flow *each, void *context)
{
    struct change d = {.f = f,
                       .way = way,
                       .topology = topology,
                       .hosts = hosts,
                       .count = count,
                       .each = each,
                       .context = context};
    size_t v4 = 0;
    int err = 0;

    while (v4 < count && hosts[v4].family == AF_INET)
        v4++;
    if (v4 > SINGLE_DUMPS)
        err = dump(&d, AF_INET, NULL);
    for (size_t i = 0; i < v4 && v4 <= SINGLE_DUMPS && !err; i++)
        err = dump(&d, AF_INET, &hosts[i]);
    if (!err && v4 < count)
        err = dump(&d, AF_INET6, NULL);
    return err ? err : d.changed;
}
