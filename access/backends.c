#include "backends.h"

#include <errno.h>
#include <stdlib.h>

struct backend *backend_hold(struct backend *one)
{
    one->holders++;
    return one;
}

void backend_release(struct backend *one)
{
    if (one && --one->holders == 0)
        free(one);
}

void backends_free(struct backends *b)
{
    for (size_t i = 0; i < b->count; i++)
        backend_release(b->list[i]);
    free(b->list);
    *b = (struct backends){0};
}

void backends_begin(struct backends *b)
{
    for (size_t i = 0; i < b->count; i++)
        b->list[i]->marked = false;
}

static bool is_at(const struct backend *one, const struct endpoint *to)
{
    return addr_equal(&one->to.address, &to->address) && one->to.port == to->port &&
           one->to.sctp == to->sctp;
}

int backends_add(struct backends *b, const struct endpoint *to, uint32_t weight)
{
    struct backend **list, *one;

    for (size_t i = 0; i < b->count; i++) {
        if (is_at(b->list[i], to)) {
            b->list[i]->next = weight;
            b->list[i]->marked = true;
            return 0;
        }
    }
    list = reallocarray(b->list, b->count + 1, sizeof(struct backend *));
    if (!list)
        return -ENOMEM;
    b->list = list;
    one = calloc(1, sizeof *one);
    if (!one)
        return -ENOMEM;
    *one = (struct backend){.to = *to, .next = weight, .marked = true};
    list[b->count++] = backend_hold(one);
    return 0;
}

void backends_commit(struct backends *b)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->count; i++) {
        if (b->list[i]->marked)
            b->list[kept++] = b->list[i];
        else
            backend_release(b->list[i]);
    }
    b->count = kept;
    /* One that is new, or weighs more, shall not have all until it has caught up. */
    for (size_t i = 0; i < kept; i++) {
        b->list[i]->weight = b->list[i]->next;
        b->list[i]->served = 0;
    }
}

static bool is_tried(const struct backend *one, struct backend *const *tried, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tried[i] == one)
            return true;
    }
    return false;
}

/* Which has fewer for its weight? Among equals, and be it because all are idle, which had fewer so
 * far? */
static bool is_better(const struct backend *a, const struct backend *b)
{
    uint64_t busy_a = (uint64_t)a->active * b->weight;
    uint64_t busy_b = (uint64_t)b->active * a->weight;

    if (a->dead != b->dead)
        return !a->dead;
    if (busy_a != busy_b)
        return busy_a < busy_b;
    return a->served * b->weight < b->served * a->weight;
}

struct backend *backends_pick(const struct backends *b, struct backend *const *tried, size_t count)
{
    struct backend *best = NULL;

    for (size_t i = 0; i < b->count; i++) {
        struct backend *one = b->list[i];

        if (one->weight > 0 && !is_tried(one, tried, count) && (!best || is_better(one, best)))
            best = one;
    }
    return best;
}

void backends_rebalance(struct backends *b)
{
    for (size_t i = 0; i < b->count; i++) {
        b->list[i]->dead = false;
        b->list[i]->served = 0;
    }
}
