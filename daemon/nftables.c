#include "nftables.h"

#include "attrs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* A base chain at the forward hook. */
struct chain {
    uint8_t family;
    char table[NFTABLES_NAME_LEN / 2], name[NFTABLES_NAME_LEN / 2];
    bool by_policy, by_rule;
};

struct search {
    struct chain *chains;
    size_t count;
};

static bool forwards(uint8_t family)
{
    return family == NFPROTO_IPV4 || family == NFPROTO_IPV6 || family == NFPROTO_INET;
}

static const char *text_of(const struct nlattr *attr)
{
    return attr ? mnl_attr_get_str(attr) : "?";
}

static int read_chain(const struct nlmsghdr *nlh, void *data)
{
    const struct nlattr *attrs[NFTA_CHAIN_MAX + 1] = {0}, *hook[NFTA_HOOK_MAX + 1] = {0};
    const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
    struct search *s = data;
    struct chain *more, *c;

    attrs_sort(nlh, sizeof *nfg, attrs, NFTA_CHAIN_MAX);
    attrs_sort_nested(attrs[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_MAX);
    if (!attrs_has(hook[NFTA_HOOK_HOOKNUM], 4) || !forwards(nfg->nfgen_family) ||
        ntohl(mnl_attr_get_u32(hook[NFTA_HOOK_HOOKNUM])) != NF_INET_FORWARD)
        return MNL_CB_OK;
    more = realloc(s->chains, (s->count + 1) * sizeof *more);
    if (!more)
        return MNL_CB_ERROR;
    s->chains = more;
    c = &more[s->count++];
    *c = (struct chain){.family = nfg->nfgen_family};
    snprintf(c->table, sizeof c->table, "%s", text_of(attrs[NFTA_CHAIN_TABLE]));
    snprintf(c->name, sizeof c->name, "%s", text_of(attrs[NFTA_CHAIN_NAME]));
    c->by_policy = attrs_has(attrs[NFTA_CHAIN_POLICY], 4) &&
                   ntohl(mnl_attr_get_u32(attrs[NFTA_CHAIN_POLICY])) == NF_DROP;
    return MNL_CB_OK;
}

/* `immediate` with the verdict drop. */
static bool is_drop(const struct nlattr *expression)
{
    const struct nlattr *immediate[NFTA_IMMEDIATE_MAX + 1] = {0}, *value[NFTA_DATA_MAX + 1] = {0};
    const struct nlattr *verdict[NFTA_VERDICT_MAX + 1] = {0};

    attrs_sort_nested(expression, immediate, NFTA_IMMEDIATE_MAX);
    attrs_sort_nested(immediate[NFTA_IMMEDIATE_DATA], value, NFTA_DATA_MAX);
    attrs_sort_nested(value[NFTA_DATA_VERDICT], verdict, NFTA_VERDICT_MAX);
    return attrs_has(verdict[NFTA_VERDICT_CODE], 4) &&
           ntohl(mnl_attr_get_u32(verdict[NFTA_VERDICT_CODE])) == NF_DROP;
}

/* What the expressions of a rule amount to. */
struct effect {
    bool drops, asks; /* asks: it has a condition, or does something else */
};

static int read_expression(const struct nlattr *e, void *data)
{
    const struct nlattr *parts[NFTA_EXPR_MAX + 1] = {0};
    struct effect *effect = data;
    const char *name;

    attrs_sort_nested(e, parts, NFTA_EXPR_MAX);
    name = text_of(parts[NFTA_EXPR_NAME]);
    if (strcmp(name, "reject") == 0 ||
        (strcmp(name, "immediate") == 0 && is_drop(parts[NFTA_EXPR_DATA])))
        effect->drops = true;
    else if (strcmp(name, "counter") != 0 && strcmp(name, "log") != 0)
        effect->asks = true;
    return MNL_CB_OK;
}

/* Whether the rule drops or rejects whatever comes: it may count and log, but asks for nothing. */
static bool drops_all(const struct nlattr *expressions)
{
    struct effect effect = {false, false};

    if (expressions)
        mnl_attr_parse_nested(expressions, read_expression, &effect);
    return effect.drops && !effect.asks;
}

static int read_rule(const struct nlmsghdr *nlh, void *data)
{
    const struct nlattr *attrs[NFTA_RULE_MAX + 1] = {0};
    const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
    struct search *s = data;

    attrs_sort(nlh, sizeof *nfg, attrs, NFTA_RULE_MAX);
    if (!forwards(nfg->nfgen_family) || !drops_all(attrs[NFTA_RULE_EXPRESSIONS]))
        return MNL_CB_OK;
    for (size_t i = 0; i < s->count; i++) {
        struct chain *c = &s->chains[i];

        if (c->family == nfg->nfgen_family &&
            strcmp(c->table, text_of(attrs[NFTA_RULE_TABLE])) == 0 &&
            strcmp(c->name, text_of(attrs[NFTA_RULE_CHAIN])) == 0)
            c->by_rule = true;
    }
    return MNL_CB_OK;
}

static int dump(struct mnl_socket *nl, uint16_t type, mnl_cb_t each, struct search *s)
{
    char buffer[ATTRS_BUFFER];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof *nfg);
    uint32_t sequence = (uint32_t)time(NULL) + type;
    int rc = MNL_CB_OK;

    nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    nlh->nlmsg_seq = sequence;
    nfg->nfgen_family = NFPROTO_UNSPEC;
    nfg->version = NFNETLINK_V0;
    if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    while (rc > MNL_CB_STOP) {
        ssize_t n = mnl_socket_recvfrom(nl, buffer, sizeof buffer);

        rc = n < 0 ? MNL_CB_ERROR
                   : mnl_cb_run(buffer, (size_t)n, sequence, mnl_socket_get_portid(nl), each, s);
    }
    return rc < 0 ? -errno : 0;
}

int nftables_find_dropping(nftables_chain *each, void *context)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    struct search s = {.chains = NULL};
    char name[NFTABLES_NAME_LEN];
    int found = 0, err = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;

    if (!err)
        err = dump(nl, NFT_MSG_GETCHAIN, read_chain, &s);
    if (!err && s.count)
        err = dump(nl, NFT_MSG_GETRULE, read_rule, &s);
    for (size_t i = 0; i < s.count && !err; i++) {
        const struct chain *c = &s.chains[i];

        if (!c->by_policy && !c->by_rule)
            continue;
        snprintf(name, sizeof name, "%s %s", c->table, c->name);
        each(context, name, c->by_policy);
        found++;
    }
    free(s.chains);
    if (nl)
        mnl_socket_close(nl);
    /* EINVAL: this kernel has no nftables. */
    return err == -EINVAL || err == -EOPNOTSUPP ? 0 : err ? err : found;
}
