/*
 * keeper: the process with privilege. It owns the gate, the dropping of flows, VERIFY_CMD and the
 * files of root: LOGFILE, PIDFILE, the configuration. It starts the worker, which decides, does
 * what the worker asks for, and shuts the gate when the worker dies or stops.
 *
 * It trusts the kernel and the configuration; of the worker it believes nothing. Each ask is
 * checked against its own reading of both: hosts have to be in LOCALNET and not the gateway's own.
 * Whoever sends what is no ask is killed.
 */
#ifndef TCPQUOTA_KEEPER_H
#define TCPQUOTA_KEEPER_H

#include "conf.h"
#include "topology.h"

#include <stdbool.h>
#include <sys/types.h>

#define KEEPER_WHY_LEN 320

enum keeper_task {
    KEEPER_SERVE, /* run until it is told to end */
    KEEPER_TIDY   /* end the sessions and empty masq, for a worker that has died */
};

struct keeper_setup {
    struct conf *conf;     /* the keeper's from keeper_open() on, freed by it */
    const char *conf_path; /* read again on HUP */
    uid_t uid;             /* of the worker, and of the process that knows names */
    gid_t gid;
    int pidfile;  /* its descriptor */
    bool to_file; /* the log is LOGFILE and moves with it */
    /* Runs in the process of the worker, which ends with what it returns; `socket` leads to the
     * keeper, -1 with KEEPER_TIDY; `conf` is what holds now. */
    int (*worker)(void *context, enum keeper_task task, int socket, struct conf *conf);
    /* Told once, when the first worker has done its first pass. */
    void (*ready)(void *context);
    void *context;
};

struct keeper;

/* Reads the network; changes nothing. 0, or -errno with the reason in `why`. */
int keeper_open(struct keeper **out, const struct keeper_setup *setup, char why[KEEPER_WHY_LEN]);
/* Starts the worker, if the kernel has all that the gate needs, and serves it until it has ended.
 * Signals have to be blocked. Returns the exit code of the program. */
int keeper_run(struct keeper *k);
/* Removes all entries, and has a worker tidy the database. An exit code. */
int keeper_clean(struct keeper *k);
void keeper_close(struct keeper *k);
/* For a dry run, in which there is no keeper: starts a process that answers who holds a socket,
 * asks nothing else of the machine, and ends with us. A descriptor, the caller's to close, or
 * -errno. */
int keeper_look(struct conf *conf);
/* Why the worker may not ask for this host, or NULL. `extra` (sorted): hosts that were found with
 * entries of ours, whose flows may be dropped wherever they are. */
const char *keeper_refusal(const struct topology *t, const struct addr *extra, size_t extra_count,
                           const struct addr *host);

#endif
