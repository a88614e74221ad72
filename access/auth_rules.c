#include "auth_rules.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define CHAIN_AUTH RULE_AUTH_CHAIN
#define CHAIN_ASK RULE_AUTH_CHAIN "-ASK"
#define CHAIN_FORWARD RULE_AUTH_CHAIN "-FWD"
#define CHAIN_PASS RULE_AUTH_CHAIN "-PASS"
#define CHAIN_LET RULE_AUTH_CHAIN "-LET"

bool auth_owns_chain(const char *name)
{
    static const char *const own[] = {CHAIN_AUTH, CHAIN_ASK, CHAIN_FORWARD, CHAIN_PASS, CHAIN_LET};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(own[i], name) == 0)
            return true;
    }
    return false;
}

void auth_rules_none(struct ruleset *out, int family)
{
    static const struct {
        const char *builtin, *last;
    } ends[] = {{"INPUT", CHAIN_PASS}, {"FORWARD", CHAIN_FORWARD}};

    *out = (struct ruleset){.family = family, .table = "filter", .owns = auth_owns_chain};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        out->hooks[out->hook_count++] =
            (struct rule_hook){.builtin = ends[i].builtin, .chain = CHAIN_AUTH};
        out->hooks[out->hook_count++] = (struct rule_hook){
            .builtin = ends[i].builtin, .chain = ends[i].last, .behind = {CHAIN_AUTH, RULE_BASE}};
    }
}

static void lead(struct ruleset *r, struct rule rule, enum rule_target target, const char *chain)
{
    rule_lead(&rule, target, chain);
    ruleset_add(r, &rule);
}

/* The ports of one interface ("": of any): each leads to the queue. */
static void add_ports(struct ruleset *r, const struct conf_auth *auth, const char *interface)
{
    static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};
    struct rule rule = {0};

    rule_set_interface(rule.in, interface);
    if (auth->ports.count == 0)
        lead(r, rule, TARGET_GOTO, CHAIN_ASK);
    for (size_t i = 0; i < auth->ports.count; i++) {
        const struct port_range *range = &auth->ports.ranges[i];

        rule.ports = (struct rule_ports){true, range->first, range->last};
        for (size_t k = 0; k < sizeof protocols / sizeof *protocols; k++) {
            rule.protocol = protocols[k];
            if (!range->protocol || range->protocol == rule.protocol)
                lead(r, rule, TARGET_GOTO, CHAIN_ASK);
        }
    }
}

static void add_auth_chain(struct ruleset *r, const struct conf_auth *auth)
{
    /* What connection tracking makes nothing of is asked for, too. */
    struct rule old = {
        .states = STATE_NEW | STATE_INVALID, .not_states = true, .target = TARGET_RETURN};
    struct rule loopback = {.in = "lo", .target = TARGET_RETURN};
    /* Without connection tracking to tell them apart, neighbours have to find each other. */
    struct rule neighbours = {.protocol = IPPROTO_ICMPV6, .target = TARGET_RETURN};

    ruleset_begin_chain(r, CHAIN_AUTH);
    if (auth->keep_state)
        ruleset_add(r, &old);
    else if (r->family == AF_INET6)
        ruleset_add(r, &neighbours);
    if (auth->interfaces.count == 0) {
        ruleset_add(r, &loopback);
        add_ports(r, auth, "");
    }
    for (size_t i = 0; i < auth->interfaces.count; i++)
        add_ports(r, auth, auth->interfaces.names[i]);
}

