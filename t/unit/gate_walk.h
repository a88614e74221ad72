/*
 * gate_walk: follows packets through firewall entries as the kernel would (jump, goto, return), and
 * says what becomes of each; and lists of names and networks from text.
 */
#ifndef TCPQUOTA_GATE_WALK_H
#define TCPQUOTA_GATE_WALK_H

#include "gate_rules.h"
#include "tap.h"

#include <netinet/in.h>

enum fate { ACCEPTED, DROPPED, REJECTED, RESET, MASQUERADED, POLICY, BROKEN };

static const char *const fates[] = {"accepted",
                                    "dropped",
                                    "rejected",
                                    "reset",
                                    "masqueraded",
                                    "left to the policy",
                                    "lost in broken rules"};

struct packet {
    struct addr source, destination;
    const char *in, *out;
    unsigned state; /* enum rule_state */
    uint8_t protocol;
    bool leased; /* the lease stands */
    struct lladdr mac;
    bool owned; /* has a socket, which is of `uid` */
    uint32_t uid;
    bool reset; /* RST is set */
};

static inline bool interface_matches(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);

    if (len == 0)
        return true;
    if (pattern[len - 1] == '+')
        return strncmp(pattern, name, len - 1) == 0;
    return strcmp(pattern, name) == 0;
}

static inline bool rule_matches(const struct rule *r, const struct packet *p)
{
    if (r->lease && !p->leased)
        return false;
    if (r->mac.len && !lladdr_equal(&r->mac, &p->mac))
        return false;
    if (r->owners.asked && !(p->owned && p->uid >= r->owners.first && p->uid <= r->owners.last))
        return false;
    if (r->reset && !(p->protocol == IPPROTO_TCP && p->reset))
        return false;
    if (r->source.addr.family && !prefix_contains(&r->source, &p->source))
        return false;
    if (r->destination.addr.family && !prefix_contains(&r->destination, &p->destination))
        return false;
    if (!interface_matches(r->in, p->in) || !interface_matches(r->out, p->out))
        return false;
    if (r->protocol && r->protocol != p->protocol)
        return false;
    return !r->connmark.mask && (!r->states || ((r->states & p->state) != 0) != r->not_states);
}

static inline const struct rule_chain *find_chain(const struct ruleset *r, const char *name)
{
    for (size_t i = 0; i < r->chain_count; i++) {
        if (strcmp(r->chains[i].name, name) == 0)
            return &r->chains[i];
    }
    return NULL;
}

static inline enum fate verdict(enum rule_target target)
{
    switch (target) {
    case TARGET_ACCEPT:
        return ACCEPTED;
    case TARGET_DROP:
        return DROPPED;
    case TARGET_REJECT:
        return REJECTED;
    case TARGET_REJECT_TCP:
        return RESET;
    case TARGET_MASQUERADE:
        return MASQUERADED;
    default:
        return BROKEN;
    }
}

/* From the chain `begin` on. `met`: how many rules the packet was compared with. */
static inline enum fate walk(const struct ruleset *r, const char *begin, const struct packet *p,
                             unsigned *met)
{
    struct place {
        size_t at, end;
    } here, back[16];
    const struct rule_chain *chain = find_chain(r, begin);
    unsigned depth = 0;

    *met = 0;
    if (!chain)
        return POLICY;
    here = (struct place){chain->first, chain->first + chain->count};
    while (*met < 100000) {
        const struct rule *rule;

        if (here.at == here.end) {
            if (depth == 0)
                return POLICY;
            here = back[--depth];
            continue;
        }
        rule = &r->rules[here.at++];
        ++*met;
        if (!rule_matches(rule, p))
            continue;
        if (rule->target == TARGET_RETURN) {
            here.at = here.end;
        } else if (rule->target != TARGET_JUMP && rule->target != TARGET_GOTO) {
            return verdict(rule->target);
        } else if (strcmp(rule->chain, GATE_USER) == 0) {
            if (!r->user_wanted)
                return BROKEN; /* it is empty here, but it has to be there */
        } else {
            chain = find_chain(r, rule->chain);
            if (!chain || depth == 16)
                return BROKEN;
            if (rule->target == TARGET_JUMP)
                back[depth++] = here;
            here = (struct place){chain->first, chain->first + chain->count};
        }
    }
    return BROKEN;
}

static inline struct addr address(const char *text)
{
    struct addr a = {0};

    if (addr_parse(text, &a) != 0)
        tap_note("the test itself is wrong: %s is no address", text);
    return a;
}

static inline void each_word(const char *words, void (*add)(void *to, const char *word), void *to)
{
    char copy[256], *save = NULL;

    snprintf(copy, sizeof copy, "%s", words);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        add(to, w);
}

static inline void add_name(void *to, const char *word)
{
    if (name_list_add(to, word) != 0)
        exit(1);
}

static inline void add_net(void *to, const char *word)
{
    struct prefix p = {.len = 0};

    if (prefix_parse(word, &p) != 0 || prefix_list_add(to, &p) != 0)
        exit(1);
}

#endif
