/*
 * gate_rules: the firewall entries that a set of open hosts asks for, as plain values. Pure; the
 * rest of the gate alone includes this.
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
#include "list.h"
#include "topology.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_CHAIN_LEN 32 /* libiptc's label size; iptables(8) takes names of 28 characters */
#define GATE_BASE "TCPQUOTA"
#define GATE_USER "TCPQUOTA-USER"
#define GATE_LOCAL "TCPQUOTA-LOCAL" /* what the gateway itself sends: whose is it? */
#define GATE_BLOCK "TCPQUOTA-BLOCK" /* what is a blocked user's: where does it go? */
/* The lease: lists of the match `recent`, which know no family. */
#define GATE_LEASE "tcpquota"
#define GATE_LEASE6 "tcpquota6"

enum gate_state { STATE_INVALID = 1, STATE_ESTABLISHED = 2, STATE_RELATED = 4, STATE_NEW = 8 };

/* What the owner of a packet's socket is compared with; uids, both included. */
struct gate_owners {
    bool asked; /* false: any packet, whether it has a socket or not */
    uint32_t first, last;
};

enum gate_target {
    TARGET_ACCEPT,
    TARGET_DROP,
    TARGET_RETURN,
    TARGET_REJECT,     /* administratively prohibited */
    TARGET_REJECT_TCP, /* with a reset */
    TARGET_MASQUERADE,
    TARGET_JUMP, /* to `chain`, and back */
    TARGET_GOTO  /* to `chain`, and not back */
};

struct gate_rule {
    struct prefix source, destination; /* family 0: any */
    char in[IFNAMSIZ], out[IFNAMSIZ];  /* "": any; may end in `+` */
    uint8_t protocol;                  /* 0: any */
    uint8_t states;                    /* enum gate_state, 0: any */
    bool not_states;                   /* any but those */
    bool buried;                       /* connections with the mark FLOW_BURIED */
    uint32_t lease;                    /* while one of so many seconds stands; 0: always */
    struct lladdr mac;                 /* of an Ethernet frame's source; not known: any */
    struct gate_owners owners;
    bool reset; /* segments of TCP, the protocol, with RST set */
    enum gate_target target;
    char chain[GATE_CHAIN_LEN];
};

struct gate_chain {
    char name[GATE_CHAIN_LEN];
    size_t first, count; /* in the rules */
};

/* Where packets come in: while it is wanted, the first entry of a chain of the kernel's jumps to a
 * chain of ours, and no other entry there does. */
struct gate_hook {
    const char *builtin, *chain;
    bool wanted;
};
#define GATE_HOOKS_MAX 2

/* All chains of one table of one family. */
struct gate_rules {
    int family;
    const char *table; /* "filter" or "nat" */
    struct gate_hook hooks[GATE_HOOKS_MAX];
    size_t hook_count;
    bool user_chain; /* GATE_USER has to be there */
    struct gate_chain *chains;
    size_t chain_count;
    struct gate_rule *rules;
    size_t rule_count;
    size_t chain_room, rule_room;
    bool failed; /* out of memory: nothing here is to be used */
};

/* `hosts` are of `family`, sorted, each once, `macs` as in struct gate_order. 0 or -ENOMEM;
 * gate_rules_free() in both cases. Where LOCALNET has no network of the family no chain is asked
 * for. */
int gate_rules_filter(struct gate_rules *out, int family, const struct topology *topology,
                      const struct gate_policy *policy, const struct addr *hosts,
                      const struct lladdr *macs, size_t count);
/*
 * Adds to what gate_rules_filter() made the chains that block `uids` (sorted, each once): what
 * sockets of theirs send outside is rejected, or dropped. Spared are loopback, the gateway's own
 * addresses with it, LOCALNET without the part that is WAN_IF's, IPv6 link-local addresses, and
 * segments that reset a connection: with them the far end is told that it has been ended. Without
 * uids no chain is asked for. 0 or -ENOMEM.
 */
int gate_rules_block(struct gate_rules *filter, const struct topology *topology,
                     const struct gate_policy *policy, const uint32_t *uids, size_t count);
/* The same as gate_rules_filter() for the nat table; IPv6 hosts with global addresses are left out.
 */
int gate_rules_nat(struct gate_rules *out, int family, const struct topology *topology,
                   const struct addr *hosts, size_t count);
/* No chain at all: what is there of ours has to go. */
void gate_rules_none(struct gate_rules *out, int family, const char *table);
void gate_rules_free(struct gate_rules *r);
/* Whether a chain of this name is ours to change; GATE_USER is not. */
bool gate_owns_chain(const char *name);

/* Used by the files of gate_rules alone: begins a chain; the rules added next are its own. */
void gate_begin_chain(struct gate_rules *r, const char *name);
/* Adds to the chain begun last. */
void gate_add_rule(struct gate_rules *r, const struct gate_rule *rule);
/* The end of what is closed: what goes to `destination`, or anywhere for NULL, is refused as the
 * policy has it. */
void gate_add_refusal(struct gate_rules *r, const struct gate_policy *policy,
                      const struct prefix *destination);
/*
 * Adds the chains of the tree over `hosts`, all in `net`, whose number is `n`: the root chain is
 * named by gate_root_name(). Each host gets the `leaf_count` rules of `leaves`, its address as
 * their source, and its place in `macs`, unless that is NULL, as the address of the frame.
 */
void gate_add_tree(struct gate_rules *r, unsigned n, const struct prefix *net,
                   const struct addr *hosts, const struct lladdr *macs, size_t count,
                   const struct gate_rule *leaves, size_t leaf_count);
void gate_root_name(unsigned n, char out[GATE_CHAIN_LEN]);

#endif
