/*
 * gate_rules: the firewall entries that a set of open hosts asks for. Pure; the rest of the gate
 * alone includes this.
 *
 * Entries of hosts stand in a radix tree of chains (the next four bits of the address at each
 * level, levels with a single child skipped), so that a packet meets a few dozen entries however
 * many hosts are open. A chain is named after its network's number and the digits of its prefix
 * behind the network's own: TCPQUOTA-0063 is 10.99.x.x in the first network, 10.0.0.0/8. IPv6
 * networks shorter than /56 have more digits than a name holds; there only those stand in it in
 * which hosts differ.
 *
 * Blocked users of the gateway stand in a tree as well, at each level at most sixteen entries for
 * uids or ranges of them: behind TCPQUOTA-LOCAL-3 are those of the fourth range.
 */
#ifndef TCPQUOTA_GATE_RULES_H
#define TCPQUOTA_GATE_RULES_H

#include "gate.h"
#include "ruleset.h"
#include "topology.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_USER RULE_BASE "-USER"
#define GATE_LOCAL RULE_BASE "-LOCAL" /* what the gateway itself sends: whose is it? */
#define GATE_BLOCK RULE_BASE "-BLOCK" /* what is a blocked user's: where does it go? */

/* `hosts` are of `family`, sorted, each once, `macs` as in struct gate_order. 0 or -ENOMEM;
 * ruleset_free() in both cases. Where LOCALNET has no network of the family no chain is asked
 * for. */
int gate_rules_filter(struct ruleset *out, int family, const struct topology *topology,
                      const struct gate_policy *policy, const struct addr *hosts,
                      const struct lladdr *macs, size_t count);
/*
 * Adds to what gate_rules_filter() made the chains that block `uids` (sorted, each once): what
 * sockets of theirs send outside is rejected, or dropped. Spared are loopback, the gateway's own
 * addresses with it, LOCALNET without the part that is WAN_IF's, IPv6 link-local addresses, and
 * segments that reset a connection: with them the far end is told that it has been ended. Without
 * uids no chain is asked for. 0 or -ENOMEM.
 */
int gate_rules_block(struct ruleset *filter, const struct topology *topology,
                     const struct gate_policy *policy, const uint32_t *uids, size_t count);
/* The same as gate_rules_filter() for the nat table; IPv6 hosts with global addresses are left out.
 */
int gate_rules_nat(struct ruleset *out, int family, const struct topology *topology,
                   const struct addr *hosts, size_t count);
/* No chain at all: what is there of ours has to go. */
void gate_rules_none(struct ruleset *out, int family, const char *table);
/* Whether a chain of this name is ours to change; GATE_USER is not. */
bool gate_owns_chain(const char *name);

/* Used by the files of gate_rules alone. */
/* The end of what is closed: what goes to `destination`, or anywhere for NULL, is refused as the
 * policy has it. */
void gate_add_refusal(struct ruleset *r, const struct gate_policy *policy,
                      const struct prefix *destination);
/*
 * Adds the chains of the tree over `hosts`, all in `net`, whose number is `n`: the root chain is
 * named by gate_root_name(). Each host gets the `leaf_count` rules of `leaves`, its address as
 * their source, and its place in `macs`, unless that is NULL, as the address of the frame.
 */
void gate_add_tree(struct ruleset *r, unsigned n, const struct prefix *net,
                   const struct addr *hosts, const struct lladdr *macs, size_t count,
                   const struct rule *leaves, size_t leaf_count);
void gate_root_name(unsigned n, char out[RULE_CHAIN_LEN]);

#endif
