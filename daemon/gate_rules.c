#include "gate_rules.h"

#include "flow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_SPOOF RULE_BASE "-SPOOF" /* sources that cannot be where they come from */
#define CHAIN_OUT RULE_BASE "-OUT"     /* from LOCALNET, wherever to */
#define CHAIN_GATE RULE_BASE "-GATE"   /* from LOCALNET to the outside */
#define CHAIN_OPEN RULE_BASE "-OPEN"   /* the same, while the lease stands */
#define CHAIN_REPLY RULE_BASE "-REPLY" /* tracked connections, on their way to LOCALNET */

void gate_rules_none(struct ruleset *out, int family, const char *table)
{
    *out = (struct ruleset){.family = family, .table = table, .owns = gate_owns_chain};
    if (strcmp(table, "nat") == 0) {
        out->hooks[out->hook_count++] =
            (struct rule_hook){.builtin = "POSTROUTING", .chain = RULE_BASE};
        return;
    }
    out->user_chain = GATE_USER;
    /* What tcpquota-authd(8) asks about passes by here afterwards. */
    out->hooks[out->hook_count++] =
        (struct rule_hook){.builtin = "FORWARD", .chain = RULE_BASE, .behind = {RULE_AUTH_CHAIN}};
    out->hooks[out->hook_count++] = (struct rule_hook){.builtin = "OUTPUT", .chain = GATE_LOCAL};
}

bool gate_owns_chain(const char *name)
{
    static const char *const own[] = {RULE_BASE,  CHAIN_SPOOF, CHAIN_OUT,  CHAIN_GATE,
                                      CHAIN_OPEN, CHAIN_REPLY, GATE_LOCAL, GATE_BLOCK};
    size_t len = sizeof RULE_BASE; /* with the dash */

    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(own[i], name) == 0)
            return true;
    }
    if (strncmp(name, GATE_LOCAL "-", sizeof GATE_LOCAL) == 0)
        len = sizeof GATE_LOCAL;
    return strncmp(name, RULE_BASE "-", sizeof RULE_BASE) == 0 && name[len] != '\0' &&
           strspn(name + len, "0123456789abcdef") == strlen(name + len);
}

/* What belongs to a tracked connection never comes here: the jump to this chain sees to it. */
static void add_spoof_chain(struct ruleset *r, const struct topology_family *f)
{
    ruleset_begin_chain(r, CHAIN_SPOOF);
    for (size_t w = 0; w < f->wan_if.count; w++) {
        for (size_t i = 0; i < f->wan_nets.count; i++) {
            struct rule rule = {.source = f->wan_nets.prefixes[i], .target = TARGET_RETURN};

            rule_set_interface(rule.in, f->wan_if.names[w]);
            if (prefix_list_overlaps(&f->localnet, &rule.source))
                ruleset_add(r, &rule);
        }
        for (size_t i = 0; i < f->localnet.count; i++) {
            struct rule rule = {.source = f->localnet.prefixes[i], .target = TARGET_DROP};

            rule_set_interface(rule.in, f->wan_if.names[w]);
            ruleset_add(r, &rule);
        }
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct rule rule = {.source = f->localnet.prefixes[i], .target = TARGET_RETURN};

        ruleset_add(r, &rule);
    }
    /* On its way outside: not to LOCALNET, unless to the part of it that WAN_IF is in. */
    for (size_t l = 0; l < f->lan_if.count; l++) {
        for (size_t i = 0; i < f->wan_nets.count; i++) {
            struct rule rule = {.destination = f->wan_nets.prefixes[i], .target = TARGET_DROP};

            rule_set_interface(rule.in, f->lan_if.names[l]);
            if (prefix_list_overlaps(&f->localnet, &rule.destination))
                ruleset_add(r, &rule);
        }
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct rule rule = {.destination = f->localnet.prefixes[i], .target = TARGET_RETURN};

        ruleset_add(r, &rule);
    }
    for (size_t l = 0; l < f->lan_if.count; l++) {
        struct rule rule = {.target = TARGET_DROP};

        rule_set_interface(rule.in, f->lan_if.names[l]);
        ruleset_add(r, &rule);
    }
}

