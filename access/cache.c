#include "cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define LINES_MAX (1u << 20) /* a cache that grows stops here */

/* Lines stand in two chains: in that of their age, and in that of their place in the table. */
struct line {
    struct cache_entry entry;
    uint32_t older, newer;
    uint32_t next; /* in the chain of its bucket, or of the free lines */
};

struct cache {
    struct conf_cache rules;
    cache_gone *gone;
    void *context;
    struct line *lines;
    uint32_t size, used;
    uint32_t oldest, newest, free_lines;
    uint32_t cursor; /* the line found last, for SEARCH_STATEFUL */
    uint32_t *buckets;
    uint32_t bucket_mask;
    /* The last `size` look-ups, for a cache that grows: whether each was a miss. */
    uint8_t *recent;
    uint32_t recent_at, recent_count, recent_misses;
    uint64_t hits, misses;
};

/* FNV-1a (Fowler, Noll, Vo), 32 bits, and a mix of its upper half into the lower. */
static uint32_t hash(const struct cache_key *key)
{
    const uint8_t tail[3] = {key->protocol, (uint8_t)(key->port >> 8), (uint8_t)key->port};
    const uint8_t *bytes = &key->addr.family;
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < sizeof key->addr; i++)
        h = (h ^ bytes[i]) * 16777619u;
    for (size_t i = 0; i < sizeof tail; i++)
        h = (h ^ tail[i]) * 16777619u;
    return h ^ h >> 15;
}

static bool same_key(const struct cache_key *a, const struct cache_key *b)
{
    return a->port == b->port && a->protocol == b->protocol && addr_equal(&a->addr, &b->addr);
}

static void link_bucket(struct cache *c, uint32_t n)
{
    uint32_t *bucket = &c->buckets[hash(&c->lines[n].entry.key) & c->bucket_mask];

    c->lines[n].next = *bucket;
    *bucket = n;
}

static void unlink_bucket(struct cache *c, uint32_t n)
{
    uint32_t *at = &c->buckets[hash(&c->lines[n].entry.key) & c->bucket_mask];

    while (*at != n)
        at = &c->lines[*at].next;
    *at = c->lines[n].next;
}

/* Makes the table and the lines larger; those in use stay as they are. */
static int grow_to(struct cache *c, uint32_t size)
{
    uint32_t buckets = 16;
    struct line *lines = realloc(c->lines, size * sizeof *lines);
    uint8_t *recent;
    uint32_t *table;

    if (!lines)
        return -ENOMEM;
    c->lines = lines;
    while (buckets < size)
        buckets *= 2;
    table = malloc(buckets * sizeof *table);
    recent = calloc(size, 1);
    if (!table || !recent) {
        free(table);
        free(recent);
        return -ENOMEM;
    }
    /* What is known of the last look-ups stays known, the oldest first. */
    for (uint32_t i = 0; i < c->recent_count; i++)
        recent[i] = c->recent[(c->recent_at + c->size - c->recent_count + i) % c->size];
    free(c->buckets);
    free(c->recent);
    c->buckets = table;
    c->bucket_mask = buckets - 1;
    c->recent = recent;
    c->recent_at = c->recent_count % size;
    memset(table, 0xff, buckets * sizeof *table);
    for (uint32_t n = c->oldest; n != NONE; n = c->lines[n].newer)
        link_bucket(c, n);
    for (uint32_t n = size; n > c->size; n--) {
        c->lines[n - 1].next = c->free_lines;
        c->free_lines = n - 1;
    }
    c->size = size;
    return 0;
}

int cache_new(struct cache **out, const struct conf_cache *rules, cache_gone *gone, void *context)
{
    struct cache *c = calloc(1, sizeof *c);
    int err;

    if (!c)
        return -ENOMEM;
    c->rules = *rules;
    c->gone = gone;
    c->context = context;
    c->oldest = c->newest = c->free_lines = c->cursor = NONE;
    err = grow_to(c, (uint32_t)rules->size);
    if (err) {
        cache_free(c);
        return err;
    }
    *out = c;
    return 0;
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    free(c->lines);
    free(c->buckets);
    free(c->recent);
    free(c);
}

static void drop(struct cache *c, uint32_t n)
{
    struct line *l = &c->lines[n];

    unlink_bucket(c, n);
    if (c->cursor == n)
        c->cursor = l->newer;
    if (l->older == NONE)
        c->oldest = l->newer;
    else
        c->lines[l->older].newer = l->newer;
    if (l->newer == NONE)
        c->newest = l->older;
    else
        c->lines[l->newer].older = l->older;
    l->next = c->free_lines;
    c->free_lines = n;
    c->used--;
    if (c->gone)
        c->gone(c->context, &l->entry);
}

