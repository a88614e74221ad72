/* The entries of tcpquota-authd: what is asked for, what passes, and that the gate is in between.
 */
#include "auth_rules.h"
#include "gate_walk.h"
#include "tap.h"

#include <net/if.h>

static const struct auth_sets no_sets;
static struct prefix nets[2]; /* 10.0.0.0/8, fd00::/8 */

static int make(struct ruleset *r, int family, const struct conf_auth *auth,
                const struct auth_sets *sets)
{
    struct conf conf = {.auth = *auth, .localnet = {nets, 2}};

    return auth_rules_make(r, family, &conf, sets);
}

static const struct rule_chain *chain_of(const struct ruleset *r, const char *name)
{
    return find_chain(r, name);
}

/* The first rule of a chain with this target, or NULL. */
static const struct rule *rule_with(const struct ruleset *r, const char *chain,
                                    enum rule_target target)
{
    const struct rule_chain *c = chain_of(r, chain);

    for (size_t i = 0; c && i < c->count; i++) {
        if (r->rules[c->first + i].target == target)
            return &r->rules[c->first + i];
    }
    return NULL;
}

static int place_of(const struct ruleset *r, const char *chain, enum rule_target target)
{
    const struct rule *rule = rule_with(r, chain, target);

    return rule ? (int)(rule - r->rules - (ptrdiff_t)chain_of(r, chain)->first) : -1;
}

static void test_hooks(struct tap *t)
{
    struct conf_auth auth = {.hooks = HOOK_FORWARD, .keep_state = true};
    struct ruleset r;

    tap_is(t, make(&r, AF_INET, &auth, &no_sets), 0, "made");
    for (size_t i = 0; i < r.hook_count; i++) {
        const struct rule_hook *h = &r.hooks[i];
        bool pass = strcmp(h->chain, "TCPQUOTA-AUTH") != 0;

        tap_is(t, h->wanted, strcmp(h->builtin, "FORWARD") == 0, "%s to %s", h->builtin, h->chain);
        tap_text(t, h->behind[0] ? h->behind[0] : "", pass ? "TCPQUOTA-AUTH" : "",
                 "%s to %s: behind", h->builtin, h->chain);
        tap_text(t, h->behind[1] ? h->behind[1] : "", pass ? "TCPQUOTA" : "",
                 "%s to %s: and behind", h->builtin, h->chain);
    }
    for (size_t i = 0; i < r.chain_count; i++) {
        tap_is(t, auth_owns_chain(r.chains[i].name), true, "%s is its own", r.chains[i].name);
        tap_is(t, gate_owns_chain(r.chains[i].name), false, "%s is not the gate's",
               r.chains[i].name);
    }
    tap_is(t, auth_owns_chain("TCPQUOTA"), false, "nor is the gate's its own");
    tap_is(t, auth_owns_chain("TCPQUOTA-AUTH-X"), false, "nor any other");
    ruleset_free(&r);
    auth_rules_none(&r, AF_INET6);
    for (size_t i = 0; i < r.hook_count; i++)
        tap_is(t, r.hooks[i].wanted, false, "none: %s to %s", r.hooks[i].builtin, r.hooks[i].chain);
    tap_is(t, (int)r.chain_count, 0, "none: no chain");
}

static void test_selection(struct tap *t)
{
    struct port_range ranges[] = {{0, 80, 90}, {IPPROTO_UDP, 53, 53}};
    char *names[] = {"eth0", "eth1"};
    struct conf_auth auth = {.hooks = HOOK_INPUT, .keep_state = true};
    const struct rule_chain *c;
    struct ruleset r;

    make(&r, AF_INET, &auth, &no_sets);
    c = chain_of(&r, "TCPQUOTA-AUTH");
    tap_is(t, (int)c->count, 3, "without interfaces and ports: established, loopback, all");
    tap_is(t,
           r.rules[c->first].not_states && r.rules[c->first].states == (STATE_NEW | STATE_INVALID),
           true, "what is not new returns first");
    tap_text(t, r.rules[c->first + 1].in, "lo", "then loopback");
    ruleset_free(&r);

    auth.ports = (struct port_list){ranges, 2};
    auth.interfaces = (struct name_list){names, 2};
    make(&r, AF_INET, &auth, &no_sets);
    c = chain_of(&r, "TCPQUOTA-AUTH");
    tap_is(t, (int)c->count, 1 + 2 * 3, "two interfaces: TCP and UDP, and UDP");
    for (size_t i = 1; i < c->count; i++) {
        const struct rule *rule = &r.rules[c->first + i];

        tap_text(t, rule->in, names[(i - 1) / 3], "entry %zu: interface", i);
        tap_is(t, rule->ports.first, (i - 1) % 3 == 2 ? 53 : 80, "entry %zu: port", i);
        tap_is(t, rule->protocol, (i - 1) % 3 == 0 ? IPPROTO_TCP : IPPROTO_UDP,
               "entry %zu: protocol", i);
        tap_is(t, rule->target, TARGET_GOTO, "entry %zu leads on", i);
    }
    ruleset_free(&r);

    auth = (struct conf_auth){.hooks = HOOK_INPUT};
    make(&r, AF_INET6, &auth, &no_sets);
    tap_is(t, r.rules[chain_of(&r, "TCPQUOTA-AUTH")->first].protocol, IPPROTO_ICMPV6,
           "keep-state=no: neighbours of IPv6 are not asked for");
    ruleset_free(&r);
}

