/* What is use and what is not; whose flow it is; how long a flow has been silent. */
#include "census.h"
#include "tap.h"

#include <netinet/in.h>

/* The kernel's defaults, but for udp_timeout_stream as it was before 4.20: above the window. */
static const struct flow_timeouts defaults = {
    .tcp = {-1, 120, 60, 432000, 120, 60, 30, 120, 10, 120},
    .tcp_unacknowledged = 300, .tcp_max_retrans = 300,
    .udp = 30, .udp_stream = 180,
    .icmp = 30, .icmpv6 = 30,
    .gre = 30, .gre_stream = 180,
    .sctp_established = 210, .sctp_heartbeat = 30,
    .generic = 600,
};

#define TCP(state, seconds) .protocol = IPPROTO_TCP, .tcp_state = FLOW_TCP_##state, .left = seconds
#define OTHER(number, seconds) .protocol = number, .left = seconds

static const struct {
    const char *what;
    struct flow flow;
    int64_t idle;
} idles[] = {
    {"established, just now", {TCP(ESTABLISHED, 432000)}, 0},
    {"established, ten seconds", {TCP(ESTABLISHED, 431990)}, 10},
    {"established, longer than unacknowledged", {TCP(ESTABLISHED, 431000)}, 1000},
    {"in the middle of a download", {TCP(ESTABLISHED, 300)}, 0},
    {"download, a second ago", {TCP(ESTABLISHED, 299)}, 1},
    {"download that hangs", {TCP(ESTABLISHED, 100)}, 200},
    {"just above unacknowledged", {TCP(ESTABLISHED, 301)}, 431699},
    {"more than any timeout", {TCP(ESTABLISHED, 432001)}, -1},
    {"syn sent", {TCP(SYN_SENT, 119)}, 1},
    {"syn received", {TCP(SYN_RECV, 55)}, 5},
    {"fin wait", {TCP(FIN_WAIT, 118)}, 2},
    {"close wait", {TCP(CLOSE_WAIT, 57)}, 3},
    {"last ack", {TCP(LAST_ACK, 26)}, 4},
    {"time wait", {TCP(TIME_WAIT, 115)}, 5},
    {"close", {TCP(CLOSE, 4)}, 6},
    {"close, longer than its own timeout", {TCP(CLOSE, 11)}, 289},
    {"simultaneous open", {TCP(SYN_SENT2, 113)}, 7},
    {"state none has no timeout", {TCP(NONE, 300)}, 0},
    {"state none, too much left", {TCP(NONE, 301)}, -1},
    {"udp, one packet each way", {OTHER(IPPROTO_UDP, 28)}, 2},
    {"udp stream", {OTHER(IPPROTO_UDP, 170), .assured = true}, 10},
    {"udp stream, most of it gone", {OTHER(IPPROTO_UDP, 28), .assured = true}, 152},
    {"udp, not assured, too much left", {OTHER(IPPROTO_UDP, 31)}, -1},
    {"udplite stream", {OTHER(IPPROTO_UDPLITE, 179), .assured = true}, 1},
    {"icmp", {OTHER(IPPROTO_ICMP, 29)}, 1},
    {"icmp, too much left", {OTHER(IPPROTO_ICMP, 31)}, -1},
    {"icmpv6", {OTHER(IPPROTO_ICMPV6, 27)}, 3},
    {"gre", {OTHER(IPPROTO_GRE, 30)}, 0},
    {"gre stream", {OTHER(IPPROTO_GRE, 100), .assured = true}, 80},
    {"sctp", {OTHER(IPPROTO_SCTP, 208)}, 2},
    {"sctp, heartbeat", {OTHER(IPPROTO_SCTP, 29)}, 1},
    {"esp", {OTHER(IPPROTO_ESP, 599)}, 1},
    {"esp, too much left", {OTHER(IPPROTO_ESP, 601)}, -1},
};

static void test_idle(struct tap *t)
{
    struct flow_timeouts no_udp = defaults;
    struct flow udp = {OTHER(IPPROTO_UDP, 0)};
    struct flow retrans = {TCP(ESTABLISHED, 55)}, waiting = {TCP(ESTABLISHED, 295)};
    struct flow_timeouts short_retrans = defaults;

    for (size_t i = 0; i < sizeof idles / sizeof *idles; i++)
        tap_is(t, flow_idle(&idles[i].flow, &defaults), idles[i].idle, "idle: %s", idles[i].what);
    no_udp.udp = -1;
    tap_is(t, flow_idle(&udp, &no_udp), -1, "idle: a timeout that the kernel does not have");
    short_retrans.tcp_max_retrans = 60;
    tap_is(t, flow_idle(&retrans, &short_retrans), 5, "idle: max_retrans is the nearest");
    tap_is(t, flow_idle(&waiting, &short_retrans), 5, "idle: unacknowledged is the nearest");
}

