/* Blocked users of the gateway: what becomes of what their sockets send, entry by entry. */
#include "gate_rules.h"
#include "gate_walk.h"
#include "tap.h"

struct setup {
    int family;
    const char *localnet, *wan_nets;
};

enum { PLAIN, INNER, ONE_ARMED, NO_NETS, IPV6, INNER6, NO_NETS6 };

#define NEAR 4 /* entries for what no router passes on */

static const struct setup setups[] = {
    [PLAIN] = {AF_INET, "10.0.0.0/8 192.168.4.0/22", "192.0.2.0/24"},
    [INNER] = {AF_INET, "10.0.0.0/8", "10.200.0.0/16"},
    [ONE_ARMED] = {AF_INET, "192.168.1.0/24", "192.168.1.0/24"},
    [NO_NETS] = {AF_INET, "", "192.0.2.0/24"},
    [IPV6] = {AF_INET6, "fd00::/16", "2001:db8:ffff::/64 fe80::/64"},
    [INNER6] = {AF_INET6, "fd00::/16", "fd00:ffff::/64"},
    [NO_NETS6] = {AF_INET6, "", "2001:db8:ffff::/64 fe80::/64"},
};

/* Three entries: 1000 alone, 1002 to 1004, 5000. */
static const uint32_t uids[] = {1000, 1002, 1003, 1004, 5000};
#define UIDS (sizeof uids / sizeof *uids)
#define NO_SOCKET UINT32_MAX

static const struct {
    const char *what;
    int setup;
    uint32_t uid;
    const char *destination, *out;
    enum fate fate;
} packets[] = {
    {"blocked", PLAIN, 1000, "203.0.113.5", "eth0", REJECTED},
    {"the first of several", PLAIN, 1002, "203.0.113.5", "eth0", REJECTED},
    {"one between", PLAIN, 1003, "203.0.113.5", "eth0", REJECTED},
    {"the last of several", PLAIN, 1004, "203.0.113.5", "eth0", REJECTED},
    {"the last", PLAIN, 5000, "203.0.113.5", "eth0", REJECTED},
    {"below the first", PLAIN, 999, "203.0.113.5", "eth0", POLICY},
    {"between two", PLAIN, 1001, "203.0.113.5", "eth0", POLICY},
    {"above several", PLAIN, 1005, "203.0.113.5", "eth0", POLICY},
    {"above the last", PLAIN, 5001, "203.0.113.5", "eth0", POLICY},
    {"root", PLAIN, 0, "203.0.113.5", "eth0", POLICY},
    {"without a socket", PLAIN, NO_SOCKET, "203.0.113.5", "eth0", POLICY},
    {"by another uplink", PLAIN, 1000, "203.0.113.5", "eth9", REJECTED},
    {"to WAN_IF's network", PLAIN, 1000, "192.0.2.9", "eth0", REJECTED},
    {"by loopback", PLAIN, 1000, "127.0.0.1", "lo", POLICY},
    {"to an own address", PLAIN, 1000, "192.0.2.1", "lo", POLICY},
    {"by an interface called lo0", PLAIN, 1000, "203.0.113.5", "lo0", REJECTED},
    {"to LOCALNET", PLAIN, 1000, "10.99.0.2", "eth1", POLICY},
    {"to LOCALNET, the second network", PLAIN, 1003, "192.168.7.1", "eth1", POLICY},
    {"beside LOCALNET", PLAIN, 1000, "192.168.8.1", "eth1", REJECTED},
    {"inner WAN: to LOCALNET", INNER, 1000, "10.99.0.2", "eth1", POLICY},
    {"inner WAN: to a neighbour", INNER, 1000, "10.200.0.9", "eth0", REJECTED},
    {"inner WAN: outside", INNER, 1000, "203.0.113.5", "eth0", REJECTED},
    {"inner WAN: somebody else to a neighbour", INNER, 1001, "10.200.0.9", "eth0", POLICY},
    {"one arm: to a neighbour", ONE_ARMED, 1000, "192.168.1.2", "eth0", REJECTED},
    {"one arm: outside", ONE_ARMED, 1000, "203.0.113.5", "eth0", REJECTED},
    {"no network: outside", NO_NETS, 1000, "203.0.113.5", "eth0", REJECTED},
    {"no network: by loopback", NO_NETS, 1000, "127.0.0.1", "lo", POLICY},
    {"no network: somebody else", NO_NETS, 1001, "203.0.113.5", "eth0", POLICY},
    {"IPv6: outside", IPV6, 1000, "2001:db8:aaaa::5", "eth0", REJECTED},
    {"IPv6: to WAN_IF's network", IPV6, 1000, "2001:db8:ffff::9", "eth0", REJECTED},
    {"IPv6: to LOCALNET", IPV6, 1000, "fd00::2", "eth1", POLICY},
    {"IPv6: link-local", IPV6, 1000, "fe80::2", "eth1", POLICY},
    {"IPv6: link-local, on WAN_IF", IPV6, 1000, "fe80::2", "eth0", POLICY},
    {"IPv6: beside link-local", IPV6, 1000, "fec0::2", "eth0", REJECTED},
    {"IPv6: somebody else", IPV6, 1001, "2001:db8:aaaa::5", "eth0", POLICY},
    {"IPv6, inner WAN: to a neighbour", INNER6, 1000, "fd00:ffff::9", "eth0", REJECTED},
    {"IPv6, inner WAN: to LOCALNET", INNER6, 1000, "fd00::9", "eth1", POLICY},
    {"IPv6, no network: outside", NO_NETS6, 1000, "2001:db8:aaaa::5", "eth0", REJECTED},
    {"IPv6, no network: unique local", NO_NETS6, 1000, "fd00::9", "eth0", REJECTED},
    {"IPv6, no network: by loopback", NO_NETS6, 1000, "::1", "lo", POLICY},
};
#define PACKETS (sizeof packets / sizeof *packets)

