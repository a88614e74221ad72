/* Which hosts are one machine, and which have moved to another. */
#include "pass_state.h"

#include "log.h"

#include <string.h>

bool pass_has_machines(const struct pass *p)
{
    for (size_t i = 0; i < p->roster.count; i++) {
        if (p->roster.hosts[i].open)
            return true;
    }
    return false;
}

bool pass_has_orders(const struct pass *p)
{
    for (size_t i = 0; i < p->roster.count; i++) {
        const struct roster_host *h = &p->roster.hosts[i];
        bool is_open = h->has_row && h->row.order == ORDER_IS_OPEN;

        if (is_open != h->open || (h->has_row && h->row.order == ORDER_OPEN))
            return true;
    }
    return false;
}

static void log_moved(const struct roster_host *h)
{
    char host[ADDR_TEXT_LEN], was[LLADDR_TEXT_LEN], is[LLADDR_TEXT_LEN];

    log_notice("moved host=%s from=%s to=%s", addr_format(&h->addr, host),
               lladdr_format(&h->lladdr, was), lladdr_format(&h->shown, is));
}

static void note(const struct pass *p, struct roster_host *h)
{
    const struct neighbour *n = neighbours_find(&p->neighbours, &h->addr);
    bool had_moved = roster_has_moved(h);

    h->shown = n ? n->lladdr : (struct lladdr){0};
    /* Seen on two interfaces, it is where it was for as long as one of them says so. */
    if (h->open && h->lladdr.len && neighbours_has(&p->neighbours, &h->addr, &h->lladdr))
        h->shown = h->lladdr;
    if (h->open && !h->lladdr.len)
        h->lladdr = h->shown;
    if (roster_has_moved(h) && !had_moved)
        log_moved(h);
}

void pass_note_machines(struct pass *p)
{
    if (p->neighbours_trouble.on)
        return;
    for (size_t i = 0; i < p->roster.count; i++)
        note(p, &p->roster.hosts[i]);
}

/* What an older look has shown of closed hosts is nothing to open them by. */
static void forget_closed(struct pass *p)
{
    for (size_t i = 0; i < p->roster.count; i++) {
        if (!p->roster.hosts[i].open)
            p->roster.hosts[i].shown = (struct lladdr){0};
    }
}

void pass_look(struct pass *p)
{
    struct neighbours next;
    int err = neighbours_read(&next);

    if (err) {
        trouble_begin(&p->neighbours_trouble, "neighbours cannot be read: %s", strerror(-err));
        forget_closed(p);
        return;
    }
    trouble_end(&p->neighbours_trouble, "neighbours are read again");
    neighbours_free(&p->neighbours);
    p->neighbours = next;
    pass_note_machines(p);
}

static bool is_guarded(const struct pass *p, const struct addr *a)
{
    return topology_is_local(&p->topology, a) && !topology_is_own(&p->topology, a);
}

size_t pass_machine(struct pass *p, const struct addr *host, bool fresh, struct addr *out,
                    size_t room)
{
    const struct neighbour *self, *n = NULL;
    size_t count = 1;

    if (fresh)
        pass_look(p);
    out[0] = *host;
    self = neighbours_find(&p->neighbours, host);
    while (self && count < room && (n = neighbours_next(&p->neighbours, &self->lladdr, n))) {
        if (!addr_equal(&n->addr, host) && is_guarded(p, &n->addr))
            out[count++] = n->addr;
    }
    return count;
}
