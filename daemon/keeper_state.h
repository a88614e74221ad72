/*
 * keeper_state: what the parts of the keeper share; keeper*.c alone include it.
 */
#ifndef TCPQUOTA_KEEPER_STATE_H
#define TCPQUOTA_KEEPER_STATE_H

#include "evict.h"
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

/* One list of numbers, as it comes in. */
struct keeper_numbers {
    uint64_t *list;
    size_t count, room;
};

struct keeper {
    struct keeper_setup setup;
    struct conf *conf;
    struct topology topology;
    bool topology_stale;
    bool has_lease;  /* the kernel knows the match that a lease needs */
    bool has_owners; /* and those that it takes to block users */
    int network;     /* becomes readable when interfaces, addresses or routes change */
    struct flows *flows;
    struct verify verify;
    struct keeper_hosts asked;
    struct addr *extra; /* hosts that had entries they shall not have, at the last look */
    size_t extra_count;
    struct keeper_numbers numbers; /* of an ask */
    uint32_t *blocked;             /* uids whose new connections are rejected */
    size_t blocked_count;
    struct evict *evict;
    int namer;               /* to the process that knows names */
    struct mono names_again; /* it did not answer: it is not asked before */
    struct trouble refused, idle, crowded;

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

/* keeper_worker.c */
/* Forks a worker; PIDFILE has its number while it serves. 0 or -errno. */
int keeper_start(struct keeper *k, enum keeper_task task);
/* Waits for the end of the worker; its status as of wait(2). */
int keeper_reap(struct keeper *k);
/* keeper_serve.c: does what one message asks for, and answers. 0; -EPROTO if it is no ask: the
 * worker is not to be served any more; -EPIPE, -ETIMEDOUT, -errno of the socket. */
int keeper_serve(struct keeper *k);
/* keeper_hosts.c: all hosts of an ask that begins with `m`. -EPROTO if there are too many, or
 * another ask comes in between. */
int keeper_receive_hosts(struct keeper *k, struct wire_message *m);
/* keeper_hosts.c: the next message of a list, which is to be whole by then. 0, -ETIMEDOUT, -errno.
 */
int keeper_receive_more(struct keeper *k, struct wire_message *m, struct mono until);
/* keeper_numbers.c: all numbers of an ask that begins with `m`, in k->numbers; -EPROTO as above.
 * `ascending`: they have to be, each once. */
int keeper_receive_numbers(struct keeper *k, struct wire_message *m, bool ascending);
/* keeper_local.c: what is asked for users on the gateway itself. -EPROTO if it is no such ask. */
int keeper_serve_local(struct keeper *k, struct wire_message *m);
/* keeper_serve.c */
int keeper_answer(struct keeper *k, const struct wire_message *m);
int keeper_answer_result(struct keeper *k, int result);
/* keeper_hosts.c: the hosts that may be asked for are left over, sorted: those that may be let out,
 * or those whose flows may be dropped. How many were refused, or -errno; then the report has the
 * words. */
int keeper_check_hosts(struct keeper *k, bool to_open, struct gate_report *r);
/* Brings the topology up to date with configuration and network. 1 if it was read anew, 0 if there
 * was no need to, or -errno. */
int keeper_read_network(struct keeper *k);
/* The gate with these hosts, as in struct gate_order; the report is the caller's to free. 0 or
 * -errno. */
int keeper_drive_gate(struct keeper *k, const struct addr *hosts, const struct lladdr *macs,
                      size_t count, struct gate_report *report);

#endif
