/*
 * nftables: looks for chains of others that undo what the gate does. A chain of nftables at the
 * forward hook that drops, by its policy or by a rule without conditions, drops what the legacy
 * tables accept: a packet has to pass both.
 */
#ifndef TCPQUOTA_NFTABLES_H
#define TCPQUOTA_NFTABLES_H

#include <stdbool.h>

#define NFTABLES_NAME_LEN 160

/* Told of each such chain, as `table chain`. */
typedef void nftables_chain(void *context, const char *name, bool by_policy);

/* The number of such chains, 0 as well if the kernel has no nftables, or -errno. */
int nftables_find_dropping(nftables_chain *each, void *context);

#endif
