/* Where inside ends: from interfaces, addresses and routes made up here. */
#include "topology.h"
#include "tap.h"

#define LINKS 8

/* One line a thing; NULL ends a list. An interface's index is its place, from 1. */
struct world {
    const char *what;
    int64_t protocol; /* enum conf_protocol */
    const char *wan_if, *localnet;
    const char *links;                    /* `name`, or `name!` if it is down */
    const char *addresses;                /* `index=own/len` */
    const char *routes;                   /* `index=prefix` */
    bool forward_v6;
    const char *wan4, *lan4, *nets4, *wan6, *lan6, *nets6; /* expected */
    unsigned channels;
    bool leak_v6;
};

#define SCHOOL_LINKS "lo eth0 eth1"
#define SCHOOL_ADDRESSES                                                                           \
    "1=127.0.0.1/8 2=192.0.2.2/24 3=10.99.0.1/16 1=::1/128 2=2001:db8:f::2/64 3=fd00::1/64"
#define SCHOOL_ROUTES                                                                              \
    "2=0.0.0.0/0 2=192.0.2.0/24 3=10.99.0.0/16 2=::/0 2=2001:db8:f::/64 3=fd00::/64"

static const struct world worlds[] = {
    {"default route", PROTOCOL_ETHERNET, "", "10.0.0.0/8 fd00::/16", SCHOOL_LINKS,
     SCHOOL_ADDRESSES, SCHOOL_ROUTES, true,
     "eth0", "eth1", "192.0.2.0/24", "eth0", "eth1", "2001:db8:f::/64", 1, false},
    {"no IPv6 in LOCALNET", PROTOCOL_ETHERNET, "", "10.0.0.0/8", SCHOOL_LINKS,
     SCHOOL_ADDRESSES, SCHOOL_ROUTES, true,
     "eth0", "eth1", "192.0.2.0/24", "eth0", "", "2001:db8:f::/64", 1, true},
    {"no IPv6 in LOCALNET, nor forwarded", PROTOCOL_ETHERNET, "", "10.0.0.0/8", SCHOOL_LINKS,
     SCHOOL_ADDRESSES, SCHOOL_ROUTES, false,
     "eth0", "eth1", "192.0.2.0/24", "eth0", "", "2001:db8:f::/64", 1, false},
    {"each family its own default route", PROTOCOL_ETHERNET, "", "10.0.0.0/8 fd00::/16",
     "lo eth0 eth1 tun0", "2=192.0.2.2/24 3=10.99.0.1/16 4=2001:db8:f::2/64",
     "2=0.0.0.0/0 4=::/0 3=10.99.0.0/16 3=fd00::/64", true,
     "eth0", "eth1", "192.0.2.0/24", "tun0", "eth1", "2001:db8:f::/64", 1, false},
    {"two default routes", PROTOCOL_ETHERNET, "", "10.0.0.0/8", "lo eth0 eth1 eth2",
     "2=192.0.2.2/24 3=10.99.0.1/16 4=198.51.100.2/24", "2=0.0.0.0/0 4=0.0.0.0/0 3=10.99.0.0/16",
     false, "eth0 eth2", "eth1", "192.0.2.0/24 198.51.100.0/24", "", "", "", 1, false},
    {"the same one twice", PROTOCOL_ETHERNET, "", "10.0.0.0/8", "lo eth0 eth1", "",
     "2=0.0.0.0/0 2=0.0.0.0/0 3=10.99.0.0/16 3=10.98.0.0/16", false,
     "eth0", "eth1", "", "", "", "", 1, false},
    {"no default route", PROTOCOL_ETHERNET, "", "10.0.0.0/8", SCHOOL_LINKS, "2=192.0.2.2/24",
     "2=192.0.2.0/24 3=10.99.0.0/16", false, "", "eth1", "", "", "", "", 1, false},
    {"WAN_IF configured", PROTOCOL_ETHERNET, "eth1", "10.0.0.0/8", "lo eth0 eth1",
     "2=10.99.0.1/16 3=192.0.2.2/24", "2=0.0.0.0/0 2=10.99.0.0/16", false,
     "eth1", "eth0", "192.0.2.0/24", "eth1", "", "", 1, false},
    {"WAN_IF of a kind", PROTOCOL_PPP, "ppp+", "10.0.0.0/8", "lo ppp0 ppp1 eth1",
     "2=192.0.2.2/32 3=192.0.2.9/32 4=10.99.0.1/16 1=127.0.0.1/8",
     "2=0.0.0.0/0 3=198.51.100.0/24 4=10.99.0.0/16", false,
     "ppp+", "eth1", "192.0.2.2/32 192.0.2.9/32", "ppp+", "", "", 1, false},
    {"WAN net inside LOCALNET", PROTOCOL_ETHERNET, "", "10.0.0.0/8", SCHOOL_LINKS,
     "2=10.200.0.2/16 3=10.99.0.1/16", "2=0.0.0.0/0 2=10.200.0.0/16 3=10.99.0.0/16", false,
     "eth0", "eth1", "10.200.0.0/16", "", "", "", 1, false},
    {"one arm", PROTOCOL_ETHERNET, "", "192.168.1.0/24", "lo eth0", "2=192.168.1.9/24",
     "2=0.0.0.0/0 2=192.168.1.0/24", false, "eth0", "", "192.168.1.0/24", "", "", "", 1, false},
    {"a LOCALNET route on lo", PROTOCOL_ETHERNET, "", "10.0.0.0/8", SCHOOL_LINKS, "",
     "1=10.0.0.0/8 2=0.0.0.0/0 3=10.99.0.0/16", false, "eth0", "eth1", "", "", "", "", 1, false},
    {"a route wider than LOCALNET", PROTOCOL_ETHERNET, "", "10.1.0.0/16", SCHOOL_LINKS, "",
     "2=0.0.0.0/0 3=10.0.0.0/8", false, "eth0", "eth1", "", "", "", "", 1, false},
    {"an interface elsewhere", PROTOCOL_ETHERNET, "", "10.0.0.0/8", "lo eth0 eth1 eth2", "",
     "2=0.0.0.0/0 3=10.99.0.0/16 4=203.0.113.0/24", false,
     "eth0", "eth1", "", "", "", "", 1, false},
    {"a route of an interface that is gone", PROTOCOL_ETHERNET, "", "10.0.0.0/8", "lo", "",
     "7=0.0.0.0/0 7=10.99.0.0/16", false, "", "", "", "", "", "", 1, false},
    {"ppp down", PROTOCOL_PPP, "", "10.0.0.0/8", "lo ppp0! eth1", "", "2=0.0.0.0/0", false,
     "ppp0", "", "", "", "", "", 0, false},
    {"ppp without a route", PROTOCOL_PPP, "ppp+", "10.0.0.0/8", "lo ppp0 eth1", "", "3=10.0.0.0/8",
     false, "ppp+", "eth1", "", "ppp+", "", "", 0, false},
    {"no ppp at all", PROTOCOL_PPP, "ppp+", "10.0.0.0/8", "lo eth0", "", "2=0.0.0.0/0", false,
     "ppp+", "", "", "ppp+", "", "", 0, false},
    {"ppp does not multiply", PROTOCOL_PPP, "ppp+", "10.0.0.0/8", "lo ppp0 ppp1", "",
     "2=0.0.0.0/0 3=198.51.100.0/24", false, "ppp+", "", "", "ppp+", "", "", 1, false},
    {"isdn, one channel", PROTOCOL_ISDN, "ippp+", "10.0.0.0/8", "lo ippp0 ippp1!", "",
     "2=0.0.0.0/0 3=0.0.0.0/0", false, "ippp+", "", "", "ippp+", "", "", 1, false},
    {"isdn, two channels", PROTOCOL_ISDN, "ippp+", "10.0.0.0/8", "lo ippp0 ippp1 eth0", "",
     "2=0.0.0.0/0 3=0.0.0.0/0 2=198.51.100.0/24 4=10.0.0.0/8", false,
     "ippp+", "eth0", "", "ippp+", "", "", 2, false},
    {"isdn does not count ppp", PROTOCOL_ISDN, "", "10.0.0.0/8", "lo ppp0", "", "2=0.0.0.0/0",
     false, "ppp0", "", "", "", "", "", 0, false},
    {"ppp with an IPv6 route alone", PROTOCOL_PPP, "", "10.0.0.0/8", "lo ppp0", "", "2=::/0", false,
     "", "", "", "ppp0", "", "", 1, false},
    {"isdn, each channel a route of another family", PROTOCOL_ISDN, "ippp+", "10.0.0.0/8",
     "lo ippp0 ippp1", "", "2=0.0.0.0/0 3=2001:db8::/32", false,
     "ippp+", "", "", "ippp+", "", "", 2, false},
    {"isdn, link-local networks alone", PROTOCOL_ISDN, "ippp+", "10.0.0.0/8",
     "lo ippp0 ippp1", "", "2=fe80::/64 3=fe80::/10 3=0.0.0.0/0", false,
     "ippp+", "", "", "ippp+", "", "", 1, false},
    {"ppp, a network that is not quite link-local", PROTOCOL_PPP, "ppp+", "10.0.0.0/8",
     "lo ppp0", "", "2=fec0::/10", false, "ppp+", "", "", "ppp+", "", "", 1, false},
    {"ppp whose route is not the default", PROTOCOL_PPP, "eth0", "10.0.0.0/8", "lo eth0 ppp0", "",
     "2=0.0.0.0/0 3=198.51.100.1/32", false, "eth0", "", "", "eth0", "", "", 1, false},
    {"ppp whose route is left and leads elsewhere", PROTOCOL_PPP, "eth0", "10.0.0.0/8",
     "lo eth0 ppp0", "", "2=0.0.0.0/0 2=198.51.100.1/32 7=198.51.100.2/32", false,
     "eth0", "", "", "eth0", "", "", 0, false},
    {"no ppp but a name that ends so", PROTOCOL_PPP, "eth0", "10.0.0.0/8", "lo eth0 xppp0", "",
     "2=0.0.0.0/0 3=198.51.100.1/32", false, "eth0", "", "", "eth0", "", "", 0, false},
    {"ppp does not count ippp", PROTOCOL_PPP, "", "10.0.0.0/8", "lo ippp0", "", "2=0.0.0.0/0",
     false, "ippp0", "", "", "", "", "", 0, false},
};