static void test_ask(struct tap *t)
{
    struct conf_auth auth = {.hooks = HOOK_INPUT, .keep_state = true, .queue = 7};
    struct auth_sets sets = {true, 5, true};
    const struct rule *rule;
    struct ruleset r;

    make(&r, AF_INET, &auth, &no_sets);
    rule = rule_with(&r, "TCPQUOTA-AUTH-ASK", TARGET_QUEUE);
    tap_is(t, rule && rule->queue == 7 && !rule->bypass, true, "closed: the queue is not bypassed");
    tap_is(t, place_of(&r, "TCPQUOTA-AUTH-ASK", TARGET_REJECT_TCP), -1, "no reset");
    tap_is(t, place_of(&r, "TCPQUOTA-AUTH-ASK", TARGET_MARK), -1, "no set");
    tap_is(t,
           place_of(&r, "TCPQUOTA-AUTH-ASK", TARGET_CONNMARK) <
               place_of(&r, "TCPQUOTA-AUTH-ASK", TARGET_RETURN),
           true, "the connection is marked before its packet returns");
    tap_is(t,
           place_of(&r, "TCPQUOTA-AUTH-ASK", TARGET_RETURN) <
               place_of(&r, "TCPQUOTA-AUTH-ASK", TARGET_QUEUE),
           true, "what was answered is not asked for again");
    ruleset_free(&r);

    auth.fail = FAIL_OPEN;
    auth.return_reset = true;
    make(&r, AF_INET, &auth, &sets);
    rule = rule_with(&r, "TCPQUOTA-AUTH-ASK", TARGET_QUEUE);
    tap_is(t, rule && rule->bypass, true, "open: it is");
    tap_is(t, place_of(&r, "TCPQUOTA-AUTH-ASK", TARGET_REJECT_TCP), 0, "return-reset comes first");
    rule = rule_with(&r, "TCPQUOTA-AUTH-ASK", TARGET_MARK);
    tap_is(t, rule && rule->set.asked && rule->set.index == 5 && rule->set.port, true,
           "the kernel's set marks");
    ruleset_free(&r);
}

/* Marks: passing and going on are answered, blocking is not, and only passing is accepted. */
static void test_marks(struct tap *t)
{
    static const struct {
        uint32_t mark;
        bool answered, accepted;
    } cases[] = {
        {AUTH_MARK_PASS, true, true},
        {AUTH_MARK_NEXT, true, false},
        {AUTH_MARK_BLOCK, false, false},
        {0, false, false},
    };
    struct conf_auth auth = {.hooks = HOOK_INPUT};
    const struct rule *answered, *accepted;
    struct ruleset r;

    make(&r, AF_INET, &auth, &no_sets);
    answered = rule_with(&r, "TCPQUOTA-AUTH-ASK", TARGET_RETURN);
    accepted = rule_with(&r, "TCPQUOTA-AUTH-PASS", TARGET_GOTO);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tap_is(t, (cases[i].mark & answered->mark.mask) == answered->mark.value, cases[i].answered,
               "mark %x is answered", cases[i].mark);
        tap_is(t, (cases[i].mark & accepted->mark.mask) == accepted->mark.value, cases[i].accepted,
               "mark %x is accepted", cases[i].mark);
    }
    tap_is(t, rule_with(&r, "TCPQUOTA-AUTH-PASS", TARGET_ACCEPT) == NULL, true,
           "keep-state=no accepts no connection as a whole");
    tap_is(t, place_of(&r, "TCPQUOTA-AUTH-LET", TARGET_MARK), 0,
           "the mark goes before its packet does: nothing out of a tunnel has it");
    tap_is(t, place_of(&r, "TCPQUOTA-AUTH-LET", TARGET_ACCEPT), 1, "then it is accepted");
    ruleset_free(&r);
}

/* In FORWARD nothing is accepted that comes from LOCALNET. */
static void test_forward(struct tap *t)
{
    static const int families[] = {AF_INET, AF_INET6};
    struct conf_auth auth = {.hooks = HOOK_FORWARD, .keep_state = true};

    for (int i = 0; i < 2; i++) {
        const struct rule_chain *c;
        struct ruleset r;

        make(&r, families[i], &auth, &no_sets);
        c = chain_of(&r, "TCPQUOTA-AUTH-FWD");
        tap_is(t, (int)c->count, 2, "family %d: LOCALNET and the rest", families[i]);
        tap_is(t, prefix_covers(&r.rules[c->first].source, &nets[i]), true, "family %d: LOCALNET",
               families[i]);
        tap_is(t, r.rules[c->first].target, TARGET_RETURN, "family %d: returns", families[i]);
        tap_is(t, r.rules[c->first + 1].target, TARGET_GOTO, "family %d: the rest goes on",
               families[i]);
        ruleset_free(&r);
    }
}

int main(void)
{
    struct tap t = {0};

    prefix_parse("10.0.0.0/8", &nets[0]);
    prefix_parse("fd00::/8", &nets[1]);
    test_hooks(&t);
    test_forward(&t);
    test_selection(&t);
    test_ask(&t);
    test_marks(&t);
    return tap_done(&t);
}