/* The chains that hold the hosts, a tree for each network. */
static void add_trees(struct ruleset *r, const struct topology_family *f, const struct addr *hosts,
                      const struct lladdr *macs, size_t count, const struct rule *leaves,
                      size_t leaf_count)
{
    for (size_t i = 0; i < f->localnet.count; i++) {
        const struct prefix *net = &f->localnet.prefixes[i];
        size_t first = 0, end;

        /* Sorted hosts: those of one network stand together. */
        while (first < count && !prefix_contains(net, &hosts[first]))
            first++;
        for (end = first; end < count && prefix_contains(net, &hosts[end]);)
            end++;
        gate_add_tree(r, (unsigned)i, net, hosts + first, macs ? macs + first : NULL, end - first,
                      leaves, leaf_count);
    }
}

static void add_roots(struct ruleset *r, const struct topology_family *f)
{
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct rule rule = {.source = f->localnet.prefixes[i], .target = TARGET_JUMP};

        gate_root_name((unsigned)i, rule.chain);
        ruleset_add(r, &rule);
    }
}

/* What connection tracking makes nothing of is neither masqueraded nor counted: it does not pass.
 */
static void add_invalid(struct ruleset *r, const struct prefix *destination)
{
    struct rule invalid = {.states = STATE_INVALID, .target = TARGET_DROP};

    if (destination)
        invalid.destination = *destination;
    ruleset_add(r, &invalid);
}

void gate_add_refusal(struct ruleset *r, const struct gate_policy *policy,
                      const struct prefix *destination)
{
    struct rule reset = {.protocol = IPPROTO_TCP, .target = TARGET_REJECT_TCP};
    struct rule refuse = {.target = policy->drop_closed ? TARGET_DROP : TARGET_REJECT};

    if (destination)
        reset.destination = refuse.destination = *destination;
    if (!policy->drop_closed)
        ruleset_add(r, &reset);
    ruleset_add(r, &refuse);
}

static void add_gate_chain(struct ruleset *r, const struct topology_family *f,
                           const struct gate_policy *policy)
{
    struct rule leased = {.lease = policy->lease};

    if (policy->lease) {
        ruleset_begin_chain(r, CHAIN_OPEN);
        add_roots(r, f);
    }
    ruleset_begin_chain(r, CHAIN_GATE);
    add_invalid(r, NULL);
    rule_lead(&leased, TARGET_JUMP, CHAIN_OPEN);
    if (policy->lease)
        ruleset_add(r, &leased);
    else
        add_roots(r, f);
    gate_add_refusal(r, policy, NULL);
}

static void add_reply_chain(struct ruleset *r, const struct gate_policy *policy)
{
    struct rule accept = {.lease = policy->lease, .target = TARGET_ACCEPT};
    struct rule drop = {.target = TARGET_DROP};

    if (!policy->lease)
        return;
    ruleset_begin_chain(r, CHAIN_REPLY);
    ruleset_add(r, &accept);
    ruleset_add(r, &drop);
}

/* A rule for replies: what it matches is accepted, while the lease stands if there is one. */
static void add_reply(struct ruleset *r, struct rule *reply, const struct gate_policy *policy)
{
    reply->states = STATE_ESTABLISHED | STATE_RELATED;
    if (policy->lease)
        rule_lead(reply, TARGET_GOTO, CHAIN_REPLY);
    else
        reply->target = TARGET_ACCEPT;
    ruleset_add(r, reply);
}