struct made {
    struct conf conf;
    struct net_state net;
    struct net_link links[LINKS];
    struct net_address addresses[LINKS];
    struct net_route routes[LINKS];
};

/* `2=192.0.2.2/24`: index, address as written, network. */
static void read_place(const char *word, int *index, struct addr *own, struct prefix *network)
{
    char host[ADDR_TEXT_LEN];
    const char *mark = strchr(word, '/');

    *index = word[0] - '0';
    snprintf(host, sizeof host, "%.*s", (int)(mark - word - 2), word + 2);
    if (addr_parse(host, own) != 0)
        exit(1);
    *network = prefix_of(own, (unsigned)strtoul(mark + 1, NULL, 10));
}

static void add_words(struct made *m, const char *words, char kind)
{
    char copy[256], *save = NULL;
    struct addr own;
    struct prefix p;
    int index;

    snprintf(copy, sizeof copy, "%s", words);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        struct net_link *link = &m->links[m->net.link_count];

        if (kind == 'l') {
            *link = (struct net_link){.index = (int)++m->net.link_count, .up = !strchr(w, '!')};
            snprintf(link->name, sizeof link->name, "%.*s", (int)strcspn(w, "!"), w);
        } else if (kind == 'a') {
            read_place(w, &index, &own, &p);
            m->addresses[m->net.address_count++] = (struct net_address){index, own, p};
        } else if (kind == 'r') {
            read_place(w, &index, &own, &p);
            m->routes[m->net.route_count++] = (struct net_route){index, p};
        } else if (kind == 'w') {
            if (name_list_add(&m->conf.wan_if, w) != 0)
                exit(1);
        } else if (prefix_parse(w, &p) != 0 || prefix_list_add(&m->conf.localnet, &p) != 0) {
            exit(1);
        }
    }
}

