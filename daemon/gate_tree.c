#include "gate_rules.h"

#include <stdio.h>
#include <string.h>

/* What stays the same on the way down. */
struct tree {
    struct gate_rules *rules;
    const struct addr *hosts;
    const struct gate_rule *leaves;
    size_t leaf_count;
    unsigned net;  /* number of the network */
    unsigned base; /* digits that the network itself fixes */
};

/* 28 characters less "TCPQUOTA-" and the number of the network. */
#define NAME_DIGITS 17

void gate_root_name(unsigned n, char out[GATE_CHAIN_LEN])
{
    snprintf(out, GATE_CHAIN_LEN, GATE_BASE "-%02x", n);
}

static void node_name(const struct tree *t, const struct addr *host, unsigned digits, char *out)
{
    size_t n;

    gate_root_name(t->net, out);
    n = strlen(out);
    for (unsigned i = t->base; i < digits; i++)
        out[n++] = "0123456789abcdef"[addr_nibble(host, i)];
    out[n] = '\0';
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
            struct gate_rule rule = t->leaves[k];

            rule.source = (struct prefix){t->hosts[i], (uint8_t)addr_bits(&t->hosts[i])};
            gate_add_rule(t->rules, &rule);
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

/* A single host has no chain; nor has a prefix too long for a name, whose hosts stand in a row. */
static bool has_chain(const struct tree *t, size_t first, size_t end, unsigned *digits)
{
    if (end - first < 2)
        return false;
    *digits = shared_digits(t, first, end - 1);
    return *digits - t->base <= NAME_DIGITS;
}

/* The chain over hosts [first, end), then those below it. */
static void add_node(const struct tree *t, const char *name, size_t first, size_t end)
{
    unsigned at = shared_digits(t, first, end - 1), digits;
    char child[GATE_CHAIN_LEN];

    gate_begin_chain(t->rules, name);
    for (size_t i = first, next; i < end; i = next) {
        next = group_end(t, i, end, at);
        if (has_chain(t, i, next, &digits)) {
            struct gate_rule jump = {.target = TARGET_GOTO,
                                     .source = prefix_of(&t->hosts[i], digits * 4)};

            node_name(t, &t->hosts[i], digits, jump.chain);
            gate_add_rule(t->rules, &jump);
        } else {
            add_leaves(t, i, next);
        }
    }
    for (size_t i = first, next; i < end; i = next) {
        next = group_end(t, i, end, at);
        if (has_chain(t, i, next, &digits)) {
            node_name(t, &t->hosts[i], digits, child);
            add_node(t, child, i, next);
        }
    }
}

void gate_add_tree(struct gate_rules *r, unsigned n, const struct prefix *net,
                   const struct addr *hosts, size_t count, const struct gate_rule *leaves,
                   size_t leaf_count)
{
    struct tree t = {.rules = r,
                     .hosts = hosts,
                     .leaves = leaves,
                     .leaf_count = leaf_count,
                     .net = n,
                     .base = net->len / 4u};
    char root[GATE_CHAIN_LEN];

    gate_root_name(n, root);
    if (count == 0)
        gate_begin_chain(r, root);
    else
        add_node(&t, root, 0, count);
}
