/*
 * kernel_set: sets of addresses in the kernel, ipset(8), whose entries time out by themselves: what
 * may pass without being asked for again. Formats: linux/netfilter/ipset/ip_set.h.
 *
 * One set for each family and form. Needs CAP_NET_ADMIN. Owns its socket. Errors are -errno.
 */
#ifndef TCPQUOTA_KERNEL_SET_H
#define TCPQUOTA_KERNEL_SET_H

#include "addr.h"

#include <stdbool.h>
#include <stdint.h>

struct kernel_set;

/* Opens a socket to them; changes nothing. */
int kernel_set_open(struct kernel_set **out);
void kernel_set_close(struct kernel_set *k);
/* Makes the sets of both families, for addresses or for addresses with ports, and empties those
 * that are there. -ENOENT if the kernel has none of the kind. */
int kernel_set_make(struct kernel_set *k, bool ports);
/* Removes the sets of all forms that are there. -EBUSY if an entry of the firewall uses one. */
int kernel_set_remove(struct kernel_set *k);
/* The number that the firewall knows a set by, or -errno. */
int kernel_set_index(int family, bool ports);
/* `protocol` 0: a set without ports. Adds for so many seconds, or for as many anew; takes out, and
 * what is not there is no error. */
int kernel_set_add(struct kernel_set *k, const struct addr *a, uint8_t protocol, uint16_t port,
                   uint32_t seconds);
int kernel_set_del(struct kernel_set *k, const struct addr *a, uint8_t protocol, uint16_t port);
int kernel_set_flush(struct kernel_set *k);

#endif