static void derive(struct tap *t, const struct world *w, struct topology *out)
{
    struct made m = {.conf = {.protocol = w->protocol}};

    add_words(&m, w->links, 'l');
    add_words(&m, w->addresses, 'a');
    add_words(&m, w->routes, 'r');
    add_words(&m, w->wan_if, 'w');
    add_words(&m, w->localnet, 'n');
    m.net.links = m.links;
    m.net.addresses = m.addresses;
    m.net.routes = m.routes;
    m.net.forward_v6 = w->forward_v6;
    tap_is(t, topology_derive(out, &m.conf, &m.net), 0, "%s: derived", w->what);
    name_list_free(&m.conf.wan_if);
    prefix_list_free(&m.conf.localnet);
}

static void tap_names(struct tap *t, const struct name_list *list, const char *expected,
                      const char *what, const char *which)
{
    char got[128] = "";

    for (size_t i = 0; i < list->count; i++) {
        size_t len = strlen(got);

        snprintf(got + len, sizeof got - len, "%s%s", i ? " " : "", list->names[i]);
    }
    tap_text(t, got, expected, "%s: %s", what, which);
}

static void tap_nets(struct tap *t, const struct prefix_list *list, const char *expected,
                     const char *what, const char *which)
{
    char got[128] = "", one[PREFIX_TEXT_LEN];

    for (size_t i = 0; i < list->count; i++) {
        size_t len = strlen(got);

        snprintf(got + len, sizeof got - len, "%s%s", i ? " " : "",
                 prefix_format(&list->prefixes[i], one));
    }
    tap_text(t, got, expected, "%s: %s", what, which);
}

