/*
 * The tree of chains over many hosts: exactly the open ones reach their entry, by few entries,
 * through chains whose names are ours and fit.
 */
#include "gate_rules.h"
#include "tap.h"

#include <netinet/in.h>

#define HOSTS 2000
#define NAME_MAX_LEN 28 /* of iptables(8) */

struct crowd {
    const char *what, *net;
    void (*next)(uint64_t random, uint8_t bytes[16]); /* fills in what the network leaves open */
    unsigned met_max; /* entries that a packet may be compared with; 0: any number */
};

static uint64_t random_next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 16;
}

static void anywhere(uint64_t random, uint8_t bytes[16])
{
    bytes[1] = (uint8_t)random;
    bytes[2] = (uint8_t)(random >> 8);
    bytes[3] = (uint8_t)(random >> 16);
}

static void in_few_rooms(uint64_t random, uint8_t bytes[16])
{
    bytes[1] = 99;
    bytes[2] = (uint8_t)(random % 10);
    bytes[3] = (uint8_t)(random >> 16);
}

/* An odd length: the network ends within a digit. */
static void in_a_corner(uint64_t random, uint8_t bytes[16])
{
    bytes[1] = (uint8_t)(0x40 | (random & 0x3f));
    bytes[2] = (uint8_t)(random >> 8);
    bytes[3] = (uint8_t)(random >> 16);
}

static void anywhere_v6(uint64_t random, uint8_t bytes[16])
{
    for (int i = 2; i < 16; i++)
        bytes[i] = (uint8_t)(random >> (i % 6 * 8));
}

/* As one numbers hosts by hand: long prefixes, and few digits in which they differ. */
static void deep_v6(uint64_t random, uint8_t bytes[16])
{
    memset(bytes + 2, 0x5a, 12);
    bytes[13] = (uint8_t)(random % 3);
    bytes[14] = (uint8_t)(random >> 8);
    bytes[15] = (uint8_t)(random >> 16 & 0x1f);
}

/* Some prefixes have just as many digits as a name holds, some have one more. */
static void at_the_edge(uint64_t random, uint8_t bytes[16])
{
    unsigned digit = random & 4 ? (unsigned)(random >> 8 & 0x0f) : 5;

    memset(bytes + 2, 0x5a, 8);
    bytes[10] = (uint8_t)((random % 8) << 4 | digit);
    bytes[11] = (uint8_t)(random >> 16);
    bytes[12] = (uint8_t)(random >> 24);
}

/* Neighbours in pairs, far from all others. */
static void pairs_v6(uint64_t random, uint8_t bytes[16])
{
    anywhere_v6(random & ~UINT64_C(0x0100000000), bytes);
    bytes[15] = (uint8_t)(bytes[15] & 0xfe) | (uint8_t)(random >> 41 & 1);
}

static const struct crowd crowds[] = {
    {"10.0.0.0/8, anywhere", "10.0.0.0/8", anywhere, 200},
    {"10.0.0.0/8, in few rooms", "10.0.0.0/8", in_few_rooms, 200},
    {"10.64.0.0/10", "10.64.0.0/10", in_a_corner, 200},
    {"0.0.0.0/0", "0.0.0.0/0", anywhere, 200},
    {"fd00::/16, anywhere", "fd00::/16", anywhere_v6, 200},
    {"fd00::/16, deep", "fd00::/16", deep_v6, 200},
    {"fd00::/16, at the edge", "fd00::/16", at_the_edge, 200},
    {"fd00::/16, in pairs", "fd00::/16", pairs_v6, 200},
    {"fc00::/7, deep", "fc00::/7", deep_v6, 200},
};

static int compare(const void *a, const void *b)
{
    return addr_compare(a, b);
}

/* Sorted, each once. */
static size_t gather(const struct crowd *c, struct addr hosts[HOSTS])
{
    uint64_t state = 20261121;
    struct prefix net;
    size_t kept = 1;

    if (prefix_parse(c->net, &net) != 0)
        exit(1);
    for (size_t i = 0; i < HOSTS; i++) {
        hosts[i] = net.addr;
        c->next(random_next(&state), hosts[i].bytes);
    }
    qsort(hosts, HOSTS, sizeof *hosts, compare);
    for (size_t i = 1; i < HOSTS; i++) {
        if (!addr_equal(&hosts[i], &hosts[kept - 1]))
            hosts[kept++] = hosts[i];
    }
    return kept;
}

