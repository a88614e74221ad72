#include "roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void roster_init(struct roster *r)
{
    *r = (struct roster){0};
    index_init(&r->by_addr, sizeof(struct addr));
}

void roster_free(struct roster *r)
{
    free(r->hosts);
    index_free(&r->by_addr);
}

struct roster_host *roster_find(const struct roster *r, const struct addr *addr)
{
    uint32_t place = index_find(&r->by_addr, addr);

    return place == INDEX_NONE ? NULL : &r->hosts[place];
}

static bool is_canonical(const struct store_row *row, const struct addr *addr)
{
    char text[ADDR_TEXT_LEN];

    return strcmp(row->host, addr_format(addr, text)) == 0;
}

/* A host known before: by its address, or by its text if that is none or another row holds it. */
static const struct roster_host *find_old(const struct roster *old, const struct addr *addr,
                                          const struct store_row *row, bool is_held)
{
    if (!is_held && addr->family)
        return roster_find(old, addr);
    for (size_t i = 0; i < old->count; i++) {
        const struct roster_host *host = &old->hosts[i];

        if ((host->is_held || !host->addr.family) && strcmp(host->row.host, row->host) == 0)
            return host;
    }
    return NULL;
}

/* The row's news replace the old ones; what stands for the host stays. */
static void place_row(struct roster_host *host, const struct roster_host *old,
                      const struct store_row *row, const struct addr *addr)
{
    bool same_order = old && old->has_row && old->row.order == row->order &&
                      memcmp(&old->row.user, &row->user, sizeof row->user) == 0;

    *host = old ? *old : (struct roster_host){0};
    host->addr = *addr;
    host->row = *row;
    host->has_row = true;
    host->is_held = false;
    host->told = same_order && old->told;
    if (row->order != ORDER_IS_CLOSED)
        host->closed_passes = 0;
}

static int add_row(struct roster *r, const struct roster *old, const struct store_row *row)
{
    struct addr addr = {0};
    struct roster_host *host = &r->hosts[r->count], *twin;
    bool is_address = addr_parse(row->host, &addr) == 0;

    twin = is_address ? roster_find(r, &addr) : NULL;
    if (twin && !is_canonical(row, &addr) && twin->row.order == ORDER_IS_CLOSED) {
        /* A closed row makes room, as it does for a plain INSERT. */
        place_row(twin, twin, row, &addr);
        twin->respelled = true;
        return 0;
    }
    place_row(host, find_old(old, &addr, row, twin != NULL), row, &addr);
    host->is_held = twin != NULL;
    host->respelled = is_address && !twin && !is_canonical(row, &addr);
    r->count++;
    return is_address && !twin ? index_put(&r->by_addr, &addr, (uint32_t)(host - r->hosts)) : 0;
}

/* Hosts without a row that are still open: the pass has to close them. */
static int keep_rowless(struct roster *r, const struct roster *old)
{
    for (size_t i = 0; i < old->count; i++) {
        const struct roster_host *was = &old->hosts[i];
        int err;

        if ((!was->open && !was->meter.running) || was->is_held || roster_find(r, &was->addr))
            continue;
        r->hosts[r->count] = *was;
        r->hosts[r->count].has_row = false;
        err = index_put(&r->by_addr, &was->addr, (uint32_t)r->count++);
        if (err)
            return err;
    }
    return 0;
}

/* Canonical spellings first: they hold their host against any other. */
static int add_rows(struct roster *r, const struct roster *old, const struct store_row *rows,
                    size_t count, bool canonical)
{
    int err = 0;

    for (size_t i = 0; i < count && !err; i++) {
        struct addr addr;
        bool fits = addr_parse(rows[i].host, &addr) == 0 && is_canonical(&rows[i], &addr);

        if (fits == canonical)
            err = add_row(r, old, &rows[i]);
    }
    return err;
}

int roster_update(struct roster *r, const struct store_row *rows, size_t count)
{
    struct roster next;
    int err;

    roster_init(&next);
    next.hosts = calloc(count + r->count + 1, sizeof *next.hosts);
    err = next.hosts ? add_rows(&next, r, rows, count, true) : -ENOMEM;
    if (!err)
        err = add_rows(&next, r, rows, count, false);
    if (!err)
        err = keep_rowless(&next, r);
    if (err) {
        roster_free(&next);
        return err;
    }
    roster_free(r);
    *r = next;
    return 0;
}

bool roster_has_moved(const struct roster_host *h)
{
    return h->open && h->lladdr.len && h->shown.len && !lladdr_equal(&h->lladdr, &h->shown);
}

const struct lladdr *roster_place(const struct roster_host *h)
{
    return h->open && !roster_has_moved(h) ? &h->lladdr : &h->shown;
}
