/*
 * rules: what holds for an address, by ranges of addresses. The narrowest range that holds it wins;
 * among those the latest itime, then the one that was added last. Rules never merge.
 *
 * rules_add() until all are there, then rules_finish(), then rules_find(): a binary search, however
 * many there are and however they overlap. A set owns copies of what it was given. Nothing blocks.
 */
#ifndef TCPQUOTA_RULES_H
#define TCPQUOTA_RULES_H

#include "addr.h"

#include <stddef.h>
#include <stdint.h>

#define RULE_ACCEPT 0
#define RULE_DENY 1

struct rule {
    struct addr_range range; /* family 0: everyone, IPv4 and IPv6 */
    int64_t itime;           /* INT64_MIN: none */
    int64_t decision;        /* RULE_ACCEPT, RULE_DENY; what is neither denies */
    const char *env;         /* variables, see variables.h; "" without any */
};

struct rules;

/* 0 or -ENOMEM. */
int rules_new(struct rules **out);
void rules_free(struct rules *r);
/* 0 or -ENOMEM. */
int rules_add(struct rules *r, const struct rule *rule);
/* Once, when all have been added. 0 or -ENOMEM. */
int rules_finish(struct rules *r);
/* The rule for this address, which lives as long as the set; NULL if there is none. */
const struct rule *rules_find(const struct rules *r, const struct addr *a);

#endif
