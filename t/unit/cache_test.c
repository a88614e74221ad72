/* The cache: what is found, what makes room, what goes; every way of searching gives the same. */
#include "cache.h"
#include "tap.h"

struct gone {
    unsigned count;
    uint16_t last_port;
};

static void on_gone(void *context, const struct cache_entry *entry)
{
    struct gone *g = context;

    g->count++;
    g->last_port = entry->key.port;
}

static struct cache_key key(uint16_t n)
{
    uint8_t bytes[4] = {10, 0, (uint8_t)(n >> 8), (uint8_t)n};

    return (struct cache_key){addr_make(AF_INET, bytes), 6, (uint16_t)(1000 + n)};
}

static const struct answer_kind pass = {ANSWER_PASS, ANSWERED_BY_LIST};
static const struct conf_cache rules = {.size = 4, .ttl = 10, .grow_by = 2, .critical = 500000};

static struct mono at(int64_t s)
{
    return (struct mono){s * NS_PER_S};
}

static bool has(struct cache *c, uint16_t n, int64_t now)
{
    struct cache_key k = key(n);

    return cache_find(c, &k, at(now)) != NULL;
}

/* As a packet does: looks, and puts what is not there. */
static bool meet(struct cache *c, uint16_t n, int64_t now)
{
    struct cache_key k = key(n);

    if (has(c, n, now))
        return true;
    cache_put(c, &k, pass, at(now));
    return false;
}

static bool is_of(void *context, const struct cache_entry *entry)
{
    return addr_equal(context, &entry->key.addr);
}

static struct cache_facts facts(const struct cache *c)
{
    struct cache_facts f;

    cache_get_facts(c, &f);
    return f;
}

static struct cache *make(const struct conf_cache *r, struct gone *gone)
{
    struct cache *c = NULL;

    *gone = (struct gone){0};
    if (cache_new(&c, r, on_gone, gone) != 0)
        tap_note("the test itself is wrong: no cache");
    return c;
}

static void test_room(struct tap *t, enum conf_search search)
{
    struct conf_cache r = rules;
    struct gone gone;
    struct cache *c;

    r.search = search;
    c = make(&r, &gone);
    tap_is(t, has(c, 1, 0), false, "search %d: an empty one has nothing", (int)search);
    for (uint16_t n = 1; n <= 4; n++)
        meet(c, n, 0);
    for (uint16_t n = 1; n <= 4; n++)
        tap_is(t, has(c, n, 1), true, "search %d: line %d is found", (int)search, n);
    tap_is(t, gone.count, 0, "search %d: nothing has gone", (int)search);
    meet(c, 5, 1);
    tap_is(t, gone.count, 1, "search %d: one makes room", (int)search);
    tap_is(t, gone.last_port, 1001, "search %d: the oldest", (int)search);
    tap_is(t, has(c, 1, 1), false, "search %d: it is gone", (int)search);
    tap_is(t, (int)facts(c).used, 4, "search %d: lines in use", (int)search);
    tap_is(t, has(c, 5, 10), true, "search %d: before its time is over", (int)search);
    tap_is(t, has(c, 5, 11), false, "search %d: then it is none", (int)search);
    tap_is(t, has(c, 3, 9), true, "search %d: another one", (int)search);
    tap_is(t, (int)cache_purge(c), 3, "search %d: purged", (int)search);
    tap_is(t, has(c, 3, 9), false, "search %d: nothing is left", (int)search);
    meet(c, 6, 20);
    tap_is(t, has(c, 6, 20), true, "search %d: it goes on", (int)search);
    cache_free(c);
}