static void test_worlds(struct tap *t)
{
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        const struct world *w = &worlds[i];
        struct topology got;

        derive(t, w, &got);
        tap_names(t, &got.v4.wan_if, w->wan4, w->what, "WAN_IF");
        tap_names(t, &got.v4.lan_if, w->lan4, w->what, "LAN interfaces");
        tap_nets(t, &got.v4.wan_nets, w->nets4, w->what, "networks of WAN_IF");
        tap_names(t, &got.v6.wan_if, w->wan6, w->what, "WAN_IF, IPv6");
        tap_names(t, &got.v6.lan_if, w->lan6, w->what, "LAN interfaces, IPv6");
        tap_nets(t, &got.v6.wan_nets, w->nets6, w->what, "networks of WAN_IF, IPv6");
        tap_is(t, got.channels, w->channels, "%s: channels", w->what);
        tap_is(t, got.is_dialled, w->protocol != PROTOCOL_ETHERNET, "%s: comes and goes", w->what);
        tap_is(t, got.leak_v6, w->leak_v6, "%s: IPv6 leaks", w->what);
        topology_free(&got);
    }
}

/* In the first world, and in the one whose WAN net lies in LOCALNET. */
static const struct {
    const char *host;
    size_t world;
    bool local, own, outside;
} hosts[] = {
    {"10.99.0.7", 0, true, false, false},     {"10.1.1.1", 0, true, false, false},
    {"10.99.0.1", 0, true, true, false},      {"192.0.2.2", 0, false, true, false},
    {"192.0.2.9", 0, false, false, true},     {"203.0.113.1", 0, false, false, true},
    {"127.0.0.1", 0, false, true, false},     {"fd00::7", 0, true, false, false},
    {"fd00::1", 0, true, true, false},        {"2001:db8:f::2", 0, false, true, false},
    {"2001:db8::1", 0, false, false, true},   {"10.200.0.9", 9, true, false, true},
    {"10.200.0.2", 9, true, true, false},     {"10.99.0.7", 9, true, false, false},
    {"203.0.113.1", 9, false, false, true},   {"fd00::7", 9, false, false, true},
};

static void test_hosts(struct tap *t)
{
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        const struct world *w = &worlds[hosts[i].world];
        struct topology got;
        struct addr a;

        if (addr_parse(hosts[i].host, &a) != 0)
            exit(1);
        derive(t, w, &got);
        tap_is(t, topology_is_local(&got, &a), hosts[i].local, "%s is local", hosts[i].host);
        tap_is(t, topology_is_own(&got, &a), hosts[i].own, "%s is our own", hosts[i].host);
        tap_is(t, topology_is_outside(&got, &a), hosts[i].outside, "%s is outside", hosts[i].host);
        topology_free(&got);
    }
}

/* Far ends of connections: those that use the link, and those that look as if. In the first world,
 * in the one whose WAN net lies in LOCALNET, and in the one with one arm. */
