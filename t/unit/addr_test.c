/* Addresses and networks: text to value and back, order, membership. */
#include "addr.h"
#include "tap.h"

#include <errno.h>

static const struct {
    const char *text;
    const char *canonical; /* NULL: no address */
    int family;
} addresses[] = {
    {"10.99.0.2", "10.99.0.2", AF_INET},
    {"0.0.0.0", "0.0.0.0", AF_INET},
    {"255.255.255.255", "255.255.255.255", AF_INET},
    {"::", "::", AF_INET6},
    {"::1", "::1", AF_INET6},
    {"FD00::0001", "fd00::1", AF_INET6},
    {"fd00:0:0:0:0:0:0:1", "fd00::1", AF_INET6},
    {"fd00:0000:0000:0000:0000:0000:0000:0001", "fd00::1", AF_INET6},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", AF_INET6},
    {"::ffff:10.0.0.1", "10.0.0.1", AF_INET},
    {"::FFFF:a00:1", "10.0.0.1", AF_INET},
    {"0:0:0:0:0:ffff:10.0.0.1", "10.0.0.1", AF_INET},
    {"::10.0.0.1", "::10.0.0.1", AF_INET6}, /* compatible, not mapped */
    {"64:ff9b::10.0.0.1", "64:ff9b::a00:1", AF_INET6},
    {"::fffe:10.0.0.1", "::fffe:a00:1", AF_INET6},
    {"", NULL, 0},
    {"localhost", NULL, 0},
    {"10.0.0", NULL, 0},
    {"10.0.0.256", NULL, 0},
    {"10.0.0.1.2", NULL, 0},
    {"10.0.0.01", NULL, 0},
    {"0x0a.0.0.1", NULL, 0},
    {" 10.0.0.1", NULL, 0},
    {"10.0.0.1 ", NULL, 0},
    {"10.0.0.1\n", NULL, 0},
    {"10.0.0.1/32", NULL, 0},
    {"167772161", NULL, 0},
    {"fe80::1%eth0", NULL, 0},
    {"[::1]", NULL, 0},
    {":::", NULL, 0},
    {"1::2::3", NULL, 0},
    {"fd00:0:0:0:0:0:0:0:1", NULL, 0},
    {"fd00::g", NULL, 0},
};

/* In ascending order. */
static const char *const ordered[] = {
    "0.0.0.0", "9.255.255.255", "10.0.0.1", "10.0.0.2", "10.0.1.0", "192.168.0.1",
    "255.255.255.255", "::", "::1", "2001:db8::", "fd00::1", "fd00::1:0", "ffff::",
};

