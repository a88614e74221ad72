/*
 * pass: the order of the rooms. Reads the kernel's tables, charges, reads the rows, decides,
 * drives the gate, writes the rows back. It alone knows them all.
 */
#ifndef TCPQUOTA_PASS_H
#define TCPQUOTA_PASS_H

#include "addr.h"
#include "ask.h"
#include "clock.h"
#include "conf.h"
#include "forecast.h"
#include "store.h"
#include "topology.h"
#include "verdict.h"

#include <stdbool.h>

#define PASS_WHY_LEN 320

struct pass;

enum pass_kind {
    PASS_WAKE,   /* the database or the network has changed: carry out orders */
    PASS_CHARGE, /* a quota or a time ends before the period does: charge everybody as well */
    PASS_TICK    /* the period is over: rows grow older, too */
};

/* How it ends. */
enum pass_end {
    PASS_CLEAN,   /* entries, rows and sessions go */
    PASS_KEEP,    /* they stay, for the next start */
    PASS_ORPHANED /* rows and sessions go; without a keeper nobody can touch the entries */
};

/* What a pass works with. It all stays the caller's, but for `conntrack`, and has to outlive the
 * pass. */
struct pass_setup {
    struct store *store;
    const struct conf *conf;
    struct ask *keeper;        /* NULL: a dry run */
    struct ask *looker;        /* whom to ask who holds a socket, or NULL */
    int conntrack;             /* the kernel's table, the pass's from now on, or -1 */
    int namer;                 /* to the process that knows names, nobody else's; or -1 */
    struct span name_patience; /* for names that are needed in a run */
};

/* Reads the network; changes nothing. 0, or -errno with the reason in `why`. */
int pass_new(struct pass **out, const struct pass_setup *setup, char why[PASS_WHY_LEN]);
void pass_free(struct pass *p);

/* Interfaces, addresses or routes have changed: they are read again in the next run. */
void pass_network_changed(struct pass *p);
/* One run. 0; -EBUSY if the database is locked and something has still to be written; -errno. What
 * fails is logged here, and tried again in the next run. */
int pass_run(struct pass *p, enum pass_kind kind);
/* Whether the rows of the last run are still those of the database. */
bool pass_is_current(struct pass *p);
/* Whether a session was in use at the last look. */
bool pass_is_online(const struct pass *p);
/*
 * The addresses of the machine that `host` is on: all of LOCALNET, but for the gateway's own, that
 * the neighbour table shows at its link-layer address; the host itself is the first. `fresh`: the
 * table is read anew, otherwise it is what the last run saw. How many of them are in `out`, which
 * has room for `room`, at least one; without a readable table it is the host alone.
 */
size_t pass_machine(struct pass *p, const struct addr *host, bool fresh, struct addr *out,
                    size_t room);
/* When the next run is due before the period is over, because somebody's quota or time ends. */
bool pass_deadline(const struct pass *p, struct mono *at);
/* Goes on with another configuration from the next run on. The last one has charged by the old one.
 */
void pass_reload(struct pass *p, const struct conf *conf);

/* A host as the last run left it. */
struct pass_host {
    bool has_row;
    enum order order; /* of the row, what the run wrote included */
    struct user_name user;
    struct user_name by; /* who ordered it; empty: nobody said */
    int64_t tic;         /* of the row: passes since it was refreshed, -1: it needs none */
    bool free;
    bool open;               /* let out */
    bool in_session, active; /* ... and in use at the last look */
    uint32_t cnts;
    struct session session; /* the one it is in; else the last one, with its cause */
};

/* Whether the last run has read the rows; if not it went on with older ones. */
bool pass_has_read(const struct pass *p);
/* 1 and *out; 0 if there is nothing to be known of it. */
int pass_find(const struct pass *p, const struct addr *host, struct pass_host *out);
/* Whether this user may have this host open now; `free_row`: as one of the free. Who holds it is
 * not asked. 0 and *out, or -errno of the store. */
int pass_judge(const struct pass *p, const struct addr *host, const struct user_name *user,
               bool free_row, enum verdict *out);
/* The balance as it is now: what is charged and not yet written is taken off. 0 or -errno. */
int pass_balance(const struct pass *p, const struct user_name *user, int64_t *balance);
/* How fast the user is charged now. */
struct pace pass_pace(const struct pass *p, const struct user_name *user);
/* The connections outside that this user has on the gateway itself, by the last run that counted
 * them. */
uint32_t pass_local_use(const struct pass *p, const struct user_name *user);
/* Up to when everybody has been charged. */
struct wall pass_charged_until(const struct pass *p);
const struct topology *pass_topology(const struct pass *p);
/* The rows were written by somebody else in this process: the next run reads them again. */
void pass_rows_changed(struct pass *p);

/* The last run: charges everybody, then ends as it is told. 0, -EIO if the database failed, or
 * -errno of the gate. */
int pass_finish(struct pass *p, enum pass_end end);

#endif