#define YES .replied = true

static const struct {
    const char *what;
    struct flow flow;
    int64_t window, since; /* seconds */
    bool use;
} uses[] = {
    {"established", {TCP(ESTABLISHED, 432000), YES}, 180, 5, true},
    {"no reply", {TCP(SYN_SENT, 120)}, 180, 5, false},
    {"udp without reply", {OTHER(IPPROTO_UDP, 30)}, 180, 5, false},
    {"established at 179 s", {TCP(ESTABLISHED, 431821), YES}, 180, 5, true},
    {"established at 180 s", {TCP(ESTABLISHED, 431820), YES}, 180, 5, false},
    {"established, idle for days", {TCP(ESTABLISHED, 1000), YES}, 180, 5, false},
    {"download, 300 s left", {TCP(ESTABLISHED, 300), YES}, 180, 5, true},
    {"download, silent for 179 s", {TCP(ESTABLISHED, 121), YES}, 180, 5, true},
    {"download, silent for 180 s", {TCP(ESTABLISHED, 120), YES}, 180, 5, false},
    {"more left than any timeout", {TCP(ESTABLISHED, 500000), YES}, 180, 5, false},
    {"answered, not yet established", {TCP(SYN_RECV, 60), YES}, 180, 5, true},
    {"window of an hour", {TCP(ESTABLISHED, 428401), YES}, 3600, 5, true},
    {"window of an hour, over", {TCP(ESTABLISHED, 428400), YES}, 3600, 5, false},
    {"window of 1 s", {TCP(ESTABLISHED, 432000), YES}, 1, 5, true},
    {"window of 1 s, over", {TCP(ESTABLISHED, 431999), YES}, 1, 5, false},

    {"time wait, 1 s old", {TCP(TIME_WAIT, 119), YES}, 180, 5, true},
    {"time wait, as old as the pass", {TCP(TIME_WAIT, 115), YES}, 180, 5, true},
    {"time wait, older", {TCP(TIME_WAIT, 114), YES}, 180, 5, false},
    {"fin wait, within", {TCP(FIN_WAIT, 117), YES}, 180, 5, true},
    {"fin wait, older", {TCP(FIN_WAIT, 110), YES}, 180, 5, false},
    {"close wait, within", {TCP(CLOSE_WAIT, 58), YES}, 180, 5, true},
    {"close wait, older", {TCP(CLOSE_WAIT, 50), YES}, 180, 5, false},
    {"last ack, within", {TCP(LAST_ACK, 29), YES}, 180, 5, true},
    {"last ack, older", {TCP(LAST_ACK, 20), YES}, 180, 5, false},
    {"reset, within", {TCP(CLOSE, 6), YES}, 180, 5, true},
    {"reset, older", {TCP(CLOSE, 4), YES}, 180, 5, false},
    {"reset without a reply", {TCP(CLOSE, 9)}, 180, 5, false},
    {"closed 8 s ago, last pass 10 s ago", {TCP(TIME_WAIT, 112), YES}, 180, 10, true},

    {"udp", {OTHER(IPPROTO_UDP, 30), YES}, 180, 5, true},
    {"udp, 29 s", {OTHER(IPPROTO_UDP, 1), YES}, 180, 5, true},
    {"udp, 30 s", {OTHER(IPPROTO_UDP, 0), YES}, 180, 5, false},
    {"udp stream, 29 s", {OTHER(IPPROTO_UDP, 151), YES, .assured = true}, 180, 5, true},
    {"udp stream, 30 s", {OTHER(IPPROTO_UDP, 150), YES, .assured = true}, 180, 5, false},
    {"udp stream, 30 s left", {OTHER(IPPROTO_UDP, 30), YES, .assured = true}, 180, 5, false},
    {"udp, smaller window", {OTHER(IPPROTO_UDP, 21), YES}, 10, 5, true},
    {"udp, smaller window, over", {OTHER(IPPROTO_UDP, 20), YES}, 10, 5, false},
    {"icmp", {OTHER(IPPROTO_ICMP, 25), YES}, 180, 5, true},
    {"icmp, 30 s", {OTHER(IPPROTO_ICMP, 0), YES}, 180, 5, false},
    {"icmpv6", {OTHER(IPPROTO_ICMPV6, 25), YES}, 180, 5, true},
    {"gre stream, 100 s", {OTHER(IPPROTO_GRE, 80), YES, .assured = true}, 180, 5, true},
    {"esp, 100 s", {OTHER(IPPROTO_ESP, 500), YES}, 180, 5, true},
    {"esp, 180 s", {OTHER(IPPROTO_ESP, 420), YES}, 180, 5, false},

    {"offloaded", {TCP(ESTABLISHED, -1), YES, .offloaded = true}, 180, 5, true},
    {"offloaded udp", {OTHER(IPPROTO_UDP, -1), YES, .offloaded = true}, 180, 5, true},
    {"offloaded without reply", {OTHER(IPPROTO_UDP, -1), .offloaded = true}, 180, 5, false},
};

