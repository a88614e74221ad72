/*
 * keeper_state: what the parts of the keeper share; keeper*.c alone include it.
 */
#ifndef TCPQUOTA_KEEPER_STATE_H
#define TCPQUOTA_KEEPER_STATE_H

#include "flows.h"
#include "gate.h"
#include "keeper.h"
#include "trouble.h"
#include "verify.h"
#include "wire.h"

#include <sys/types.h>

#define KEEPER_PATIENCE_S 10 /* for a worker that does not go on with what it began */

/* One list of hosts, as it comes in. */
struct keeper_hosts {
    struct addr *list;
    struct lladdr *places; /* of each host, as the worker says */
    bool placed;           /* it has said so */
    size_t count, room;
};

struct keeper {
    struct keeper_setup setup;
    struct conf *conf;
    struct topology topology;
    bool topology_stale;
    bool has_lease; /* the kernel knows the match that a lease needs */
    int network;    /* becomes readable when interfaces, addresses or routes change */
    struct flows *flows;
    struct verify verify;
    struct keeper_hosts asked;
    struct addr *extra; /* hosts that had entries they shall not have, at the last look */
    size_t extra_count;
    struct trouble refused, idle;

    int signals;
    pid_t worker;
    int process; /* pidfd of the worker */
    int socket;  /* to the worker */
    bool ready;  /* this worker has done its first pass */
    bool left;   /* it ends in good order, with `code`... */
    bool kept;   /* ... and what is open stays open on purpose */
    int code;
    bool driven;             /* there may be entries of ours since this program was started */
    bool cleaned;            /* and they have been removed since */
    bool v4_leaks, v6_leaks; /* hosts may be open that shall not be, so the lease is not renewed */
    bool ending;             /* a signal has told us to end */
};

/* keeper_serve.c: does what one message asks for, and answers. 0; -EPROTO if it is no ask: the
 * worker is not to be served any more; -EPIPE, -ETIMEDOUT, -errno of the socket. */
int keeper_serve(struct keeper *k);
/* keeper_hosts.c: all hosts of an ask that begins with `m`. -EPROTO if there are too many, or
 * another ask comes in between. */
int keeper_receive_hosts(struct keeper *k, struct wire_message *m);
/* The hosts that may be asked for are left over, sorted: those that may be let out, or those whose
 * flows may be dropped. How many were refused, or -errno; then the report has the words. */
int keeper_check_hosts(struct keeper *k, bool to_open, struct gate_report *r);
/* Brings the topology up to date with configuration and network. 1 if it was read anew, 0 if there
 * was no need to, or -errno. */
int keeper_read_network(struct keeper *k);
/* The gate with these hosts, as in struct gate_order; the report is the caller's to free. 0 or
 * -errno. */
int keeper_drive_gate(struct keeper *k, const struct addr *hosts, const struct lladdr *macs,
                      size_t count, struct gate_report *report);

#endif
