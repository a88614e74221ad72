/* Rules as the kernel's entries: an entry is the rule it was made of, and no other. */
#include "rule_encode.h"
#include "tap.h"

#include <netinet/in.h>

/* Each differs from every other in something that the kernel's entry holds. */
static const struct {
    const char *what, *source, *destination;
    struct rule rule;
} rules[] = {
    {"accept all", "", "", {.target = TARGET_ACCEPT}},
    {"goto", "", "", {.target = TARGET_GOTO, .chain = "TCPQUOTA-00"}},
    {"source", "10.99.0.2", "", {.target = TARGET_ACCEPT}},
    {"another source", "10.99.0.3", "", {.target = TARGET_ACCEPT}},
    {"destination", "", "10.99.0.2", {.target = TARGET_ACCEPT}},
    {"source, a bit less", "10.99.0.2/31", "", {.target = TARGET_ACCEPT}},
    {"source, odd length", "10.96.0.0/13", "", {.target = TARGET_ACCEPT}},
    {"both", "10.99.0.2", "10.99.0.2", {.target = TARGET_ACCEPT}},
    {"in eth1", "", "", {.in = "eth1", .target = TARGET_DROP}},
    {"in eth10", "", "", {.in = "eth10", .target = TARGET_DROP}},
    {"in eth+", "", "", {.in = "eth+", .target = TARGET_DROP}},
    {"in eth", "", "", {.in = "eth", .target = TARGET_DROP}},
    {"in, longest name", "", "", {.in = "eth0123456789ab", .target = TARGET_DROP}},
    {"out eth1", "", "", {.out = "eth1", .target = TARGET_DROP}},
    {"in and out", "", "", {.in = "eth1", .out = "eth1", .target = TARGET_DROP}},
    {"TCP", "", "", {.protocol = IPPROTO_TCP, .target = TARGET_DROP}},
    {"UDP", "", "", {.protocol = IPPROTO_UDP, .target = TARGET_DROP}},
    {"established", "", "", {.states = STATE_ESTABLISHED, .target = TARGET_ACCEPT}},
    {"related too", "", "", {.states = STATE_ESTABLISHED | STATE_RELATED, .target = TARGET_ACCEPT}},
    {"neither",
     "",
     "",
     {.states = STATE_ESTABLISHED | STATE_RELATED, .not_states = true, .target = TARGET_ACCEPT}},
    {"buried", "", "", {.connmark = {0x80000000, 0x80000000}, .target = TARGET_ACCEPT}},
    {"lease", "", "", {.lease = 60, .target = TARGET_ACCEPT}},
    {"another lease", "", "", {.lease = 61, .target = TARGET_ACCEPT}},
    {"mac", "", "", {.mac = {6, {2, 0, 0, 0, 0, 1}}, .target = TARGET_ACCEPT}},
    {"another mac", "", "", {.mac = {6, {2, 0, 0, 0, 0, 2}}, .target = TARGET_ACCEPT}},
    {"source and mac", "10.99.0.2", "", {.mac = {6, {2, 0, 0, 0, 0, 1}}, .target = TARGET_ACCEPT}},
    {"owner", "", "", {.owners = {true, 1000, 1000}, .target = TARGET_ACCEPT}},
    {"another owner", "", "", {.owners = {true, 1001, 1001}, .target = TARGET_ACCEPT}},
    {"both owners", "", "", {.owners = {true, 1000, 1001}, .target = TARGET_ACCEPT}},
    {"TCP to accept", "", "", {.protocol = IPPROTO_TCP, .target = TARGET_ACCEPT}},
    {"a segment that resets",
     "",
     "",
     {.protocol = IPPROTO_TCP, .reset = true, .target = TARGET_ACCEPT}},
    {"mark", "", "", {.mark = {1, 3}, .target = TARGET_ACCEPT}},
    {"another mark", "", "", {.mark = {2, 3}, .target = TARGET_ACCEPT}},
    {"mark, another mask", "", "", {.mark = {1, 1}, .target = TARGET_ACCEPT}},
    {"connection's mark", "", "", {.connmark = {1, 3}, .target = TARGET_ACCEPT}},
    {"TCP port",
     "",
     "",
     {.protocol = IPPROTO_TCP, .ports = {true, 80, 80}, .target = TARGET_ACCEPT}},
    {"TCP ports",
     "",
     "",
     {.protocol = IPPROTO_TCP, .ports = {true, 80, 81}, .target = TARGET_ACCEPT}},
    {"UDP port",
     "",
     "",
     {.protocol = IPPROTO_UDP, .ports = {true, 80, 80}, .target = TARGET_ACCEPT}},
    {"another UDP port",
     "",
     "",
     {.protocol = IPPROTO_UDP, .ports = {true, 81, 81}, .target = TARGET_ACCEPT}},
    {"set", "", "", {.set = {true, 1, false}, .target = TARGET_ACCEPT}},
    {"set with ports", "", "", {.set = {true, 1, true}, .target = TARGET_ACCEPT}},
    {"another set", "", "", {.set = {true, 2, false}, .target = TARGET_ACCEPT}},
    {"queue", "", "", {.target = TARGET_QUEUE, .queue = 1}},
    {"another queue", "", "", {.target = TARGET_QUEUE, .queue = 2}},
    {"queue that is bypassed", "", "", {.target = TARGET_QUEUE, .queue = 1, .bypass = true}},
    {"set a mark", "", "", {.target = TARGET_MARK, .set_mark = {1, 1}}},
    {"set another mark", "", "", {.target = TARGET_MARK, .set_mark = {2, 2}}},
    {"clear a mark", "", "", {.target = TARGET_MARK, .set_mark = {0, 1}}},
    {"set a connection's mark", "", "", {.target = TARGET_CONNMARK, .set_mark = {1, 1}}},
    {"set another of it", "", "", {.target = TARGET_CONNMARK, .set_mark = {2, 2}}},
    {"reject", "", "", {.target = TARGET_REJECT}},
    {"reset", "", "", {.target = TARGET_REJECT_TCP}},
    {"reset TCP", "", "", {.protocol = IPPROTO_TCP, .target = TARGET_REJECT_TCP}},
};
#define RULES (sizeof rules / sizeof *rules)

