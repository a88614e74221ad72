/*
 * xtables_apply: a ruleset into the kernel: read, changed where it differs, committed under the
 * lock.
 */
#ifndef TCPQUOTA_XTABLES_APPLY_H
#define TCPQUOTA_XTABLES_APPLY_H

#include "ruleset.h"

#define XTABLES_WHY_LEN 160

/* The number of changes, 0 if all was as it shall be; or -errno with the reason in `why`. Blocks on
 * the kernel and for a second at most on the lock. */
int xtables_apply(const struct ruleset *want, char why[XTABLES_WHY_LEN]);

#endif
