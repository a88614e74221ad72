/*
 * pass_state: what the parts of the pass share; pass*.c alone include it.
 */
#ifndef TCPQUOTA_PASS_STATE_H
#define TCPQUOTA_PASS_STATE_H

#include "ask.h"
#include "census.h"
#include "charge.h"
#include "locals.h"
#include "neighbours.h"
#include "pass.h"
#include "roster.h"
#include "socket_table.h"
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
    struct ask *looker; /* whom to ask who holds a socket, or NULL */
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
    int tables[SOCKET_TABLES];    /* descriptors of the tables of sockets, -1: not open */
    int namer;                    /* to the process that knows names, or -1 */
    struct span name_patience;    /* for names that are needed in a run */
    struct locals locals;
    struct holder *served; /* sockets of services that serve a user, at the last reading */
    size_t served_count;
    struct mono local_tick; /* the last reading of the tables of sockets */
    bool nobody_allowed;    /* `allowed` is empty */
    bool blocks_due;        /* who is blocked has changed since the keeper was told */
    struct session *ended;  /* and not yet in the database */
    size_t ended_count;
    unsigned sweeps; /* ticks that still look for flows of closed hosts, though nobody is open */
    struct mono last_tick;
    bool deadline_set;
    struct mono deadline;
    struct mono busy_since;      /* that the database was locked at every try; ns 0: it was not */
    struct trouble lost_trouble; /* the database's file is not in its place */
    struct trouble store_trouble, census_trouble, wan_trouble, gate_trouble, lease_trouble,
        network_trouble, flows_trouble, neighbours_trouble, charge_trouble, local_trouble,
        names_trouble, block_trouble;
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
/* Reads the kernel's tables and charges every session; nothing is charged from a partial reading.
 */
void pass_charge_all(struct pass *p, struct moment now);
/* Ends the flows of these hosts (sorted), whose gate is closed, and charges up to now those that
 * are in session; or raises the flows of hosts that are open again. `settle`: their use has not
 * been counted at this moment yet. */
void pass_drop_flows(struct pass *p, const struct addr *hosts, size_t count, enum flow_way way,
                     bool settle, struct moment now);
/* All meters that run, and what each would be charged by now; `later` are those that are not due.
 * How many: room for pass_meters_room() has to be there. */
size_t pass_meters(const struct pass *p, struct moment now, struct meter **meters,
                   struct charge_item *items);
size_t pass_meters_room(const struct pass *p);
struct charge_terms pass_terms(const struct pass *p, struct moment now);

/* pass_plan.c: sets the deadline: when the first quota or `until` ends. */
void pass_plan(struct pass *p, struct moment now);

/* pass_local.c */
/* Whether users on the gateway itself are looked for. */
bool pass_has_locals(const struct pass *p);
/* Whether the uid is between MIN_UID and MAX_UID. */
bool pass_is_user(const struct pass *p, uid_t uid);
/* Reads the tables of sockets: whose meters run then, and are due. What cannot be read is logged,
 * and nobody's is. */
void pass_count_locals(struct pass *p, struct moment now);
/* Reads the accounts of local users: of all, or of those that are new. 0 or -errno. */
int pass_load_locals(struct pass *p, bool all);
/* Ends all sessions on the gateway. */
void pass_end_locals(struct pass *p, struct moment now);
/* Whether the user may use the link. */
enum verdict pass_judge_local(const struct pass *p, const struct local_user *u);
/* Balance of a local user, less what is owed. */
int64_t pass_left_local(const struct pass *p, const struct local_user *u);

/* pass_enforce.c */
/* What ENFORCE_LOCAL says to those who may not, but for what comes after the gate; warnings to
 * those who soon may not. `counted`: in this run use was counted; otherwise nobody is cut off. */
void pass_enforce(struct pass *p, bool counted);
/* With the gate closed to them: ends the connections of those who are blocked, and of those whose
 * processes have been ended in vain. After a count. */
void pass_cut(struct pass *p);

/* pass_decide.c: sets `want`, `cause`, `write` and `drop_row` of every host. */
void pass_decide(struct pass *p, struct moment now, bool tick);
bool pass_is_free_user(const struct pass *p, const struct roster_host *h);

/* pass_gate.c: drives the gate and begins and ends sessions. `charged`: in this run everybody has
 * been charged. 0 or -errno, logged. */
int pass_apply(struct pass *p, struct moment now, bool charged);
/* Ends the session, if there is one. */
void pass_end_session(struct pass *p, struct meter *m, enum cause cause, struct moment now);

/* pass_write.c: one transaction for all there is to write. 0, -EBUSY, -errno. */
int pass_write(struct pass *p, bool tick);
/* The same, and then empties masq. */
int pass_write_and_clear(struct pass *p);

#endif
