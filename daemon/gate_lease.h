/*
 * gate_lease: the lease of a family, an entry of a list of the match `recent` in the kernel. The
 * gate alone includes this.
 */
#ifndef TCPQUOTA_GATE_LEASE_H
#define TCPQUOTA_GATE_LEASE_H

/* Begins the time of the lease anew. 0, -ENOENT if no entry of the gate asks for it, or -errno. */
int gate_lease_renew(int family);
/* Ends it. 0 or -errno, as above. */
int gate_lease_end(int family);

#endif
