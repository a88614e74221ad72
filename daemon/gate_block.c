#include "gate_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FANOUT 16 /* entries in a chain: a digit of its name for each */

/* A RETURN leads back to OUTPUT, past the jump: GATE_LOCAL comes here with `goto`. */
static void add_block_chain(struct gate_rules *r, const struct topology_family *f,
                            const struct gate_policy *policy)
{
    size_t near_count;
    const struct prefix *near = addr_near(r->family, &near_count);
    struct gate_rule spared = {.protocol = IPPROTO_TCP, .reset = true, .target = TARGET_RETURN};

    gate_begin_chain(r, GATE_BLOCK);
    gate_add_rule(r, &spared);
    for (size_t i = 0; i < near_count; i++) {
        spared = (struct gate_rule){.destination = near[i], .target = TARGET_RETURN};
        gate_add_rule(r, &spared);
    }
    for (size_t i = 0; i < f->wan_nets.count; i++) {
        if (prefix_list_overlaps(&f->localnet, &f->wan_nets.prefixes[i]))
            gate_add_refusal(r, policy, &f->wan_nets.prefixes[i]);
    }
    for (size_t i = 0; i < f->localnet.count; i++) {
        spared =
            (struct gate_rule){.destination = f->localnet.prefixes[i], .target = TARGET_RETURN};
        gate_add_rule(r, &spared);
    }
    gate_add_refusal(r, policy, NULL);
}

/* Uids that follow one another are one run. How many there are in `out`, which has room for all. */
static size_t find_runs(const uint32_t *uids, size_t count, struct gate_owners *out)
{
    size_t runs = 0;

    for (size_t i = 0; i < count; i++) {
        if (runs && uids[i] == out[runs - 1].last + 1)
            out[runs - 1].last = uids[i];
        else
            out[runs++] = (struct gate_owners){.asked = true, .first = uids[i], .last = uids[i]};
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
static void add_runs(struct gate_rules *r, const char *name, const struct gate_owners *runs,
                     size_t count)
{
    size_t size = group_size(count), n, digit = 0;
    char child[GATE_CHAIN_LEN];

    for (size_t i = 0; i < count; i += size, digit++) {
        struct gate_rule rule = {.owners = runs[i], .target = TARGET_GOTO, .chain = GATE_BLOCK};

        n = count - i < size ? count - i : size;
        rule.owners.last = runs[i + n - 1].last;
        if (size > 1)
            snprintf(rule.chain, sizeof rule.chain, "%s%zx", name, digit);
        gate_add_rule(r, &rule);
    }
    digit = 0;
    for (size_t i = 0; i < count && size > 1; i += size, digit++) {
        n = count - i < size ? count - i : size;
        snprintf(child, sizeof child, "%s%zx", name, digit);
        gate_begin_chain(r, child);
        add_runs(r, child, runs + i, n);
    }
}

/* Everything that the gateway sends comes through here: loopback meets one entry. */
static void add_local_chain(struct gate_rules *r, const uint32_t *uids, size_t count)
{
    struct gate_rule loopback = {.out = "lo", .target = TARGET_RETURN};
    struct gate_owners *runs = calloc(count, sizeof *runs);

    if (!runs) {
        r->failed = true;
        return;
    }
    gate_begin_chain(r, GATE_LOCAL);
    gate_add_rule(r, &loopback);
    add_runs(r, GATE_LOCAL "-", runs, find_runs(uids, count, runs));
    free(runs);
}

int gate_rules_block(struct gate_rules *filter, const struct topology *topology,
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
