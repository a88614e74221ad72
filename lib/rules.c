#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* An address as a number: IPv4 has `high' 0. */
struct key {
    uint64_t high, low;
};

/* From here to the start of the next segment one rule holds. */
struct segment {
    struct key start;
    uint32_t rule; /* or NONE */
};

/* A rule as the sweep sees it. */
struct item {
    struct key first, last;
    uint32_t rule;
};

/* What holds where, of one family: no two segments overlap, there is nothing left to be weighed. */
struct line {
    struct segment *segments;
    size_t count, room;
};

struct rules {
    struct rule *list;
    size_t count, room;
    struct line lines[2]; /* IPv4, IPv6 */
};

int rules_new(struct rules **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? 0 : -ENOMEM;
}

void rules_free(struct rules *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        if (*r->list[i].env)
            free((char *)r->list[i].env);
    }
    free(r->list);
    free(r->lines[0].segments);
    free(r->lines[1].segments);
    free(r);
}

int rules_add(struct rules *r, const struct rule *rule)
{
    const char *env = "";

    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 64;
        struct rule *list = reallocarray(r->list, room, sizeof *list);

        if (!list)
            return -ENOMEM;
        r->list = list;
        r->room = room;
    }
    /* Most have none: those cost nothing. */
    if (*rule->env && !(env = strdup(rule->env)))
        return -ENOMEM;
    r->list[r->count] = *rule;
    r->list[r->count++].env = env;
    return 0;
}

static uint64_t read_be(const uint8_t *p, size_t bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | p[i];
    return n;
}

static struct key key_of(const struct addr *a)
{
    if (a->family == AF_INET)
        return (struct key){0, read_be(a->bytes, 4)};
    return (struct key){read_be(a->bytes, 8), read_be(a->bytes + 8, 8)};
}

static int compare(struct key a, struct key b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

static struct key less(struct key a, struct key b)
{
    return (struct key){a.high - b.high - (a.low < b.low), a.low - b.low};
}

/* The next address; 0 after the last one of all. */
static struct key after(struct key k)
{
    return (struct key){k.high + (k.low == UINT64_MAX), k.low + 1};
}

static int by_start(const void *a, const void *b)
{
    return compare(((const struct item *)a)->first, ((const struct item *)b)->first);
}

/* Whether `a' wins where both hold. */
static bool wins(const struct rules *r, const struct item *a, const struct item *b)
{
    int narrower = compare(less(a->last, a->first), less(b->last, b->first));

    if (narrower)
        return narrower < 0;
    if (r->list[a->rule].itime != r->list[b->rule].itime)
        return r->list[a->rule].itime > r->list[b->rule].itime;
    return a->rule > b->rule;
}

/* The rules that hold where the sweep is, and some that no longer do: a heap, the winner on top. */
struct heap {
    const struct rules *rules;
    const struct item **list;
    size_t count;
};

static void swap(const struct item **a, const struct item **b)
{
    const struct item *kept = *a;

    *a = *b;
    *b = kept;
}

static void push(struct heap *h, const struct item *item)
{
    size_t i = h->count++;

    h->list[i] = item;
    for (; i > 0 && wins(h->rules, h->list[i], h->list[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&h->list[i], &h->list[(i - 1) / 2]);
}

static void pop(struct heap *h)
{
    size_t i = 0;

    h->list[0] = h->list[--h->count];
    for (;;) {
        size_t best = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < h->count; child++) {
            if (wins(h->rules, h->list[child], h->list[best]))
                best = child;
        }
        if (best == i)
            return;
        swap(&h->list[i], &h->list[best]);
        i = best;
    }
}

static int begin_segment(struct line *line, struct key start, uint32_t rule)
{
    if (line->count && line->segments[line->count - 1].rule == rule)
        return 0;
    if (line->count == line->room) {
        size_t room = line->room ? line->room * 2 : 64;
        struct segment *more = reallocarray(line->segments, room, sizeof *more);

        if (!more)
            return -ENOMEM;
        line->segments = more;
        line->room = room;
    }
    line->segments[line->count++] = (struct segment){start, rule};
    return 0;
}

/* From one start or end of a rule to the next: who is on top there holds until then. */
static int sweep(struct line *line, struct heap *h, const struct item *items, size_t count)
{
    struct key at = {0, 0};
    size_t next = 0;
    int err = 0;

    while (!err && (h->count > 0 || next < count)) {
        if (h->count == 0)
            at = items[next].first;
        while (next < count && compare(items[next].first, at) == 0)
            push(h, &items[next++]);
        while (h->count > 0 && compare(h->list[0]->last, at) < 0)
            pop(h);
        err = begin_segment(line, at, h->count ? h->list[0]->rule : NONE);
        if (h->count == 0)
            continue;
        at = after(h->list[0]->last);
        if (next < count && (compare(items[next].first, at) < 0 || (!at.high && !at.low)))
            at = items[next].first;
        else if (!at.high && !at.low)
            return err;
    }
    return err;
}

static bool is_of(const struct rule *rule, int family)
{
    return rule->range.first.family == 0 || rule->range.first.family == family;
}

static struct item make_item(const struct rules *r, uint32_t rule, int family)
{
    const struct addr_range *range = &r->list[rule].range;
    struct item item = {.rule = rule};

    if (range->first.family) {
        item.first = key_of(&range->first);
        item.last = key_of(&range->last);
    } else {
        item.last =
            family == AF_INET ? (struct key){0, UINT32_MAX} : (struct key){UINT64_MAX, UINT64_MAX};
    }
    return item;
}

static int build(struct rules *r, struct line *line, int family)
{
    struct item *items = calloc(r->count + 1, sizeof *items);
    struct heap heap = {.rules = r, .list = calloc(r->count + 1, sizeof(struct item *))};
    size_t count = 0;
    int err = items && heap.list ? 0 : -ENOMEM;

    for (uint32_t i = 0; i < r->count && !err; i++) {
        if (is_of(&r->list[i], family))
            items[count++] = make_item(r, i, family);
    }
    if (!err && count) {
        qsort(items, count, sizeof *items, by_start);
        err = sweep(line, &heap, items, count);
    }
    free(items);
    free(heap.list);
    return err;
}

int rules_finish(struct rules *r)
{
    int err = r->count < NONE ? 0 : -ENOMEM;

    if (!err)
        err = build(r, &r->lines[0], AF_INET);
    return err ? err : build(r, &r->lines[1], AF_INET6);
}

const struct rule *rules_find(const struct rules *r, const struct addr *a)
{
    const struct line *line = &r->lines[a->family == AF_INET6];
    struct key key = key_of(a);
    size_t low = 0, high = line->count;

    /* The last segment that starts at the address or before it. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(line->segments[middle].start, key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || line->segments[low - 1].rule == NONE)
        return NULL;
    return &r->list[line->segments[low - 1].rule];
}
