/* The firewall entries as values: what becomes of packets that are let through them. */
#include "gate_rules.h"
#include "gate_walk.h"
#include "tap.h"

/* Lists are separated by blanks; hosts are in order. */
struct setup {
    int family;
    const char *localnet, *wan_if, *lan_if, *wan_nets, *hosts;
};

enum { PLAIN, INNER, ONE_ARMED, SEVERAL, IPV6, INNER6, NO_NETS };

static const struct setup setups[] = {
    [PLAIN] = {AF_INET, "10.0.0.0/8", "eth0", "eth1 eth2", "192.0.2.0/24",
               "10.99.0.2 10.99.0.3 10.99.1.2"},
    [INNER] = {AF_INET, "10.0.0.0/8", "eth0", "eth1", "10.200.0.0/16", "10.99.0.2 10.200.0.7"},
    [ONE_ARMED] = {AF_INET, "192.168.1.0/24", "eth0", "", "192.168.1.0/24", "192.168.1.2"},
    [SEVERAL] = {AF_INET, "10.1.0.0/16 172.16.0.0/12 192.168.4.0/22", "ppp+ eth0", "eth1 eth2",
                 "192.0.2.1/32 198.51.100.0/24", "10.1.0.2 172.31.255.254 192.168.7.1"},
    [IPV6] = {AF_INET6, "fd00::/16 2001:db8:1::/48", "eth0", "eth1", "2001:db8:ffff::/64 fe80::/64",
              "2001:db8:1::2 fd00::2"},
    [INNER6] = {AF_INET6, "fd00::/16", "eth0", "eth1", "fd00:ffff::/64", "fd00::2"},
    [NO_NETS] = {AF_INET, "", "eth0", "", "192.0.2.0/24", ""},
};

struct scene {
    struct topology topology;
    struct addr hosts[8];
    size_t count;
};

static void add_host(void *to, const char *word)
{
    struct scene *s = to;

    s->hosts[s->count++] = address(word);
}

static void build(struct scene *s, const struct setup *from)
{
    struct topology_family *f;

    *s = (struct scene){.count = 0};
    f = from->family == AF_INET ? &s->topology.v4 : &s->topology.v6;
    each_word(from->localnet, add_net, &f->localnet);
    each_word(from->wan_if, add_name, &f->wan_if);
    each_word(from->lan_if, add_name, &f->lan_if);
    each_word(from->wan_nets, add_net, &f->wan_nets);
    each_word(from->hosts, add_host, s);
}

#define OUT "203.0.113.5" /* somewhere far outside */
#define OUT6 "2001:db8:aaaa::5"
#define NEW STATE_NEW
#define EST STATE_ESTABLISHED
#define REL STATE_RELATED
#define INV STATE_INVALID

