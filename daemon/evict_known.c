#include "evict_known.h"

#include <stdlib.h>

/* Without padding, as the index compares bytes. */
struct key {
    int64_t pid, start;
};

void evict_known_init(struct evict_known *k)
{
    *k = (struct evict_known){0};
    index_init(&k->by_key, sizeof(struct key));
}

void evict_known_free(struct evict_known *k)
{
    index_free(&k->by_key);
    free(k->list);
    *k = (struct evict_known){0};
}

struct known_process *evict_known_find(const struct evict_known *k, const struct process *p)
{
    struct key key = {.pid = p->pid, .start = p->start};
    uint32_t at = index_find(&k->by_key, &key);

    return at == INDEX_NONE ? NULL : &k->list[at];
}

struct known_process *evict_known_add(struct evict_known *k, const struct process *p)
{
    struct key key = {.pid = p->pid, .start = p->start};
    struct known_process *known = evict_known_find(k, p);

    if (known)
        return known;
    if (k->count == k->room) {
        uint32_t room = k->room ? 2 * k->room : 16;

        known = realloc(k->list, room * sizeof *known);
        if (!known)
            return NULL;
        k->list = known;
        k->room = room;
    }
    if (index_put(&k->by_key, &key, k->count) != 0)
        return NULL;
    k->list[k->count] = (struct known_process){0};
    return &k->list[k->count++];
}
