#include "gate_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FANOUT 16 /* entries in a chain: a digit of its name for each */

/* A RETURN leads back to OUTPUT, past the jump: GATE_LOCAL comes here with `goto`. */
static void add_block_chain(struct ruleset *r, const struct topology_family *f,
                            const struct gate_policy *policy)
{
    size_t near_count;
    const struct prefix *near = addr_near(r->family, &near_count);
    struct rule spared = {.protocol = IPPROTO_TCP, .reset = true, .target = TARGET_RETURN};

    ruleset_begin_chain(r, GATE_BLOCK);
    ruleset_add(r, &spared);
    for (size_t i = 0; i < near_count; i++) {
        spared = (struct rule){.destination = near[i], .target = TARGET_RETURN};
        ruleset_add(r, &spared);
    }
    for (size_t i = 0; i < f->wan_nets.count; i++) {
        if (prefix_list_overlaps(&f->localnet, &f->wan_nets.prefixes[i]))
            gate_add_refusal(r, policy, &f->wan_nets.prefixes[i]);
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        spared = (struct rule){.destination = f->localnet.prefixes[i], .target = TARGET_RETURN};
        ruleset_add(r, &spared);
    }
    gate_add_refusal(r, policy, NULL);
}

/* Uids that follow one another are one run. How many there are in `out`, which has room for all. */
static size_t find_runs(const uint32_t *uids, size_t count, struct rule_owners *out)
{
    size_t runs = 0;

    for (size_t i = 0; i < count; i++) {
        if (runs && uids[i] == out[runs - 1].last + 1)
            out[runs - 1].last = uids[i];
        else
            out[runs++] = (struct rule_owners){.asked = true, .first = uids[i], .last = uids[i]};
    }
    return runs;
}

/* How many runs one entry stands for where `count` of them have a chain. */
static size_t group_size(size_t count)
{
    size_t size = 1;

    while (size * FANOUT < count)
        size *= FANOUT;
    return size;
}

/*
 * The entries of the chain begun last, then the chains below it: a tree, because the match takes a
 * lock and is slow (70 ns). Groups have no uid in common: `goto` misses nothing.
 */
static void add_runs(struct ruleset *r, const char *name, const struct rule_owners *runs,
                     size_t count)
{
    size_t size = group_size(count), n, digit = 0;
    char child[RULE_CHAIN_LEN];

    for (size_t i = 0; i < count; i += size, digit++) {
        struct rule rule = {.owners = runs[i], .target = TARGET_GOTO, .chain = GATE_BLOCK};

        n = count - i < size ? count - i : size;
        rule.owners.last = runs[i + n - 1].last;
        if (size > 1)
            snprintf(rule.chain, sizeof rule.chain, "%s%zx", name, digit);
        ruleset_add(r, &rule);
    }
    digit = 0;
    for (size_t i = 0; i < count && size > 1; i += size, digit++) {
        n = count - i < size ? count - i : size;
        snprintf(child, sizeof child, "%s%zx", name, digit);
        ruleset_begin_chain(r, child);
        add_runs(r, child, runs + i, n);
    }
}

/* Everything that the gateway sends comes through here: loopback meets one entry. */
static void add_local_chain(struct ruleset *r, const uint32_t *uids, size_t count)
{
    struct rule loopback = {.out = "lo", .target = TARGET_RETURN};
    struct rule_owners *runs = calloc(count, sizeof *runs);

    if (!runs) {
        r->failed = true;
        return;
    }
    ruleset_begin_chain(r, GATE_LOCAL);
    ruleset_add(r, &loopback);
    add_runs(r, GATE_LOCAL "-", runs, find_runs(uids, count, runs));
    free(runs);
}

int gate_rules_block(struct ruleset *filter, const struct topology *topology,
                     const struct gate_policy *policy, const uint32_t *uids, size_t count)
{
    if (count > 0) {
        add_local_chain(filter, uids, count);
        add_block_chain(filter, topology_family(topology, filter->family), policy);
    }
    for (size_t i = 0; i < filter->hook_count; i++) {
        if (count > 0 && strcmp(filter->hooks[i].chain, GATE_LOCAL) == 0)
            filter->hooks[i].wanted = true;
    }
    return filter->failed ? -ENOMEM : 0;
}
