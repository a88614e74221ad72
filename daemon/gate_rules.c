#include "gate_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_SPOOF GATE_BASE "-SPOOF" /* sources that cannot be where they come from */
#define CHAIN_OUT GATE_BASE "-OUT"     /* from LOCALNET, wherever to */
#define CHAIN_GATE GATE_BASE "-GATE"   /* from LOCALNET to the outside */
#define CHAIN_OPEN GATE_BASE "-OPEN"   /* the same, while the lease stands */
#define CHAIN_REPLY GATE_BASE "-REPLY" /* tracked connections, on their way to LOCALNET */

static bool make_room(void **items, size_t *room, size_t count, size_t size)
{
    size_t more = *room ? *room * 2 : 64;
    void *bigger;

    if (count < *room)
        return true;
    bigger = realloc(*items, more * size);
    if (!bigger)
        return false;
    *items = bigger;
    *room = more;
    return true;
}

void gate_begin_chain(struct gate_rules *r, const char *name)
{
    void *chains = r->chains;
    struct gate_chain *c;

    if (r->failed || !make_room(&chains, &r->chain_room, r->chain_count, sizeof *c)) {
        r->failed = true;
        return;
    }
    r->chains = chains;
    c = &r->chains[r->chain_count++];
    *c = (struct gate_chain){.first = r->rule_count};
    snprintf(c->name, sizeof c->name, "%s", name);
}

void gate_add_rule(struct gate_rules *r, const struct gate_rule *rule)
{
    void *rules = r->rules;

    if (r->failed || !make_room(&rules, &r->rule_room, r->rule_count, sizeof *rule)) {
        r->failed = true;
        return;
    }
    r->rules = rules;
    r->rules[r->rule_count++] = *rule;
    r->chains[r->chain_count - 1].count++;
}

void gate_rules_free(struct gate_rules *r)
{
    free(r->chains);
    free(r->rules);
    r->chains = NULL;
    r->rules = NULL;
    r->chain_count = r->rule_count = 0;
}

void gate_rules_none(struct gate_rules *out, int family, const char *table)
{
    *out = (struct gate_rules){.family = family, .table = table};
    if (strcmp(table, "nat") == 0) {
        out->hooks[out->hook_count++] = (struct gate_hook){"POSTROUTING", GATE_BASE, false};
        return;
    }
    out->hooks[out->hook_count++] = (struct gate_hook){"FORWARD", GATE_BASE, false};
    out->hooks[out->hook_count++] = (struct gate_hook){"OUTPUT", GATE_LOCAL, false};
}

bool gate_owns_chain(const char *name)
{
    static const char *const own[] = {GATE_BASE,  CHAIN_SPOOF, CHAIN_OUT,  CHAIN_GATE,
                                      CHAIN_OPEN, CHAIN_REPLY, GATE_LOCAL, GATE_BLOCK};
    size_t len = sizeof GATE_BASE; /* with the dash */

    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(own[i], name) == 0)
            return true;
    }
    if (strncmp(name, GATE_LOCAL "-", sizeof GATE_LOCAL) == 0)
        len = sizeof GATE_LOCAL;
    return strncmp(name, GATE_BASE "-", sizeof GATE_BASE) == 0 && name[len] != '\0' &&
           strspn(name + len, "0123456789abcdef") == strlen(name + len);
}

static void set_chain(struct gate_rule *rule, enum gate_target target, const char *chain)
{
    rule->target = target;
    snprintf(rule->chain, sizeof rule->chain, "%s", chain);
}

static void set_name(char to[IFNAMSIZ], const char *from)
{
    snprintf(to, IFNAMSIZ, "%s", from);
}