static uint32_t search_table(const struct cache *c, const struct cache_key *key)
{
    uint32_t n = c->buckets[hash(key) & c->bucket_mask];

    while (n != NONE && !same_key(&c->lines[n].entry.key, key))
        n = c->lines[n].next;
    return n;
}

/* Line by line from `n` towards the newest, or the oldest; up to but not including `end`. */
static uint32_t walk(const struct cache *c, const struct cache_key *key, uint32_t n, uint32_t end,
                     bool to_newest)
{
    while (n != end && n != NONE && !same_key(&c->lines[n].entry.key, key))
        n = to_newest ? c->lines[n].newer : c->lines[n].older;
    return n == end ? NONE : n;
}

/* What was asked for last is asked for again, and what comes after it next: from there on, and
 * round to it again. */
static uint32_t search_on(const struct cache *c, const struct cache_key *key)
{
    uint32_t n = walk(c, key, c->cursor, NONE, true);

    return n != NONE ? n : walk(c, key, c->oldest, c->cursor, true);
}

static uint32_t search(const struct cache *c, const struct cache_key *key)
{
    switch ((enum conf_search)c->rules.search) {
    case SEARCH_OLDEST:
        return walk(c, key, c->oldest, NONE, true);
    case SEARCH_NEWEST:
        return walk(c, key, c->newest, NONE, false);
    case SEARCH_STATEFUL:
        return search_on(c, key);
    case SEARCH_DEFAULT:
        break;
    }
    return search_table(c, key);
}

static void note_lookup(struct cache *c, bool miss)
{
    c->hits += !miss;
    c->misses += miss;
    c->recent_misses += miss;
    c->recent_misses -= c->recent[c->recent_at];
    c->recent[c->recent_at] = miss;
    c->recent_at = (c->recent_at + 1) % c->size;
    if (c->recent_count < c->size)
        c->recent_count++;
}

const struct cache_entry *cache_find(struct cache *c, const struct cache_key *key, struct mono now)
{
    uint32_t n = search(c, key);

    if (n != NONE && c->lines[n].entry.expires.ns <= now.ns) {
        drop(c, n);
        n = NONE;
    }
    note_lookup(c, n == NONE);
    if (n == NONE)
        return NULL;
    c->cursor = n;
    return &c->lines[n].entry;
}

/* Whether so many of the last look-ups were misses that more lines are worth their memory. */
static bool is_critical(const struct cache *c)
{
    return c->rules.adaptive && c->recent_count == c->size && c->size < LINES_MAX &&
           (int64_t)c->recent_misses * 1000000 >= c->rules.critical * (int64_t)c->size;
}

static void make_room(struct cache *c)
{
    uint32_t more = (uint32_t)c->rules.grow_by;

    if (is_critical(c) && grow_to(c, more > LINES_MAX - c->size ? LINES_MAX : c->size + more) == 0)
        return;
    drop(c, c->oldest);
}

void cache_put(struct cache *c, const struct cache_key *key, struct answer_kind answer,
               struct mono now)
{
    struct line *l;
    uint32_t n;

    if (c->free_lines == NONE)
        make_room(c);
    n = c->free_lines;
    l = &c->lines[n];
    c->free_lines = l->next;
    l->entry = (struct cache_entry){*key, answer, mono_add(now, span_seconds(c->rules.ttl))};
    l->older = c->newest;
    l->newer = NONE;
    if (c->newest == NONE)
        c->oldest = n;
    else
        c->lines[c->newest].newer = n;
    c->newest = n;
    c->used++;
    link_bucket(c, n);
}

size_t cache_drop_if(struct cache *c, bool (*goes)(void *context, const struct cache_entry *entry),
                     void *context)
{
    size_t count = 0;

    for (uint32_t n = c->oldest, newer; n != NONE; n = newer) {
        newer = c->lines[n].newer;
        if (goes(context, &c->lines[n].entry)) {
            drop(c, n);
            count++;
        }
    }
    return count;
}

static bool is_any(void *context, const struct cache_entry *entry)
{
    (void)context;
    (void)entry;
    return true;
}

size_t cache_purge(struct cache *c)
{
    return cache_drop_if(c, is_any, NULL);
}

void cache_get_facts(const struct cache *c, struct cache_facts *out)
{
    *out = (struct cache_facts){
        .size = c->size,
        .used = c->used,
        .hits = c->hits,
        .misses = c->misses,
        .line_bytes = sizeof *c->lines + 1 + /* of the last look-ups */
                      (c->bucket_mask + 1) * sizeof *c->buckets / c->size,
    };
}