static const struct {
    const char *text;
    int result;
    const char *canonical;
} prefixes[] = {
    {"10.0.0.0/8", 0, "10.0.0.0/8"},
    {"10.128.0.0/9", 0, "10.128.0.0/9"},
    {"10.0.0.0/08", 0, "10.0.0.0/8"},
    {"0.0.0.0/0", 0, "0.0.0.0/0"},
    {"10.1.2.3/32", 0, "10.1.2.3/32"},
    {"fd00::/64", 0, "fd00::/64"},
    {"FD00::/7", -ERANGE, NULL},
    {"fc00::/7", 0, "fc00::/7"},
    {"::/0", 0, "::/0"},
    {"fd00::1/128", 0, "fd00::1/128"},
    {"10.99.0.2", 0, "10.99.0.2/32"},
    {"fd00::", 0, "fd00::/128"},
    {"42.42.0.0", 0, "42.42.0.0/16"},
    {"42.42.42.0", 0, "42.42.42.0/24"},
    {"42.0.0.0", 0, "42.0.0.0/8"},
    {"42.0.42.0", 0, "42.0.42.0/24"},
    {"10.0.0.1/8", -ERANGE, NULL},
    {"10.128.0.0/8", -ERANGE, NULL},
    {"10.0.0.1/31", -ERANGE, NULL},
    {"fd00::1/64", -ERANGE, NULL},
    {"fd00:0:0:0:8000::/64", -ERANGE, NULL},
    {"10.0.0.0/33", -EINVAL, NULL},
    {"fd00::/129", -EINVAL, NULL},
    {"10.0.0.0/-1", -EINVAL, NULL},
    {"10.0.0.0/", -EINVAL, NULL},
    {"/8", -EINVAL, NULL},
    {"", -EINVAL, NULL},
    {"10.0.0.0/8/8", -EINVAL, NULL},
    {"10.0.0.0/8 ", -EINVAL, NULL},
    {"10.0.0.0 /8", -EINVAL, NULL},
    {"10.0.0.0/x", -EINVAL, NULL},
    {"10.0.0.0/0x8", -EINVAL, NULL},
    {"10.0.0.0/255.0.0.0", -EINVAL, NULL},
    {"10/8", -EINVAL, NULL},
    {"room1", -EINVAL, NULL},
    {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8", -EINVAL, NULL},
};

static const struct {
    const char *net, *host;
    bool contains;
} members[] = {
    {"10.0.0.0/8", "10.255.255.255", true},
    {"10.0.0.0/8", "11.0.0.0", false},
    {"10.0.0.0/8", "9.255.255.255", false},
    {"10.128.0.0/9", "10.128.0.0", true},
    {"10.128.0.0/9", "10.127.255.255", false},
    {"192.168.4.0/22", "192.168.7.255", true},
    {"192.168.4.0/22", "192.168.8.0", false},
    {"192.168.4.0/22", "192.168.3.255", false},
    {"10.0.0.6/31", "10.0.0.7", true},
    {"10.0.0.6/31", "10.0.0.8", false},
    {"10.0.0.6/32", "10.0.0.7", false},
    {"0.0.0.0/0", "255.1.2.3", true},
    {"0.0.0.0/0", "::1", false},
    {"::/0", "10.0.0.1", false},
    {"::/0", "ffff::1", true},
    {"fc00::/7", "fdff::1", true},
    {"fc00::/7", "fe00::", false},
    {"fd00::/65", "fd00::7fff:ffff:ffff:ffff", true},
    {"fd00::/65", "fd00::8000:0:0:0", false},
    {"fd00::2/127", "fd00::3", true},
    {"fd00::2/127", "fd00::4", false},
    {"fd00::2/128", "fd00::3", false},
};

static const struct {
    const char *a, *b;
    bool a_covers_b, b_covers_a, overlap;
} pairs[] = {
    {"10.0.0.0/8", "10.0.0.0/8", true, true, true},
    {"10.0.0.0/8", "10.1.0.0/16", true, false, true},
    {"10.0.0.0/8", "11.0.0.0/8", false, false, false},
    {"10.0.0.0/9", "10.128.0.0/9", false, false, false},
    {"10.0.0.0/7", "11.0.0.0/8", true, false, true},
    {"10.0.0.0/13", "10.4.0.0/14", true, false, true},
    {"10.0.0.0/14", "10.4.0.0/14", false, false, false},
    {"0.0.0.0/0", "255.255.255.255/32", true, false, true},
    {"0.0.0.0/0", "::/0", false, false, false},
    {"fd00::/63", "fd00:0:0:1::/64", true, false, true},
    {"fd00::/64", "fd00:0:0:1::/64", false, false, false},
};

static struct addr address(const char *text)
{
    struct addr a = {0};

    if (addr_parse(text, &a) != 0)
        tap_note("the test itself is wrong: %s is no address", text);
    return a;
}

static struct prefix network(const char *text)
{
    struct prefix p = {0};

    if (prefix_parse(text, &p) != 0)
        tap_note("the test itself is wrong: %s is no network", text);
    return p;
}

static void test_addresses(struct tap *t)
{
    char text[ADDR_TEXT_LEN];

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct addr a = {.family = 77};
        int result = addr_parse(addresses[i].text, &a);

        tap_is(t, result, addresses[i].canonical ? 0 : -EINVAL, "addr_parse(\"%s\")",
               addresses[i].text);
        tap_is(t, a.family, addresses[i].canonical ? addresses[i].family : 77, "%s: family",
               addresses[i].text);
        if (result == 0 && addresses[i].canonical)
            tap_text(t, addr_format(&a, text), addresses[i].canonical, "%s: written back",
                     addresses[i].text);
    }
    tap_text(t, addr_format(&(struct addr){0}, text), "-", "no address at all is written");
}

