/*
 * neighbours: the kernel's neighbour table, over rtnetlink: which address is at which link-layer
 * address. Messages are those of rtnetlink(7) and linux/neighbour.h.
 *
 * The table is a value that owns its list; neighbours_free() gives it back. Reading blocks on the
 * kernel alone and needs no privilege.
 */
#ifndef TCPQUOTA_NEIGHBOURS_H
#define TCPQUOTA_NEIGHBOURS_H

#include "addr.h"
#include "lladdr.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>

struct neighbour {
    struct addr addr;
    int index; /* of the interface */
    struct lladdr lladdr;
};

/* Sorted by address, then by interface: an address may be seen on more than one. */
struct neighbours {
    struct neighbour *list;
    size_t count, room;
};

/* Reads all entries, IPv4 and IPv6, that have a link-layer address and are not known to be wrong.
 * 0, or -errno and *out untouched. */
int neighbours_read(struct neighbours *out);
void neighbours_free(struct neighbours *n);

/* Adds the entry that one message of a dump shows, if it is one to keep; neighbours_sort() comes
 * after the last. 0 or -ENOMEM. */
int neighbours_add(struct neighbours *n, const struct nlmsghdr *message);
void neighbours_sort(struct neighbours *n);

/* The entry of this address, of the first interface if there are several; NULL if there is none. */
const struct neighbour *neighbours_find(const struct neighbours *n, const struct addr *addr);
/* Whether the address is at this link-layer address, on any interface. */
bool neighbours_has(const struct neighbours *n, const struct addr *addr, const struct lladdr *at);
/* The addresses at a link-layer address, in order, each once: the one after `last`, or the first
 * for NULL; NULL if there is no more. */
const struct neighbour *neighbours_next(const struct neighbours *n, const struct lladdr *at,
                                        const struct neighbour *last);

#endif
