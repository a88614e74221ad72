#include "network.h"

#include "attrs.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* One more item behind an array of `count`, cleared, or NULL. */
static void *grow(void *items, size_t count, size_t size)
{
    char *bigger = realloc(items, (count + 1) * size);

    if (bigger)
        memset(bigger + count * size, 0, size);
    return bigger;
}

static int read_link(const struct nlmsghdr *nlh, void *data)
{
    struct net_state *net = data;
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
    struct net_link *links = grow(net->links, net->link_count, sizeof *links), *link;
    const struct nlattr *attrs[IFLA_IFNAME + 1] = {0};

    if (!links)
        return MNL_CB_ERROR;
    net->links = links;
    link = &links[net->link_count++];
    link->index = info->ifi_index;
    link->up = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_RUNNING);
    attrs_sort(nlh, sizeof *info, attrs, IFLA_IFNAME);
    if (attrs[IFLA_IFNAME])
        snprintf(link->name, sizeof link->name, "%s", mnl_attr_get_str(attrs[IFLA_IFNAME]));
    return MNL_CB_OK;
}

/* The address that the attribute holds; family 0 if there is none. */
static struct addr address_of(const struct nlattr *attr, int family)
{
    return attrs_has(attr, family == AF_INET ? 4 : 16)
               ? addr_make(family, mnl_attr_get_payload(attr))
               : (struct addr){0};
}

static int read_address(const struct nlmsghdr *nlh, void *data)
{
    struct net_state *net = data;
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
    const struct nlattr *attrs[IFA_MAX + 1] = {0};
    struct addr local, peer;
    struct net_address *addresses;

    attrs_sort(nlh, sizeof *info, attrs, IFA_MAX);
    local = address_of(attrs[IFA_LOCAL], info->ifa_family);
    peer = address_of(attrs[IFA_ADDRESS], info->ifa_family);
    /* IFA_ADDRESS is the far end of a point-to-point link; IPv6 without a peer has it alone. */
    if (!local.family)
        local = peer;
    if (!peer.family)
        peer = local;
    if (!local.family)
        return MNL_CB_OK;
    addresses = grow(net->addresses, net->address_count, sizeof *addresses);
    if (!addresses)
        return MNL_CB_ERROR;
    net->addresses = addresses;
    addresses[net->address_count++] = (struct net_address){
        .index = (int)info->ifa_index,
        .own = local,
        .network = prefix_of(&peer, info->ifa_prefixlen),
    };
    return MNL_CB_OK;
}

static int add_route(struct net_state *net, int index, const struct prefix *destination)
{
    struct net_route *routes = grow(net->routes, net->route_count, sizeof *routes);

    if (!routes)
        return MNL_CB_ERROR;
    net->routes = routes;
    routes[net->route_count++] = (struct net_route){index, *destination};
    return MNL_CB_OK;
}

static int add_nexthops(struct net_state *net, const struct nlattr *attr,
                        const struct prefix *destination)
{
    const struct rtnexthop *hop = mnl_attr_get_payload(attr);
    int left = mnl_attr_get_payload_len(attr), rc = MNL_CB_OK;

    while (rc == MNL_CB_OK && left >= (int)sizeof *hop && hop->rtnh_len >= sizeof *hop &&
           hop->rtnh_len <= left) {
        rc = add_route(net, hop->rtnh_ifindex, destination);
        left -= RTNH_ALIGN(hop->rtnh_len);
        hop = RTNH_NEXT(hop);
    }
    return rc;
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
    struct net_state *net = data;
    const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
    struct prefix destination = {.addr.family = info->rtm_family, .len = info->rtm_dst_len};
    const struct nlattr *attrs[RTA_MAX + 1] = {0};
    struct addr a;

    if (info->rtm_table != RT_TABLE_MAIN || info->rtm_type != RTN_UNICAST ||
        (info->rtm_flags & RTM_F_CLONED))
        return MNL_CB_OK;
    attrs_sort(nlh, sizeof *info, attrs, RTA_MAX);
    a = address_of(attrs[RTA_DST], info->rtm_family);
    if (a.family)
        destination = prefix_of(&a, info->rtm_dst_len);
    if (attrs[RTA_MULTIPATH])
        return add_nexthops(net, attrs[RTA_MULTIPATH], &destination);
    if (!attrs_has(attrs[RTA_OIF], 4))
        return MNL_CB_OK;
    return add_route(net, (int)mnl_attr_get_u32(attrs[RTA_OIF]), &destination);
}

/* Bytes of the message's own header: each begins with the family. */
static size_t header_of(uint16_t type)
{
    switch (type) {
    case RTM_GETROUTE:
        return sizeof(struct rtmsg);
    case RTM_GETADDR:
        return sizeof(struct ifaddrmsg);
    case RTM_GETNEIGH:
        return sizeof(struct ndmsg);
    default:
        return sizeof(struct ifinfomsg);
    }
}

int network_dump(struct mnl_socket *nl, uint16_t type, int family, mnl_cb_t each, void *data)
{
    char buffer[ATTRS_BUFFER];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct rtgenmsg *gen;
    uint32_t sequence = (uint32_t)time(NULL);
    int rc = MNL_CB_OK;

    nlh->nlmsg_type = type;
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    nlh->nlmsg_seq = sequence;
    gen = mnl_nlmsg_put_extra_header(nlh, header_of(type));
    gen->rtgen_family = (uint8_t)family;
    if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    while (rc > MNL_CB_STOP) {
        ssize_t n = mnl_socket_recvfrom(nl, buffer, sizeof buffer);

        if (n < 0)
            return -errno;
        rc = mnl_cb_run(buffer, (size_t)n, sequence, mnl_socket_get_portid(nl), each, data);
    }
    return rc < 0 ? -errno : 0;
}

static bool forwards_v6(void)
{
    char c = '0';
    int fd = open("/proc/sys/net/ipv6/conf/all/forwarding", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    if (read(fd, &c, 1) != 1)
        c = '0';
    close(fd);
    return c != '0';
}

static int read_once(struct net_state *out)
{
    struct net_state net = {0};
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    int err = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;

    if (!err)
        err = network_dump(nl, RTM_GETLINK, AF_UNSPEC, read_link, &net);
    if (!err)
        err = network_dump(nl, RTM_GETADDR, AF_UNSPEC, read_address, &net);
    if (!err)
        err = network_dump(nl, RTM_GETROUTE, AF_INET, read_route, &net);
    if (!err)
        err = network_dump(nl, RTM_GETROUTE, AF_INET6, read_route, &net);
    if (nl)
        mnl_socket_close(nl);
    net.forward_v6 = forwards_v6();
    if (err)
        net_state_free(&net);
    else
        *out = net;
    return err;
}

#define READ_TRIES 5

/* A dump during which something changed is inconsistent, and the kernel says so (-EINTR). */
int network_read(struct net_state *out)
{
    int err = -EINTR;

    for (int i = 0; err == -EINTR && i < READ_TRIES; i++)
        err = read_once(out);
    return err;
}

int network_watch(void)
{
    struct sockaddr_nl to = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR |
                     RTMGRP_IPV6_ROUTE,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        int err = -errno;

        close(fd);
        return err;
    }
    return fd;
}

bool network_drain(int fd)
{
    char buffer[8192];
    bool any = false;

    /* ENOBUFS: the kernel had more to say than fits. That is news as well. */
    while (recv(fd, buffer, sizeof buffer, 0) > 0 || errno == ENOBUFS || errno == EINTR) {
        any = true;
        errno = 0;
    }
    return any;
}
