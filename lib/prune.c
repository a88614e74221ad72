#include "prune.h"

#include "store_prune.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS_MAX 1000 /* of one transaction: some milliseconds */
#define NAMES_MAX 256 /* looked at in one */
#define REST_MS 30    /* longer than who waits for the lock waits until they try again */
#define TRIES_MAX 12  /* in which the lock is not to be had */

struct prune {
    struct store *store;
    const char *by;
    char before[WALL_UTC_LEN];
    char *name;   /* the one that is being folded; NULL: none is left */
    bool touched; /* something of it went */
    struct prune_counts counts;
    bool over; /* with what `work` does */
};

/* One transaction's worth of work, within it. */
typedef int work(struct prune *p);

static int next_name(struct prune *p)
{
    char *next = NULL;
    int rc = store_next_accounted(p->store, p->name, &next);

    if (rc < 0)
        return rc;
    free(p->name);
    p->name = next;
    p->over = rc == 0;
    p->counts.names += p->touched;
    p->touched = false;
    return 0;
}

static int fold_names(struct prune *p)
{
    int64_t rows = 0;

    for (int i = 0; i < NAMES_MAX && rows < ROWS_MAX && !p->over; i++) {
        struct store_folding f = {
            .name = p->name, .before = p->before, .by = p->by, .limit = (ROWS_MAX - rows + 1) / 2};
        int err = store_fold(p->store, &f);

        p->touched = p->touched || f.log + f.usage > 0;
        /* What fills the limit may not have been all. */
        if (!err && f.log < f.limit && f.usage < f.limit)
            err = next_name(p);
        if (err)
            return err;
        rows += f.log + f.usage;
        p->counts.log += f.log;
        p->counts.usage += f.usage;
    }
    return 0;
}

static int count_dropped(struct prune *p, int64_t dropped, int64_t *count)
{
    if (dropped < 0)
        return (int)dropped;
    *count += dropped;
    p->over = dropped < ROWS_MAX;
    return 0;
}

static int drop_sessions(struct prune *p)
{
    return count_dropped(p, store_drop_sessions(p->store, p->before, ROWS_MAX),
                         &p->counts.sessions);
}

static int drop_openfw(struct prune *p)
{
    return count_dropped(p, store_drop_openfw(p->store, p->before, ROWS_MAX), &p->counts.openfw);
}

static int drop_lookups(struct prune *p)
{
    return count_dropped(p, store_drop_lookups(p->store, p->before, ROWS_MAX), &p->counts.lookups);
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = REST_MS * NS_PER_MS}, NULL);
}

static int begin(struct store *s)
{
    int err = store_begin(s);

    for (int i = 1; err == -EBUSY && i < TRIES_MAX; i++) {
        rest();
        err = store_begin(s);
    }
    return err;
}

static int work_off(struct prune *p, work *step, prune_progress *progress, void *context)
{
    p->over = false;
    while (!p->over) {
        struct prune_counts before = p->counts;
        int err = begin(p->store);

        if (!err)
            err = step(p);
        if (!err)
            err = store_commit(p->store);
        if (err) {
            store_rollback(p->store);
            p->counts = before;
            return err;
        }
        if (progress && !progress(context, &p->counts))
            return -ECANCELED;
        if (!p->over)
            rest();
    }
    return 0;
}

int prune_run(struct store *store, struct wall before, struct wall now, const char *by,
              prune_progress *progress, void *context, struct prune_counts *counts)
{
    /* The old log of an import has rows of no name: it comes first. */
    struct prune p = {.store = store, .by = by, .name = strdup("")};
    int err = 0;

    *counts = p.counts;
    if (before.ns != wall_utc_hour(before).ns)
        err = -EINVAL;
    else if (before.ns > now.ns)
        err = -ERANGE;
    else if (!p.name)
        err = -ENOMEM;
    wall_format_utc(before, p.before);
    if (!err)
        err = work_off(&p, fold_names, progress, context);
    if (!err)
        err = work_off(&p, drop_sessions, progress, context);
    if (!err)
        err = work_off(&p, drop_openfw, progress, context);
    if (!err)
        err = work_off(&p, drop_lookups, progress, context);
    free(p.name);
    *counts = p.counts;
    return err;
}
