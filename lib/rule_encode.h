/*
 * rule_encode: a rule as the kernel's entry, and back to the question whether an entry of the
 * kernel is this rule. Pure; formats are those of linux/netfilter_ipv4/ip_tables.h,
 * linux/netfilter_ipv6/ip6_tables.h and of the extensions named there.
 */
#ifndef TCPQUOTA_RULE_ENCODE_H
#define TCPQUOTA_RULE_ENCODE_H

#include "ruleset.h"

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

/* Header, at most one match, target. */
union rule_entry {
    struct ipt_entry v4;
    struct ip6t_entry v6;
    char bytes[512];
};

void rule_encode(int family, union rule_entry *e, const struct rule *r);
/* What the target is called: an extension, a verdict, or the chain of a jump. */
const char *rule_target_name(const struct rule *r);
/* Whether `theirs`, a struct ipt_entry or ip6t_entry read from the kernel, is this rule in all but
 * the target's name, which libiptc alone knows. */
bool rule_encode_same(int family, const void *theirs, const struct rule *rule);

#endif