static void add_ask_chain(struct ruleset *r, const struct conf_auth *auth,
                          const struct auth_sets *sets)
{
    struct rule reset = {.protocol = IPPROTO_TCP,
                         .mark = {AUTH_MARK_BLOCK, AUTH_MARK_BITS},
                         .target = TARGET_REJECT_TCP};
    struct rule block = {.mark = {AUTH_MARK_BLOCK, AUTH_MARK_BITS}, .target = TARGET_DROP};
    struct rule known = {.set = {true, sets->index, sets->ports},
                         .target = TARGET_MARK,
                         .set_mark = {AUTH_MARK_PASS, AUTH_MARK_BITS}};
    struct rule passed = {.mark = {AUTH_MARK_PASS, AUTH_MARK_BITS},
                          .target = TARGET_CONNMARK,
                          .set_mark = {AUTH_FLOW_PASSED, AUTH_FLOW_PASSED}};
    struct rule answered = {.mark = {AUTH_MARK_ANSWERED, AUTH_MARK_ANSWERED},
                            .target = TARGET_RETURN};
    /* Without a reply a flow is new for each of its packets, and the last answer holds. */
    struct rule forget = {.connmark = {AUTH_FLOW_PASSED, AUTH_FLOW_PASSED},
                          .target = TARGET_CONNMARK,
                          .set_mark = {0, AUTH_FLOW_PASSED}};
    struct rule ask = {
        .target = TARGET_QUEUE, .queue = (uint16_t)auth->queue, .bypass = auth->fail == FAIL_OPEN};

    ruleset_begin_chain(r, CHAIN_ASK);
    if (auth->return_reset)
        ruleset_add(r, &reset);
    ruleset_add(r, &block);
    if (sets->used)
        ruleset_add(r, &known);
    if (auth->keep_state)
        ruleset_add(r, &passed);
    ruleset_add(r, &answered);
    if (auth->keep_state)
        ruleset_add(r, &forget);
    ruleset_add(r, &ask);
}

static void add_forward_chain(struct ruleset *r, const struct prefix_list *localnet)
{
    ruleset_begin_chain(r, CHAIN_FORWARD);
    for (size_t i = 0; i < localnet->count; i++) {
        struct rule local = {.source = localnet->prefixes[i], .target = TARGET_RETURN};

        if (local.source.addr.family == r->family)
            ruleset_add(r, &local);
    }
    lead(r, (struct rule){0}, TARGET_GOTO, CHAIN_PASS);
}

static void add_pass_chain(struct ruleset *r, const struct conf_auth *auth)
{
    struct rule packet = {.mark = {AUTH_MARK_PASS, AUTH_MARK_BITS}};
    struct rule next = {.mark = {AUTH_MARK_NEXT, AUTH_MARK_BITS},
                        .target = TARGET_MARK,
                        .set_mark = {0, AUTH_MARK_BITS}};
    struct rule flow = {.connmark = {AUTH_FLOW_PASSED, AUTH_FLOW_PASSED}, .target = TARGET_ACCEPT};
    struct rule clear = {.target = TARGET_MARK, .set_mark = {0, AUTH_MARK_BITS}};
    struct rule accept = {.target = TARGET_ACCEPT};

    ruleset_begin_chain(r, CHAIN_PASS);
    lead(r, packet, TARGET_GOTO, CHAIN_LET);
    ruleset_add(r, &next);
    if (auth->keep_state)
        ruleset_add(r, &flow);
    ruleset_begin_chain(r, CHAIN_LET);
    ruleset_add(r, &clear);
    ruleset_add(r, &accept);
}

int auth_rules_make(struct ruleset *out, int family, const struct conf *conf,
                    const struct auth_sets *sets)
{
    const struct conf_auth *auth = &conf->auth;

    auth_rules_none(out, family);
    for (size_t i = 0; i < out->hook_count; i++) {
        bool input = strcmp(out->hooks[i].builtin, "INPUT") == 0;

        out->hooks[i].wanted = (auth->hooks & (input ? HOOK_INPUT : HOOK_FORWARD)) != 0;
    }
    add_auth_chain(out, auth);
    add_ask_chain(out, auth, sets);
    add_forward_chain(out, &conf->localnet);
    add_pass_chain(out, auth);
    return out->failed ? -ENOMEM : 0;
}
