/*
 * nftables: looks for chains of others that undo what the gate does. An nft chain at the forward
 * hook whose policy is drop drops what the legacy tables accept.
 */
#ifndef TCPQUOTA_NFTABLES_H
#define TCPQUOTA_NFTABLES_H

#include <stddef.h>

/* Writes `table name` of the first such chain to `name`. 1 if there is one, 0 if not or if the
 * kernel has no nftables, or -errno. */
int nftables_dropping_chain(char *name, size_t size);

#endif
