/* Which backend is next, what they are told of the client, and where there are none. */
#include "backends.h"
#include "proxy_header.h"
#include "tap.h"

static struct endpoint at(const char *address, uint16_t port)
{
    struct endpoint e = {.port = port};

    addr_parse(address, &e.address);
    return e;
}

static void set(struct backends *b, const char *weights)
{
    uint16_t port = 1;

    backends_begin(b);
    for (; *weights; weights++, port++) {
        struct endpoint to = at("10.0.0.1", port);

        if (*weights != '-')
            backends_add(b, &to, (uint32_t)(*weights - '0'));
    }
    backends_commit(b);
}

/* `count` connections that stay: how many each port has. */
static void fill(struct backends *b, int count, int64_t *has)
{
    memset(has, 0, 8 * sizeof *has);
    for (int i = 0; i < count; i++) {
        struct backend *one = backends_pick(b, NULL, 0);

        if (!one)
            return;
        one->active++;
        one->served++;
        has[one->to.port]++;
    }
}

static void clear(struct backends *b)
{
    for (size_t i = 0; i < b->count; i++)
        b->list[i]->active = 0;
}

static void test_weights(struct tap *t)
{
    struct backends b = {0};
    int64_t has[8];

    set(&b, "123");
    fill(&b, 60, has);
    tap_is(t, has[1], 10, "60 connections, weights 1, 2, 3: the first");
    tap_is(t, has[2], 20, "the second");
    tap_is(t, has[3], 30, "the third");
    clear(&b);
    set(&b, "103");
    fill(&b, 40, has);
    tap_is(t, has[2], 0, "a weight of 0 gets none");
    tap_is(t, has[1], 10, "the others share");
    clear(&b);
    b.list[0]->dead = true;
    fill(&b, 40, has);
    tap_is(t, has[3], 40, "nor does a dead one");
    backends_free(&b);
    set(&b, "11");
    for (int i = 0; i < 10; i++) {
        struct backend *one = backends_pick(&b, NULL, 0);

        one->served++; /* and is over at once */
    }
    tap_is(t, (int64_t)b.list[0]->served, 5, "short ones are spread, too");
    backends_free(&b);
}

static void test_dead(struct tap *t)
{
    struct backends b = {0};
    struct backend *tried[3], *one;

    set(&b, "111");
    b.list[0]->dead = b.list[2]->dead = true;
    one = backends_pick(&b, NULL, 0);
    tap_ok(t, one == b.list[1], "the one that is alive comes first");
    tried[0] = one;
    one = backends_pick(&b, tried, 1);
    tap_ok(t, one && one != b.list[1], "then the dead are tried");
    tried[1] = one;
    one = backends_pick(&b, tried, 2);
    tap_ok(t, one && one != tried[0] && one != tried[1], "all of them");
    tried[2] = one;
    tap_ok(t, !backends_pick(&b, tried, 3), "once");
    backends_rebalance(&b);
    tap_ok(t, !b.list[0]->dead && !b.list[2]->dead, "rebalancing revives");
    backends_free(&b);
    tap_ok(t, !backends_pick(&b, NULL, 0), "without any there is none");
}

static void test_change(struct tap *t)
{
    struct backends b = {0};
    struct backend *held;

    set(&b, "12");
    held = backend_hold(b.list[0]);
    held->active = 3;
    set(&b, "-2");
    tap_is(t, (int64_t)b.count, 1, "one is gone");
    tap_is(t, held->active, 3, "who holds it has it still");
    backend_release(held);
    b.list[0]->active = 5;
    set(&b, "-4");
    tap_is(t, b.list[0]->active, 5, "what is known of one that stays holds on");
    tap_is(t, b.list[0]->weight, 4, "its weight is the new one");
    set(&b, "");
    tap_is(t, (int64_t)b.count, 0, "all are gone");
    backends_free(&b);
}

static void test_proxy(struct tap *t)
{
    static const uint8_t v4[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49,
                                 0x54, 0x0a, 0x21, 0x11, 0,    12,   10,   0,    0,    1,
                                 10,   0,    0,    2,    0x9c, 0x40, 0,    25};
    struct endpoint from = at("10.0.0.1", 40000), to = at("10.0.0.2", 25);
    uint8_t out[PROXY_HEADER_MAX];
    size_t len = proxy_header_make(out, &from.address, from.port, &to.address, to.port);

    tap_is(t, (int64_t)len, (int64_t)sizeof v4, "bytes of a header of IPv4");
    tap_ok(t, memcmp(out, v4, sizeof v4) == 0, "they are those of the protocol");
    from = at("fd99::1", 1);
    to = at("fd99::2", 2);
    len = proxy_header_make(out, &from.address, from.port, &to.address, to.port);
    tap_is(t, (int64_t)len, PROXY_HEADER_MAX, "bytes of one of IPv6");
    tap_is(t, out[13], 0x21, "its family");
    tap_is(t, out[15], 36, "its length");
    tap_is(t, out[31], 1, "from");
    tap_is(t, out[47], 2, "to");
    tap_is(t, out[51], 2, "its last port");
}

int main(void)
{
    struct tap t = {0};

    test_weights(&t);
    test_dead(&t);
    test_change(&t);
    test_proxy(&t);
    return tap_done(&t);
}
