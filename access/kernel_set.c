#include "kernel_set.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROTOCOL 6 /* spoken by every kernel since 2.6.39 */
#define ENTRIES_MAX 1048576
#define BUFFER_BYTES 8192

struct kernel_set {
    struct mnl_socket *nl;
    unsigned port, sequence;
};

/* Four of them: tcpquota-auth4, tcpquota-auth6, tcpquota-authp4, tcpquota-authp6. */
static void set_name(int family, bool ports, char out[IPSET_MAXNAMELEN])
{
    snprintf(out, IPSET_MAXNAMELEN, "tcpquota-auth%s%c", ports ? "p" : "",
             family == AF_INET ? '4' : '6');
}

int kernel_set_open(struct kernel_set **out)
{
    struct kernel_set *k = calloc(1, sizeof *k);
    int err = 0;

    if (!k)
        return -ENOMEM;
    k->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!k->nl || mnl_socket_bind(k->nl, 0, MNL_SOCKET_AUTOPID) < 0)
        err = -errno;
    if (err) {
        kernel_set_close(k);
        return err;
    }
    k->port = mnl_socket_get_portid(k->nl);
    *out = k;
    return 0;
}

void kernel_set_close(struct kernel_set *k)
{
    if (!k)
        return;
    if (k->nl)
        mnl_socket_close(k->nl);
    free(k);
}

static struct nlmsghdr *begin(struct kernel_set *k, char *buffer, uint8_t command, int family,
                              const char *name)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *nfg;

    nlh->nlmsg_type = (NFNL_SUBSYS_IPSET << 8) | command;
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    nlh->nlmsg_seq = ++k->sequence;
    nfg = mnl_nlmsg_put_extra_header(nlh, sizeof *nfg);
    *nfg = (struct nfgenmsg){.nfgen_family = (uint8_t)family, .version = NFNETLINK_V0};
    mnl_attr_put_u8(nlh, IPSET_ATTR_PROTOCOL, PROTOCOL);
    if (name)
        mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, name);
    return nlh;
}

/* Sends it and waits for what the kernel says, which it says at once. */
static int talk(struct kernel_set *k, struct nlmsghdr *nlh)
{
    char buffer[BUFFER_BYTES];
    ssize_t n;

    if (mnl_socket_sendto(k->nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    n = mnl_socket_recvfrom(k->nl, buffer, sizeof buffer);
    if (n < 0)
        return -errno;
    if (mnl_cb_run(buffer, (size_t)n, k->sequence, k->port, NULL, NULL) >= 0)
        return 0;
    /* Its own errors begin at 4096 (enum ipset_errno). */
    return errno < IPSET_ERR_PRIVATE ? -errno : -EPROTO;
}

static int command(struct kernel_set *k, uint8_t what, int family, bool ports)
{
    char buffer[BUFFER_BYTES], name[IPSET_MAXNAMELEN];

    set_name(family, ports, name);
    return talk(k, begin(k, buffer, what, AF_INET, name));
}

static int make(struct kernel_set *k, int family, bool ports)
{
    char buffer[BUFFER_BYTES], name[IPSET_MAXNAMELEN];
    struct nlmsghdr *nlh;
    struct nlattr *data;
    int err;

    set_name(family, ports, name);
    nlh = begin(k, buffer, IPSET_CMD_CREATE, family, name);
    mnl_attr_put_strz(nlh, IPSET_ATTR_TYPENAME, ports ? "hash:ip,port" : "hash:ip");
    mnl_attr_put_u8(nlh, IPSET_ATTR_REVISION, 1); /* the first ones with the forms used here */
    mnl_attr_put_u8(nlh, IPSET_ATTR_FAMILY, (uint8_t)family);
    data = mnl_attr_nest_start(nlh, IPSET_ATTR_DATA);
    mnl_attr_put_u32(nlh, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, htonl(600));
    mnl_attr_put_u32(nlh, IPSET_ATTR_MAXELEM | NLA_F_NET_BYTEORDER, htonl(ENTRIES_MAX));
    mnl_attr_nest_end(nlh, data);
    err = talk(k, nlh);
    /* One that is there without NLM_F_EXCL is taken, if it is of the same form. */
    return err ? err : command(k, IPSET_CMD_FLUSH, family, ports);
}

int kernel_set_make(struct kernel_set *k, bool ports)
{
    int err = make(k, AF_INET, ports);

    return err ? err : make(k, AF_INET6, ports);
}

static int each(struct kernel_set *k, uint8_t what)
{
    static const int families[] = {AF_INET, AF_INET6};
    int worst = 0;

    for (int i = 0; i < 4; i++) {
        int err = command(k, what, families[i / 2], i % 2);

        if (err && err != -ENOENT && !worst)
            worst = err;
    }
    return worst;
}

int kernel_set_remove(struct kernel_set *k)
{
    return each(k, IPSET_CMD_DESTROY);
}

int kernel_set_flush(struct kernel_set *k)
{
    return each(k, IPSET_CMD_FLUSH);
}

int kernel_set_index(int family, bool ports)
{
    struct ip_set_req_version version = {.op = IP_SET_OP_VERSION};
    struct ip_set_req_get_set get = {.op = IP_SET_OP_GET_BYNAME};
    socklen_t len = sizeof version;
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), err = 0;

    if (fd < 0)
        return -errno;
    if (getsockopt(fd, SOL_IP, SO_IP_SET, &version, &len) != 0)
        err = -errno;
    get.version = version.version;
    set_name(family, ports, get.set.name);
    len = sizeof get;
    if (!err && getsockopt(fd, SOL_IP, SO_IP_SET, &get, &len) != 0)
        err = -errno;
    close(fd);
    if (err)
        return err;
    return get.set.index == IPSET_INVALID_ID ? -ENOENT : get.set.index;
}

static int change(struct kernel_set *k, uint8_t what, const struct addr *a, uint8_t protocol,
                  uint16_t port, uint32_t seconds)
{
    char buffer[BUFFER_BYTES], name[IPSET_MAXNAMELEN];
    bool v4 = a->family == AF_INET;
    struct nlattr *data, *ip;
    struct nlmsghdr *nlh;

    set_name(a->family, protocol != 0, name);
    nlh = begin(k, buffer, what, a->family, name);
    data = mnl_attr_nest_start(nlh, IPSET_ATTR_DATA);
    ip = mnl_attr_nest_start(nlh, IPSET_ATTR_IP);
    mnl_attr_put(
        nlh,
        (uint16_t)((v4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6) | NLA_F_NET_BYTEORDER),
        v4 ? 4 : 16, a->bytes);
    mnl_attr_nest_end(nlh, ip);
    if (protocol) {
        mnl_attr_put_u8(nlh, IPSET_ATTR_PROTO, protocol);
        mnl_attr_put_u16(nlh, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, htons(port));
    }
    if (what == IPSET_CMD_ADD)
        mnl_attr_put_u32(nlh, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, htonl(seconds));
    mnl_attr_nest_end(nlh, data);
    return talk(k, nlh);
}

int kernel_set_add(struct kernel_set *k, const struct addr *a, uint8_t protocol, uint16_t port,
                   uint32_t seconds)
{
    return change(k, IPSET_CMD_ADD, a, protocol, port, seconds);
}

int kernel_set_del(struct kernel_set *k, const struct addr *a, uint8_t protocol, uint16_t port)
{
    int err = change(k, IPSET_CMD_DEL, a, protocol, port, 0);

    return err == -EPROTO || err == -ENOENT ? 0 : err;
}