static void test_use(struct tap *t)
{
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        struct census c = {.timeouts = &defaults,
                           .window = uses[i].window,
                           .since = span_seconds(uses[i].since)};

        tap_is(t, census_is_use(&c, &uses[i].flow), uses[i].use, "use: %s", uses[i].what);
    }
}

/* LOCALNET 10.0.0.0/8 and fd00::/16; WAN_IF stands in 10.200.0.0/16. */
static struct prefix local_v4[1], local_v6[1], wan_v4[1];
static struct addr own[3];
static struct topology home;
static struct addr open_hosts[2];

static struct addr address(const char *text)
{
    struct addr a = {0};

    if (addr_parse(text, &a) != 0)
        tap_note("the test itself is wrong: %s is no address", text);
    return a;
}

static void build_home(void)
{
    prefix_parse("10.0.0.0/8", &local_v4[0]);
    prefix_parse("fd00::/16", &local_v6[0]);
    prefix_parse("10.200.0.0/16", &wan_v4[0]);
    own[0] = address("10.99.0.1");
    own[1] = address("10.200.0.2");
    own[2] = address("fd00::1");
    home.v4.localnet = (struct prefix_list){local_v4, 1};
    home.v4.wan_nets = (struct prefix_list){wan_v4, 1};
    home.v6.localnet = (struct prefix_list){local_v6, 1};
    home.own = own;
    home.own_count = 3;
    open_hosts[0] = address("10.99.0.2");
    open_hosts[1] = address("fd00::2");
}

/* `count` is of the open host in place 0 (IPv4) or 1 (IPv6). */
static const struct {
    const char *what, *source, *reply_source;
    bool idle;
    uint32_t counts[2];
    size_t strays;
} adds[] = {
    {"open host to the outside", "10.99.0.2", "192.0.2.1", false, {1, 0}, 0},
    {"open host, idle", "10.99.0.2", "192.0.2.1", true, {0, 0}, 0},
    {"open host to a local one", "10.99.0.2", "10.99.0.3", false, {0, 0}, 0},
    {"open host to the gateway", "10.99.0.2", "10.99.0.1", false, {0, 0}, 0},
    {"open host to the gateway's outer address", "10.99.0.2", "10.200.0.2", false, {0, 0}, 0},
    {"open host to a neighbour on WAN_IF", "10.99.0.2", "10.200.0.9", false, {1, 0}, 0},
    {"IPv6 host to the outside", "fd00::2", "2001:db8::1", false, {0, 1}, 0},
    {"IPv6 host to a local one", "fd00::2", "fd00:0:0:1::1", false, {0, 0}, 0},
    {"IPv6 host to the gateway", "fd00::2", "fd00::1", false, {0, 0}, 0},
    {"closed host to the outside", "10.99.0.7", "192.0.2.1", false, {0, 0}, 1},
    {"closed host, idle flow", "10.99.0.7", "192.0.2.1", true, {0, 0}, 1},
    {"closed host to a local one", "10.99.0.7", "10.99.0.2", false, {0, 0}, 0},
    {"closed host to the gateway", "10.99.0.7", "10.99.0.1", false, {0, 0}, 0},
    {"closed host to a neighbour on WAN_IF", "10.99.0.7", "10.200.0.9", false, {0, 0}, 1},
    {"closed IPv6 host to the outside", "fd00::7", "2001:db8::1", false, {0, 0}, 1},
    {"the gateway itself to the outside", "10.99.0.1", "192.0.2.1", false, {0, 0}, 0},
    {"from outside to the gateway", "192.0.2.1", "10.200.0.2", false, {0, 0}, 0},
    {"from outside to an open host", "192.0.2.1", "10.99.0.2", false, {0, 0}, 0},
    {"from outside to the outside", "192.0.2.1", "192.0.2.2", false, {0, 0}, 0},
};

