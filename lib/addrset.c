#include "addrset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEAD_MAX 1024 /* and as many as live, before they are swept out */

void addrset_init(struct addrset *s)
{
    *s = (struct addrset){0};
    index_init(&s->singles, sizeof(struct addr));
}

void addrset_free(struct addrset *s)
{
    index_free(&s->singles);
    free(s->ranges);
    free(s->merged);
    addrset_init(s);
}

static bool is_single(const struct addr_range *r)
{
    return addr_equal(&r->first, &r->last);
}

/* The index forgets nothing by itself: those that are gone are left out of a new one. */
static int sweep(struct addrset *s)
{
    struct index fresh;
    int err = 0;

    if (s->dead < DEAD_MAX || s->dead < s->live)
        return 0;
    index_init(&fresh, sizeof(struct addr));
    for (uint32_t i = 0; i < s->singles.slots && !err; i++) {
        uint32_t count = s->singles.values[i];

        if (count != INDEX_NONE && count > 0)
            err = index_put(&fresh, s->singles.keys + i * sizeof(struct addr), count);
    }
    if (err) {
        index_free(&fresh);
        return err;
    }
    index_free(&s->singles);
    s->singles = fresh;
    s->dead = 0;
    return 0;
}

static int add_single(struct addrset *s, const struct addr *a)
{
    uint32_t count = index_find(&s->singles, a);
    int err = index_put(&s->singles, a, count == INDEX_NONE ? 1 : count + 1);

    if (err)
        return err;
    if (count == INDEX_NONE || count == 0)
        s->live++;
    if (count == 0)
        s->dead--;
    return 0;
}

static int remove_single(struct addrset *s, const struct addr *a)
{
    uint32_t count = index_find(&s->singles, a);
    int err;

    if (count == INDEX_NONE || count == 0)
        return 0;
    err = index_put(&s->singles, a, count - 1);
    if (err || count > 1)
        return err;
    s->live--;
    s->dead++;
    return sweep(s);
}

int addrset_add(struct addrset *s, const struct addr_range *range)
{
    if (is_single(range))
        return add_single(s, &range->first);
    if (s->range_count == s->range_room) {
        size_t room = s->range_room ? s->range_room * 2 : 64;
        struct addr_range *more = realloc(s->ranges, room * sizeof *more);

        if (!more)
            return -ENOMEM;
        s->ranges = more;
        s->range_room = room;
    }
    s->ranges[s->range_count++] = *range;
    s->stale = true;
    return 0;
}

int addrset_remove(struct addrset *s, const struct addr_range *range)
{
    if (is_single(range))
        return remove_single(s, &range->first);
    for (size_t i = 0; i < s->range_count; i++) {
        if (addr_equal(&s->ranges[i].first, &range->first) &&
            addr_equal(&s->ranges[i].last, &range->last)) {
            s->ranges[i] = s->ranges[--s->range_count];
            s->stale = true;
            break;
        }
    }
    return 0;
}

static int compare_first(const void *a, const void *b)
{
    const struct addr_range *x = a, *y = b;

    return addr_compare(&x->first, &y->first);
}

static int merge(struct addrset *s)
{
    struct addr_range *merged = malloc((s->range_count + 1) * sizeof *merged);
    size_t n = 0;

    if (!merged)
        return -ENOMEM;
    if (s->range_count > 0)
        qsort(s->ranges, s->range_count, sizeof *s->ranges, compare_first);
    for (size_t i = 0; i < s->range_count; i++) {
        const struct addr_range *r = &s->ranges[i];

        /* Families stand apart: no range reaches from one into the other. */
        if (n > 0 && addr_compare(&r->first, &merged[n - 1].last) <= 0) {
            if (addr_compare(&r->last, &merged[n - 1].last) > 0)
                merged[n - 1].last = r->last;
        } else {
            merged[n++] = *r;
        }
    }
    free(s->merged);
    s->merged = merged;
    s->merged_count = n;
    s->stale = false;
    return 0;
}

int addrset_has(struct addrset *s, const struct addr *a)
{
    uint32_t count = index_find(&s->singles, a);
    size_t low = 0, high;
    int err = s->stale ? merge(s) : 0;

    if (count != INDEX_NONE && count > 0)
        return 1;
    if (err)
        return err;
    /* The last range that begins at or before it. */
    for (high = s->merged_count; low < high;) {
        size_t middle = low + (high - low) / 2;

        if (addr_compare(&s->merged[middle].first, a) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && addr_compare(a, &s->merged[low - 1].last) <= 0;
}

size_t addrset_count(const struct addrset *s)
{
    return s->live + s->range_count;
}
