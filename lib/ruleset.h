/*
 * ruleset: the firewall entries that one of our programs asks for in one table of one family, as
 * plain values: chains, what stands in them, and from where packets come into them.
 *
 * A ruleset owns its memory; ruleset_free() gives it back. Nothing blocks. Out of memory is noted
 * in `failed`, so that a caller asks once, at the end.
 */
#ifndef TCPQUOTA_RULESET_H
#define TCPQUOTA_RULESET_H

#include "addr.h"
#include "lladdr.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULE_CHAIN_LEN 32 /* libiptc's label size; iptables(8) takes names of 28 characters */
#define RULE_BASE "TCPQUOTA"
#define RULE_AUTH_CHAIN RULE_BASE "-AUTH" /* of tcpquota-authd(8): stands before the gate */
/* The lease: lists of the match `recent`, which know no family. */
#define RULE_LEASE "tcpquota"
#define RULE_LEASE6 "tcpquota6"

enum rule_state { STATE_INVALID = 1, STATE_ESTABLISHED = 2, STATE_RELATED = 4, STATE_NEW = 8 };

/* What the owner of a packet's socket is compared with; uids, both included. */
struct rule_owners {
    bool asked; /* false: any packet, whether it has a socket or not */
    uint32_t first, last;
};

/* A mark under a mask; the mask 0: any. */
struct rule_mark {
    uint32_t value, mask;
};

/* Ports that a packet goes to, both included. */
struct rule_ports {
    bool asked;
    uint16_t first, last;
};

/* A set of the kernel's that has the source, with `port` together with the port it goes to. */
struct rule_set {
    bool asked;
    uint16_t index; /* as the kernel numbers it */
    bool port;
};

enum rule_target {
    TARGET_ACCEPT,
    TARGET_DROP,
    TARGET_RETURN,
    TARGET_REJECT,     /* administratively prohibited */
    TARGET_REJECT_TCP, /* with a reset */
    TARGET_MASQUERADE,
    TARGET_QUEUE,    /* asks the program behind the queue `queue` */
    TARGET_MARK,     /* sets the bits under the mask of `set_mark` in the packet's, and goes on */
    TARGET_CONNMARK, /* in the connection's */
    TARGET_JUMP,     /* to `chain`, and back */
    TARGET_GOTO      /* to `chain`, and not back */
};

/* At most one of the matches below `protocol` can be asked for. */
struct rule {
    struct prefix source, destination; /* family 0: any */
    char in[IFNAMSIZ], out[IFNAMSIZ];  /* "": any; may end in `+` */
    uint8_t protocol;                  /* 0: any */
    uint8_t states;                    /* enum rule_state, 0: any */
    bool not_states;                   /* any but those */
    struct rule_mark mark, connmark;   /* of the packet, of its connection */
    uint32_t lease;                    /* while one of so many seconds stands; 0: always */
    struct lladdr mac;                 /* of an Ethernet frame's source; not known: any */
    struct rule_owners owners;
    struct rule_ports ports; /* of TCP or UDP, the protocol */
    bool reset;              /* segments of TCP, the protocol, with RST set */
    struct rule_set set;
    enum rule_target target;
    char chain[RULE_CHAIN_LEN];
    uint16_t queue;
    bool bypass; /* without a program behind the queue the packet goes on */
    struct rule_mark set_mark;
};

struct rule_chain {
    char name[RULE_CHAIN_LEN];
    size_t first, count; /* in the rules */
};

/*
 * Where packets come in: while it is wanted, one entry of a chain of the kernel's jumps to a chain
 * of ours, and no other entry there does. It is the first, but for jumps to the chains in `behind`,
 * which other programs of ours have there.
 */
#define RULE_BEHIND_MAX 2
struct rule_hook {
    const char *builtin, *chain;
    bool wanted;
    const char *behind[RULE_BEHIND_MAX];
};
#define RULE_HOOKS_MAX 6

/* All our chains of one table of one family. */
struct ruleset {
    int family;
    const char *table; /* "filter" or "nat" */
    /* Whether a chain of this name is ours to change. */
    bool (*owns)(const char *name);
    struct rule_hook hooks[RULE_HOOKS_MAX];
    size_t hook_count;
    const char *user_chain; /* the administrator's own, never changed; NULL: none of our business */
    bool user_wanted;       /* it has to be there; false: it goes, if it is empty and not used */
    struct rule_chain *chains;
    size_t chain_count;
    struct rule *rules;
    size_t rule_count;
    size_t chain_room, rule_room;
    bool failed; /* out of memory: nothing here is to be used */
};

/* Begins a chain; the rules added next are its own. */
void ruleset_begin_chain(struct ruleset *r, const char *name);
/* Adds to the chain begun last. */
void ruleset_add(struct ruleset *r, const struct rule *rule);
/* Frees the chains; the hooks stay. */
void ruleset_free(struct ruleset *r);
/* Where `rule` leads: `target` is TARGET_JUMP or TARGET_GOTO. */
void rule_lead(struct rule *rule, enum rule_target target, const char *chain);
/* Sets an interface's name, `in` or `out`. */
void rule_set_interface(char to[IFNAMSIZ], const char *from);

#endif