/* Reached with `goto`: a RETURN leads back to FORWARD, to the administrator's own entries. */
static void add_out_chain(struct ruleset *r, const struct topology_family *f,
                          const struct gate_policy *policy)
{
    struct rule out = {0};

    ruleset_begin_chain(r, CHAIN_OUT);
    for (size_t i = 0; i < f->wan_nets.count; i++) {
        struct rule rule = {.destination = f->wan_nets.prefixes[i]};

        if (!prefix_list_overlaps(&f->localnet, &rule.destination))
            continue;
        rule_lead(&rule, TARGET_GOTO, CHAIN_GATE);
        ruleset_add(r, &rule);
        /* Outside, though its addresses are in LOCALNET: replies from there are replies. */
        for (size_t w = 0; w < f->wan_if.count; w++) {
            struct rule reply = {.source = f->wan_nets.prefixes[i]};

            rule_set_interface(reply.in, f->wan_if.names[w]);
            add_reply(r, &reply, policy);
        }
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct rule rule = {.destination = f->localnet.prefixes[i], .target = TARGET_RETURN};

        ruleset_add(r, &rule);
    }
    rule_lead(&out, TARGET_GOTO, CHAIN_GATE);
    ruleset_add(r, &out);
}

static void add_base_chain(struct ruleset *r, const struct topology_family *f,
                           const struct gate_policy *policy)
{
    struct rule user = {0},
                spoof = {.states = STATE_ESTABLISHED | STATE_RELATED, .not_states = true};

    struct rule buried = {.connmark = {FLOW_BURIED, FLOW_BURIED}, .target = TARGET_DROP};

    rule_lead(&user, TARGET_JUMP, GATE_USER);
    rule_lead(&spoof, TARGET_JUMP, CHAIN_SPOOF);
    ruleset_begin_chain(r, RULE_BASE);
    ruleset_add(r, &user);
    if (r->family == AF_INET6)
        ruleset_add(r, &buried);
    ruleset_add(r, &spoof);
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct rule rule = {.source = f->localnet.prefixes[i]};

        rule_lead(&rule, TARGET_GOTO, CHAIN_OUT);
        ruleset_add(r, &rule);
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct rule reply = {.destination = f->localnet.prefixes[i]};

        add_reply(r, &reply, policy);
        add_invalid(r, &f->localnet.prefixes[i]);
    }
}

int gate_rules_filter(struct ruleset *out, int family, const struct topology *topology,
                      const struct gate_policy *policy, const struct addr *hosts,
                      const struct lladdr *macs, size_t count)
{
    const struct topology_family *f = topology_family(topology, family);
    struct rule accept = {.target = TARGET_ACCEPT};

    gate_rules_none(out, family, "filter");
    if (f->localnet.count == 0)
        return 0;
    out->user_wanted = out->hooks[0].wanted = true;
    add_base_chain(out, f, policy);
    add_spoof_chain(out, f);
    add_out_chain(out, f, policy);
    add_reply_chain(out, policy);
    add_gate_chain(out, f, policy);
    add_trees(out, f, hosts, macs, count, &accept, 1);
    return out->failed ? -ENOMEM : 0;
}

static bool is_masqueraded(const struct addr *host)
{
    return host->family == AF_INET || addr_is_unique_local(host);
}

int gate_rules_nat(struct ruleset *out, int family, const struct topology *topology,
                   const struct addr *hosts, size_t count)
{
    const struct topology_family *f = topology_family(topology, family);
    struct addr *inner = calloc(count + 1, sizeof *inner);
    struct rule *leaves = calloc(f->wan_if.count + 1, sizeof *leaves);
    size_t inner_count = 0;

    gate_rules_none(out, family, "nat");
    out->failed = !inner || !leaves;
    for (size_t i = 0; i < count && !out->failed; i++) {
        if (is_masqueraded(&hosts[i]))
            inner[inner_count++] = hosts[i];
    }
    for (size_t w = 0; w < f->wan_if.count && !out->failed; w++) {
        leaves[w].target = TARGET_MASQUERADE;
        rule_set_interface(leaves[w].out, f->wan_if.names[w]);
    }
    if (f->localnet.count > 0 && !out->failed) {
        out->hooks[0].wanted = true;
        ruleset_begin_chain(out, RULE_BASE);
        add_roots(out, f);
        add_trees(out, f, inner, NULL, inner_count, leaves, f->wan_if.count);
    }
    free(inner);
    free(leaves);
    return out->failed ? -ENOMEM : 0;
}
