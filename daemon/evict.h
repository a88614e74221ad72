/*
 * evict: ends all processes of a user: first they are asked to (SIGTERM), after a grace they are
 * stopped, so that none starts another, and killed.
 *
 * A process is the user's if its real uid is: what somebody else, or root, runs as this user for a
 * while is not. It is signalled through a pidfd, and its uid is read again once that is open:
 * neither a number that was given out again nor a process that has meanwhile become somebody else's
 * is hit. Process 1 and our own never are. Each process that is signalled is logged, and so is the
 * end:
 *
 *     notice evict user=alice pid=123 name=sleep signal=TERM
 *     notice evicted user=alice processes=3 killed=1
 *
 * Nothing here sleeps or waits: evict_step() is called when evict_next() says, and looks at a
 * bounded number of processes. One walk over /proc serves all evictions that are going on. Needs
 * CAP_KILL, and CAP_SYS_PTRACE where /proc hides processes (hidepid). Linux 5.3.
 *
 * What fails after evict_begin() is logged here: of each eviction the first failure, and that it
 * was given up.
 */
#ifndef TCPQUOTA_EVICT_H
#define TCPQUOTA_EVICT_H

#include "clock.h"

#include <stdbool.h>
#include <sys/types.h>

struct evict;

/* NULL without memory. */
struct evict *evict_new(void);
/* Those that are going on end where they are: stopped processes stay so. */
void evict_free(struct evict *e);
/*
 * Begins with the first step, which is due at once. After `grace` (not negative; with 0 nobody is
 * asked) killing starts, but never before all have been asked; 10 s later it is given up. `user` is
 * for the log, and copied. 0, also if the uid is being evicted already, and then nothing changes;
 * -EPERM for root; -EINVAL; -ENOMEM.
 */
int evict_begin(struct evict *e, uid_t uid, const char *user, struct span grace, struct mono now);
/* When the next step is due; false if nothing is going on. */
bool evict_next(const struct evict *e, struct mono *at);
/* One step, if it is due: some 10 to 20 ms of work at most, that goes on in the next step. */
void evict_step(struct evict *e, struct mono now);
/* The user may go on after all: nobody is signalled any more, and who was stopped here goes on with
 * the next steps, if /proc can be walked within 10 s. Nothing if no eviction is going on. */
void evict_call_off(struct evict *e, uid_t uid, struct mono now);
/* The same for every eviction. */
void evict_call_off_all(struct evict *e, struct mono now);
bool evict_is_going_on(const struct evict *e, uid_t uid);

#endif
