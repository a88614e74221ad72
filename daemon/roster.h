/*
 * roster: what the daemon knows of each host: its row as last read, whether it is open, its
 * session. Owns its memory; roster_free() gives it back. Pointers into it hold until the next
 * roster_update().
 */
#ifndef TCPQUOTA_ROSTER_H
#define TCPQUOTA_ROSTER_H

#include "index.h"
#include "lladdr.h"
#include "meter.h"
#include "store.h"

#include <stdbool.h>
#include <stddef.h>

#define ROSTER_NO_ORDER (-1)

struct roster_host {
    struct addr addr;     /* family 0: the row's host is no address */
    struct store_row row; /* as last read; its host is what the table has, whatever the spelling */
    bool has_row;
    bool respelled; /* the row's host is not written as addr_format() does, and shall be */
    bool is_held;   /* the row is another spelling of a host that has a row already */

    /* what stands */
    bool open; /* let out */
    struct meter meter;
    struct lladdr lladdr;   /* while open: that it had when it was opened, or since it is known */
    struct lladdr shown;    /* at the last look; not known: the host was not to be seen */
    unsigned closed_passes; /* that the row has been 0 */

    /* decided in this pass */
    bool want;        /* shall be open */
    enum cause cause; /* why it closes, if it does */
    int write;        /* enum order for the row, or ROSTER_NO_ORDER */
    bool drop_row;    /* delete the row, if its order is still the one read */
    bool told;        /* the refusal of this order is in the log */
    bool stuck;       /* the kernel refused, and that is in the log */
};

struct roster {
    struct roster_host *hosts;
    size_t count;
    struct index by_addr; /* hosts that are addresses, but for held ones */
};

void roster_init(struct roster *r);
void roster_free(struct roster *r);
/* Brings in the rows just read: who has none any more keeps its place only while it is open or in
 * session. 0 or -ENOMEM: then the roster is as it was. */
int roster_update(struct roster *r, const struct store_row *rows, size_t count);
/* NULL if there is none. */
struct roster_host *roster_find(const struct roster *r, const struct addr *addr);
/* The link-layer address that the host has while it is open, or would be opened with. */
const struct lladdr *roster_place(const struct roster_host *h);
/* Whether an open host has been seen at another link-layer address than the one it had. */
bool roster_has_moved(const struct roster_host *h);

#endif
