#include "tally.h"

#include "index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEAD_MIN 64 /* cells that nobody is in, before they are cleared away */

struct cell {
    struct prefix net; /* all bits: one address */
    uint32_t count;
};

struct tally {
    struct index places; /* of cells, by their network */
    struct cell *cells;
    size_t used, room, dead;
    bool counted[2][129]; /* sizes of networks, of IPv4 and IPv6, besides single addresses */
};

int tally_new(struct tally **out)
{
    struct tally *t = calloc(1, sizeof *t);

    if (!t)
        return -ENOMEM;
    index_init(&t->places, sizeof(struct prefix));
    *out = t;
    return 0;
}

void tally_free(struct tally *t)
{
    if (!t)
        return;
    index_free(&t->places);
    free(t->cells);
    free(t);
}

static bool *sizes_of(struct tally *t, const struct addr *a)
{
    return t->counted[a->family == AF_INET6];
}

/* The cell of a network, made if it is not there; NULL without memory. */
static struct cell *cell_of(struct tally *t, const struct addr *a, unsigned len)
{
    struct prefix net = prefix_of(a, len);
    uint32_t place = index_find(&t->places, &net);

    if (place != INDEX_NONE)
        return &t->cells[place];
    if (t->used == t->room) {
        size_t room = t->room ? t->room * 2 : 64;
        struct cell *cells = reallocarray(t->cells, room, sizeof *cells);

        if (!cells)
            return NULL;
        t->cells = cells;
        t->room = room;
    }
    if (index_put(&t->places, &net, (uint32_t)t->used) != 0)
        return NULL;
    t->cells[t->used] = (struct cell){.net = net};
    t->dead++;
    return &t->cells[t->used++];
}

static int add_to(struct tally *t, const struct addr *a, unsigned len, uint32_t count)
{
    struct cell *cell = cell_of(t, a, len);

    if (!cell)
        return -ENOMEM;
    t->dead -= cell->count == 0 && count > 0;
    cell->count += count;
    return 0;
}

static void take_from(struct tally *t, const struct addr *a, unsigned len)
{
    struct prefix net = prefix_of(a, len);
    uint32_t place = index_find(&t->places, &net);

    if (place != INDEX_NONE && t->cells[place].count > 0 && --t->cells[place].count == 0)
        t->dead++;
}

/* Forgets the networks that nobody is in any more. Should there be no memory for it, they stay. */
static void clear_away(struct tally *t)
{
    size_t kept = 0;

    if (t->dead < DEAD_MIN || t->dead < t->used - t->dead)
        return;
    index_clear(&t->places);
    for (size_t i = 0; i < t->used; i++) {
        if (t->cells[i].count > 0)
            t->cells[kept++] = t->cells[i];
    }
    t->used = kept;
    t->dead = 0;
    /* The index has room for more than it had before. */
    for (size_t i = 0; i < kept; i++)
        index_put(&t->places, &t->cells[i].net, (uint32_t)i);
}

int tally_add(struct tally *t, const struct addr *a)
{
    const bool *sizes = sizes_of(t, a);
    unsigned bits = addr_bits(a);
    int err = add_to(t, a, bits, 1);

    for (unsigned len = 0; len < bits && !err; len++) {
        if (!sizes[len])
            continue;
        err = add_to(t, a, len, 1);
        if (err) {
            while (len-- > 0) {
                if (sizes[len])
                    take_from(t, a, len);
            }
            take_from(t, a, bits);
        }
    }
    return err;
}

void tally_remove(struct tally *t, const struct addr *a)
{
    const bool *sizes = sizes_of(t, a);
    unsigned bits = addr_bits(a);

    for (unsigned len = 0; len < bits; len++) {
        if (sizes[len])
            take_from(t, a, len);
    }
    take_from(t, a, bits);
    clear_away(t);
}

/* From now on these are counted, beginning with who is there. */
static int begin_size(struct tally *t, const struct addr *a, unsigned len)
{
    size_t used = t->used;
    int err = 0;

    for (size_t i = 0; i < used && !err; i++) {
        struct cell cell = t->cells[i];

        if (cell.count > 0 && cell.net.addr.family == a->family && cell.net.len == addr_bits(a))
            err = add_to(t, &cell.net.addr, len, cell.count);
    }
    /* Some of them may be counted: the next try would count those twice. */
    for (size_t i = used; err && i < t->used; i++) {
        t->dead += t->cells[i].count > 0;
        t->cells[i].count = 0;
    }
    if (!err)
        sizes_of(t, a)[len] = true;
    return err;
}

int64_t tally_count(struct tally *t, const struct addr *a, unsigned len)
{
    struct prefix net = prefix_of(a, len);
    uint32_t place;
    int err = 0;

    if (len < addr_bits(a) && !sizes_of(t, a)[len])
        err = begin_size(t, a, len);
    if (err)
        return err;
    place = index_find(&t->places, &net);
    return place == INDEX_NONE ? 0 : t->cells[place].count;
}
