/*
 * authd_state: what the parts of the keeper of tcpquota-authd(8) share; authd_keeper.c and
 * authd_children.c alone include it.
 */
#ifndef TCPQUOTA_AUTHD_STATE_H
#define TCPQUOTA_AUTHD_STATE_H

#include "authd_keeper.h"
#include "clock.h"
#include "trouble.h"

#include <sys/types.h>

/* A process of ours. */
struct child {
    const char *name;
    pid_t pid; /* 0: none */
    struct mono again;
    int64_t again_ms; /* the wait before this one, if it has not yet done its work */
    bool renewed;     /* its end is wanted, for another one to take its place */
};

struct keeper {
    const struct authd_keeper_setup *setup;
    struct conf *conf;
    struct child worker, recorder;
    int socket;  /* to the worker */
    int pipe[2]; /* to the recorder; both ends are kept for the next one */
    int signals;
    struct trouble gate, fifo;
    int unheard; /* how often the worker was asked whether it is there, since it last said so */
    int only;    /* a socket whose name nobody else in this network has */
    struct mono check_at; /* the entries are looked at */
    bool told;            /* the start is over */
    bool held;            /* it is the only one */
    bool stood;           /* there were entries before it */
    bool ending;
};

/* Closes it, and makes it -1. */
void authd_close(int *fd);
/* authd_children.c: starts the processes; 0 or -errno. */
int authd_start_worker(struct keeper *k);
int authd_start_recorder(struct keeper *k);
/* Those that died and have waited for it. */
void authd_start_again(struct keeper *k);
/* Waits for those that have ended. */
void authd_reap(struct keeper *k);
/* Ends a process in good order, or else. */
void authd_end_child(struct child *c);

#endif
