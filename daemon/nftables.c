#include "nftables.h"

#include "attrs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

struct search {
    char *name;
    size_t size;
    int found;
};

static int look_at_chain(const struct nlmsghdr *nlh, void *data)
{
    const struct nlattr *chain[NFTA_CHAIN_MAX + 1] = {0}, *hook[NFTA_HOOK_MAX + 1] = {0};
    const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
    struct search *s = data;

    attrs_sort(nlh, sizeof *nfg, chain, NFTA_CHAIN_MAX);
    attrs_sort_nested(chain[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_MAX);
    if (s->found || !attrs_has(hook[NFTA_HOOK_HOOKNUM], 4) ||
        !attrs_has(chain[NFTA_CHAIN_POLICY], 4))
        return MNL_CB_OK;
    if (nfg->nfgen_family != NFPROTO_IPV4 && nfg->nfgen_family != NFPROTO_IPV6 &&
        nfg->nfgen_family != NFPROTO_INET)
        return MNL_CB_OK;
    if (ntohl(mnl_attr_get_u32(hook[NFTA_HOOK_HOOKNUM])) != NF_INET_FORWARD ||
        ntohl(mnl_attr_get_u32(chain[NFTA_CHAIN_POLICY])) != NF_DROP)
        return MNL_CB_OK;
    s->found = 1;
    snprintf(s->name, s->size, "%s %s",
             chain[NFTA_CHAIN_TABLE] ? mnl_attr_get_str(chain[NFTA_CHAIN_TABLE]) : "?",
             chain[NFTA_CHAIN_NAME] ? mnl_attr_get_str(chain[NFTA_CHAIN_NAME]) : "?");
    return MNL_CB_OK;
}

int nftables_dropping_chain(char *name, size_t size)
{
    char buffer[ATTRS_BUFFER];
    struct search s = {.name = name, .size = size};
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof *nfg);
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    uint32_t sequence = (uint32_t)time(NULL);
    int rc = MNL_CB_OK;

    if (!nl)
        return -errno;
    nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN;
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    nlh->nlmsg_seq = sequence;
    nfg->nfgen_family = NFPROTO_UNSPEC;
    nfg->version = NFNETLINK_V0;
    if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) != 0 ||
        mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
        rc = MNL_CB_ERROR;
    while (rc > MNL_CB_STOP) {
        ssize_t n = mnl_socket_recvfrom(nl, buffer, sizeof buffer);

        rc = n < 0 ? MNL_CB_ERROR
                   : mnl_cb_run(buffer, (size_t)n, sequence, mnl_socket_get_portid(nl),
                                look_at_chain, &s);
    }
    /* EINVAL: this kernel has no nftables. */
    rc = rc < 0 && errno != EINVAL && errno != EOPNOTSUPP ? -errno : s.found;
    mnl_socket_close(nl);
    return rc;
}