static void build(struct topology *t, const struct setup *from)
{
    struct topology_family *f;

    *t = (struct topology){0};
    f = from->family == AF_INET ? &t->v4 : &t->v6;
    each_word(from->localnet, add_net, &f->localnet);
    each_word("eth0", add_name, &f->wan_if);
    each_word(from->wan_nets, add_net, &f->wan_nets);
}

/* The filter table of one family, without hosts. */
static void make_rules(struct ruleset *out, const struct setup *setup, bool drop,
                       const uint32_t *list, size_t count)
{
    struct gate_policy policy = {.drop_closed = drop, .lease = 60};
    struct topology t;

    build(&t, setup);
    if (gate_rules_filter(out, setup->family, &t, &policy, NULL, NULL, 0) != 0 ||
        gate_rules_block(out, &t, &policy, list, count) != 0)
        exit(1);
    topology_free(&t);
}

static struct packet packet_of(size_t i)
{
    return (struct packet){.destination = address(packets[i].destination),
                           .in = "",
                           .out = packets[i].out,
                           .state = STATE_NEW,
                           .protocol = IPPROTO_UDP,
                           .owned = packets[i].uid != NO_SOCKET,
                           .uid = packets[i].uid};
}

/* As UDP, as TCP, as TCP with RST, and with CLOSED_ACTION=drop, however far the connection is. */
static void test_packets(struct tap *t)
{
    static const struct {
        const char *what;
        bool drop;
        uint8_t protocol;
        bool reset;
        uint8_t state;
        enum fate fate; /* of what is not spared */
    } ways[] = {
        {"UDP", false, IPPROTO_UDP, false, STATE_NEW, REJECTED},
        {"ICMP", false, IPPROTO_ICMP, false, STATE_NEW, REJECTED},
        {"TCP", false, IPPROTO_TCP, false, STATE_NEW, RESET},
        {"TCP, established", false, IPPROTO_TCP, false, STATE_ESTABLISHED, RESET},
        {"RST", false, IPPROTO_TCP, true, STATE_ESTABLISHED, POLICY},
        {"UDP, drop", true, IPPROTO_UDP, false, STATE_NEW, DROPPED},
        {"TCP, drop", true, IPPROTO_TCP, false, STATE_ESTABLISHED, DROPPED},
        {"RST, drop", true, IPPROTO_TCP, true, STATE_ESTABLISHED, POLICY},
    };

    for (size_t i = 0; i < PACKETS; i++) {
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            struct packet p = packet_of(i);
            struct ruleset rules;
            unsigned met;

            p.protocol = ways[way].protocol;
            p.reset = ways[way].reset;
            p.state = ways[way].state;
            make_rules(&rules, &setups[packets[i].setup], ways[way].drop, uids, UIDS);
            tap_text(t, fates[walk(&rules, GATE_LOCAL, &p, &met)],
                     fates[packets[i].fate == REJECTED ? ways[way].fate : POLICY], "%s: %s",
                     packets[i].what, ways[way].what);
            ruleset_free(&rules);
        }
    }
}

static const struct rule_hook *output_hook(const struct ruleset *r)
{
    for (size_t i = 0; i < r->hook_count; i++) {
        if (strcmp(r->hooks[i].builtin, "OUTPUT") == 0)
            return &r->hooks[i];
    }
    return NULL;
}