static const struct rule_chain *find_chain(const struct ruleset *r, const char *name)
{
    for (size_t i = 0; i < r->chain_count; i++) {
        if (strcmp(r->chains[i].name, name) == 0)
            return &r->chains[i];
    }
    return NULL;
}

/*
 * Which entry accepts a packet of this source, from the root of network `n`: its place among the
 * rules, -1 if none does, -2 if the rules are broken. `met` counts the entries compared.
 */
static int64_t walk(const struct ruleset *r, unsigned n, const struct addr *source,
                    unsigned *met)
{
    const struct rule_chain *chain;
    char name[RULE_CHAIN_LEN];
    size_t i, end;

    gate_root_name(n, name);
    *met = 0;
    chain = find_chain(r, name);
    if (!chain)
        return -2;
    for (i = chain->first, end = i + chain->count; i < end; i++) {
        const struct rule *rule = &r->rules[i];

        ++*met;
        if (!prefix_contains(&rule->source, source))
            continue;
        if (rule->target == TARGET_ACCEPT)
            return (int64_t)i;
        chain = rule->target == TARGET_GOTO ? find_chain(r, rule->chain) : NULL;
        if (!chain || *met > 10000)
            return -2;
        i = chain->first - 1;
        end = chain->first + chain->count;
    }
    return -1;
}

static bool is_open(const struct addr *hosts, size_t count, const struct addr *a)
{
    return bsearch(a, hosts, count, sizeof *hosts, compare) != NULL;
}

static void test_walks(struct tap *t, const struct crowd *c, const struct ruleset *r,
                       const struct addr *hosts, size_t count)
{
    unsigned met, most = 0, refused = 0, let_in = 0, wrong = 0;
    uint64_t state = 4711;

    for (size_t i = 0; i < count; i++) {
        int64_t at = walk(r, 0, &hosts[i], &met);

        most = met > most ? met : most;
        refused += at < 0;
        wrong += at >= 0 && (!addr_equal(&r->rules[at].source.addr, &hosts[i]) ||
                             r->rules[at].source.len != addr_bits(&hosts[i]));
    }
    /* Those beside them, with one bit changed or by chance. */
    for (size_t i = 0; i < count * 4; i++) {
        struct addr a = hosts[i / 4];
        unsigned bytes = addr_bits(&a) / 8, bit = (unsigned)(random_next(&state) % (bytes * 8));

        if (i % 4 == 0)
            a.bytes[bytes - 1] ^= 1;
        else
            a.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (is_open(hosts, count, &a))
            continue;
        let_in += walk(r, 0, &a, &met) != -1;
        most = met > most ? met : most;
    }
    tap_is(t, refused, 0, "%s: open hosts that are not accepted", c->what);
    tap_is(t, wrong, 0, "%s: hosts accepted by another's entry", c->what);
    tap_is(t, let_in, 0, "%s: closed hosts that are accepted", c->what);
    if (c->met_max && !tap_ok(t, most <= c->met_max, "%s: few entries for a packet", c->what))
        tap_note("got %u, expected %u at most", most, c->met_max);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct rule_chain *)a)->name, ((const struct rule_chain *)b)->name);
}

static void test_names(struct tap *t, const struct crowd *c, const struct ruleset *r)
{
    struct rule_chain *sorted = malloc((r->chain_count + 1) * sizeof *sorted);
    unsigned twice = 0, too_long = 0, not_ours = 0, outside = 0;
    size_t rules = 0;

    if (!sorted)
        exit(1);
    memcpy(sorted, r->chains, r->chain_count * sizeof *sorted);
    qsort(sorted, r->chain_count, sizeof *sorted, compare_names);
    for (size_t i = 0; i < r->chain_count; i++) {
        twice += i > 0 && strcmp(sorted[i - 1].name, sorted[i].name) == 0;
        too_long += strlen(sorted[i].name) > NAME_MAX_LEN;
        not_ours += !gate_owns_chain(sorted[i].name);
        outside += sorted[i].first + sorted[i].count > r->rule_count;
        rules += sorted[i].count;
    }
    tap_ok(t, r->chain_count > (c->met_max ? 10 : 0), "%s: there are chains", c->what);
    tap_is(t, twice, 0, "%s: names given twice", c->what);
    tap_is(t, too_long, 0, "%s: names too long", c->what);
    tap_is(t, not_ours, 0, "%s: names that are not ours", c->what);
    tap_is(t, outside, 0, "%s: chains beyond the rules", c->what);
    tap_is(t, (int64_t)rules, (int64_t)r->rule_count, "%s: every rule stands in a chain", c->what);
    free(sorted);
}

