#include "gate_rules.h"

#include <stdio.h>
#include <string.h>

/* What stays the same on the way down. */
struct tree {
    struct ruleset *rules;
    const struct addr *hosts;
    const struct lladdr *macs; /* of the hosts, or NULL */
    const struct rule *leaves;
    size_t leaf_count;
    unsigned base;       /* digits that the network itself fixes */
    bool digits_in_full; /* a name has all digits of its prefix behind those */
};

/* The longest name that iptables(8) takes, and the digits of it that a root's name leaves. */
#define NAME_BYTES 28
#define NAME_DIGITS 17
#define ROOT_BYTES (NAME_BYTES - NAME_DIGITS)

void gate_root_name(unsigned n, char out[RULE_CHAIN_LEN])
{
    snprintf(out, RULE_CHAIN_LEN, RULE_BASE "-%02x", n);
}

/* Digits that the first and the last host share, and so all between. */
static unsigned shared_digits(const struct tree *t, size_t first, size_t last)
{
    unsigned n = 0, all = addr_bits(&t->hosts[first]) / 4;

    while (n < all && addr_nibble(&t->hosts[first], n) == addr_nibble(&t->hosts[last], n))
        n++;
    return n;
}

static void add_leaves(const struct tree *t, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        for (size_t k = 0; k < t->leaf_count; k++) {
            struct rule rule = t->leaves[k];

            rule.source = (struct prefix){t->hosts[i], (uint8_t)addr_bits(&t->hosts[i])};
            if (t->macs)
                rule.mac = t->macs[i];
            ruleset_add(t->rules, &rule);
        }
    }
}

/* The end of the group that shares the digit `at` with `first`. */
static size_t group_end(const struct tree *t, size_t first, size_t end, unsigned at)
{
    size_t i = first + 1;

    while (i < end && addr_nibble(&t->hosts[i], at) == addr_nibble(&t->hosts[first], at))
        i++;
    return i;
}

/*
 * The name of the chain over hosts [first, end), which differ from their neighbours below `parent`
 * in the digit `at`. False if they have no chain: a single host needs none, and a name that would
 * be too long leaves its hosts in a row.
 */
static bool child_name(const struct tree *t, const char *parent, size_t first, size_t end,
                       unsigned at, char out[RULE_CHAIN_LEN])
{
    unsigned from = t->digits_in_full ? t->base + (unsigned)strlen(parent) - ROOT_BYTES : at;
    unsigned to = t->digits_in_full ? shared_digits(t, first, end - 1) : at + 1;
    size_t n = strlen(parent);

    if (end - first < 2 || n + to - from > NAME_BYTES)
        return false;
    memcpy(out, parent, n);
    for (unsigned i = from; i < to; i++)
        out[n++] = "0123456789abcdef"[addr_nibble(&t->hosts[first], i)];
    out[n] = '\0';
    return true;
}

/* The chain over hosts [first, end), then those below it. */
static void add_node(const struct tree *t, const char *name, size_t first, size_t end)
{
    unsigned at = shared_digits(t, first, end - 1);
    char child[RULE_CHAIN_LEN];

    ruleset_begin_chain(t->rules, name);
    for (size_t i = first, next; i < end; i = next) {
        next = group_end(t, i, end, at);
        if (child_name(t, name, i, next, at, child)) {
            unsigned digits = shared_digits(t, i, next - 1);
            struct rule jump = {.target = TARGET_GOTO,
                                .source = prefix_of(&t->hosts[i], digits * 4)};

            memcpy(jump.chain, child, strlen(child) + 1);
            ruleset_add(t->rules, &jump);
        } else {
            add_leaves(t, i, next);
        }
    }
    for (size_t i = first, next; i < end; i = next) {
        next = group_end(t, i, end, at);
        if (child_name(t, name, i, next, at, child))
            add_node(t, child, i, next);
    }
}

void gate_add_tree(struct ruleset *r, unsigned n, const struct prefix *net,
                   const struct addr *hosts, const struct lladdr *macs, size_t count,
                   const struct rule *leaves, size_t leaf_count)
{
    unsigned base = net->len / 4u;
    struct tree t = {.rules = r,
                     .hosts = hosts,
                     .macs = macs,
                     .leaves = leaves,
                     .leaf_count = leaf_count,
                     .base = base,
                     .digits_in_full = addr_bits(&net->addr) / 4 - 1 - base <= NAME_DIGITS ||
                                       net->len == addr_bits(&net->addr)};
    char root[RULE_CHAIN_LEN];

    gate_root_name(n, root);
    if (count == 0)
        ruleset_begin_chain(r, root);
    else
        add_node(&t, root, 0, count);
}
