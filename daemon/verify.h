/*
 * verify: the administrator's check of the link, VERIFY_CMD, run every VERIFY seconds while
 * somebody is online. What it does about a broken link is its own business; its failure is logged.
 *
 * Nothing blocks: the check runs as a process of its own, one at a time.
 */
#ifndef TCPQUOTA_VERIFY_H
#define TCPQUOTA_VERIFY_H

#include "clock.h"
#include "conf.h"

#include <stdbool.h>
#include <sys/types.h>

struct verify {
    struct mono last; /* start; ns 0: never */
    pid_t pid;        /* of the one that runs, or 0 */
    int fd;           /* becomes readable when it ends, or -1 */
};

void verify_init(struct verify *v);
/* Starts the check with /bin/sh if one is configured, due, and none runs. Failure is logged. */
void verify_run(struct verify *v, const struct conf *conf, bool online, struct mono now);
/* To be called when `fd` is readable: reaps it, and logs an exit other than 0. */
void verify_reap(struct verify *v);

#endif