/* The ways of searching are asked the same at random, and have to agree. */
static void test_agree(struct tap *t)
{
    struct cache *caches[4];
    struct gone gone[4];
    unsigned seed = 3, apart = 0, hits = 0;

    for (int i = 0; i < 4; i++) {
        struct conf_cache r = {.size = 20, .ttl = 50, .search = i};

        caches[i] = make(&r, &gone[i]);
    }
    for (int64_t step = 0; step < 20000; step++) {
        uint16_t n = (uint16_t)(rand_r(&seed) % 40);
        struct addr gone_addr = key(n).addr;
        bool drops = rand_r(&seed) % 50 == 0;
        int first = -1;

        for (int i = 0; i < 4; i++) {
            int got = drops ? (int)cache_drop_if(caches[i], is_of, &gone_addr)
                            : meet(caches[i], n, step / 10);

            first = i == 0 ? got : first;
            apart += got != first;
        }
        hits += !drops && first;
    }
    tap_is(t, (int)apart, 0, "answers that differ from the table's");
    tap_ok(t, hits > 1000, "some were hits");
    for (int i = 1; i < 4; i++)
        tap_is(t, gone[i].count, gone[0].count, "as many have gone by search %d", i);
    for (int i = 0; i < 4; i++)
        cache_free(caches[i]);
}

static bool is_odd(void *context, const struct cache_entry *entry)
{
    (void)context;
    return entry->key.port % 2 == 1;
}

static void test_drop(struct tap *t)
{
    struct cache_key other = key(1);
    struct gone gone;
    struct cache *c = make(&rules, &gone);

    other.port = 99;
    for (uint16_t n = 1; n <= 3; n++)
        meet(c, n, 0);
    cache_put(c, &other, (struct answer_kind){ANSWER_BLOCK, ANSWERED_BY_SQL}, at(0));
    tap_is(t, cache_find(c, &other, at(1))->answer.verdict, ANSWER_BLOCK, "blocks are kept");
    tap_is(t, (int)cache_drop_if(c, is_of, &other.addr), 2, "an address, with all its ports");
    tap_is(t, has(c, 1, 1), false, "is gone");
    tap_is(t, has(c, 2, 1), true, "another one is not");
    tap_is(t, (int)cache_drop_if(c, is_odd, NULL), 1, "those of a kind");
    tap_is(t, has(c, 3, 1), false, "are gone");
    tap_is(t, (int)cache_drop_if(c, is_of, &other.addr), 0, "one that is not there");
    tap_is(t, (int)facts(c).used, 1, "one is left");
    tap_is(t, (int64_t)facts(c).hits, 2, "hits");
    tap_is(t, (int64_t)facts(c).misses, 5, "misses");
    cache_free(c);
}

static void test_growth(struct tap *t)
{
    struct conf_cache r = rules;
    struct gone gone;
    struct cache *c;

    r.adaptive = true;
    c = make(&r, &gone);
    for (uint16_t n = 1; n <= 4; n++)
        meet(c, n, 0);
    for (uint16_t n = 1; n <= 3; n++)
        meet(c, n, 0);
    meet(c, 5, 0);
    tap_is(t, (int)facts(c).size, 4, "a quarter of misses: it evicts");
    meet(c, 6, 0);
    tap_is(t, (int)facts(c).size, 6, "half of them: it grows");
    tap_is(t, (int)gone.count, 1, "and none has gone for that");
    for (uint16_t n = 2; n <= 6; n++)
        tap_is(t, has(c, n, 0), true, "line %d is where it was", n);
    tap_is(t, has(c, 1, 0), false, "the evicted one is not");
    for (uint16_t n = 100; n < 300; n++)
        meet(c, n, 0);
    tap_ok(t, facts(c).size >= 200, "it grows as long as all is new");
    cache_free(c);
    r.adaptive = false;
    c = make(&r, &gone);
    for (uint16_t n = 100; n < 300; n++)
        meet(c, n, 0);
    tap_is(t, (int)facts(c).size, 4, "one that is not adaptive never does");
    tap_is(t, (int)gone.count, 196, "and evicts instead");
    cache_free(c);
    r = (struct conf_cache){.size = 1, .ttl = 1};
    c = make(&r, &gone);
    meet(c, 1, 0);
    meet(c, 2, 0);
    tap_is(t, has(c, 2, 0), true, "a single line");
    tap_is(t, has(c, 1, 0), false, "holds one");
    cache_free(c);
}

int main(void)
{
    struct tap t = {0};

    for (int search = SEARCH_DEFAULT; search <= SEARCH_STATEFUL; search++)
        test_room(&t, (enum conf_search)search);
    test_agree(&t);
    test_drop(&t);
    test_growth(&t);
    return tap_done(&t);
}