static void test_crowd(struct tap *t, const struct crowd *c)
{
    static struct addr hosts[HOSTS];
    size_t count = gather(c, hosts);
    struct rule accept = {.target = TARGET_ACCEPT};
    struct ruleset r;
    struct prefix net;

    prefix_parse(c->net, &net);
    gate_rules_none(&r, net.addr.family, "filter");
    gate_add_tree(&r, 0, &net, hosts, NULL, count, &accept, 1);
    tap_is(t, r.failed, false, "%s: %zu hosts", c->what, count);
    test_walks(t, c, &r, hosts, count);
    test_names(t, c, &r);
    ruleset_free(&r);
}

/* All of the filter table over several networks: names stay apart between the trees. */
static void test_filter(struct tap *t)
{
    static const char *const nets[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.4.0/22"};
    static struct addr hosts[300];
    struct topology topology = {.channels = 1};
    struct crowd c = {.what = "three networks"};
    struct ruleset r;
    unsigned met, refused = 0;

    for (size_t n = 0; n < 3; n++) {
        struct prefix p;

        if (prefix_parse(nets[n], &p) != 0 || prefix_list_add(&topology.v4.localnet, &p) != 0)
            exit(1);
        for (size_t i = 0; i < 100; i++) {
            hosts[n * 100 + i] = p.addr;
            hosts[n * 100 + i].bytes[2] |= (uint8_t)(i % 4);
            hosts[n * 100 + i].bytes[3] = (uint8_t)i;
        }
    }
    qsort(hosts, 300, sizeof *hosts, compare);
    tap_is(t, gate_rules_filter(&r, AF_INET, &topology, &(struct gate_policy){0}, hosts, NULL,
                                300), 0, "three networks");
    test_names(t, &c, &r);
    for (size_t i = 0; i < 300; i++)
        refused += walk(&r, (unsigned)(i / 100), &hosts[i], &met) < 0;
    tap_is(t, refused, 0, "three networks: each host in its own tree");
    ruleset_free(&r);
    topology_free(&topology);
}

static void test_small(struct tap *t)
{
    struct rule leaves[2] = {{.target = TARGET_MASQUERADE, .out = "eth0"},
                                  {.target = TARGET_MASQUERADE, .out = "ppp+"}};
    struct addr host;
    struct ruleset r;
    struct prefix net;
    char name[RULE_CHAIN_LEN];

    prefix_parse("10.0.0.0/8", &net);
    addr_parse("10.99.0.2", &host);
    gate_rules_none(&r, AF_INET, "nat");
    gate_add_tree(&r, 255, &net, NULL, NULL, 0, leaves, 2);
    gate_root_name(255, name);
    tap_text(t, r.chains[0].name, name, "no hosts: the root alone");
    tap_is(t, (int64_t)r.rule_count, 0, "no hosts: empty");
    ruleset_free(&r);
    gate_rules_none(&r, AF_INET, "nat");
    gate_add_tree(&r, 255, &net, &host, NULL, 1, leaves, 2);
    tap_text(t, name, "TCPQUOTA-ff", "the root of network 255");
    if (tap_is(t, (int64_t)r.rule_count, 2, "one host: its two entries")) {
        tap_text(t, r.rules[0].out, "eth0", "the first leaf");
        tap_text(t, r.rules[1].out, "ppp+", "the second");
        tap_is(t, r.rules[1].source.len, 32, "the host alone");
        tap_ok(t, addr_equal(&r.rules[1].source.addr, &host), "and no other");
    }
    ruleset_free(&r);
}

int main(void)
{
    struct tap t = {0};

    for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++)
        test_crowd(&t, &crowds[i]);
    test_filter(&t);
    test_small(&t);
    return tap_done(&t);
}