static void test_make(struct tap *t)
{
    static const uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
    static const uint8_t plain[4] = {10, 0, 0, 1};
    struct addr a = addr_make(AF_INET, plain), b = addr_make(AF_INET6, mapped);

    tap_ok(t, memcmp(&a, &b, sizeof a) == 0, "a mapped address is the IPv4 one, byte for byte");
    tap_ok(t, addr_equal(&a, &b), "and equals it");
    tap_is(t, addr_bits(&a), 32, "bits of an IPv4 address");
    b = address("fd00::1");
    tap_is(t, addr_bits(&b), 128, "bits of an IPv6 address");
}

static void test_order(struct tap *t)
{
    size_t n = sizeof ordered / sizeof *ordered;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            struct addr a = address(ordered[i]), b = address(ordered[k]);
            int got = addr_compare(&a, &b);

            tap_is(t, (got > 0) - (got < 0), (i > k) - (i < k), "order of %s and %s", ordered[i],
                   ordered[k]);
            tap_is(t, addr_equal(&a, &b), i == k, "equality of %s and %s", ordered[i], ordered[k]);
        }
    }
}

static void test_prefixes(struct tap *t)
{
    char text[PREFIX_TEXT_LEN];

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct prefix p = {.len = 77};
        int result = prefix_parse(prefixes[i].text, &p);

        tap_is(t, result, prefixes[i].result, "prefix_parse(\"%s\")", prefixes[i].text);
        if (prefixes[i].result)
            tap_is(t, p.len, 77, "%s: nothing is set", prefixes[i].text);
        else if (result == 0)
            tap_text(t, prefix_format(&p, text), prefixes[i].canonical, "%s: written back",
                     prefixes[i].text);
    }
}

static void test_members(struct tap *t)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct prefix net = network(members[i].net);
        struct addr host = address(members[i].host);

        tap_is(t, prefix_contains(&net, &host), members[i].contains, "%s contains %s",
               members[i].net, members[i].host);
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct prefix a = network(pairs[i].a), b = network(pairs[i].b);

        tap_is(t, prefix_covers(&a, &b), pairs[i].a_covers_b, "%s covers %s", pairs[i].a,
               pairs[i].b);
        tap_is(t, prefix_covers(&b, &a), pairs[i].b_covers_a, "%s covers %s", pairs[i].b,
               pairs[i].a);
        tap_is(t, prefix_overlaps(&a, &b), pairs[i].overlap, "%s overlaps %s", pairs[i].a,
               pairs[i].b);
        tap_is(t, prefix_overlaps(&b, &a), pairs[i].overlap, "%s overlaps %s", pairs[i].b,
               pairs[i].a);
    }
}

static void test_prefix_of(struct tap *t)
{
    static const struct {
        const char *host;
        unsigned len;
        const char *net;
    } cases[] = {
        {"10.99.255.77", 0, "0.0.0.0/0"},          {"10.99.255.77", 8, "10.0.0.0/8"},
        {"10.99.255.77", 17, "10.99.128.0/17"},    {"10.99.255.77", 31, "10.99.255.76/31"},
        {"10.99.255.77", 32, "10.99.255.77/32"},   {"fdff:ffff::1", 0, "::/0"},
        {"fdff:ffff::1", 9, "fd80::/9"},           {"fd00::ffff", 121, "fd00::ff80/121"},
        {"fd00::ffff", 128, "fd00::ffff/128"},
    };
    char text[PREFIX_TEXT_LEN];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr host = address(cases[i].host);
        struct prefix p = prefix_of(&host, cases[i].len);

        tap_text(t, prefix_format(&p, text), cases[i].net, "network of %u bits around %s",
                 cases[i].len, cases[i].host);
    }
}