static const struct {
    const char *what;
    int setup;
    const char *source, *destination, *in, *out;
    unsigned state;
    enum fate fate;
} packets[] = {
    {"open, new", PLAIN, "10.99.0.2", OUT, "eth1", "eth0", NEW, ACCEPTED},
    {"open, established", PLAIN, "10.99.0.2", OUT, "eth1", "eth0", EST, ACCEPTED},
    {"the other open one", PLAIN, "10.99.1.2", OUT, "eth2", "eth0", NEW, ACCEPTED},
    {"closed, new", PLAIN, "10.99.0.4", OUT, "eth1", "eth0", NEW, REJECTED},
    {"closed, established", PLAIN, "10.99.0.4", OUT, "eth1", "eth0", EST, REJECTED},
    {"closed, related", PLAIN, "10.99.0.4", OUT, "eth1", "eth0", REL, REJECTED},
    {"closed, invalid", PLAIN, "10.99.0.4", OUT, "eth1", "eth0", INV, DROPPED},
    {"open, invalid: not masqueraded, not counted", PLAIN, "10.99.0.2", OUT, "eth1", "eth0",
     INV, DROPPED},
    {"closed, far from any open", PLAIN, "10.0.0.1", OUT, "eth1", "eth0", NEW, REJECTED},
    {"closed, to WAN_IF's network", PLAIN, "10.99.0.4", "192.0.2.9", "eth1", "eth0", NEW, REJECTED},
    {"open, by a second uplink", PLAIN, "10.99.0.2", OUT, "eth1", "eth9", NEW, ACCEPTED},
    {"closed, by a second uplink", PLAIN, "10.99.0.4", OUT, "eth1", "eth9", NEW, REJECTED},
    {"closed, from an interface unheard of", PLAIN, "10.99.0.4", OUT, "eth9", "eth0",
     NEW, REJECTED},
    {"reply to an open host", PLAIN, OUT, "10.99.0.2", "eth0", "eth1", EST, ACCEPTED},
    {"related to an open host", PLAIN, OUT, "10.99.0.2", "eth0", "eth1", REL, ACCEPTED},
    {"reply by a second uplink", PLAIN, OUT, "10.99.0.2", "eth9", "eth1", EST, ACCEPTED},
    {"new from outside", PLAIN, OUT, "10.99.0.2", "eth0", "eth1", NEW, POLICY},
    {"invalid from outside", PLAIN, OUT, "10.99.0.2", "eth0", "eth1", INV, DROPPED},
    {"LAN to LAN, invalid", PLAIN, "10.99.0.4", "10.98.0.4", "eth1", "eth2", INV, POLICY},
    {"LAN to LAN", PLAIN, "10.99.0.4", "10.98.0.4", "eth1", "eth2", NEW, POLICY},
    {"LAN to LAN, open", PLAIN, "10.99.0.2", "10.98.0.4", "eth1", "eth2", EST, POLICY},
    {"not ours at all", PLAIN, "192.0.2.9", OUT, "eth9", "eth0", NEW, POLICY},
    {"inner source on WAN_IF", PLAIN, "10.99.0.2", OUT, "eth0", "eth1", NEW, DROPPED},
    {"inner source on WAN_IF, inward", PLAIN, "10.99.0.2", "10.98.0.4", "eth0", "eth1",
     NEW, DROPPED},
    {"inner source on WAN_IF, invalid", PLAIN, "10.99.0.2", "10.98.0.4", "eth0", "eth1",
     INV, DROPPED},
    {"inner source on WAN_IF, tracked", PLAIN, "10.99.0.2", OUT, "eth0", "eth0", EST, ACCEPTED},
    {"inner source on WAN_IF, tracked, closed", PLAIN, "10.99.0.4", OUT, "eth0", "eth0",
     EST, REJECTED},
    {"outer source on the LAN", PLAIN, OUT, "203.0.113.9", "eth1", "eth0", NEW, DROPPED},
    {"outer source on the other LAN", PLAIN, OUT, "203.0.113.9", "eth2", "eth0", NEW, DROPPED},
    {"outer source on the LAN, tracked", PLAIN, OUT, "203.0.113.9", "eth1", "eth0", EST, POLICY},
    {"outer source on the LAN, inward", PLAIN, OUT, "10.98.0.4", "eth1", "eth2", NEW, POLICY},

    {"inner WAN: open", INNER, "10.99.0.2", OUT, "eth1", "eth0", NEW, ACCEPTED},
    {"inner WAN: open to a neighbour", INNER, "10.99.0.2", "10.200.0.9", "eth1", "eth0",
     NEW, ACCEPTED},
    {"inner WAN: closed to a neighbour", INNER, "10.99.0.4", "10.200.0.9", "eth1", "eth0",
     NEW, REJECTED},
    {"inner WAN: LAN to LAN", INNER, "10.99.0.4", "10.98.0.4", "eth1", "eth1", NEW, POLICY},
    {"inner WAN: a neighbour's reply", INNER, "10.200.0.9", "10.99.0.2", "eth0", "eth1",
     EST, ACCEPTED},
    {"inner WAN: new from a neighbour", INNER, "10.200.0.9", "10.99.0.2", "eth0", "eth1",
     NEW, POLICY},
    {"inner WAN: a neighbour's source on the LAN, established", INNER, "10.200.0.9", OUT, "eth1",
     "eth0", EST, REJECTED},
    {"inner WAN: neighbour through us", INNER, "10.200.0.9", OUT, "eth0", "eth0", NEW, REJECTED},
    {"inner WAN: open neighbour through us", INNER, "10.200.0.7", OUT, "eth0", "eth0",
     NEW, ACCEPTED},
    {"inner WAN: a LAN source on WAN_IF", INNER, "10.99.0.2", OUT, "eth0", "eth0", NEW, DROPPED},
    {"inner WAN: outer source to a neighbour", INNER, OUT, "10.200.0.9", "eth1", "eth0",
     NEW, DROPPED},
    {"inner WAN: outer source inward", INNER, OUT, "10.98.0.4", "eth1", "eth1", NEW, POLICY},

    {"one arm: open", ONE_ARMED, "192.168.1.2", OUT, "eth0", "eth0", NEW, ACCEPTED},
    {"one arm: closed", ONE_ARMED, "192.168.1.4", OUT, "eth0", "eth0", NEW, REJECTED},
    {"one arm: reply", ONE_ARMED, OUT, "192.168.1.2", "eth0", "eth0", EST, ACCEPTED},
    {"one arm: new from outside", ONE_ARMED, OUT, "192.168.1.2", "eth0", "eth0", NEW, POLICY},

    {"several: the first", SEVERAL, "10.1.0.2", OUT, "eth1", "ppp0", NEW, ACCEPTED},
    {"several: the second", SEVERAL, "172.31.255.254", OUT, "eth1", "ppp0", NEW, ACCEPTED},
    {"several: the third", SEVERAL, "192.168.7.1", OUT, "eth2", "ppp0", NEW, ACCEPTED},
    {"several: closed in the first", SEVERAL, "10.1.0.3", OUT, "eth1", "ppp0", NEW, REJECTED},
    {"several: closed in the second", SEVERAL, "172.16.0.1", OUT, "eth1", "ppp0", NEW, REJECTED},
    {"several: closed in the third", SEVERAL, "192.168.4.1", OUT, "eth1", "ppp0", NEW, REJECTED},
    {"several: one to another", SEVERAL, "10.1.0.3", "192.168.4.1", "eth1", "eth2", NEW, POLICY},
    {"several: beside the third", SEVERAL, "192.168.8.1", OUT, "eth1", "ppp0", NEW, DROPPED},
    {"several: inner source on ppp7", SEVERAL, "172.16.0.1", "10.1.0.2", "ppp7", "eth1",
     NEW, DROPPED},
    {"several: inner source on eth0", SEVERAL, "172.16.0.1", "10.1.0.2", "eth0", "eth1",
     NEW, DROPPED},
    {"several: inner source on pp", SEVERAL, "172.16.0.1", "10.1.0.2", "pp", "eth1", NEW, POLICY},
    {"several: reply", SEVERAL, OUT, "172.31.255.254", "ppp0", "eth1", EST, ACCEPTED},

    {"IPv6: open", IPV6, "fd00::2", OUT6, "eth1", "eth0", NEW, ACCEPTED},
    {"IPv6: open, global", IPV6, "2001:db8:1::2", OUT6, "eth1", "eth0", NEW, ACCEPTED},
    {"IPv6: open, invalid", IPV6, "fd00::2", OUT6, "eth1", "eth0", INV, DROPPED},
    {"IPv6: closed", IPV6, "fd00::3", OUT6, "eth1", "eth0", NEW, REJECTED},
    {"IPv6: closed, global", IPV6, "2001:db8:1::3", OUT6, "eth1", "eth0", EST, REJECTED},
    {"IPv6: reply", IPV6, OUT6, "fd00::2", "eth0", "eth1", EST, ACCEPTED},
    {"IPv6: LAN to LAN", IPV6, "fd00::3", "2001:db8:1::3", "eth1", "eth1", NEW, POLICY},
    {"IPv6: inner source on WAN_IF", IPV6, "fd00::2", OUT6, "eth0", "eth0", NEW, DROPPED},
    {"IPv6: outer source on the LAN", IPV6, OUT6, OUT6, "eth1", "eth0", NEW, DROPPED},
    {"IPv6, inner WAN: closed to a neighbour", INNER6, "fd00::3", "fd00:ffff::9", "eth1", "eth0",
     NEW,
     REJECTED},
    {"IPv6, inner WAN: reply", INNER6, "fd00:ffff::9", "fd00::2", "eth0", "eth1", EST, ACCEPTED},

    {"no network of the family", NO_NETS, "10.99.0.2", OUT, "eth1", "eth0", NEW, POLICY},
};

