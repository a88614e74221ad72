/*
 * worker: the process that decides: it counts, charges, reads and writes the database, and asks
 * the keeper for what needs privilege. It opens the kernel's table of connections and then gives up
 * every privilege it has, sandbox.h.
 */
#ifndef TCPQUOTA_WORKER_H
#define TCPQUOTA_WORKER_H

#include "conf.h"
#include "sandbox.h"

#include <stdbool.h>

struct worker_setup {
    struct conf *conf;
    const char *conf_path, *database;
    const struct sandbox *sandbox;
    int looker; /* in a dry run: whom to ask who holds a socket, or -1 */
    bool once;
    bool to_file;    /* the log is LOGFILE and moves with it */
    bool background; /* leave the terminal once the first pass is done */
};

/* Runs until it is told to end; `socket` leads to the keeper, or is -1: a dry run. Returns the exit
 * code of the program; EX_TEMPFAIL if the database was locked for too long to start. */
int worker_run(const struct worker_setup *setup, int socket);
/* Ends the sessions and empties masq for a worker that has died. An exit code. */
int worker_tidy(const struct worker_setup *setup);

#endif
