/* Sets of addresses: against a plain list of the same ranges. */
#include "addrset.h"
#include "tap.h"

#define RANGES 300
#define STEPS 4000

static struct addr_range parsed(const char *text)
{
    struct addr_range r = {0};

    if (addr_range_parse(text, &r) != 0)
        tap_note("the test itself is wrong: %s is no range", text);
    return r;
}

static void test_parse(struct tap *t)
{
    static const struct {
        const char *text, *first, *last; /* NULL: refused */
    } cases[] = {
        {"10.0.0.1", "10.0.0.1", "10.0.0.1"},
        {"10.0.0.0", "10.0.0.0", "10.0.0.0"}, /* an address, not the old form of a network */
        {"10.0.0.0/8", "10.0.0.0", "10.255.255.255"},
        {"10.0.0.1-10.0.0.9", "10.0.0.1", "10.0.0.9"},
        {"10.0.0.1-10.0.0.1", "10.0.0.1", "10.0.0.1"},
        {"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1"},
        {"FD99:0::2", "fd99::2", "fd99::2"},
        {"fd99::/120", "fd99::", "fd99::ff"},
        {"fd99::/121", "fd99::", "fd99::7f"},
        {"0.0.0.0/0", "0.0.0.0", "255.255.255.255"},
        {"fd99::1-fd99::ffff", "fd99::1", "fd99::ffff"},
        {"10.0.0.9-10.0.0.1", NULL, NULL},
        {"10.0.0.1-fd99::1", NULL, NULL},
        {"10.0.0.1/8", NULL, NULL},
        {"10.0.0.1-", NULL, NULL},
        {"-10.0.0.1", NULL, NULL},
        {"10.0.0.1-10.0.0.2-10.0.0.3", NULL, NULL},
        {"10.0.0", NULL, NULL},
        {"pc1", NULL, NULL},
        {"", NULL, NULL},
        {"10.0.0.1 ", NULL, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr_range r;
        char first[ADDR_TEXT_LEN], last[ADDR_TEXT_LEN];

        if (!tap_is(t, addr_range_parse(cases[i].text, &r) == 0, cases[i].first != NULL,
                    "`%s' is a range", cases[i].text) ||
            !cases[i].first)
            continue;
        tap_text(t, addr_format(&r.first, first), cases[i].first, "`%s' from", cases[i].text);
        tap_text(t, addr_format(&r.last, last), cases[i].last, "`%s' to", cases[i].text);
    }
}

static void tap_has(struct tap *t, struct addrset *s, const char *text, int expected)
{
    struct addr a;

    if (addr_parse(text, &a) != 0)
        tap_note("the test itself is wrong: %s", text);
    tap_is(t, addrset_has(s, &a), expected, "%s %s in it", text, expected ? "is" : "is not");
}

static void test_small(struct tap *t)
{
    static const char *const texts[] = {"10.0.0.1",         "10.0.0.1",  "10.1.0.0/16",
                                        "10.1.5.5",         "fd99::/64", "10.2.0.5-10.2.0.9",
                                        "10.1.0.7-10.2.0.6"};
    struct addr_range r = parsed("10.0.0.1");
    struct addrset s;

    addrset_init(&s);
    tap_has(t, &s, "10.0.0.1", 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct addr_range one = parsed(texts[i]);

        tap_is(t, addrset_add(&s, &one), 0, "%s is added", texts[i]);
    }
    tap_is(t, (int)addrset_count(&s), 6, "each counts once");
    tap_has(t, &s, "10.0.0.1", 1);
    tap_has(t, &s, "10.0.0.2", 0);
    tap_has(t, &s, "10.0.255.255", 0);
    tap_has(t, &s, "10.1.0.0", 1);
    tap_has(t, &s, "10.2.0.0", 1);
    tap_has(t, &s, "10.2.0.9", 1);
    tap_has(t, &s, "10.2.0.10", 0);
    tap_has(t, &s, "fd99::", 1);
    tap_has(t, &s, "fd99::ffff:ffff:ffff:ffff", 1);
    tap_has(t, &s, "fd99:0:0:1::", 0);
    tap_has(t, &s, "0.0.0.0", 0);
    tap_has(t, &s, "::", 0);
    addrset_remove(&s, &r);
    tap_has(t, &s, "10.0.0.1", 1);
    addrset_remove(&s, &r);
    tap_has(t, &s, "10.0.0.1", 0);
    tap_is(t, addrset_remove(&s, &r), 0, "one that is not there");
    r = parsed("10.1.0.0/16");
    addrset_remove(&s, &r);
    tap_has(t, &s, "10.1.0.6", 0);
    tap_has(t, &s, "10.1.0.7", 1);
    tap_has(t, &s, "10.1.5.5", 1);
    addrset_free(&s);
    tap_has(t, &s, "10.1.5.5", 0);
    addrset_free(&s);
}

static struct addr at(uint32_t n)
{
    uint8_t bytes[4] = {10, 0, (uint8_t)(n >> 8), (uint8_t)n};

    return addr_make(AF_INET, bytes);
}

/* Comes and goes at random, over few addresses so that they meet often. */
static void test_random(struct tap *t)
{
    static struct addr_range list[RANGES];
    struct addrset s;
    size_t count = 0;
    unsigned seed = 7, wrong = 0;

    addrset_init(&s);
    for (int step = 0; step < STEPS; step++) {
        uint32_t first = (uint32_t)rand_r(&seed) % 500;
        uint32_t more = rand_r(&seed) % 3 ? 0 : (uint32_t)rand_r(&seed) % 20;

        if (count < RANGES && rand_r(&seed) % 2) {
            list[count] = (struct addr_range){at(first), at(first + more)};
            addrset_add(&s, &list[count++]);
        } else if (count > 0) {
            size_t gone = (size_t)rand_r(&seed) % count;

            addrset_remove(&s, &list[gone]);
            list[gone] = list[--count];
        }
        for (int k = 0; k < 20; k++) {
            struct addr a = at((uint32_t)rand_r(&seed) % 530);
            int expected = 0;

            for (size_t i = 0; i < count; i++)
                expected |=
                    addr_compare(&list[i].first, &a) <= 0 && addr_compare(&a, &list[i].last) <= 0;
            wrong += addrset_has(&s, &a) != expected;
        }
    }
    tap_is(t, (int)wrong, 0, "answers of %d that a plain list gives otherwise", STEPS * 20);
    addrset_free(&s);
}

/* Addresses that come and go for ever do not make it grow for ever. */
static void test_sweep(struct tap *t)
{
    struct addrset s;
    unsigned missing = 0;

    addrset_init(&s);
    for (uint32_t n = 0; n < 60000; n++) {
        struct addr_range r = {at(n), at(n)};

        addrset_add(&s, &r);
        missing += addrset_has(&s, &r.first) != 1;
        if (n >= 10) {
            r.first = r.last = at(n - 10);
            addrset_remove(&s, &r);
            missing += addrset_has(&s, &r.first) != 0;
        }
    }
    tap_is(t, (int)missing, 0, "answers that are wrong on the way");
    tap_is(t, (int)addrset_count(&s), 10, "ten are left");
    tap_ok(t, s.singles.slots <= 8192, "in a table of no more than a few thousand places");
    addrset_free(&s);
}

int main(void)
{
    struct tap t = {0};

    test_parse(&t);
    test_small(&t);
    test_random(&t);
    test_sweep(&t);
    return tap_done(&t);
}
