/* The neighbour table from messages as the kernel sends them, and from broken ones. */
#include "neighbours.h"
#include "tap.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define BUFFER 256

static struct addr address(const char *text)
{
    struct addr a = {0};

    if (addr_parse(text, &a) != 0)
        tap_note("the test itself is wrong: %s is no address", text);
    return a;
}

/* Ethernet addresses that differ in their last byte. */
static struct lladdr at(uint8_t last)
{
    const uint8_t bytes[6] = {2, 0, 0, 0, 0, last};

    return lladdr_make(bytes, sizeof bytes);
}

struct entry {
    const char *what, *addr;
    int index;
    uint16_t state;
    uint8_t last, lladdr_len, flags;
};

static struct nlmsghdr *message(char buffer[BUFFER], const struct entry *e)
{
    struct addr a = address(e->addr);
    struct lladdr lladdr = at(e->last);
    struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
    struct ndmsg *info = mnl_nlmsg_put_extra_header(m, sizeof *info);

    m->nlmsg_type = RTM_NEWNEIGH;
    info->ndm_family = a.family;
    info->ndm_ifindex = e->index;
    info->ndm_state = e->state;
    info->ndm_flags = e->flags;
    mnl_attr_put(m, NDA_DST, a.family == AF_INET ? 4 : 16, a.bytes);
    if (e->lladdr_len)
        mnl_attr_put(m, NDA_LLADDR, e->lladdr_len, lladdr.bytes);
    return m;
}

static const struct {
    struct entry entry;
    bool kept;
} entries[] = {
    {{"reachable", "10.99.0.2", 3, NUD_REACHABLE, 7, 6, 0}, true},
    {{"stale", "10.99.0.2", 3, NUD_STALE, 7, 6, 0}, true},
    {{"delayed", "10.99.0.2", 3, NUD_DELAY, 7, 6, 0}, true},
    {{"being probed", "10.99.0.2", 3, NUD_PROBE, 7, 6, 0}, true},
    {{"permanent", "10.99.0.2", 3, NUD_PERMANENT, 7, 6, 0}, true},
    {{"IPv6", "fd99::2", 3, NUD_REACHABLE, 7, 6, 0}, true},
    {{"IPv6, of a router", "fd99::2", 3, NUD_REACHABLE, 7, 6, NTF_ROUTER}, true},
    {{"a long link-layer address", "10.99.0.2", 3, NUD_REACHABLE, 7, 20, 0}, true},
    {{"failed", "10.99.0.2", 3, NUD_FAILED, 7, 6, 0}, false},
    {{"incomplete", "10.99.0.2", 3, NUD_INCOMPLETE, 7, 6, 0}, false},
    {{"needs none", "10.99.0.2", 3, NUD_NOARP, 7, 6, 0}, false},
    {{"no state", "10.99.0.2", 3, 0, 7, 6, 0}, false},
    {{"no link-layer address", "10.99.0.2", 3, NUD_REACHABLE, 7, 0, 0}, false},
    {{"the shortest", "10.99.0.2", 3, NUD_REACHABLE, 0, 1, 0}, true},
    {{"answered for by proxy", "10.99.0.2", 3, NUD_PERMANENT, 7, 6, NTF_PROXY}, false},
};

static void test_entries(struct tap *t)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        const struct entry *e = &entries[i].entry;
        struct neighbours n = {0};
        struct addr a = address(e->addr);
        char buffer[BUFFER];

        tap_is(t, neighbours_add(&n, message(buffer, e)), 0, "%s: taken in", e->what);
        if (tap_is(t, (int64_t)n.count, entries[i].kept, "%s: kept", e->what) && n.count) {
            tap_ok(t, addr_equal(&n.list[0].addr, &a), "%s: address", e->what);
            tap_is(t, n.list[0].index, e->index, "%s: interface", e->what);
            tap_is(t, n.list[0].lladdr.len, e->lladdr_len, "%s: length", e->what);
            tap_is(t, n.list[0].lladdr.bytes[0], 2, "%s: bytes", e->what);
        }
        neighbours_free(&n);
    }
}

