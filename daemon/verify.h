/*
 * verify: the administrator's check of the link, VERIFY_CMD, run every VERIFY seconds while
 * somebody is online. What it does about a broken link is its own business; its failure is logged.
 *
 * The check is a process of its own in a process group of its own, one at a time. When its time is
 * over all of the group get TERM and, VERIFY_GRACE_S later, KILL; a process that has left the group
 * is its own master. Nothing blocks but verify_close(). What goes wrong is logged here: there is
 * nobody to return it to.
 */
#ifndef TCPQUOTA_VERIFY_H
#define TCPQUOTA_VERIFY_H

#include "clock.h"
#include "conf.h"
#include "trouble.h"

#include <stdbool.h>
#include <sys/types.h>

#define VERIFY_MAX_S 60  /* that a check may take; VERIFY seconds if that is less */
#define VERIFY_GRACE_S 2 /* between the two signals */

enum verify_stage {
    VERIFY_RUNS,
    VERIFY_ENDS,  /* it has been sent TERM */
    VERIFY_KILLED /* and KILL */
};

struct verify {
    struct mono last; /* start; ns 0: never */
    pid_t pid;        /* of the one that runs, or 0; not waited for, so its number stays its own */
    int fd;           /* becomes readable when it ends, or -1: there is nothing to wait for */
    enum verify_stage stage;
    struct mono next; /* signal */
    struct trouble start_trouble;
};

void verify_init(struct verify *v);
/* Starts the check if one is configured, due, and none runs. Its words are the arguments; a name
 * without a slash is looked for in the folders of the system, a relative path begins at /. */
void verify_run(struct verify *v, const struct conf *conf, bool online, struct mono now);
/* To be called when `fd` is readable: reaps it, and logs an exit other than 0. */
void verify_reap(struct verify *v);
/* Whether there is a moment to call verify_step() at, and which. */
bool verify_next(const struct verify *v, struct mono *at);
/* Sends what signal is due. Before that moment it does nothing. */
void verify_step(struct verify *v, struct mono now);
/* Tells a check that runs to end, since nobody is served any more. */
void verify_stop(struct verify *v, struct mono now);
/* Ends a check that runs, and waits for it: VERIFY_GRACE_S seconds, and one more for one that the
 * kernel does not let die. */
void verify_close(struct verify *v);

#endif