/* With and without uids: chains, hook, and what is there for hosts stays the same. */
static void test_chains(struct tap *t)
{
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
        const char *what = setups[i].localnet[0] ? setups[i].localnet : "no network";
        struct ruleset none, some;

        make_rules(&none, &setups[i], false, NULL, 0);
        make_rules(&some, &setups[i], false, uids, UIDS);
        tap_ok(t, !find_chain(&none, GATE_LOCAL) && !find_chain(&none, GATE_BLOCK),
               "%s, nobody blocked: no chain for it", what);
        if (!setups[i].localnet[0])
            tap_is(t, (int64_t)none.chain_count, 0, "%s, nobody blocked: no chain at all", what);
        tap_is(t, (int64_t)(some.chain_count - none.chain_count), 2, "%s: two chains more", what);
        tap_is(t, some.user_wanted, none.user_wanted, "%s: the administrator's chain", what);
        tap_is(t, some.hooks[0].wanted, none.hooks[0].wanted, "%s: FORWARD", what);
        tap_is(t, output_hook(&none)->wanted, false, "%s, nobody blocked: OUTPUT", what);
        tap_is(t, output_hook(&some)->wanted, true, "%s: OUTPUT", what);
        tap_text(t, output_hook(&some)->chain, GATE_LOCAL, "%s: where it jumps to", what);
        tap_ok(t,
               !none.rules ||
                   memcmp(none.rules, some.rules, none.rule_count * sizeof *none.rules) == 0,
               "%s: the entries for hosts are the same", what);
        ruleset_free(&none);
        ruleset_free(&some);
    }
}

/* Uids that follow one another are one entry. */
static void test_runs(struct tap *t)
{
    static const struct {
        const char *what;
        size_t count;
        uint32_t list[4];
        unsigned entries;
    } cases[] = {
        {"one", 1, {1000}, 1},
        {"two beside each other", 2, {1000, 1001}, 1},
        {"two apart", 2, {1000, 1002}, 2},
        {"four in a row", 4, {1000, 1001, 1002, 1003}, 1},
        {"two and two", 4, {1000, 1001, 1003, 1004}, 2},
        {"the highest", 2, {UINT32_MAX - 1, UINT32_MAX}, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ruleset rules;

        make_rules(&rules, &setups[NO_NETS], false, cases[i].list, cases[i].count);
        tap_is(t, (int64_t)find_chain(&rules, GATE_LOCAL)->count, 1 + cases[i].entries,
               "%s: entries", cases[i].what);
        ruleset_free(&rules);
    }
}

/* Every second uid of `count`: each is found, none beside it, after few entries. */
static void test_tree(struct tap *t)
{
    static const struct {
        size_t count;
        unsigned most; /* entries met: of loopback, of the levels, of GATE_BLOCK */
    } cases[] = {{1, 6}, {16, 20}, {17, 22}, {256, 36}, {257, 38}, {1000, 48}, {4096, 52}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static uint32_t list[4096];
        struct packet p = {.destination = address("203.0.113.5"),
                           .in = "",
                           .out = "eth0",
                           .protocol = IPPROTO_UDP,
                           .owned = true};
        size_t wrong = 0;
        struct ruleset rules;
        unsigned met, most = 0;

        for (size_t k = 0; k < cases[i].count; k++)
            list[k] = (uint32_t)(1000 + 2 * k);
        make_rules(&rules, &setups[NO_NETS], false, list, cases[i].count);
        for (p.uid = 998; p.uid < 1002 + 2 * cases[i].count; p.uid++) {
            bool listed = p.uid % 2 == 0 && p.uid >= 1000 && p.uid < 1000 + 2 * cases[i].count;

            wrong += walk(&rules, GATE_LOCAL, &p, &met) != (listed ? REJECTED : POLICY);
            most = met > most ? met : most;
        }
        tap_is(t, (int64_t)wrong, 0, "%zu apart: uids that are not as they should be",
               cases[i].count);
        if (!tap_ok(t, most <= cases[i].most + NEAR, "%zu apart: few entries are met", cases[i].count))
            tap_note("got %u, expected %u at most", most, cases[i].most);
        for (size_t k = 0; k < rules.chain_count; k++)
            wrong += !gate_owns_chain(rules.chains[k].name);
        tap_is(t, (int64_t)wrong, 0, "%zu apart: chains that are not ours", cases[i].count);
        ruleset_free(&rules);
    }
}

int main(void)
{
    struct tap t = {0};

    test_packets(&t);
    test_chains(&t);
    test_runs(&t);
    test_tree(&t);
    return tap_done(&t);
}
