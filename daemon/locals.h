/*
 * locals: the users on the gateway itself, as far as they use the link or have used it lately: by
 * uid, with their name, balance and meter. Owns its memory; locals_free() gives it back. Pointers
 * into it hold until the next locals_need() or locals_sweep().
 */
#ifndef TCPQUOTA_LOCALS_H
#define TCPQUOTA_LOCALS_H

#include "forecast.h"
#include "index.h"
#include "meter.h"
#include "trouble.h"
#include "verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LOCALS_DAY_S 86400

struct local_user {
    uid_t uid;
    struct user_name user; /* empty until it is known; `#1005` for a uid that has none */
    bool is_known;         /* their name, and whether they are spared, by this configuration */
    bool asked;            /* for them, and they have not come yet */
    bool is_spared;        /* never cut off: ADMINS, OPERATORS, NEVER_KILL */
    struct mono since;     /* use is charged from here on: the reading before the first use */
    struct meter meter;
    uint32_t found;  /* connections, by the reading that is going on */
    unsigned unused; /* passes without use */

    bool has_account; /* the next two have been read */
    bool allowed;
    int64_t balance;

    enum verdict told;   /* a refusal that is in the log and has been carried out, or VERDICT_MAY */
    struct mono evicted; /* until then their processes may be being ended; ns 0: they are not */
    bool ordered;        /* that was ordered in the session that runs... */
    bool outlasts;       /* ... and in the next run they used the link still */
    bool blocked;        /* their new connections are rejected */
    struct trouble trouble; /* what ENFORCE_LOCAL says cannot be done */
    struct span left;       /* until the quota ends at this pace; a day: it does not, or later */
    int64_t warned;         /* the last of WARN_AT that they were told, or FORECAST_NO_WARNING */
};

struct locals {
    struct local_user *users;
    size_t count, room;
    struct index by_uid;
};

void locals_init(struct locals *l);
void locals_free(struct locals *l);
/* NULL if there is none. */
struct local_user *locals_find(const struct locals *l, uid_t uid);
/* The same; a new one is made if there is none, NULL without memory. */
struct local_user *locals_need(struct locals *l, uid_t uid, struct mono since);
/* Whether their processes may be being ended. */
bool locals_is_evicted(const struct local_user *u, struct mono now);
/* Forgets those for whom nothing runs, who are neither blocked nor evicted, and were not found. */
void locals_sweep(struct locals *l, struct mono now);

#endif
