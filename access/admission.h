/*
 * admission: what becomes of a connection: from the cache, or by asking the database. It keeps the
 * cache in step with the database, and sets of the kernel with the cache, and writes the lines of
 * the log.
 *
 * Blocks on the disk alone. Errors are -errno.
 */
#ifndef TCPQUOTA_ADMISSION_H
#define TCPQUOTA_ADMISSION_H

#include "answer_kind.h"
#include "conf.h"
#include "header.h"
#include "kernel_set.h"
#include "store.h"

struct admission;

struct admission_setup {
    const struct conf *conf; /* has to live as long */
    struct store *store;     /* the caller's */
    struct kernel_set *sets; /* with kernel=yes; or NULL */
    int recorder;            /* where look-ups are recorded, see recorder.h; -1: nowhere */
};

#define ADMISSION_WHY_LEN 256
/* Reads the lists. 0, or -errno with the reason in `why`. */
int admission_new(struct admission **out, const struct admission_setup *setup,
                  char why[ADMISSION_WHY_LEN]);
void admission_free(struct admission *a);
/* After a commit of somebody's: what it made stale goes out of the cache. 0; or -errno, told: then
 * all of it does, and nothing is kept nor asked until this succeeds. */
int admission_refresh(struct admission *a);
/* What was found out about a packet. */
struct admission_outcome {
    struct answer_kind answer;
    bool hit;     /* in the cache */
    bool unasked; /* the database did not answer: it is what fail= says */
    struct mono at;
};
/* What becomes of a packet. */
enum answer_verdict admission_answer(struct admission *a, const struct header *h,
                                     struct admission_outcome *out);
/* All that can wait until the packet is on its way: a line of the log, a line of the cache, an
 * entry of the kernel's, a row of lookuplog. */
void admission_note(struct admission *a, const struct header *h,
                    const struct admission_outcome *outcome);
/* Takes addresses (sorted, each once) out of the cache; or all. Told in the log. */
void admission_invalidate(struct admission *a, const struct addr *sorted, size_t count);
void admission_purge(struct admission *a);
/* Facts of cache and database into the log. */
void admission_log_facts(const struct admission *a);

#endif
