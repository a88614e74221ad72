/*
 * pass: the order of the rooms. Reads the kernel's tables, charges, reads the rows, decides,
 * drives the gate, writes the rows back. It alone knows them all.
 */
#ifndef TCPQUOTA_PASS_H
#define TCPQUOTA_PASS_H

#include "ask.h"
#include "clock.h"
#include "conf.h"
#include "store.h"

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

/*
 * Reads the network; changes nothing. `store`, `conf` and `keeper` stay the caller's and have to
 * outlive the pass; without a keeper it is a dry run. `conntrack` is a descriptor of the kernel's
 * table, the pass's from now on, or -1. 0, or -errno with the reason in `why`.
 */
int pass_new(struct pass **out, struct store *store, const struct conf *conf, struct ask *keeper,
             int conntrack, char why[PASS_WHY_LEN]);
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
/* When the next run is due before the period is over, because somebody's quota or time ends. */
bool pass_deadline(const struct pass *p, struct mono *at);
/* Goes on with another configuration from the next run on. The last one has charged by the old one.
 */
void pass_reload(struct pass *p, const struct conf *conf);
/* The last run: charges everybody, then ends as it is told. 0, -EIO if the database failed, or
 * -errno of the gate. */
int pass_finish(struct pass *p, enum pass_end end);

#endif