static struct packet packet_of(size_t i)
{
    return (struct packet){.source = address(packets[i].source),
                           .destination = address(packets[i].destination),
                           .in = packets[i].in,
                           .out = packets[i].out,
                           .state = packets[i].state,
                           .protocol = IPPROTO_UDP};
}

/* What becomes of a packet once the lease is over: nothing of ours accepts it any more. */
static enum fate fate_without_lease(const struct packet *p, const struct topology_family *f,
                                    enum fate fate)
{
    if (fate != ACCEPTED)
        return fate;
    return prefix_list_contains(&f->localnet, &p->source) &&
                   !(p->state == EST && prefix_list_contains(&f->wan_nets, &p->source) &&
                     prefix_list_contains(&f->localnet, &p->destination))
               ? REJECTED
               : DROPPED;
}

/* The same packet with CLOSED_ACTION=drop, and as TCP; with a lease that stands, and one that is
 * over. */
static void test_packets(struct tap *t)
{
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        for (int way = 0; way < 5; way++) {
            static const char *const ways[] = {"", ", drop", ", TCP", ", leased", ", lease over"};
            struct gate_policy policy = {.drop_closed = way == 1, .lease = way > 2 ? 60 : 0};
            enum fate expected = packets[i].fate, got;
            struct packet p = packet_of(i);
            struct ruleset rules;
            struct scene s;
            unsigned met;

            p.protocol = way == 2 ? IPPROTO_TCP : IPPROTO_UDP;
            p.leased = way == 3;
            build(&s, &setups[packets[i].setup]);
            if (way == 4)
                expected = fate_without_lease(&p, topology_family(&s.topology,
                                              setups[packets[i].setup].family), expected);
            if (expected == REJECTED && way < 3)
                expected = way == 0 ? REJECTED : way == 1 ? DROPPED : RESET;
            if (gate_rules_filter(&rules, setups[packets[i].setup].family, &s.topology, &policy,
                                  s.hosts, NULL, s.count) != 0)
                exit(1);
            got = walk(&rules, RULE_BASE, &p, &met);
            tap_text(t, fates[got], fates[expected], "%s%s", packets[i].what, ways[way]);
            ruleset_free(&rules);
            topology_free(&s.topology);
        }
    }
}