static void begin(struct census *c, struct index *open, uint32_t counts[2])
{
    index_init(open, sizeof(struct addr));
    for (uint32_t k = 0; k < 2; k++) {
        counts[k] = 0;
        index_put(open, &open_hosts[k], k);
    }
    *c = (struct census){.topology = &home, .timeouts = &defaults, .open = open,
                         .window = 180, .since = span_seconds(5), .counts = counts};
}

static void test_adds(struct tap *t)
{
    for (size_t i = 0; i < sizeof adds / sizeof *adds; i++) {
        struct flow flow = {TCP(ESTABLISHED, adds[i].idle ? 1000 : 432000), YES};
        struct census *c = calloc(1, sizeof *c);
        struct index open;
        uint32_t counts[2];

        if (!c)
            exit(1);
        begin(c, &open, counts);
        flow.source = address(adds[i].source);
        flow.reply_source = address(adds[i].reply_source);
        census_add(c, &flow);
        tap_is(t, counts[0], adds[i].counts[0], "%s: count of 10.99.0.2", adds[i].what);
        tap_is(t, counts[1], adds[i].counts[1], "%s: count of fd00::2", adds[i].what);
        tap_is(t, (int64_t)c->stray_count, (int64_t)adds[i].strays, "%s: strays", adds[i].what);
        if (c->stray_count == 1)
            tap_ok(t, addr_equal(&c->strays[0], &flow.source), "%s: it is the source",
                   adds[i].what);
        index_free(&open);
        free(c);
    }
}

/* Many flows: each is counted, each stray stands there once, and too many do no harm. */
static void test_many(struct tap *t)
{
    struct flow flow = {TCP(ESTABLISHED, 432000), YES};
    struct census *c = calloc(1, sizeof *c);
    struct index open;
    uint32_t counts[2];

    if (!c)
        exit(1);
    begin(c, &open, counts);
    flow.reply_source = address("192.0.2.1");
    flow.source = open_hosts[0];
    for (int i = 0; i < 1000; i++)
        census_add(c, &flow);
    tap_is(t, counts[0], 1000, "a thousand connections of one host");
    flow.source = address("10.99.0.7");
    census_add(c, &flow);
    census_add(c, &flow);
    flow.source = address("10.99.0.8");
    census_add(c, &flow);
    flow.source = address("10.99.0.7");
    census_add(c, &flow);
    tap_is(t, (int64_t)c->stray_count, 2, "two strays with four flows");
    for (unsigned i = 0; i < 3 * CENSUS_STRAYS_MAX; i++) {
        flow.source.bytes[2] = (uint8_t)(100 + i / 256);
        flow.source.bytes[3] = (uint8_t)i;
        census_add(c, &flow);
    }
    tap_is(t, (int64_t)c->stray_count, CENSUS_STRAYS_MAX, "no more strays than there is room for");
    index_free(&open);
    free(c);
}

static void test_kinds(struct tap *t)
{
    for (uint8_t s = 0; s < FLOW_TCP_STATES; s++) {
        struct flow tcp = {.protocol = IPPROTO_TCP, .tcp_state = s};
        struct flow udp = {.protocol = IPPROTO_UDP, .tcp_state = s};

        tap_is(t, flow_is_closing(&tcp), s >= 4 && s <= 8, "TCP state %u is closing", s);
        tap_is(t, flow_is_closing(&udp), false, "UDP never is (%u)", s);
    }
    for (unsigned p = 0; p < 256; p++) {
        struct flow flow = {.protocol = (uint8_t)p};

        if (flow_is_datagram(&flow) != (p == 1 || p == 17 || p == 58 || p == 136))
            tap_ok(t, false, "protocol %u is taken for the wrong kind", p);
    }
}

int main(void)
{
    struct tap t = {0};

    build_home();
    test_idle(&t);
    test_use(&t);
    test_kinds(&t);
    test_adds(&t);
    test_many(&t);
    return tap_done(&t);
}