static struct prefix network(int family, const char *text)
{
    struct prefix p = {.len = 0};
    char v6[64];

    if (!*text)
        return p;
    /* The same in IPv6: 10.99.0.2/31 becomes fd00::10.99.0.2/127. */
    if (family == AF_INET6) {
        unsigned len = strchr(text, '/') ? (unsigned)strtoul(strchr(text, '/') + 1, NULL, 10) : 32;

        snprintf(v6, sizeof v6, "fd00::%.*s/%u", (int)strcspn(text, "/"), text, len + 96);
        text = v6;
    }
    if (prefix_parse(text, &p) != 0)
        tap_note("the test itself is wrong: %s is no network", text);
    return p;
}

static struct rule rule_of(int family, size_t i)
{
    struct rule r = rules[i].rule;

    r.source = network(family, rules[i].source);
    r.destination = network(family, rules[i].destination);
    return r;
}

static void test_same(struct tap *t, int family)
{
    const char *ip = family == AF_INET ? "IPv4" : "IPv6";

    for (size_t i = 0; i < RULES; i++) {
        struct rule a = rule_of(family, i);
        union rule_entry entry;

        rule_encode(family, &entry, &a);
        tap_is(t, rule_encode_same(family, &entry, &a), true, "%s: %s is itself", ip,
               rules[i].what);
        for (size_t k = 0; k < RULES; k++) {
            struct rule b = rule_of(family, k);

            /* What the target is called is left to libiptc: names alone tell those two apart. */
            if (k == i || strcmp(rule_target_name(&a), rule_target_name(&b)) != 0)
                continue;
            tap_is(t, rule_encode_same(family, &entry, &b), false, "%s: %s is not %s", ip,
                   rules[i].what, rules[k].what);
        }
    }
}

/* Behind a name's end the kernel hands back what it likes; nothing else may differ. */
static void test_names(struct tap *t)
{
    struct rule rule = {.states = STATE_ESTABLISHED, .target = TARGET_ACCEPT};
    union rule_entry entry;
    struct xt_entry_match *match = (void *)(entry.bytes + sizeof(struct ipt_entry));

    rule_encode(AF_INET, &entry, &rule);
    tap_text(t, match->u.user.name, "conntrack", "the match by its name");
    memset(match->u.user.name + sizeof "conntrack", 'x', 5);
    tap_is(t, rule_encode_same(AF_INET, &entry, &rule), true, "noise behind the name");
    match->u.user.name[0] = 'C';
    tap_is(t, rule_encode_same(AF_INET, &entry, &rule), false, "another match");
    rule_encode(AF_INET, &entry, &rule);
    match->u.user.revision = 1;
    tap_is(t, rule_encode_same(AF_INET, &entry, &rule), false, "another revision");
}

static void test_targets(struct tap *t)
{
    static const struct {
        enum rule_target target;
        const char *name;
    } cases[] = {
        {TARGET_ACCEPT, "ACCEPT"},         {TARGET_DROP, "DROP"},
        {TARGET_RETURN, "RETURN"},         {TARGET_REJECT, "REJECT"},
        {TARGET_REJECT_TCP, "REJECT"},     {TARGET_MASQUERADE, "MASQUERADE"},
        {TARGET_JUMP, "TCPQUOTA-0063abc"}, {TARGET_GOTO, "TCPQUOTA-0063abc"},
        {TARGET_QUEUE, "NFQUEUE"},         {TARGET_MARK, "MARK"},
        {TARGET_CONNMARK, "CONNMARK"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rule rule = {.target = cases[i].target, .chain = "TCPQUOTA-0063abc"};
        union rule_entry entry;
        const struct ipt_entry *e = &entry.v4;
        const struct xt_entry_target *target;

        rule_encode(AF_INET, &entry, &rule);
        target = (const void *)(entry.bytes + e->target_offset);
        tap_text(t, rule_target_name(&rule), cases[i].name, "target %d", (int)cases[i].target);
        tap_text(t, target->u.user.name, cases[i].name, "target %d in the entry",
                 (int)cases[i].target);
        tap_is(t, e->target_offset + target->u.target_size, e->next_offset,
               "target %d ends the entry", (int)cases[i].target);
        tap_is(t, e->next_offset % 8, 0, "target %d: aligned", (int)cases[i].target);
    }
}

int main(void)
{
    struct tap t = {0};

    test_same(&t, AF_INET);
    test_same(&t, AF_INET6);
    test_names(&t);
    test_targets(&t);
    return tap_done(&t);
}
