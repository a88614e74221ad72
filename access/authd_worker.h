/*
 * authd_worker: the process that answers: it has the queue, the cache and the database, and no
 * privilege but CAP_NET_ADMIN, without which the kernel takes no answer.
 */
#ifndef TCPQUOTA_AUTHD_WORKER_H
#define TCPQUOTA_AUTHD_WORKER_H

#include "conf.h"
#include "sandbox.h"

#include <stdbool.h>

struct authd_worker_setup {
    struct conf *conf; /* lives as long */
    const char *conf_path;
    const char *database;
    const char *fifo; /* its path: removed at the end */
    const struct sandbox *user;
    int fifo_fd; /* -1: there is no cache */
    int keeper;  /* to the keeper: its end is ours */
    int recorder;
    bool background; /* leave the terminal, once it answers */
};

/* Runs until the keeper ends it; an exit code. */
int authd_worker_run(const struct authd_worker_setup *setup);

#endif
