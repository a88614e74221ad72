/*
 * xtables_lock: iptables(8)'s own lock, to be held from the reading of a table to its commit: the
 * kernel takes a commit without asking whether the table has changed since the snapshot.
 */
#ifndef TCPQUOTA_XTABLES_LOCK_H
#define TCPQUOTA_XTABLES_LOCK_H

#define XTABLES_LOCK_PATH "/run/xtables.lock"

/* Waits for it a second at most. The descriptor that holds it, the caller's to close; -EBUSY if
 * somebody keeps it, or -errno. */
int xtables_lock(void);

#endif