/* What belongs to a tracked connection never comes here: the jump to this chain sees to it. */
static void add_spoof_chain(struct gate_rules *r, const struct topology_family *f)
{
    gate_begin_chain(r, CHAIN_SPOOF);
    for (size_t w = 0; w < f->wan_if.count; w++) {
        for (size_t i = 0; i < f->wan_nets.count; i++) {
            struct gate_rule rule = {.source = f->wan_nets.prefixes[i], .target = TARGET_RETURN};

            set_name(rule.in, f->wan_if.names[w]);
            if (prefix_list_overlaps(&f->localnet, &rule.source))
                gate_add_rule(r, &rule);
        }
        for (size_t i = 0; i < f->localnet.count; i++) {
            struct gate_rule rule = {.source = f->localnet.prefixes[i], .target = TARGET_DROP};

            set_name(rule.in, f->wan_if.names[w]);
            gate_add_rule(r, &rule);
        }
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct gate_rule rule = {.source = f->localnet.prefixes[i], .target = TARGET_RETURN};

        gate_add_rule(r, &rule);
    }
    /* On its way outside: not to LOCALNET, unless to the part of it that WAN_IF is in. */
    for (size_t l = 0; l < f->lan_if.count; l++) {
        for (size_t i = 0; i < f->wan_nets.count; i++) {
            struct gate_rule rule = {.destination = f->wan_nets.prefixes[i], .target = TARGET_DROP};

            set_name(rule.in, f->lan_if.names[l]);
            if (prefix_list_overlaps(&f->localnet, &rule.destination))
                gate_add_rule(r, &rule);
        }
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct gate_rule rule = {.destination = f->localnet.prefixes[i], .target = TARGET_RETURN};

        gate_add_rule(r, &rule);
    }
    for (size_t l = 0; l < f->lan_if.count; l++) {
        struct gate_rule rule = {.target = TARGET_DROP};

        set_name(rule.in, f->lan_if.names[l]);
        gate_add_rule(r, &rule);
    }
}

/* The chains that hold the hosts, a tree for each network. */
static void add_trees(struct gate_rules *r, const struct topology_family *f,
                      const struct addr *hosts, const struct lladdr *macs, size_t count,
                      const struct gate_rule *leaves, size_t leaf_count)
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

static void add_roots(struct gate_rules *r, const struct topology_family *f)
{
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct gate_rule rule = {.source = f->localnet.prefixes[i], .target = TARGET_JUMP};

        gate_root_name((unsigned)i, rule.chain);
        gate_add_rule(r, &rule);
    }
}

/* What connection tracking makes nothing of is neither masqueraded nor counted: it does not pass.
 */
static void add_invalid(struct gate_rules *r, const struct prefix *destination)
{
    struct gate_rule invalid = {.states = STATE_INVALID, .target = TARGET_DROP};

    if (destination)
        invalid.destination = *destination;
    gate_add_rule(r, &invalid);
}

void gate_add_refusal(struct gate_rules *r, const struct gate_policy *policy,
                      const struct prefix *destination)
{
    struct gate_rule reset = {.protocol = IPPROTO_TCP, .target = TARGET_REJECT_TCP};
    struct gate_rule refuse = {.target = policy->drop_closed ? TARGET_DROP : TARGET_REJECT};

    if (destination)
        reset.destination = refuse.destination = *destination;
    if (!policy->drop_closed)
        gate_add_rule(r, &reset);
    gate_add_rule(r, &refuse);
}

static void add_gate_chain(struct gate_rules *r, const struct topology_family *f,
                           const struct gate_policy *policy)
{
    struct gate_rule leased = {.lease = policy->lease};

    if (policy->lease) {
        gate_begin_chain(r, CHAIN_OPEN);
        add_roots(r, f);
    }
    gate_begin_chain(r, CHAIN_GATE);
    add_invalid(r, NULL);
    set_chain(&leased, TARGET_JUMP, CHAIN_OPEN);
    if (policy->lease)
        gate_add_rule(r, &leased);
    else
        add_roots(r, f);
    gate_add_refusal(r, policy, NULL);
}

static void add_reply_chain(struct gate_rules *r, const struct gate_policy *policy)
{
    struct gate_rule accept = {.lease = policy->lease, .target = TARGET_ACCEPT};
    struct gate_rule drop = {.target = TARGET_DROP};

    if (!policy->lease)
        return;
    gate_begin_chain(r, CHAIN_REPLY);
    gate_add_rule(r, &accept);
    gate_add_rule(r, &drop);
}

/* A rule for replies: what it matches is accepted, while the lease stands if there is one. */
static void add_reply(struct gate_rules *r, struct gate_rule *reply,
                      const struct gate_policy *policy)
{
    reply->states = STATE_ESTABLISHED | STATE_RELATED;
    if (policy->lease)
        set_chain(reply, TARGET_GOTO, CHAIN_REPLY);
    else
        reply->target = TARGET_ACCEPT;
    gate_add_rule(r, reply);
}

