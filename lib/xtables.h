/*
 * xtables: tables of the kernel through libiptc, which Debian calls private: no other file
 * includes it.
 *
 * A table is a snapshot: it is read, changed in memory, and committed as a whole. The caller
 * holds /run/xtables.lock from the reading to the commit.
 */
#ifndef TCPQUOTA_XTABLES_H
#define TCPQUOTA_XTABLES_H

#include "ruleset.h"

struct xtables;

/* Reads the table. 0 or -errno: -ENOPROTOOPT or -ENOENT on a kernel without it. */
int xtables_read(struct xtables **out, int family, const char *table);
void xtables_free(struct xtables *x);
/* Makes our chains as `want` has them, and leaves every other as it is. Changes made, or -errno. */
int xtables_change(struct xtables *x, const struct ruleset *want);
/* 0 or -errno; -EAGAIN if the table was changed since it was read. */
int xtables_commit(struct xtables *x);
/* Hosts that have an entry of their own, with this target, in chains that `owns` says are ours:
 * sorted, each once, the caller's to free(). 0 or -ENOMEM. */
int xtables_hosts(struct xtables *x, bool (*owns)(const char *name), enum rule_target target,
                  struct addr **hosts, size_t *count);
/* Whether there are entries in the chain of this name. */
bool xtables_has_entries(struct xtables *x, const char *chain);
/* What an errno of these calls means. */
const char *xtables_strerror(int err);

#endif
