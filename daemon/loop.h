/*
 * loop: waits for the period, for the database, for the network and for signals, and runs a pass
 * when one is due.
 */
#ifndef TCPQUOTA_LOOP_H
#define TCPQUOTA_LOOP_H

#include "ask.h"
#include "control.h"
#include "pass.h"
#include "store.h"

#include <signal.h>
#include <stdbool.h>

struct loop_setup {
    struct pass *pass;
    struct store *store;
    const char *database; /* path, to be watched */
    const struct conf *conf;
    struct control *control; /* NULL in a dry run */
    struct ask *keeper;      /* NULL in a dry run */
    /* HUP: has the configuration read anew and hands it to the pass; returns what holds from now.
     */
    const struct conf *(*reload)(void *context);
    void *context;
};

/* Blocks the signals that the loop reads and ignores SIGPIPE; to be called before anything else is
 * started. */
int loop_block_signals(void);
enum loop_end {
    LOOP_TERM, /* TERM, INT or QUIT */
    LOOP_KEEP, /* SIGRTMIN: exit and keep what is open */
    LOOP_LOST  /* the keeper is dead, or has stopped */
};

/* Runs until one of those (enum loop_end), or -errno. */
int loop_run(const struct loop_setup *setup);

#endif
