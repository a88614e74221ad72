/*
 * prune: the old rows of the accounts go, and what they made together stays: for each name one row
 * in logging with the action `import` and the reason `opening balance, pruned before TIME`, whose
 * delta and balance are the balance of that time. So the audit, tcpquota-schema(5), holds on. Names
 * whose balance was 0 then need none.
 *
 * It works in short transactions with rests between them, in which others write; each leaves the
 * audit right, and a prune that was broken off goes on where it was when it is run again. Blocks
 * for minutes if there is a year to be pruned.
 */
#ifndef TCPQUOTA_PRUNE_H
#define TCPQUOTA_PRUNE_H

#include "clock.h"
#include "store.h"

/* Rows that went, and the names of those of logging and usage. */
struct prune_counts {
    int64_t names, log, usage, sessions, openfw, lookups;
};

/* Told after every transaction. False ends the prune, with -ECANCELED. */
typedef bool prune_progress(void *context, const struct prune_counts *counts);

/*
 * Prunes logging, usage, the sessions that have been closed, logging_openfw and lookuplog, of
 * before `before`: a full hour (or -EINVAL), not later than `now` (or -ERANGE). `by` is whom the
 * log names. 0; -EBUSY if somebody keeps the database locked for long, with a store that waits
 * (STORE_SHARE) for a minute; -errno, and store_error() has the words. *counts is what went, in any
 * case.
 */
int prune_run(struct store *store, struct wall before, struct wall now, const char *by,
              prune_progress *progress, void *context, struct prune_counts *counts);

#endif