/* All hooks, each with a sign for whether its jump is wanted. */
static void check_hooks(struct tap *t, const struct ruleset *r, const char *expected,
                        const char *what)
{
    char got[128] = "";

    for (size_t i = 0, len = 0; i < r->hook_count && len < sizeof got; i++)
        len += (size_t)snprintf(got + len, sizeof got - len, "%s%s%c", i ? " " : "",
                                r->hooks[i].builtin, r->hooks[i].wanted ? '+' : '-');
    tap_text(t, got, expected, "%s: hooks", what);
}

static const struct {
    const char *what;
    int setup;
    const char *source, *out;
    enum fate fate;
} masquerades[] = {
    {"open", PLAIN, "10.99.0.2", "eth0", MASQUERADED},
    {"open, by a second uplink", PLAIN, "10.99.0.2", "eth9", POLICY},
    {"open, inward", PLAIN, "10.99.0.2", "eth2", POLICY},
    {"closed", PLAIN, "10.99.0.4", "eth0", POLICY},
    {"not ours", PLAIN, "192.0.2.1", "eth0", POLICY},
    {"several, ppp3", SEVERAL, "172.31.255.254", "ppp3", MASQUERADED},
    {"several, eth0", SEVERAL, "192.168.7.1", "eth0", MASQUERADED},
    {"several, closed", SEVERAL, "192.168.7.2", "eth0", POLICY},
    {"one arm", ONE_ARMED, "192.168.1.2", "eth0", MASQUERADED},
    {"unique local", IPV6, "fd00::2", "eth0", MASQUERADED},
    {"global", IPV6, "2001:db8:1::2", "eth0", POLICY},
    {"IPv6, closed", IPV6, "fd00::3", "eth0", POLICY},
    {"no network", NO_NETS, "10.99.0.2", "eth0", POLICY},
};

static void test_masquerades(struct tap *t)
{
    for (size_t i = 0; i < sizeof masquerades / sizeof *masquerades; i++) {
        const struct setup *setup = &setups[masquerades[i].setup];
        struct packet p = {.source = address(masquerades[i].source),
                           .destination = address(setup->family == AF_INET ? OUT : OUT6),
                           .in = "", .out = masquerades[i].out, .state = STATE_NEW};
        struct ruleset rules;
        struct scene s;
        unsigned met;

        build(&s, setup);
        if (gate_rules_nat(&rules, setup->family, &s.topology, s.hosts, s.count) != 0)
            exit(1);
        check_hooks(t, &rules, setup->localnet[0] ? "POSTROUTING+" : "POSTROUTING-", "nat");
        tap_text(t, fates[walk(&rules, RULE_BASE, &p, &met)], fates[masquerades[i].fate], "nat: %s",
                 masquerades[i].what);
        ruleset_free(&rules);
        topology_free(&s.topology);
    }
}

