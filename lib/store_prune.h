/*
 * store_prune: old rows go, within a transaction of store_begin(); store.h says more. `before` is a
 * time as every row has it; rows of that time or later stay. At most `limit` rows go in one call.
 */
#ifndef TCPQUOTA_STORE_PRUNE_H
#define TCPQUOTA_STORE_PRUNE_H

#include "store.h"

/* The next name behind `after` of whom there is something in logging or usage, to be freed: 1; 0 if
 * there is none; -errno. */
int store_next_accounted(struct store *s, const char *after, char **name);

/* What is folded into the opening balance of one name, and how many rows go for it. */
struct store_folding {
    const char *name, *before;
    const char *by; /* whom the log names */
    int64_t limit;
    int64_t log, usage; /* out */
};
/*
 * Replaces rows of logging and usage by one row of logging, at the place of the last one that goes:
 * its time is `before`, its action `import`, its delta what the rows made together; a row of before
 * that is there already takes part in it, and a sum of 0 needs none. 0 or -errno.
 */
int store_fold(struct store *s, struct store_folding *f);

/* Takes away sessions that were closed, and lines of logging_openfw and of lookuplog: how many, or
 * -errno. */
int64_t store_drop_sessions(struct store *s, const char *before, int64_t limit);
int64_t store_drop_openfw(struct store *s, const char *before, int64_t limit);
int64_t store_drop_lookups(struct store *s, const char *before, int64_t limit);

#endif
