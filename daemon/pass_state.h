/*
 * pass_state: what the parts of the pass share; pass*.c alone include it.
 */
#ifndef TCPQUOTA_PASS_STATE_H
#define TCPQUOTA_PASS_STATE_H

#include "ask.h"
#include "census.h"
#include "charge.h"
#include "neighbours.h"
#include "pass.h"
#include "roster.h"
#include "topology.h"
#include "trouble.h"

/* After a change of the gate its flows are looked for so many ticks. */
#define PASS_SWEEPS 3

struct moment {
    struct mono mono;
    struct wall wall;
};

struct pass {
    const struct conf *conf;
    struct store *store;
    struct ask *keeper; /* NULL in a dry run */
    bool dry_run;       /* nothing is changed */
    bool starting;      /* the first run */
    bool untidy;        /* sessions of a former daemon may still be open */
    bool network_changed;
    bool settled;       /* the gate was found as it shall be, at the last look */
    bool rules_changed; /* by topology or configuration, since the gate was driven last */
    struct topology topology;
    struct roster roster;
    bool has_read;   /* the last run has read the rows */
    int64_t version; /* of the database whose rows the roster has */
    bool rows_stale; /* ... and which we have changed since in more than use and charges */
    struct charge_book book;
    int conntrack; /* descriptor, -1 until the table is there */
    struct census *census;
    struct neighbours neighbours; /* at the last look */
    struct session *ended;        /* and not yet in the database */
    size_t ended_count;
    unsigned sweeps; /* ticks that still look for flows of closed hosts, though nobody is open */
    struct mono last_tick;
    bool deadline_set;
    struct mono deadline;
    struct mono busy_since;      /* that the database was locked at every try; ns 0: it was not */
    struct trouble lost_trouble; /* the database's file is not in its place */
    struct trouble store_trouble, census_trouble, wan_trouble, gate_trouble, lease_trouble,
        network_trouble, flows_trouble, neighbours_trouble;
};

/* pass_machines.c */
/* Whether a host is open, or an order waits that opens or closes one. */
bool pass_has_machines(const struct pass *p);
bool pass_has_orders(const struct pass *p);
/* Looks at the neighbour table, and notes at which link-layer address each host is. What cannot be
 * read is logged, and nobody has moved. */
void pass_look(struct pass *p);
/* Notes it for hosts that have come into the roster since that look. */
void pass_note_machines(struct pass *p);

/* pass_charge.c */
/* Reads the kernel's table and charges every session; nothing is charged from a partial reading. */
void pass_charge_all(struct pass *p, struct moment now);
/* Ends the flows of these hosts (sorted), whose gate is closed, and charges up to now those that
 * are in session; or raises the flows of hosts that are open again. `settle`: their use has not
 * been counted at this moment yet. */
void pass_drop_flows(struct pass *p, const struct addr *hosts, size_t count, enum flow_way way,
                     bool settle, struct moment now);
/* Sets the deadline: when the first quota or `until` ends. */
void pass_plan(struct pass *p, struct moment now);

/* pass_decide.c: sets `want`, `cause`, `write` and `drop_row` of every host. */
void pass_decide(struct pass *p, struct moment now, bool tick);
bool pass_is_free_user(const struct pass *p, const struct roster_host *h);

/* pass_gate.c: drives the gate and begins and ends sessions. `charged`: in this run everybody has
 * been charged. 0 or -errno, logged. */
int pass_apply(struct pass *p, struct moment now, bool charged);
/* Ends the session of the host, if it has one. */
void pass_end_session(struct pass *p, struct roster_host *h, enum cause cause, struct moment now);

/* pass_write.c: one transaction for all there is to write. 0, -EBUSY, -errno. */
int pass_write(struct pass *p, bool tick);
/* The same, and then empties masq. */
int pass_write_and_clear(struct pass *p);

#endif