static void test_broken(struct tap *t)
{
    static const struct entry good = {"good", "10.99.0.2", 3, NUD_REACHABLE, 7, 6, 0};
    struct neighbours n = {0};
    char buffer[BUFFER];
    struct nlmsghdr *m = message(buffer, &good);

    m->nlmsg_type = RTM_DELNEIGH;
    neighbours_add(&n, m);
    tap_is(t, (int64_t)n.count, 0, "an entry that goes");
    m = message(buffer, &good);
    m->nlmsg_len = sizeof *m + 4;
    neighbours_add(&n, m);
    tap_is(t, (int64_t)n.count, 0, "a message shorter than its header");
    m = message(buffer, &good);
    m->nlmsg_len = sizeof *m + sizeof(struct ndmsg) + 6;
    neighbours_add(&n, m);
    tap_is(t, (int64_t)n.count, 0, "one cut off in an attribute");
    m = message(buffer, &good);
    ((struct ndmsg *)mnl_nlmsg_get_payload(m))->ndm_family = AF_INET6;
    neighbours_add(&n, m);
    tap_is(t, (int64_t)n.count, 0, "an IPv6 address of four bytes");
    m = message(buffer, &good);
    ((struct ndmsg *)mnl_nlmsg_get_payload(m))->ndm_family = AF_BRIDGE;
    neighbours_add(&n, m);
    tap_is(t, (int64_t)n.count, 0, "another family");
    neighbours_add(&n, message(buffer, &good));
    tap_is(t, (int64_t)n.count, 1, "and a good one");
    neighbours_free(&n);
    tap_is(t, (int64_t)n.count, 0, "freed");
}

/* Out of order, as hash tables are. 10.99.0.5 is seen on two interfaces. */
static void make_table(struct neighbours *n)
{
    static const struct entry table[] = {
        {"", "fd99::2", 3, NUD_STALE, 7, 6, 0},     {"", "10.99.0.5", 4, NUD_STALE, 8, 6, 0},
        {"", "10.99.0.2", 3, NUD_STALE, 7, 6, 0},   {"", "10.99.0.5", 3, NUD_STALE, 9, 6, 0},
        {"", "fe80::7", 3, NUD_STALE, 7, 6, 0},     {"", "10.99.0.3", 3, NUD_STALE, 8, 6, 0},
        {"", "10.99.0.200", 4, NUD_STALE, 7, 6, 0}, {"", "10.99.0.200", 3, NUD_STALE, 7, 6, 0},
    };
    char buffer[BUFFER];

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        neighbours_add(n, message(buffer, &table[i]));
    neighbours_sort(n);
}

static void test_find(struct tap *t)
{
    static const struct {
        const char *addr;
        uint8_t first; /* 0: not there */
        uint8_t has[2], has_not;
    } cases[] = {
        {"10.99.0.2", 7, {7, 7}, 8},   {"10.99.0.5", 9, {8, 9}, 7}, {"10.99.0.3", 8, {8, 8}, 7},
        {"10.99.0.200", 7, {7, 7}, 9}, {"fd99::2", 7, {7, 7}, 9},   {"10.99.0.1", 0, {0, 0}, 7},
        {"10.99.0.4", 0, {0, 0}, 8},   {"fe80::8", 0, {0, 0}, 7},
    };
    struct neighbours n = {0};
    struct addr a = address("10.99.0.2");
    struct lladdr lladdr = at(7);

    tap_ok(t, neighbours_find(&n, &a) == NULL, "an empty table has nobody");
    tap_ok(t, neighbours_next(&n, &lladdr, NULL) == NULL, "nor at any link-layer address");
    neighbours_sort(&n);
    make_table(&n);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct neighbour *found;

        a = address(cases[i].addr);
        found = neighbours_find(&n, &a);
        tap_is(t, found ? found->lladdr.bytes[5] : 0, cases[i].first, "%s is found",
               cases[i].addr);
        for (size_t k = 0; k < 2 && cases[i].first; k++) {
            lladdr = at(cases[i].has[k]);
            tap_ok(t, neighbours_has(&n, &a, &lladdr), "%s is at %u", cases[i].addr,
                   cases[i].has[k]);
        }
        lladdr = at(cases[i].has_not);
        tap_ok(t, !neighbours_has(&n, &a, &lladdr), "%s is not at %u", cases[i].addr,
               cases[i].has_not);
    }
    neighbours_free(&n);
}

static void test_machines(struct tap *t)
{
    static const struct {
        uint8_t last;
        const char *addrs;
    } cases[] = {{7, " 10.99.0.2 10.99.0.200 fd99::2 fe80::7"},
                 {8, " 10.99.0.3 10.99.0.5"},
                 {9, " 10.99.0.5"},
                 {10, ""}};
    struct neighbours n = {0};

    make_table(&n);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct neighbour *one = NULL;
        struct lladdr lladdr = at(cases[i].last);
        char got[256] = "", text[ADDR_TEXT_LEN];
        size_t len = 0;

        while ((one = neighbours_next(&n, &lladdr, one)) && len < sizeof got)
            len += (size_t)snprintf(got + len, sizeof got - len, " %s",
                                    addr_format(&one->addr, text));
        tap_text(t, got, cases[i].addrs, "the addresses at %u", cases[i].last);
    }
    neighbours_free(&n);
}

int main(void)
{
    struct tap t = {0};

    test_entries(&t);
    test_broken(&t);
    test_find(&t);
    test_machines(&t);
    return tap_done(&t);
}