static const struct {
    const char *host;
    size_t world;
    bool outside, beyond;
} ends[] = {
    {"203.0.113.1", 0, true, true},      {"2001:db8::1", 0, true, true},
    {"192.0.2.9", 0, true, true},        {"2001:db8:f::9", 0, true, true},
    {"::ffff:203.0.113.1", 0, true, true},
    {"10.99.0.7", 0, false, false},      {"fd00::7", 0, false, false},
    {"::ffff:10.99.0.7", 0, false, false},
    {"10.99.0.1", 0, false, false},      {"192.0.2.2", 0, false, false},
    {"2001:db8:f::2", 0, false, false},  {"fd00::1", 0, false, false},
    {"::ffff:192.0.2.2", 0, false, false},
    {"127.0.0.1", 0, false, false},      {"::1", 0, false, false},
    {"127.0.0.53", 0, true, false},      {"::ffff:127.0.0.53", 0, true, false},
    {"0.0.0.0", 0, true, false},         {"::", 0, true, false},
    {"169.254.169.254", 0, true, false}, {"fe80::1", 0, true, false},
    {"224.0.0.251", 0, true, false},     {"255.255.255.255", 0, true, false},
    {"ff02::fb", 0, true, false},        {"::ffff:224.0.0.251", 0, true, false},
    {"10.200.0.9", 9, true, true},       {"10.200.0.2", 9, false, false},
    {"::ffff:10.200.0.9", 9, true, true}, {"10.99.0.7", 9, false, false},
    {"10.99.0.1", 9, false, false},      {"203.0.113.1", 9, true, true},
    {"fd00::7", 9, true, true},
    {"192.168.1.1", 10, true, true},     {"192.168.1.9", 10, false, false},
    {"192.168.2.1", 10, true, true},
};

static void test_beyond(struct tap *t)
{
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const struct world *w = &worlds[ends[i].world];
        struct topology got;
        struct addr a;

        if (addr_parse(ends[i].host, &a) != 0)
            exit(1);
        derive(t, w, &got);
        tap_is(t, topology_is_outside(&got, &a), ends[i].outside, "%s: %s is outside", w->what,
               ends[i].host);
        tap_is(t, topology_is_beyond(&got, &a), ends[i].beyond, "%s: %s is beyond", w->what,
               ends[i].host);
        topology_free(&got);
    }
}

/* LOCALNET may be anything: what is near by its own nature does not use the link even then. */
static void test_all_of_it(struct tap *t)
{
    static const struct {
        const char *host;
        bool beyond;
    } cases[] = {{"203.0.113.1", false}, {"192.0.2.9", true}, {"127.0.0.1", false},
                 {"169.254.1.1", false}};
    const struct world w = {.what = "all of IPv4 is LOCALNET", .wan_if = "eth0",
                            .localnet = "0.0.0.0/0", .links = SCHOOL_LINKS,
                            .addresses = "2=192.0.2.2/24 1=127.0.0.2/8 2=169.254.7.7/16",
                            .routes = ""};
    struct addr none = {0};
    struct topology got;

    derive(t, &w, &got);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr a;

        if (addr_parse(cases[i].host, &a) != 0)
            exit(1);
        tap_is(t, topology_is_beyond(&got, &a), cases[i].beyond, "%s: %s is beyond", w.what,
               cases[i].host);
    }
    tap_is(t, topology_is_beyond(&got, &none), false, "no address at all is beyond");
    topology_free(&got);
}

/* Worlds lead to the same entries only if nothing that entries are made of differs. */
static void test_same(struct tap *t)
{
    static const struct {
        size_t a, b;
        bool same;
    } cases[] = {{0, 0, true}, {0, 1, false}, {1, 2, true}, {0, 4, false}, {9, 10, false},
                 {15, 22, false}, {4, 5, false}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct topology a, b;

        derive(t, &worlds[cases[i].a], &a);
        derive(t, &worlds[cases[i].b], &b);
        tap_is(t, topology_same_entries(&a, &b), cases[i].same, "%s and %s: the same entries",
               worlds[cases[i].a].what, worlds[cases[i].b].what);
        topology_free(&a);
        topology_free(&b);
    }
}

int main(void)
{
    struct tap t = {0};

    test_worlds(&t);
    test_hosts(&t);
    test_beyond(&t);
    test_all_of_it(&t);
    test_same(&t);
    return tap_done(&t);
}
