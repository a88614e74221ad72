/*
 * store_policy: what tcpquota-authd(8) asks of the database, and the log of its look-ups. store.h
 * says more of errors and of locks.
 */
#ifndef TCPQUOTA_STORE_POLICY_H
#define TCPQUOTA_STORE_POLICY_H

#include "store.h"

/* What a generation is of: addresses and their groups; hosts that are open, allowed, paid for; the
 * rules and the backends of tcpquota-server(8). */
enum store_topic { STORE_LISTS, STORE_HOSTS, STORE_RULES, STORE_BACKENDS };

/* The generation: a number that grows with every change. >= 0 or -errno. */
int64_t store_generation(struct store *s, enum store_topic topic);

/* The numbers of the host groups of this name: 1 and *out, 0 at the end, -errno. */
void store_read_groups(struct store *s, const char *name);
int store_next_group(struct store *s, int64_t *out);

/* A row of validipaddress, or a change of one. */
struct store_address {
    int64_t generation; /* of a change */
    int64_t group;
    const char *text; /* until the next call of the same reading */
    int delta;        /* of a change: 1 it has come, -1 it is gone, 0 */
};

/* All rows: 1 and *out, 0 at the end, -errno. */
void store_read_addresses(struct store *s);
int store_next_address(struct store *s, struct store_address *out);
/* The changes after a generation, in their order, as far as they are still known. */
void store_read_address_changes(struct store *s, int64_t after);
int store_next_address_change(struct store *s, struct store_address *out);

/* The administrator's own question, in place of the lists: see sql= in tcpquota.cf(5). 0, or
 * -EINVAL with the reason in store_error(). */
int store_prepare_question(struct store *s, const char *sql);
/* 1 yes, 0 no; -ENODATA if it gives no row, or NULL; -ETIME if it takes too long; -errno. */
int store_ask_question(struct store *s, const char *ip, uint16_t port, const char *group);

struct store_lookup {
    struct addr host;
    int64_t group; /* -1: none */
    bool allow;
    struct wall when;
};

/* A row of lookuplog, within a transaction. */
int store_log_lookup(struct store *s, const struct store_lookup *lookup);

#endif
