/*
 * loop: waits for the period, for the database, for the network and for signals, and runs a pass
 * when one is due.
 */
#ifndef TCPQUOTA_LOOP_H
#define TCPQUOTA_LOOP_H

#include "pass.h"
#include "store.h"

#include <signal.h>
#include <stdbool.h>

struct loop_setup {
    struct pass *pass;
    struct store *store;
    const char *database; /* path, to be watched */
    const struct conf *conf;
    bool dry_run; /* VERIFY_CMD is not run */
    /* HUP: reads the configuration anew and hands it to the pass; returns what holds from now. */
    const struct conf *(*reload)(void *context);
    void *context;
};

/* Blocks the signals that the loop reads and ignores SIGPIPE; to be called before anything else is
 * started. */
int loop_block_signals(void);
/* Runs until TERM, INT or QUIT (0), SIGRTMIN (1: exit and keep what is open), or -errno. */
int loop_run(const struct loop_setup *setup);

#endif
