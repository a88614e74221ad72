/*
 * settle: when to look at the database again. inotify tells of a commit before it can be seen. So
 * after an event without a new version one looks again after 1, 2, 4 ... 64 ms for as long as
 * somebody holds the write lock, and once after that. Plain values; pure.
 */
#ifndef TCPQUOTA_SETTLE_H
#define TCPQUOTA_SETTLE_H

#include "clock.h"

#include <stdbool.h>

#define SETTLE_FIRST_MS 1
#define SETTLE_LAST_MS 64

struct settle {
    bool on;
    bool last; /* the write lock was free at the last look */
    struct mono at;
    int64_t step_ms;
};

/* To be looked at in so many milliseconds. */
void settle_in(struct settle *s, struct mono now, int64_t ms);
/* After a look that found nothing new, as `was` had ordered it: the next one. */
void settle_again(struct settle *s, const struct settle *was, bool locked, struct mono now);
/* Milliseconds until the look, rounded up; 0: it is due; -1: there is none. */
int settle_ms(const struct settle *s, struct mono now);

#endif
