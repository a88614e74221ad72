/* Rules by ranges: cases, and against a look at every one of them. */
#include "rules.h"
#include "tap.h"

#define ROUNDS 60
#define RULES 200
#define QUESTIONS 400

struct sample {
    struct rule list[RULES];
    size_t count;
};

static struct rule make(const char *range, int64_t itime, int64_t decision, const char *env)
{
    struct rule rule = {.itime = itime, .decision = decision, .env = env};

    if (*range && addr_range_parse(range, &rule.range) != 0)
        tap_note("the test itself is wrong: %s is no range", range);
    return rule;
}

static struct rules *build(const struct rule *list, size_t count)
{
    struct rules *r = NULL;

    if (rules_new(&r) != 0)
        exit(1);
    for (size_t i = 0; i < count; i++) {
        if (rules_add(r, &list[i]) != 0)
            exit(1);
    }
    if (rules_finish(r) != 0)
        exit(1);
    return r;
}

static void test_cases(struct tap *t)
{
    const struct rule list[] = {
        make("", INT64_MIN, 0, "everyone"),
        make("10.0.0.0/8", 5, 0, "ten"),
        make("10.1.0.0/16", 1, 1, "old"),
        make("10.1.0.0/16", 9, 0, "new"),
        make("10.1.0.0/16", 9, 1, "last"),
        make("10.1.2.3", 0, 7, "host"),
        make("10.1.255.0-10.2.0.255", 3, 0, "across"),
        make("255.255.255.255", 0, 1, "end"),
        make("fd00::/8", 0, 0, "local"),
        make("fd99::1-fd99::1", 0, 1, "six"),
        make("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 1, "end6"),
    };
    static const struct {
        const char *address, *env;
    } cases[] = {
        {"10.9.9.9", "ten"},
        {"10.1.1.1", "last"},
        {"10.1.2.3", "host"},
        {"10.1.2.4", "last"},
        {"10.1.254.255", "last"},
        {"10.1.255.0", "across"},
        {"10.2.0.255", "across"},
        {"10.2.1.0", "ten"},
        {"9.255.255.255", "everyone"},
        {"11.0.0.0", "everyone"},
        {"0.0.0.0", "everyone"},
        {"255.255.255.255", "end"},
        {"255.255.255.254", "everyone"},
        {"fd99::1", "six"},
        {"fd99::", "local"},
        {"fd99::2", "local"},
        {"2001:db8::1", "everyone"},
        {"::", "everyone"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "end6"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "everyone"},
        {"::ffff:10.1.2.3", "host"},
    };
    struct rules *r = build(list, sizeof list / sizeof *list);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr a;
        const struct rule *rule = addr_parse(cases[i].address, &a) ? NULL : rules_find(r, &a);

        tap_text(t, rule ? rule->env : "none", cases[i].env, "%s", cases[i].address);
    }
    rules_free(r);
}

static void test_none(struct tap *t)
{
    const struct rule one = make("10.0.0.2", 0, 0, "");
    struct rules *none = build(&one, 0), *r = build(&one, 1);
    struct addr a;

    addr_parse("10.0.0.1", &a);
    tap_ok(t, !rules_find(none, &a), "no rules, no rule");
    tap_ok(t, !rules_find(r, &a), "none before the first");
    addr_parse("10.0.0.3", &a);
    tap_ok(t, !rules_find(r, &a), "none after the last");
    addr_parse("fd99::1", &a);
    tap_ok(t, !rules_find(r, &a), "none of the other family");
    addr_parse("10.0.0.2", &a);
    tap_ok(t, rules_find(r, &a) != NULL, "that one has it");
    rules_free(none);
    rules_free(r);
}

/* Few addresses, so that ranges meet. */
static struct addr any(int family)
{
    uint8_t bytes[16] = {10, 0};
    int last = family == AF_INET ? 3 : 15;

    if (family == AF_INET6)
        bytes[0] = 0xfd;
    bytes[last] = (uint8_t)(rand() % 64);
    bytes[last - 1] = (uint8_t)(rand() % 2);
    return addr_make(family, bytes);
}

static struct rule any_rule(const char *env)
{
    int family = rand() % 2 ? AF_INET : AF_INET6;
    struct rule rule = {.itime = rand() % 3, .env = env};

    if (rand() % 40 == 0)
        return rule;
    rule.range.first = any(family);
    rule.range.last = rand() % 4 ? any(family) : rule.range.first;
    if (addr_compare(&rule.range.first, &rule.range.last) > 0) {
        struct addr kept = rule.range.first;

        rule.range.first = rule.range.last;
        rule.range.last = kept;
    }
    return rule;
}

static int64_t number(const struct addr *a)
{
    size_t last = a->family == AF_INET ? 3 : 15;

    return a->bytes[last - 1] * 256 + a->bytes[last];
}

static int64_t width(const struct rule *rule)
{
    if (!rule->range.first.family)
        return INT64_MAX;
    return number(&rule->range.last) - number(&rule->range.first);
}

static const struct rule *look(const struct sample *s, const struct addr *a)
{
    const struct rule *best = NULL;

    for (size_t i = 0; i < s->count; i++) {
        const struct rule *one = &s->list[i];
        bool has = !one->range.first.family || (one->range.first.family == a->family &&
                                                addr_compare(&one->range.first, a) <= 0 &&
                                                addr_compare(a, &one->range.last) <= 0);

        if (has && (!best || width(one) < width(best) ||
                    (width(one) == width(best) && one->itime >= best->itime)))
            best = one;
    }
    return best;
}

static void test_against_all(struct tap *t)
{
    static char names[RULES][8];
    int64_t wrong = 0, found = 0;

    for (size_t i = 0; i < RULES; i++)
        snprintf(names[i], sizeof names[i], "r%zu", i);
    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        struct sample s = {.count = (size_t)(rand() % RULES)};
        struct rules *r;

        for (size_t i = 0; i < s.count; i++)
            s.list[i] = any_rule(names[i]);
        r = build(s.list, s.count);
        for (int i = 0; i < QUESTIONS; i++) {
            struct addr a = any(rand() % 2 ? AF_INET : AF_INET6);
            const struct rule *got = rules_find(r, &a), *expected = look(&s, &a);

            found += expected != NULL;
            wrong += strcmp(got ? got->env : "", expected ? expected->env : "") != 0;
        }
        rules_free(r);
    }
    tap_is(t, wrong, 0, "%d questions have the answer of a look at all", ROUNDS * QUESTIONS);
    tap_ok(t, found > ROUNDS * QUESTIONS / 2, "most of them hit a rule: %" PRId64, found);
}

int main(void)
{
    struct tap t = {0};

    test_cases(&t);
    test_none(&t);
    test_against_all(&t);
    return tap_done(&t);
}
