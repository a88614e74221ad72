#include "xtables_apply.h"

#include "xtables.h"
#include "xtables_lock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#define COMMIT_TRIES 5

static int apply_once(const struct ruleset *want, bool commit)
{
    struct xtables *x;
    int err = xtables_read(&x, want->family, want->table), changes;

    if (err)
        return err;
    changes = xtables_change(x, want);
    if (changes > 0 && commit)
        err = xtables_commit(x);
    xtables_free(x);
    return err ? err : changes;
}

int xtables_apply(const struct ruleset *want, char why[XTABLES_WHY_LEN])
{
    /* Looking needs no lock. */
    int changes = apply_once(want, false), lock = -1;

    if (changes > 0) {
        lock = xtables_lock();
        changes = lock < 0 ? lock : -EAGAIN;
    }
    for (int i = 0; lock >= 0 && changes == -EAGAIN && i < COMMIT_TRIES; i++)
        changes = apply_once(want, true);
    if (lock >= 0)
        close(lock);
    if (changes < 0)
        snprintf(why, XTABLES_WHY_LEN, "%s table %s: %s", want->family == AF_INET ? "IPv4" : "IPv6",
                 want->table,
                 changes == -EBUSY ? "another program holds " XTABLES_LOCK_PATH
                                   : xtables_strerror(changes));
    return changes;
}