static void test_digits(struct tap *t)
{
    static const char *const digits = "0a63f00e";
    struct addr v4 = address("10.99.240.14"), v6 = address("fd01:2345::9");

    for (unsigned i = 0; i < 8; i++)
        tap_is(t, "0123456789abcdef"[addr_nibble(&v4, i)], digits[i], "digit %u of 10.99.240.14",
               i);
    tap_is(t, addr_nibble(&v6, 3), 1, "digit 3 of fd01:2345::9");
    tap_is(t, addr_nibble(&v6, 7), 5, "digit 7");
    tap_is(t, addr_nibble(&v6, 31), 9, "digit 31");
    tap_is(t, addr_nibble(&v6, 30), 0, "digit 30");
}

static void test_unique_local(struct tap *t)
{
    static const struct {
        const char *text;
        bool unique;
    } cases[] = {
        {"fc00::", true}, {"fd00::1", true},
        {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
        {"fbff::1", false}, {"fe00::1", false}, {"fe80::1", false}, {"2001:db8::1", false},
        {"::1", false}, {"252.0.0.1", false}, {"253.0.0.1", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr a = address(cases[i].text);

        tap_is(t, addr_is_unique_local(&a), cases[i].unique, "%s is unique local", cases[i].text);
    }
}

/* What no router passes on, and what comes right before it and after. */
static void test_near(struct tap *t)
{
    static const struct {
        const char *text;
        bool near;
    } cases[] = {
        {"0.0.0.0", true}, {"0.255.255.255", true}, {"1.0.0.0", false},
        {"126.255.255.255", false}, {"127.0.0.1", true}, {"127.0.0.53", true},
        {"127.255.255.255", true}, {"128.0.0.0", false},
        {"169.253.255.255", false}, {"169.254.0.0", true}, {"169.254.169.254", true},
        {"169.254.255.255", true}, {"169.255.0.0", false},
        {"223.255.255.255", false}, {"224.0.0.1", true}, {"239.255.255.255", true},
        {"240.0.0.1", true}, {"255.255.255.255", true},
        {"10.0.0.1", false}, {"192.168.1.1", false}, {"192.0.2.255", false}, {"8.8.8.8", false},
        {"::", true}, {"::1", true}, {"::2", false}, {"::100", false}, {"1::1", false},
        {"fe7f:ffff::1", false}, {"fe80::", true}, {"fe80::1", true},
        {"febf:ffff::ffff", true}, {"fec0::1", false}, {"feff::1", false},
        {"ff00::", true}, {"ff02::1", true}, {"ff0e::1", true}, {"fdff::1", false},
        {"fd00::1", false}, {"2001:db8::1", false}, {"7f00::1", false}, {"a9fe::1", false},
        {"e000::1", false}, {"::ffff:127.0.0.1", true}, {"::ffff:169.254.1.1", true},
        {"::ffff:224.0.0.1", true}, {"::ffff:0.0.0.0", true}, {"::ffff:10.0.0.1", false},
    };
    struct addr none = {0}, odd = {.family = 77, .bytes = {10, 0, 0, 1}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr a = address(cases[i].text);

        tap_is(t, addr_is_near(&a), cases[i].near, "%s is near", cases[i].text);
    }
    tap_is(t, addr_is_near(&none), true, "no address is near");
    tap_is(t, addr_is_near(&odd), true, "an unknown family is");
}

int main(void)
{
    struct tap t = {0};

    test_addresses(&t);
    test_make(&t);
    test_order(&t);
    test_prefixes(&t);
    test_members(&t);
    test_prefix_of(&t);
    test_digits(&t);
    test_unique_local(&t);
    test_near(&t);
    return tap_done(&t);
}