/* Reached with `goto`: a RETURN leads back to FORWARD, to the administrator's own entries. */
static void add_out_chain(struct gate_rules *r, const struct topology_family *f,
                          const struct gate_policy *policy)
{
    struct gate_rule out = {0};

    gate_begin_chain(r, CHAIN_OUT);
    for (size_t i = 0; i < f->wan_nets.count; i++) {
        struct gate_rule rule = {.destination = f->wan_nets.prefixes[i]};

        if (!prefix_list_overlaps(&f->localnet, &rule.destination))
            continue;
        set_chain(&rule, TARGET_GOTO, CHAIN_GATE);
        gate_add_rule(r, &rule);
        /* Outside, though its addresses are in LOCALNET: replies from there are replies. */
        for (size_t w = 0; w < f->wan_if.count; w++) {
            struct gate_rule reply = {.source = f->wan_nets.prefixes[i]};

            set_name(reply.in, f->wan_if.names[w]);
            add_reply(r, &reply, policy);
        }
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct gate_rule rule = {.destination = f->localnet.prefixes[i], .target = TARGET_RETURN};

        gate_add_rule(r, &rule);
    }
    set_chain(&out, TARGET_GOTO, CHAIN_GATE);
    gate_add_rule(r, &out);
}

static void add_base_chain(struct gate_rules *r, const struct topology_family *f,
                           const struct gate_policy *policy)
{
    struct gate_rule user = {0},
                     spoof = {.states = STATE_ESTABLISHED | STATE_RELATED, .not_states = true};

    struct gate_rule buried = {.buried = true, .target = TARGET_DROP};

    set_chain(&user, TARGET_JUMP, GATE_USER);
    set_chain(&spoof, TARGET_JUMP, CHAIN_SPOOF);
    gate_begin_chain(r, GATE_BASE);
    gate_add_rule(r, &user);
    if (r->family == AF_INET6)
        gate_add_rule(r, &buried);
    gate_add_rule(r, &spoof);
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct gate_rule rule = {.source = f->localnet.prefixes[i]};

        set_chain(&rule, TARGET_GOTO, CHAIN_OUT);
        gate_add_rule(r, &rule);
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        struct gate_rule reply = {.destination = f->localnet.prefixes[i]};

        add_reply(r, &reply, policy);
        add_invalid(r, &f->localnet.prefixes[i]);
    }
}

int gate_rules_filter(struct gate_rules *out, int family, const struct topology *topology,
                      const struct gate_policy *policy, const struct addr *hosts,
                      const struct lladdr *macs, size_t count)
{
    const struct topology_family *f = topology_family(topology, family);
    struct gate_rule accept = {.target = TARGET_ACCEPT};

    gate_rules_none(out, family, "filter");
    if (f->localnet.count == 0)
        return 0;
    out->user_chain = out->hooks[0].wanted = true;
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

int gate_rules_nat(struct gate_rules *out, int family, const struct topology *topology,
                   const struct addr *hosts, size_t count)
{
    const struct topology_family *f = topology_family(topology, family);
    struct addr *inner = calloc(count + 1, sizeof *inner);
    struct gate_rule *leaves = calloc(f->wan_if.count + 1, sizeof *leaves);
    size_t inner_count = 0;

    gate_rules_none(out, family, "nat");
    out->failed = !inner || !leaves;
    for (size_t i = 0; i < count && !out->failed; i++) {
        if (is_masqueraded(&hosts[i]))
            inner[inner_count++] = hosts[i];
    }
    for (size_t w = 0; w < f->wan_if.count && !out->failed; w++) {
        leaves[w].target = TARGET_MASQUERADE;
        set_name(leaves[w].out, f->wan_if.names[w]);
    }
    if (f->localnet.count > 0 && !out->failed) {
        out->hooks[0].wanted = true;
        gate_begin_chain(out, GATE_BASE);
        add_roots(out, f);
        add_trees(out, f, inner, NULL, inner_count, leaves, f->wan_if.count);
    }
    free(inner);
    free(leaves);
    return out->failed ? -ENOMEM : 0;
}