static struct lladdr mac(uint8_t last)
{
    const uint8_t bytes[6] = {2, 0, 0, 0, 0, last};

    return lladdr_make(bytes, sizeof bytes);
}

/* Each host with the address that it is bound to, and with each other's. */
static void test_macs(struct tap *t)
{
    static const int each[] = {PLAIN, SEVERAL, IPV6};

    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        const struct setup *setup = &setups[each[i]];
        struct lladdr macs[3] = {mac(1), mac(2), mac(3)};
        struct ruleset rules;
        struct scene s;

        build(&s, setup);
        if (gate_rules_filter(&rules, setup->family, &s.topology, &(struct gate_policy){0},
                              s.hosts, macs, s.count) != 0)
            exit(1);
        check_hooks(t, &rules, "FORWARD+ OUTPUT-", setup->localnet);
        for (size_t host = 0; host < s.count; host++) {
            for (uint8_t from = 0; from < 4; from++) {
                struct packet p = {.source = s.hosts[host],
                                   .destination = address(setup->family == AF_INET ? OUT : OUT6),
                                   .in = "eth1", .out = "eth0", .state = STATE_ESTABLISHED};
                unsigned met;

                p.mac = from ? mac(from) : p.mac;
                tap_text(t, fates[walk(&rules, RULE_BASE, &p, &met)],
                         fates[from == host + 1 ? ACCEPTED : REJECTED],
                         "%s: host %zu with the address of %u", setup->localnet, host, from);
            }
        }
        ruleset_free(&rules);
        topology_free(&s.topology);
    }
}

static void test_none(struct tap *t)
{
    struct ruleset rules;
    struct scene s;

    build(&s, &setups[NO_NETS]);
    gate_rules_filter(&rules, AF_INET, &s.topology, &(struct gate_policy){0}, NULL, NULL, 0);
    tap_is(t, (int64_t)rules.chain_count, 0, "no network: no chain");
    tap_is(t, rules.user_wanted, false, "no network: nor the administrator's");
    check_hooks(t, &rules, "FORWARD- OUTPUT-", "no network");
    tap_text(t, rules.table, "filter", "filter: table");
    ruleset_free(&rules);
    gate_rules_none(&rules, AF_INET6, "nat");
    check_hooks(t, &rules, "POSTROUTING-", "none in nat");
    tap_is(t, (int64_t)rules.chain_count, 0, "none in nat: no chain");
    ruleset_free(&rules);
    gate_rules_none(&rules, AF_INET, "filter");
    check_hooks(t, &rules, "FORWARD- OUTPUT-", "none in filter");
    topology_free(&s.topology);
}

static void test_names(struct tap *t)
{
    static const struct {
        const char *name;
        bool ours;
    } cases[] = {
        {"TCPQUOTA", true}, {"TCPQUOTA-OUT", true}, {"TCPQUOTA-GATE", true},
        {"TCPQUOTA-SPOOF", true}, {"TCPQUOTA-00", true}, {"TCPQUOTA-0063", true},
        {"TCPQUOTA-ff", true}, {"TCPQUOTA-LOCAL", true}, {"TCPQUOTA-BLOCK", true},
        {"TCPQUOTA-LOCAL-0", true}, {"TCPQUOTA-LOCAL-0f", true}, {"TCPQUOTA-LOCAL-", false},
        {"TCPQUOTA-LOCAL-g", false}, {"TCPQUOTA-LOCAL-USER", false}, {"TCPQUOTA-LOCAL2", false},
        {"TCPQUOTA-BLOCK-0", false},
        {"TCPQUOTA-USER", false}, {"TCPQUOTA-FOO", false},
        {"TCPQUOTA-", false}, {"TCPQUOTA-FF", false}, {"TCPQUOTA-0g", false},
        {"TCPQUOTA-OUT2", false}, {"TCPQUOTA00", false}, {"TCPQUOT", false}, {"FORWARD", false},
        {"", false}, {"tcpquota", false}, {"XTCPQUOTA-00", false}, {"TCPQUOTA-user", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tap_is(t, gate_owns_chain(cases[i].name), cases[i].ours, "`%s' is ours", cases[i].name);
}

int main(void)
{
    struct tap t = {0};

    test_packets(&t);
    test_masquerades(&t);
    test_macs(&t);
    test_none(&t);
    test_names(&t);
    return tap_done(&t);
}
